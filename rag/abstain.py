"""Decide from the retrieved passages whether the docs answer the question. Pure but for its weights, a data file.

The signals are computed from the search result; the confidence is computed from the signals.
"""

import json
import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.text.terms import STOPWORDS
from rag.records import Retrieved
from rag.thresholds import DEFAULT, Thresholds

WEIGHTS_FILE: Final = Path(__file__).parent / "confidence.json"
"""The weights, written by `python -m tests.bench.confidence`; eval/questions/README.md says from which questions."""

_FAR: Final = 0.25
_HALF: Final = 0.5
"""A question is on another subject (sourdough, football) if no passage is nearer than this cosine and no passage
contains half of its rare words. This rejects one of 326 answerable questions, in a language without a lexicon."""

_SAME: Final = 0.6
"""A word that a candidate meets by a token this near is in the docs in other words: heavy, where they have a weight."""

_OTHER: Final = 0.4
"""A word that no candidate meets by a token this near is about something else: a calendar, in docs of recipes."""

_ASIDE: Final = 0.3
"""Up to this share of a question, by idf, may be about something else: long questions say why they are asked. The three
limits are chosen on three docs of one to eight pages (tools, a machine, rules)."""

_MOST_WORDS: Final = 20.0

SMALL_TALK: Final = "small_talk"
"""Signal of what asks nothing of the docs, 0 or 1."""

USUAL: Final = 20.0
USUAL_MEAN: Final = 0.15
USUAL_DEVIATION: Final = 0.12
"""The cosines of a question with the passages of small docs are mixed with those of `USUAL` passages of this mean and
standard deviation, so that those of three passages mean something. The figures are those of ten English docs, rounded
up: over sites the means are .07 to .18, the deviations .08 to .11."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a search says about whether its passages answer; all of it is relative to the index.

    `terms` are the question's terms that an answer should contain, `known` those of them that some passage contains;
    `best` the terms of the best passage. `late` is the late interaction of the best passage. `nearest`, `mean` and
    `deviation` are those of the cosines with all `passages`. `bm25` are the scores of the candidates. `absent` is the
    number of literals that no passage contains. `near` is for each term the best match of its tokens in any candidate.
    """

    terms: Sequence[str]
    known: Container[str]
    best: Container[str]
    passages: int
    absent: int
    bm25: NDArray[np.float32]
    late: float | None = None
    nearest: float | None = None
    mean: float = 0.0
    deviation: float = 0.0
    near: Mapping[str, float] = field(default_factory=dict)


Idf = Callable[[str], float]


def signals(found: Evidence, idf: Idf) -> dict[str, float]:
    """The signals by name.

    `best_coverage`: the share of the question's terms, by idf, in the best passage; `missing`: in no passage.
    `words`: the number of terms; `ahead`: the distance of the best BM25 score from the tenth, as a share of it.
    `nearest`: the largest cosine; `distinct`: its distance from the mean of all, in standard deviations.
    `late`: the late interaction of the best passage; `size`: the logarithm of the number of passages.
    `met`: as `best_coverage`, but terms that some candidate has in other words count as well.
    `unmet`: the share, beyond _ASIDE, of terms that no passage has, neither to the letter nor in words near to it.
    What the embedder does not give is left out.
    """
    content = _content(found.terms)
    named = {
        "best_coverage": coverage(content, [found.best], idf),
        "missing": 1.0 - coverage(content, [found.known], idf) if content else 0.0,
        "words": float(len(content)),
        "ahead": _ahead(found.bm25),
        "absent": float(found.absent > 0),
        "size": math.log(max(1, found.passages)),
    }
    same = {word for word in content if found.near.get(word, 0.0) >= _SAME}
    far = {word for word in content if found.near.get(word, 1.0) < _OTHER and word not in found.known}
    named |= {
        "met": coverage(content, [found.best, same], idf),
        "unmet": max(0.0, coverage(content, [far], idf) - _ASIDE),
    }
    if found.nearest is not None:
        named |= {"nearest": found.nearest, "distinct": _distinct(found, found.nearest)}
    if found.late is not None:
        named["late"] = found.late
    return named


def _ahead(scores: NDArray[np.float32]) -> float:
    ordered = np.sort(scores)[::-1]
    best, tenth = (float(ordered[at]) if len(ordered) > at else 0.0 for at in (0, 9))
    return (best - tenth) / best if best > 0 else 0.0


def _distinct(found: Evidence, nearest: float) -> float:
    total = found.passages + USUAL
    mean = (found.passages * found.mean + USUAL * USUAL_MEAN) / total
    variance = (found.passages * found.deviation**2 + USUAL * USUAL_DEVIATION**2) / total
    return (nearest - mean) / math.sqrt(variance)


def confidence(retrieved: Retrieved) -> float:
    """How likely the passages answer, 0..1; 0 for small talk and where a literal is in no passage.

    For an index without token vectors, and for BM25 alone, the confidence is half nearness in meaning and half coverage
    of the question's words: less accurate, but its thresholds can be fitted.
    """
    named = retrieved.signals
    if not retrieved.hits or named.get("absent") or named.get(SMALL_TALK):
        return 0.0
    if "late" not in named or "distinct" not in named:
        return 0.5 * min(1.0, max(0.0, retrieved.cosine)) + 0.5 * retrieved.coverage
    if named["nearest"] < _FAR and named["met"] < _HALF:
        return 0.0
    return logistic(named, _weights())


def logistic(named: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The logistic function of the weighted signals; `weights` names the signals, and has an `intercept`."""
    values = {**named, "intercept": 1.0, "words": min(named["words"], _MOST_WORDS) / _MOST_WORDS}
    return 1.0 / (1.0 + math.exp(-sum(weight * values[name] for name, weight in weights.items())))


@cache
def _weights() -> dict[str, float]:
    return {name: float(weight) for name, weight in json.loads(WEIGHTS_FILE.read_text("utf-8"))["weights"].items()}


def is_answerable(retrieved: Retrieved, thresholds: Thresholds = DEFAULT) -> bool:
    """Whether the passages probably answer the question."""
    return confidence(retrieved) >= thresholds.answer


def is_worth_asking(retrieved: Retrieved, thresholds: Thresholds = DEFAULT) -> bool:
    """Whether a model should be asked: unless it is nearly certain that the docs do not answer."""
    return confidence(retrieved) >= thresholds.call


def coverage(words: Iterable[str], passages: Iterable[Container[str]], idf: Idf) -> float:
    """The share of the content words, weighted by idf, that these passages contain, 0..1.

    A passage is the terms of the query that it contains.
    """
    content, read = _content(words), list(passages)
    total = sum(idf(word) for word in content)
    return sum(idf(word) for word in content if any(word in terms for terms in read)) / total if total else 0.0


def _content(words: Iterable[str]) -> set[str]:
    """The words that carry a subject."""
    return {word for word in words if word not in STOPWORDS and len(word) > 1}
