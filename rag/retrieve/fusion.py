"""One search -> a score for each chunk: cosine and BM25 over all, then late interaction among the best. Pure.

Ranked hits -> those that an answer is made of: of each page at most three. Pure.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rag.records import Hit

Floats = NDArray[np.float32]

CANDIDATES: Final = 50
"""How many chunks are ranked a second time; 40 to 100 rank alike on the development questions, 20 and 30 worse."""

PAGE_WEIGHT: Final = 0.3
"""How much the nearness of a chunk's page counts beside cosine and BM25 at 1 each; between 0.2 and 0.6 alike."""

LATE_WEIGHT: Final = 2.0
"""How much late interaction counts beside the other signals at 1 each."""


PART_WEIGHT: Final = 2 / 3
"""How much the better part of a two-fold question counts beside the whole; a half ranks a little worse, all alike."""

CROWD: Final = 5
"""How many passages of one page are ranked as they score."""

CROWDED: Final = 0.9
"""What each further passage of the page keeps of its score, once more than the one before it. Questions
that one page answers lose nothing measurable; those that need two see the second page earlier."""


@dataclass(frozen=True, slots=True)
class Signals:
    """The scores of all chunks for one search, float32[n] each; None for what the index or the embedder has not."""

    bm25: Floats
    cosine: Floats | None = None
    page: Floats | None = None


@dataclass(frozen=True, slots=True)
class Candidates:
    """The scores of the candidates of one search, float32[candidates] each. `cosine` is that of whitened vectors."""

    bm25: Floats
    cosine: Floats
    page: Floats
    late: Floats


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows by their final score 0..1; `late` and `whitened` hold those signals of the rows that have them."""

    scores: dict[int, float]
    first: Floats
    late: dict[int, float]
    whitened: dict[int, float]


def first_scores(signals: Signals) -> Floats:
    """The weighted mean of the signals, each scaled to 0..1: float32[n]."""
    weighed = [(signals.bm25, 1.0), (signals.cosine, 1.0), (signals.page, PAGE_WEIGHT)]
    parts = [(min_max(scores), weight) for scores, weight in weighed if scores is not None]
    total = np.float32(sum(weight for _, weight in parts))
    return np.asarray(sum(scores * np.float32(weight) for scores, weight in parts) / total, dtype=np.float32)


def first_ranking(first: Floats, rows: list[int]) -> Ranking:
    """The candidates `rows` by their first score: all there is without late interaction."""
    return Ranking({row: float(first[row]) for row in rows}, first, {}, {})


def final_scores(first: Floats, rows: list[int], near: Candidates) -> Ranking:
    """Rank the candidates `rows`, best first by `first`, a second time.

    Their signals are scaled anew: what sets candidates apart is not what sets them apart from the
    rest of the site. Chunks that are no candidates come after them, by their first score.
    """
    parts = [(near.bm25, 1.0), (near.cosine, 1.0), (near.page, 1.0), (near.late, LATE_WEIGHT)]
    total = np.float32(sum(weight for _, weight in parts))
    mixed = np.asarray(sum(min_max(scores) * np.float32(weight) for scores, weight in parts) / total)
    return Ranking(
        dict(zip(rows, mixed.tolist(), strict=True)),
        first,
        dict(zip(rows, near.late.tolist(), strict=True)),
        dict(zip(rows, near.cosine.tolist(), strict=True)),
    )


def merge_parts(whole: Ranking, parts: list[Ranking]) -> dict[int, float]:
    """Scores of the question and of its parts -> one score: of the whole's a third, of the better part's the rest.

    A passage that answers one part well must not lose to those that answer both a little.
    """
    if not parts:
        return whole.scores
    rows = set(whole.scores).union(*(part.scores for part in parts))
    better = {row: max(part.scores.get(row, 0.0) for part in parts) for row in rows}
    return {row: (1 - PART_WEIGHT) * whole.scores.get(row, 0.0) + PART_WEIGHT * better[row] for row in rows}


def demote_crowding(scores: Mapping[int, float], page_of: Mapping[int, int]) -> dict[int, float]:
    """Scores with those of a page's sixth passage and later ones lowered, so that no page fills the list."""
    seen: Counter[int] = Counter()
    spread: dict[int, float] = {}
    for row in sorted(scores, key=lambda row: (-scores[row], row)):
        spread[row] = scores[row] * CROWDED ** max(0, seen[page_of[row]] - CROWD + 1)
        seen[page_of[row]] += 1
    return spread


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


def min_max(scores: Floats) -> Floats:
    """Scores scaled so that the best is 1 and the worst 0 (min-max; Bruch et al. 2023 on convex fusion).

    Where all are equal, each is the best, unless they are 0: then nothing was found.
    """
    low, high = (float(scores.min()), float(scores.max())) if len(scores) else (0.0, 0.0)
    if high > low:
        return np.asarray((scores - low) / (high - low), dtype=np.float32)
    return np.full_like(scores, 1.0 if high > 0 else 0.0)


PER_PAGE: Final = 3
"""Passages of one page among those that an answer is made of.

A page that repeats the words of many questions, be it by mischief or because it is long, would
otherwise fill the whole prompt, and no other page could say otherwise (poisoning; LLM08 of the OWASP
Top 10 for LLM applications, 2025). On 90 development questions the extractive answers hold all facts as often
with it as without (68); with two per page it is 67.
"""


def few_per_page(hits: Sequence[Hit], k: int, most: int = PER_PAGE) -> tuple[Hit, ...]:
    """The best `k` hits with at most `most` of each page, ranks as they were."""
    taken: Counter[str] = Counter()
    kept: list[Hit] = []
    for hit in hits:
        if taken[hit.chunk.url] < most and len(kept) < k:
            taken[hit.chunk.url] += 1
            kept.append(hit)
    return tuple(kept)
