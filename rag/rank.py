"""One search -> a score for each chunk: cosine and BM25 over all, then late interaction over the best. Pure."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CANDIDATES: Final = 40
"""How many chunks late interaction reorders; 20 and 80 ranked no better on the development questions."""

PAGE_WEIGHT: Final = 0.3
"""How much the nearness of a chunk's page counts beside cosine and BM25 at 1 each; between 0.2 and 0.6 alike."""

LATE_WEIGHT: Final = 2.0
"""How much late interaction counts beside the first scores at 1."""


@dataclass(frozen=True, slots=True)
class Signals:
    """The scores of all chunks for one search, float32[n] each; None for what the index or the embedder has not."""

    bm25: Floats
    cosine: Floats | None = None
    page: Floats | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows by their final score 0..1; `late` holds the late interaction of those that have one."""

    scores: dict[int, float]
    first: Floats
    late: dict[int, float]


def first_scores(signals: Signals) -> Floats:
    """The weighted mean of the signals, each scaled to 0..1: float32[n]."""
    weighed = [(signals.bm25, 1.0), (signals.cosine, 1.0), (signals.page, PAGE_WEIGHT)]
    parts = [(scaled(scores), weight) for scores, weight in weighed if scores is not None]
    total = np.float32(sum(weight for _, weight in parts))
    return np.asarray(sum(scores * np.float32(weight) for scores, weight in parts) / total, dtype=np.float32)


def final_scores(first: Floats, rows: list[int], late: Floats | None) -> Ranking:
    """Reorder the candidates `rows`, best first by `first`, by their late interaction float32[len(rows)].

    Chunks that are no candidates come after them, by their first score.
    """
    if late is None or not rows:
        return Ranking({row: float(first[row]) for row in rows}, first, {})
    mixed = (scaled(first[rows]) + LATE_WEIGHT * scaled(late)) / (1.0 + LATE_WEIGHT)
    return Ranking(dict(zip(rows, mixed.tolist(), strict=True)), first, dict(zip(rows, late.tolist(), strict=True)))


def merged(whole: Ranking, parts: list[Ranking]) -> dict[int, float]:
    """Scores of the question and of its parts -> one score: half the whole's, half the better part's.

    A passage that answers one part well must not lose to those that answer both a little.
    """
    if not parts:
        return whole.scores
    rows = set(whole.scores).union(*(part.scores for part in parts))
    return {row: (whole.scores.get(row, 0.0) + max(part.scores.get(row, 0.0) for part in parts)) / 2 for row in rows}


def best_rows(scores: Floats, k: int) -> list[int]:
    """Rows of the `k` largest scores, best first; equal scores in row order, so that ranks are stable.

    -inf is never among them.
    """
    k = min(k, int(np.isfinite(scores).sum()))
    if not k:
        return []
    least = np.partition(scores, len(scores) - k)[len(scores) - k]
    rows = np.flatnonzero(scores >= least)
    return [int(row) for row in rows[np.argsort(-scores[rows], kind="stable")][:k]]


def scaled(scores: Floats) -> Floats:
    """Scores scaled so that the best is 1 and the worst 0 (min-max; Bruch et al. 2023 on convex fusion).

    Where all are equal, each is the best, unless they are 0: then nothing was found.
    """
    low, high = (float(scores.min()), float(scores.max())) if len(scores) else (0.0, 0.0)
    if high > low:
        return np.asarray((scores - low) / (high - low), dtype=np.float32)
    return np.full_like(scores, 1.0 if high > 0 else 0.0)
