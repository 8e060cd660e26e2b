"""What a search found -> what tells whether the docs answer: see rag/abstain.py. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from rag.question import STOPWORDS
from rag.rank import Floats
from rag.records import Hit

_CROWD: Final = 50
"""The rank whose cosine is that of a passage that is merely on the subject."""

Idf = Callable[[str], float]


def evidence(
    words: Sequence[str], best: Sequence[Hit], cosine: Floats | None, late: Mapping[int, float], idf: Idf
) -> dict[str, float]:
    """The signals by name.

    `best_coverage` is the coverage of the `best` hits, `words` the number of content words, `nearest`
    the largest cosine, `margin` its distance from the crowd's, `late` the largest late interaction,
    `late_margin` its distance from the candidates' median. What the embedder does not give is left out.
    """
    found = {"best_coverage": coverage(words, best, idf), "words": float(len(_content(words)))}
    if cosine is not None and len(cosine):
        found["nearest"] = float(cosine.max())
        crowd = np.partition(cosine, max(0, len(cosine) - _CROWD))[max(0, len(cosine) - _CROWD)]
        found["margin"] = found["nearest"] - float(crowd)
    if late:
        found["late"] = max(late.values())
        found["late_margin"] = found["late"] - _median(list(late.values()))
    return found


def coverage(words: Iterable[str], hits: Iterable[Hit], idf: Idf) -> float:
    """The share of the content words, weighed by idf, that these hits hold, 0..1: which they do, the postings tell."""
    content = _content(words)
    held = frozenset[str]().union(*(hit.terms for hit in hits))
    total = sum(idf(word) for word in content)
    return sum(idf(word) for word in content & held) / total if total else 0.0


def _median(values: list[float]) -> float:
    """The median; numpy's imports masked arrays first, which takes longer than a search."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _content(words: Iterable[str]) -> set[str]:
    """The words that carry a subject."""
    return {word for word in words if word not in STOPWORDS and len(word) > 1}
