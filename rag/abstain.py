"""Retrieved passages -> do the docs answer this question? Pure.

What a search found -> what tells whether the docs answer: see rag/abstain.py. Pure.
"""

import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.text.terms import STOPWORDS
from rag.records import Retrieved
from rag.thresholds import DEFAULT, Thresholds

_WEIGHTS: Final[Mapping[str, float]] = {
    "margin": 15.85,
    "words": 8.88,
    "best_coverage": 3.69,
    "nearest": -7.73,
    "late": 1.45,
}
_INTERCEPT: Final = -4.44
"""A logistic regression over 413 questions of two sets, 87 of them unanswerable: see eval/questions/README.md. What it
says: a passage that answers stands out from the crowd that is merely on the subject (margin), and holds
the question's rare words, or what means the same (best_coverage, late). Nearness itself speaks against an
answer once those are known: every question about an API is near some passage on APIs. A long question
finds fewer of its words in one passage, so its length is counted in its favour."""

_FAR: Final = 0.25
_HALF: Final = 0.5
"""A question with no passage nearer than this cosine, and no passage that holds half of its rare words, is on
another subject: sourdough, football. Of 326 answerable questions one is, in a language without a lexicon."""

_MOST_WORDS: Final = 20.0


def confidence(retrieved: Retrieved) -> float:
    """How likely the passages answer, 0..1.

    0 where the question turns on a version, number or identifier that no passage contains (`absent`).
    For other embedders than the bundled one, whose cosines are others, and for BM25 alone it is nearness
    in meaning and the question's words, half each: a poorer judge, whose thresholds can be fitted.
    """
    if not retrieved.hits:
        return 0.0
    signals = retrieved.signals
    if signals.get("absent"):
        return 0.0
    if "late" not in signals:
        return 0.5 * min(1.0, max(0.0, retrieved.cosine)) + 0.5 * retrieved.coverage
    if signals["nearest"] < _FAR and signals["best_coverage"] < _HALF:
        return 0.0
    values = {**signals, "words": min(signals["words"], _MOST_WORDS) / _MOST_WORDS}
    return 1.0 / (1.0 + math.exp(-_INTERCEPT - sum(weight * values[name] for name, weight in _WEIGHTS.items())))


def is_answerable(retrieved: Retrieved, thresholds: Thresholds = DEFAULT) -> bool:
    """Whether the passages probably answer the question."""
    return confidence(retrieved) >= thresholds.answer


def is_worth_asking(retrieved: Retrieved, thresholds: Thresholds = DEFAULT) -> bool:
    """Whether a model should be asked: unless it is nearly certain that the docs do not answer."""
    return confidence(retrieved) >= thresholds.call


_CROWD: Final = 50
"""The rank whose cosine is that of a passage that is merely on the subject."""

Idf = Callable[[str], float]


def evidence(
    words: Sequence[str],
    best: Sequence[Container[str]],
    nearest: NDArray[np.float32] | None,
    late: Mapping[int, float],
    idf: Idf,
) -> dict[str, float]:
    """The signals by name, of a search for `words`.

    `best` are the terms of each of the best passages, `nearest` the largest cosines of the index in
    descending order, `late` the late interaction of each candidate. In the result, `best_coverage` is
    the coverage of `best`, `words` the number of content words, `nearest` the largest cosine, `margin`
    its distance from the crowd's, `late` the largest late interaction, `late_margin` its distance from
    the candidates' median. What the embedder does not give is left out.
    """
    found = {"best_coverage": coverage(words, best, idf), "words": float(len(_content(words)))}
    if nearest is not None and len(nearest):
        found["nearest"] = float(nearest[0])
        found["margin"] = found["nearest"] - float(nearest[:_CROWD][-1])
    if late:
        found["late"] = max(late.values())
        found["late_margin"] = found["late"] - _median(list(late.values()))
    return found


def coverage(words: Iterable[str], passages: Iterable[Container[str]], idf: Idf) -> float:
    """The share of the content words, weighted by idf, that these passages contain, 0..1.

    A passage is the terms of the query that it contains.
    """
    content, read = _content(words), list(passages)
    total = sum(idf(word) for word in content)
    return sum(idf(word) for word in content if any(word in terms for terms in read)) / total if total else 0.0


def _median(values: list[float]) -> float:
    """The median; numpy's imports masked arrays first, which takes longer than a search."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _content(words: Iterable[str]) -> set[str]:
    """The words that carry a subject."""
    return {word for word in words if word not in STOPWORDS and len(word) > 1}
