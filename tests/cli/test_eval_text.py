"""The text of `eval`: within 80 columns, with labelled intervals, stale questions folded."""

from dataclasses import replace

from cli.commands.measure.evaluate_output import eval_text
from eval.compare import compare
from eval.summary import comparison, summary
from tests.eval.made import outcomes, run_of

LONG = "Why does a question of many words not run over the right edge of a terminal of eighty columns, but is wrapped?"


def test_it_fits_80_columns_and_words_stay_whole() -> None:
    ranks: list[int | None] = [1] * 10 + [9] * 20
    run = run_of(tuple(replace(one, question=LONG, rank=None, words=None) for one in outcomes(ranks)))
    old = run_of(outcomes([1] * 30))
    document = summary(run) | {"baseline": comparison(compare(run, old), run, old)}
    text = eval_text(document, "made.jsonl", 80)
    assert max(map(len, text.splitlines())) <= 80
    assert "LOSS, p = 0.000" in text
    assert "significant regressions" in text
    assert " ".join(text.split()).count(LONG) == 15
    assert f"  q1: {LONG}\n" in eval_text(document, "made.jsonl")


def test_each_interval_is_labelled() -> None:
    run = run_of(outcomes([1, 2, 3]))
    document = summary(run) | {"baseline": comparison(compare(run, run), run, run)}
    lines = eval_text(document, "made.jsonl", 80).splitlines()
    heads = [line for line in lines if "95 % interval" in line]
    assert len(heads) == 2
    assert "  no significant regression" in lines


def test_stale_questions_are_counted_and_folded() -> None:
    gone = tuple(replace(one, stale=True) for one in outcomes([1] * 213))
    text = eval_text(summary(run_of(gone)), "made.jsonl", 80)
    assert "213 stale questions, not counted" in text
    assert "  q1, q2, q3, q4, q5 and 208 more (--json lists all)" in text
    one = eval_text(summary(run_of(gone[:1])), "made.jsonl", 80)
    assert "1 stale question, not counted" in one
    assert "more" not in one
