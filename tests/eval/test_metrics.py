"""The measures against figures worked out by hand, and against ir-measures."""

import math
from dataclasses import replace

import ir_measures
import pytest
from ir_measures import RR, R, nDCG

from eval.intervals import intervals
from eval.metrics import ANSWERS, REFUSALS, RETRIEVAL, ndcg, tabulate
from eval.records import Outcome
from tests.eval.made import ANSWER, FOUND, outcomes

RANKS = [1, 2, None, 4, 7, 12]


def values(found: tuple[Outcome, ...]) -> dict[str, float | None]:
    return {name: one.value for name, one in intervals(tabulate(found, RETRIEVAL)).items()}


def test_the_averages_by_hand() -> None:
    got = values(outcomes(RANKS))
    assert got["recall@1"] == pytest.approx(1 / 6)
    assert got["recall@5"] == pytest.approx(3 / 6)
    assert got["recall@10"] == pytest.approx(4 / 6)
    assert got["mrr"] == pytest.approx((1 + 1 / 2 + 1 / 4 + 1 / 7 + 1 / 12) / 6)
    assert got["recall@300_words"] == pytest.approx(2 / 6)
    assert got["recall@1000_words"] == pytest.approx(4 / 6)
    assert got["recall@2000_words"] == pytest.approx(5 / 6)
    assert got["page_recall@5"] == pytest.approx(3 / 6)


def test_ranking_measures_agree_with_ir_measures() -> None:
    found = [
        *outcomes(RANKS),
        # Two needed pages; the evidence is complete with the second of them.
        replace(FOUND, id="both", rank=6, parts=(2, 6)),
        replace(FOUND, id="one", rank=None, parts=(3, None)),
        replace(FOUND, id="none", rank=None, parts=(None, None)),
        replace(FOUND, id="late", rank=30, parts=(1, 30, 10)),
    ]
    qrels = [ir_measures.Qrel(o.id, f"gold{i}", 1) for o in found for i in range(len(o.parts))]
    run = [ir_measures.ScoredDoc(o.id, f"other{rank}", 1 / rank) for o in found for rank in range(1, 41)]
    for outcome in found:
        for i, rank in enumerate(outcome.parts):
            if rank:
                run.remove(ir_measures.ScoredDoc(outcome.id, f"other{rank}", 1 / rank))
                run.append(ir_measures.ScoredDoc(outcome.id, f"gold{i}", 1 / rank))
    theirs = {(m.query_id, str(m.measure)): m.value for m in ir_measures.iter_calc([nDCG @ 10, RR, R @ 5], qrels, run)}
    for outcome in found:
        assert ndcg(outcome) == pytest.approx(theirs[outcome.id, "nDCG@10"], abs=1e-6)
        if len(outcome.parts) == 1:  # for several, ours asks for the last of them
            got = values((outcome,))
            assert got["mrr"] == pytest.approx(theirs[outcome.id, "RR"], abs=1e-6)
            assert got["recall@5"] == theirs[outcome.id, "R@5"]


def test_several_needed_pages_count_when_the_last_is_found() -> None:
    both = replace(FOUND, rank=6, words=1200, parts=(2, 6))
    got = values((both,))
    assert (got["recall@5"], got["recall@10"], got["mrr"]) == (0, 1, pytest.approx(1 / 6))
    assert got["ndcg@10"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(7)) / (1 + 1 / math.log2(3)))


def test_stale_and_unanswerable_questions_are_no_misses() -> None:
    missed = replace(FOUND, rank=None, words=None, parts=(None,))
    got = values((FOUND, replace(missed, stale=True), replace(missed, answerable=False)))
    assert got["recall@10"] == 1.0
    assert values((replace(missed, stale=True),))["recall@10"] is None


def test_answers_and_refusals() -> None:
    half = replace(ANSWER, facts_found=1, cited=4, held=1, claims=3, supported=1)
    silent = replace(ANSWER, facts_found=0, cited=0, held=0, claims=0, supported=0)
    found = (
        replace(FOUND, answer=ANSWER),
        replace(FOUND, answer=half),
        replace(FOUND, answer=silent, refused=True),
        replace(FOUND, answer=replace(ANSWER, facts=0, facts_found=0)),
        replace(FOUND, answerable=False, refused=True, answer=silent),
        replace(FOUND, answerable=False, refused=False, answer=ANSWER),
    )
    answers = {name: one.value for name, one in intervals(tabulate(found, ANSWERS)).items()}
    assert answers["facts"] == pytest.approx((1 + 0.5 + 0) / 3)  # no facts given: not counted
    assert answers["citation_precision"] == pytest.approx((1 + 1 + 1) / (1 + 4 + 1))
    assert answers["citation_recall"] == pytest.approx((1 + 1 + 1) / (1 + 3 + 1))
    refusals = {name: one.value for name, one in intervals(tabulate(found, REFUSALS)).items()}
    assert refusals == {"precision": 0.5, "recall": 0.5}


def test_intervals_hold_the_value_and_shrink_with_more_questions() -> None:
    few = intervals(tabulate(outcomes([1, None] * 10), RETRIEVAL))["recall@1"]
    many = intervals(tabulate(outcomes([1, None] * 200), RETRIEVAL))["recall@1"]
    assert few == intervals(tabulate(outcomes([1, None] * 10), RETRIEVAL))["recall@1"]
    assert few.low is not None
    assert few.high is not None
    assert many.low is not None
    # The normal approximation: 1.96 * sqrt(p (1 - p) / n).
    assert few.low == pytest.approx(0.5 - 1.96 * math.sqrt(0.25 / 20), abs=0.04)
    assert few.high == pytest.approx(0.5 + 1.96 * math.sqrt(0.25 / 20), abs=0.04)
    assert many.low == pytest.approx(0.5 - 1.96 * math.sqrt(0.25 / 400), abs=0.01)


def test_questions_that_are_all_alike_show_no_certainty() -> None:
    """Wilson's interval for 5 of 5: from 5 / (5 + 1.96**2) to 1; for 0 of 5 its mirror image."""
    found = intervals(tabulate(outcomes([1] * 5), RETRIEVAL))["recall@1"]
    assert (found.value, found.low, found.high) == (1.0, pytest.approx(0.5655, abs=1e-4), 1.0)
    missed = intervals(tabulate(outcomes([None] * 5), RETRIEVAL))["recall@1"]
    assert (missed.value, missed.low, missed.high) == (0.0, 0.0, pytest.approx(0.4345, abs=1e-4))
