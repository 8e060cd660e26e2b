"""`askdocs eval` over the starter pages."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Here
from tests.conftest import REPOSITORY, CommandLine

QUESTIONS = REPOSITORY / "eval" / "questions" / "starter.jsonl"
CONTRACT = """questions answerable retrieval answers refusals by_kind failures seconds cost_usd model embedder
generation""".split()
RETRIEVAL = """recall@1 recall@5 recall@10 mrr ndcg@10 page_recall@5 recall@300_words recall@1000_words
recall@2000_words""".split()


@pytest.fixture(scope="module")
def world(starter: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A copy of the starter folder, for commands that write into the index."""
    folder = tmp_path_factory.mktemp("eval") / "work"
    shutil.copytree(starter.cwd, folder)
    return CommandLine(folder, starter.environ)


@pytest.fixture(scope="module")
def saved(world: CommandLine) -> tuple[Any, Path]:
    """A run of the starter questions, as a document and as a file."""
    path = world.cwd / "run.json"
    done = world("eval", QUESTIONS, "--retrieval-only", "--json", "--save", path, "--report", world.cwd / "r.html")
    assert done.status == 0, done.err
    return done.json, path


def test_the_document_has_the_keys_of_the_contract(saved: tuple[Any, Path]) -> None:
    document, _ = saved
    assert set(CONTRACT) <= set(document)
    assert document["schema"] == 1
    assert list(document["retrieval"]) == RETRIEVAL
    assert set(document["answers"]) == {"facts", "citation_precision", "citation_recall"}
    assert set(document["refusals"]) == {"precision", "recall"}
    for one in document["retrieval"].values():
        assert set(one) == {"value", "low", "high"}
        assert 0 <= one["low"] <= one["value"] <= one["high"] <= 1
    assert {one["value"] for one in document["answers"].values()} == {None}
    assert document["retrieval"]["recall@5"]["value"] > 0.8
    kinds = document["by_kind"]
    assert sum(kind["questions"] for kind in kinds.values()) == document["questions"] == 18
    assert list(kinds["factoid"]["retrieval"]) == RETRIEVAL
    assert (document["cost_usd"], document["model"], document["embedder"]) == (0.0, None, "minilm")


@pytest.fixture
def ask(here: Here, world: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Here:
    """`askdocs eval` in this process and in that folder."""
    monkeypatch.chdir(world.cwd)
    return lambda *arguments: here("eval", *map(str, arguments))


def test_failures_tell_what_was_retrieved_instead(ask: Here, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    gold = [{"page": "/docs/faq", "section": "Privacy and data logging"}]
    elsewhere = {"id": "a", "question": "What are model variants?", "gold": gold}
    wrong = {"id": "b", "question": "What are model variants?", "answerable": False}
    path.write_text(f"{json.dumps(wrong)}\n{json.dumps(elsewhere)}", encoding="utf-8")
    failures = {one["id"]: one for one in ask(path, "--retrieval-only", "--json").json["failures"]}
    assert failures["b"]["why"] == "answered although the docs do not"
    seen = failures["a"]["retrieved"]
    assert {"rank", "page", "headings", "score", "cosine", "bm25", "terms"} <= set(seen[0])
    assert seen[0]["headings"][-1] == "What are model variants?"
    assert not seen[0]["right"]


def test_word_budgets_and_ranks_do_not_depend_on_k(ask: Here, saved: tuple[Any, Path]) -> None:
    few = ask(QUESTIONS, "--retrieval-only", "--json", "-k", "1").json
    assert few["retrieval"] == saved[0]["retrieval"]


def test_text_and_report_are_for_people(ask: Here, world: CommandLine, saved: tuple[Any, Path]) -> None:
    done = ask(QUESTIONS, "--retrieval-only")
    assert done.out.startswith("starter.jsonl: 18 questions, 15 answerable\n")
    assert f"  recall@5             {saved[0]['retrieval']['recall@5']['value']:.3f}" in done.out
    report = (world.cwd / "r.html").read_text(encoding="utf-8")
    assert report.startswith("<!doctype html>")
    assert "starter.jsonl" in report


def test_a_baseline_of_the_same_run_passes(ask: Here, saved: tuple[Any, Path]) -> None:
    done = ask(QUESTIONS, "--retrieval-only", "--baseline", saved[1], "--json")
    assert done.status == 0
    baseline = done.json["baseline"]
    assert baseline["passed"]
    assert set(baseline["changes"]) >= set(RETRIEVAL)
    assert all(change["difference"] == 0 for change in baseline["changes"].values())


def test_a_real_loss_fails_the_gate(ask: Here, saved: tuple[Any, Path], tmp_path: Path) -> None:
    """A baseline in which every question was found at once, and today's run, in which `--under` hides most pages."""
    under = ("--under", "/docs/quickstart")
    path = tmp_path / "run.json"
    assert ask(QUESTIONS, "--retrieval-only", "--save", path, *under).status == 0
    run = json.loads(path.read_text(encoding="utf-8"))
    for outcome in run["outcomes"]:
        if outcome["answerable"]:
            outcome.update(rank=1, words=20, parts=[1] * len(outcome["parts"]), page_rank=1)
    path.write_text(json.dumps(run), encoding="utf-8")
    done = ask(QUESTIONS, "--retrieval-only", "--baseline", path, *under)
    assert done.status == 1
    assert "LOSS" in done.out
    assert done.err.startswith("error: recall@1, recall@5, recall@10, mrr")
    as_json = ask(QUESTIONS, "--retrieval-only", "--baseline", path, "--json", *under)
    assert (as_json.status, as_json.json["baseline"]["passed"]) == (1, False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--no-llm",), "another mode: retrieval there, extractive here"),
        (("--retrieval-only", "-k", "3"), "another -k: 10 there, 3 here"),
        (("--retrieval-only", "--under", "/docs/guides"), "another --under"),
    ],
)
def test_runs_of_other_settings_do_not_compare(
    ask: Here, saved: tuple[Any, Path], arguments: tuple[str, ...], message: str
) -> None:
    done = ask(QUESTIONS, *arguments, "--baseline", saved[1])
    assert done.status == 2
    assert message in done.err
    assert done.out == ""


def test_other_questions_do_not_compare(ask: Here, saved: tuple[Any, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text("\n".join(QUESTIONS.read_text(encoding="utf-8").splitlines()[:5]), encoding="utf-8")
    done = ask(other, "--retrieval-only", "--baseline", saved[1])
    assert (done.status, "another question file" in done.err) == (2, True)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"askdocs_run": 9}', '{"askdocs_run": 1, "outcomes": [{}]}'])
def test_a_file_that_is_no_run_is_refused_before_anything_is_asked(ask: Here, tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(text)
    done = ask(QUESTIONS, "--retrieval-only", "--baseline", path)
    assert (done.status, done.err.count("\n")) == (2, 2)


def test_bad_lines_are_named_and_the_rest_is_run(ask: Here, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    first, second = QUESTIONS.read_text(encoding="utf-8").splitlines()[:2]
    path.write_text(f"{first}\n{{\n{second}\n", encoding="utf-8")
    done = ask(path, "--retrieval-only", "--json")
    assert (done.status, done.json["questions"]) == (0, 2)
    assert done.json["problems"] == [{"what": "line 2", "reason": "not valid JSON"}]
    assert "warning: questions.jsonl, line 2: not valid JSON" in done.err
    strict = ask(path, "--retrieval-only", "--strict")
    assert (strict.status, strict.out) == (2, "")
    assert "line 2: not valid JSON" in strict.err


def test_stale_gold_is_reported_not_counted(ask: Here, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    good = QUESTIONS.read_text(encoding="utf-8").splitlines()[0]
    gone = {
        "id": "gone",
        "question": "What was it?",
        "gold": [{"page": "/docs/faq", "quote": "words that no page has ever said"}],
    }
    path.write_text(f"{good}\n{json.dumps(gone)}\n", encoding="utf-8")
    document = ask(path, "--retrieval-only", "--json").json
    assert document["stale"] == ["gone"]
    assert document["retrieval"]["recall@10"]["value"] == 1.0
    assert [failure["id"] for failure in document["failures"]] == []


def test_gold_that_the_docs_lost_is_a_loss(ask: Here, saved: tuple[Any, Path], tmp_path: Path) -> None:
    """The questions are not counted, so every measure passes; the baseline does not."""
    run = json.loads(saved[1].read_text(encoding="utf-8"))
    path = tmp_path / "questions.jsonl"
    lines = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    lost = next(line for line in lines if line.get("gold"))
    lost["gold"] = [{"page": "/docs/faq", "quote": "words that no page has ever said"}]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    run["measured"]["questions_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    before = tmp_path / "before.json"
    before.write_text(json.dumps(run), encoding="utf-8")
    done = ask(path, "--retrieval-only", "--baseline", before, "--json")
    baseline = done.json["baseline"]
    assert (done.status, baseline["passed"], baseline["stale"]) == (1, False, [lost["id"]])
    assert not any(change["loss"] for change in baseline["changes"].values())
    shown = ask(path, "--retrieval-only", "--baseline", before)
    assert shown.status == 1
    assert "1 question without gold since then" in shown.out
    assert "the docs lost the gold of 1 question since the baseline" in " ".join(shown.err.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give a question file"),
        (("none.jsonl",), "there is no file none.jsonl"),
        ((str(QUESTIONS), "--quote", "x"), "--quote and --question go with --new"),
        ((str(QUESTIONS), "--calibrate"), "calibrating takes 10 answerable and 10 unanswerable questions"),
        ((str(QUESTIONS), "--report", "none/r.html"), "there is no folder none"),
        (("--new", "/docs/faq"), "--new takes --quote and --question"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_asked(ask: Here, arguments: tuple[str, ...], message: str) -> None:
    done = ask(*arguments)
    assert done.status in (1, 2)
    assert message in done.err.splitlines()[0]
    assert done.err.splitlines()[1].startswith("hint: ")
