"""Fuse the signals of a search into one ranking, and keep single pages from filling it. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np

from ingest.index.base import Candidates, Floats
from ingest.index.first_stage import min_max
from rag.records import Hit

T = TypeVar("T")

CANDIDATES: Final = 50
"""How many chunks are ranked a second time; 40 to 100 rank alike on the development questions, 20 and 30 worse."""

LATE_WEIGHT: Final = 2.0
"""Weight of late interaction; the other signals have weight 1 each."""


PART_WEIGHT: Final = 2 / 3
"""Weight of the better part of a two-part question relative to the whole; a half ranks a little worse, all alike."""

CROWD: Final = 5
"""How many passages of one page are ranked as they score."""

CROWDED: Final = 0.9
"""Factor on the score of each further passage of the page, applied once more than for the passage before it. Questions
that one page answers lose nothing measurable; those that need two pages get the second one earlier."""


@dataclass(frozen=True, slots=True)
class SecondStage:
    """The signals of the second ranking, float32[candidates] each. `cosine` is that of whitened vectors."""

    bm25: Floats
    cosine: Floats
    page: Floats
    late: Floats
    added: Floats | None = None
    """The cosine by an added embedder."""
    model: Floats | None = None
    """Late interaction by a model of its own."""
    words: Mapping[str, float] = field(default_factory=dict)
    """For each word of the question its best match in any candidate."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows by their final score 0..1; `late`, `whitened` and `model` are those signals of the rows that have them."""

    scores: dict[int, float]
    late: dict[int, float]
    whitened: dict[int, float]
    model: dict[int, float] = field(default_factory=dict)
    words: Mapping[str, float] = field(default_factory=dict)
    """For each word of the question its best match in any candidate."""


def first_ranking(found: Candidates, rows: list[int], at: list[int]) -> Ranking:
    """Rank by the first stage alone, which is all there is without late interaction. `at`: the places of `rows`."""
    return Ranking(dict(zip(rows, found.score[at].tolist(), strict=True)), {}, {})


def final_scores(rows: list[int], near: SecondStage) -> Ranking:
    """Rank the candidates `rows` a second time.

    Their signals are scaled again: the differences among candidates are not those between candidates
    and the rest of the site. Other chunks come after them, by their first score.
    """
    parts = [(near.bm25, 1.0), (near.cosine, 1.0), (near.page, 1.0), (near.late, LATE_WEIGHT)]
    if near.added is not None:
        parts.append((near.added, 1.0))
    if near.model is not None:
        parts.append((near.model, LATE_WEIGHT))
    total = np.float32(sum(weight for _, weight in parts))
    mixed = np.asarray(sum(min_max(scores) * np.float32(weight) for scores, weight in parts) / total)
    return Ranking(
        dict(zip(rows, mixed.tolist(), strict=True)),
        dict(zip(rows, near.late.tolist(), strict=True)),
        dict(zip(rows, near.cosine.tolist(), strict=True)),
        {} if near.model is None else dict(zip(rows, near.model.tolist(), strict=True)),
        near.words,
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


PER_PAGE: Final = 3
"""Maximum passages of one page among the passages of an answer.

Without this limit, a page that repeats the words of many questions, by malice or because it is long, would fill the
whole prompt, and no other page could contradict it (poisoning; LLM08 of the OWASP Top 10 for LLM applications, 2025).
On 90 development questions the extractive answers contain all facts as often with the limit as without (68); with two
per page it is 67.
"""


def rows_per_page(
    rows: Sequence[int], page_of: Mapping[int, int], k: int, most: int = PER_PAGE
) -> list[tuple[int, int]]:
    """(rank, row) of the best `k` of these ranked rows with at most `most` of each page; ranks count from 1."""
    return _limited(list(enumerate(rows, 1)), lambda ranked: page_of[ranked[1]], k, most)


def few_per_page(hits: Sequence[Hit], k: int, most: int = PER_PAGE) -> tuple[Hit, ...]:
    """The best `k` hits with at most `most` of each page, ranks as they were."""
    return tuple(_limited(hits, lambda hit: hit.chunk.url, k, most))


def _limited(items: Sequence[T], page: Callable[[T], object], k: int, most: int) -> list[T]:
    taken: Counter[object] = Counter()
    kept: list[T] = []
    for item in items:
        if taken[page(item)] < most and len(kept) < k:
            taken[page(item)] += 1
            kept.append(item)
    return kept
