"""Decide from the retrieved passages whether the docs answer the question. Pure.

The signals are computed from the search result; the confidence is computed from the signals.
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
"""A logistic regression over 413 questions of two sets, 87 of them unanswerable: see eval/questions/README.md.
How to read the weights: a passage that answers scores well above the passages that are merely on the subject (margin),
and contains the question's rare words or their equivalents (best_coverage, late). Given those signals, nearness itself
counts against an answer, because every question about an API is near some passage on APIs. One passage contains
fewer of the words of a long question, so the length of the question counts in its favour."""

_FAR: Final = 0.25
_HALF: Final = 0.5
"""A question is on another subject (sourdough, football) if no passage is nearer than this cosine and no passage
contains half of its rare words. This rejects one of 326 answerable questions, in a language without a lexicon."""

_MOST_WORDS: Final = 20.0


def confidence(retrieved: Retrieved) -> float:
    """How likely the passages answer, 0..1.

    0 where the question turns on a version, number or identifier that no passage contains (`absent`).
    For embedders other than the bundled one, whose cosines differ, and for BM25 alone, the confidence is half nearness
    in meaning and half coverage of the question's words: less accurate, but its thresholds can be fitted.
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

_CROWD_COSINE: Final = 0.2
"""The crowd's cosine where the index has fewer passages than `_CROWD`: in a handful of passages the last one may be as
much on the subject as the first. Chosen on 40 indexes of a single page of the docs site, 47 questions that the page
answers and 1,586 that it does not: AUROC .87 instead of .70, at 6 % false refusals .55 instead of .46 are refused."""

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
        crowd = float(nearest[_CROWD - 1]) if len(nearest) >= _CROWD else _CROWD_COSINE
        found["margin"] = found["nearest"] - crowd
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
