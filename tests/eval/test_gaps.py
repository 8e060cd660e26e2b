"""Planted gaps in a made-up log are found, each as one cluster, and named by their reason."""

import itertools
import json
import random
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from eval.gaps.clusters import Gap, Vectors, WeakQuestion, cluster, find_gaps, subject_of, weak_questions
from eval.gaps.reasons import SEARCHED, explain_gaps
from ingest.core.settings import load_settings
from ingest.embed.base import embed_all
from ingest.embed.registry import get_embedder
from ingest.text.terms import terms
from rag.open import open_assistant
from rag.question_log import LoggedQuestion
from tests.conftest import CommandLine

SUBJECTS = {
    "invoices by post": ["send", "get", "order", "receive"],
    "a webhook signature": ["verify", "check", "compute", "validate"],
    "kubernetes pods": ["deploy to", "run in", "scale", "restart"],
    "dark mode": ["turn on", "enable", "switch to", "activate"],
    "GDPR consent forms": ["fill in", "sign", "download", "find"],
    "the mobile app": ["install", "update", "open", "sign in to"],
    "a refund for taxes": ["claim", "request", "get", "apply for"],
    "speech synthesis voices": ["choose", "change", "list", "clone"],
    "team holiday calendars": ["share", "sync", "import", "export"],
    "video subtitles": ["generate", "translate", "burn in", "download"],
    "printer drivers": ["install", "update", "find", "remove"],
    "chess engine ratings": ["compare", "compute", "look up", "improve"],
}
FORMS = ["How do I {} {}?", "Where can I {} {}?", "Is it possible to {} {}?", "I want to {} {}", "{} {} please"]


def entry(at: int, question: str, **more: object) -> LoggedQuestion:
    fields: dict[str, object] = {"answered": False, "confidence": 0.1, **more}
    return LoggedQuestion(f"{at}", f"2026-01-{1 + at % 28:02}T00:00:00+00:00", question, **fields)  # type: ignore[arg-type] # fields by name


def planted() -> list[tuple[str, str]]:
    """Questions with the subject that each is about."""
    return [
        (form.format(verb, subject), subject)
        for subject, verbs in SUBJECTS.items()
        for verb, form in itertools.product(verbs, FORMS)
    ]


def test_weak_are_refused_unsupported_and_voted_down() -> None:
    log = [
        entry(1, "Why?"),
        entry(2, "why? "),
        entry(3, "How?", answered=True),
        entry(4, "When?", answered=True, unsupported=1),
        entry(5, "Who?", answered=True, vote="down"),
        entry(6, "Hello!"),
    ]
    assert [(one.text, one.count) for one in weak_questions(log)] == [("Why?", 2), ("When?", 1), ("Who?", 1)]


def test_clusters_are_the_directions_of_their_vectors() -> None:
    random_ = np.random.default_rng(1)
    centres = np.eye(12, 64, dtype=np.float32)
    noisy = np.vstack([centres[at % 12] + random_.normal(0, 0.05, 64).astype(np.float32) for at in range(240)])
    groups = cluster(noisy / np.linalg.norm(noisy, axis=1, keepdims=True))
    assert sorted(len(group) for group in groups) == [20] * 12
    assert all(len({at % 12 for at in group}) == 1 for group in groups)
    assert cluster(np.zeros((0, 64), dtype=np.float32)) == []


def test_the_trend_is_the_share_of_the_later_half() -> None:
    log = [entry(at, "Why is it so?") for at in range(10)]
    vectors: Vectors = np.ones((1, 1), dtype=np.float32)
    (gap,) = find_gaps(weak_questions(log), vectors)
    assert (gap.size, gap.trend) == (10, 0.5)


def test_the_history_counts_equal_parts_of_the_time() -> None:
    log = [entry(at, "Why is it so?") for at in range(12)]
    (gap,) = find_gaps(weak_questions(log), np.ones((1, 1), dtype=np.float32))
    assert gap.history == (1,) * 12
    assert sum(gap.history) == gap.size


def test_words_that_the_docs_use_everywhere_name_no_subject() -> None:
    shares = {"acme": 0.9, "model": 0.5}
    assert subject_of("How does Acme send invoices?", lambda term: shares.get(term, 0.0)) == "How does send invoices?"
    assert subject_of("Acme model?", lambda term: shares.get(term, 0.0)) == "Acme model?"


def write_log(folder: Path, lines: list[LoggedQuestion]) -> Path:
    path = folder / "log.jsonl"
    path.write_text("\n".join(json.dumps(asdict(line)) for line in lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def log(starter: CommandLine) -> Path:
    """Planted gaps, a question that the docs answer and that was refused, and one that was voted down."""
    asked = shuffled()
    good = ["What are model variants?"] * 50
    lines = [entry(at, text) for at, (text, _) in enumerate(asked)]
    lines += [entry(1000 + at, text, answered=True) for at, text in enumerate(good)]
    lines += [entry(2000 + at, "where does OpenRouter list errors for credits?") for at in range(3)]
    lines += [entry(3000 + at, "What are model variants", answered=True, vote="down") for at in range(4)]
    lines += [entry(4000, "my mail is anna@example.org, <script>alert(1)</script>")]
    return write_log(starter.cwd, lines)


def test_small_gaps_are_explained_by_the_first_stage_alone(starter: CommandLine) -> None:
    """Beyond the largest gaps, no question is embedded again: passage and reason are those that a search finds."""
    settings = load_settings({}, {}, starter.cwd)
    opened = open_assistant(settings, use_model=False)
    questions = ("where does OpenRouter list errors for credits?", "How do I water tomatoes on a balcony?")
    embedder = get_embedder(settings)
    made = embed_all(embedder, questions)
    asked = [WeakQuestion(text, (entry(at, text),)) for at, text in enumerate(questions)]
    gaps = [Gap((one,), 0.5, at=at) for at, one in enumerate(asked)]
    many = [gaps[0]] * (SEARCHED + 1) + [gaps[1]]
    found = list(explain_gaps(many, made, opened))
    searched, nearest, tomatoes = found[0], found[SEARCHED], found[-1]
    assert searched.passage is not None
    assert nearest.passage is not None
    assert nearest.reason == searched.reason == "in the docs, but not found"
    assert {"error", "credit"} <= set(terms(nearest.passage.text))
    assert (tomatoes.reason, tomatoes.passage) == ("not in the docs", None)
    assert len(tomatoes.pages) == 3


@pytest.mark.slow
def test_twelve_planted_gaps_are_found_pure(starter: CommandLine, log: Path) -> None:
    done = starter("gaps", "--log", log, "--json", "--report", "gaps.html")
    assert done.status == 0, done.err
    document = done.json
    subjects = {f"{at}": subject for at, (_, subject) in enumerate(shuffled())}
    assert document["weak"] == len(subjects) + 3 + 4 + 1
    found, pure = set(), 0
    for gap in document["gaps"]:
        about = [subjects[one] for one in gap["ids"] if one in subjects]
        if about:
            most = max(set(about), key=about.count)
            pure += about.count(most)
            found |= {most} if about.count(most) > 10 else set()
    assert found == set(SUBJECTS), "most of the questions on each subject are one cluster"
    assert pure >= 0.9 * len(subjects)
    reasons = {gap["question"]: gap["reason"] for gap in document["gaps"]}
    assert reasons["What are model variants"] == "found, but the answer is not supported"
    assert {gap["question"]: gap["voted_down"] for gap in document["gaps"]}["What are model variants"] == 4
    assert all(sum(gap["history"]) == gap["size"] for gap in document["gaps"])
    page = (starter.cwd / "gaps.html").read_text(encoding="utf-8")
    assert "the answer is not supported, voted down 4 times" in page
    assert "<script" not in page
    assert "anna@example.org" not in page + done.out
    for reason in ("not in the docs", "found, but the answer is not supported"):
        assert reason in page


def shuffled() -> list[tuple[str, str]]:
    asked = planted()
    random.Random(3).shuffle(asked)
    return asked


@pytest.mark.slow
def test_gaps_become_lines_of_a_question_file(starter: CommandLine, tmp_path: Path) -> None:
    lines = [entry(at, f"How do I get invoices by {how}?") for at, how in enumerate(["post", "mail", "letter", "post"])]
    lines += [entry(10 + at, "What are model variants?", answered=True, unsupported=1) for at in range(2)]
    log = write_log(tmp_path, lines)
    file = tmp_path / "questions.jsonl"
    done = starter("eval", file, "--new", "--from-log", log)
    assert done.status == 0, done.err
    made = [json.loads(line) for line in done.out.splitlines()]
    assert [line["question"] for line in made] == ["How do I get invoices by post?", "What are model variants?"]
    assert [(line["answerable"], bool(line["gold"]), line["asked"]) for line in made] == [
        (False, False, 4),
        (True, True, 2),
    ]
    assert made[1]["gold"][0]["page"] == "/docs/faq"
    assert [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] == made
    again = starter("eval", file, "--from-log", log)
    assert (again.status, again.out) == (0, ""), "what the file asks already is not added again"
    measured = starter("eval", file, "--retrieval-only", "--json")
    assert measured.json["questions"] == 2
    assert measured.json["stale"] == []
    refused = starter("eval", "--new", "/docs/faq", "--from-log", log)
    assert refused.status == 2
    assert "a line is made of a page or of a log" in " ".join(refused.err.split())
