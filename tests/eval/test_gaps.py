"""Planted gaps in a made-up log are found, each as one cluster, and named by their reason."""

import itertools
import json
import random
from dataclasses import asdict

import numpy as np
import pytest

from eval.gaps.clusters import Vectors, cluster, find_gaps, weak_questions
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


@pytest.mark.slow
def test_twelve_planted_gaps_are_found_pure(starter: CommandLine) -> None:
    asked = planted()
    random.Random(3).shuffle(asked)
    good = [("What are model variants?", "")] * 50
    lines = [entry(at, text, answered=not subject) for at, (text, subject) in enumerate([*asked, *good])]
    path = starter.cwd / "log.jsonl"
    path.write_text("\n".join(json.dumps(asdict(line)) for line in lines), encoding="utf-8")
    document = starter("gaps", "--log", path, "--json").json
    assert (document["questions"], document["weak"]) == (len(lines), len(asked))
    subjects = dict(asked)
    found = dict.fromkeys(SUBJECTS, 0)
    pure = 0
    for gap in document["gaps"]:
        about = [subjects[text] for text in gap["examples"]]
        most = max(set(about), key=about.count)
        found[most] = max(found[most], gap["size"])
        pure += about.count(most) == len(about)
    assert min(found.values()) >= 8, "each subject has a cluster of its own"
    assert pure >= 0.9 * len(document["gaps"])
    assert {gap["reason"] for gap in document["gaps"]} <= {"not in the docs", "in the docs, but not found"}
