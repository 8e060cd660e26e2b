"""The first stage of a search over arrays: BM25, cosine and page nearness of all chunks -> the best rows. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.core.errors import IndexMismatch, UsageError
from ingest.embed.base import QueryEmbedding
from ingest.index.base import NEAREST, AskedBefore, Candidates, Floats, Weights


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """The scores of all chunks for one search, float32[chunks] each; None without an embedding of the question."""

    bm25: Floats
    cosine: Floats | None = None
    page: Floats | None = None
    added: Floats | None = None
    asked: AskedBefore | None = None
    of_cosines: tuple[float, float] | None = None
    """Mean and standard deviation of all cosines, where `cosine` has not those of all chunks."""

    @property
    def words(self) -> Floats:
        """BM25 of the chunk's words and of its section's questions together."""
        return self.bm25 if self.asked is None else self.bm25 + self.asked.words

    @property
    def near(self) -> Floats | None:
        """The cosine of the chunk, or of the nearest of its section's questions."""
        if self.cosine is None or self.asked is None or self.asked.cosine is None:
            return self.cosine
        return np.maximum(self.cosine, self.asked.cosine)


def first_scores(signals: Signals, weights: Weights) -> Floats:
    """The weighted mean of the signals, each scaled to 0..1: float32[chunks]."""
    weighed = [(signals.words, weights.bm25), (signals.near, weights.cosine), (signals.page, weights.page)]
    weighed.append((signals.added, weights.added))
    parts = [(min_max(scores), weight) for scores, weight in weighed if scores is not None]
    total = np.float32(sum(weight for _, weight in parts))
    return np.asarray(sum(scores * np.float32(weight) for scores, weight in parts) / total, dtype=np.float32)


def min_max(scores: Floats) -> Floats:
    """Scale scores so that the best is 1 and the worst 0 (Bruch et al. 2023 on convex fusion).

    Where all are equal, each is the best, unless they are 0: then nothing was found.
    """
    low, high = (float(scores.min()), float(scores.max())) if len(scores) else (0.0, 0.0)
    if high > low:
        return np.asarray((scores - low) / (high - low), dtype=np.float32)
    return np.full_like(scores, 1.0 if high > 0 else 0.0)


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


def pages_below(paths: Sequence[str], under: str) -> NDArray[np.bool_]:
    """For each of the pages' site paths whether it is `under` or below it. Raises UsageError where none is."""
    prefix = "/" + under.strip("/")
    beginning = prefix.rstrip("/") + "/"
    below = np.array([path == prefix or path.startswith(beginning) for path in paths], dtype=bool)
    if not below.any():
        raise UsageError(f"the index has no page below {under}", "name a site path, such as /docs/guides")
    return below


def check_dimensions(query: QueryEmbedding, embedder: str, width: int, added: int | None) -> None:
    """Raise IndexMismatch for a question whose vectors are not as long as those of the index.

    `width` is the length of the index's own vectors, `added` of those of an added embedder, None where there is none.
    """
    pairs = [(query.vector, width)]
    if added is not None:
        pairs.insert(0, (query.vector if query.added is None else query.added, added))
    for vector, built in pairs:
        if len(vector) != built:
            message = f"{embedder} now gives {len(vector)} dimensions, the index has {built}"
            raise IndexMismatch(message, "rebuild it: askdocs reindex --no-crawl --full")


def select(
    signals: Signals,
    allowed: NDArray[np.bool_],
    page_of: NDArray[np.int32],
    n: int,
    include: Sequence[int],
    weights: Weights,
) -> Candidates:
    """The best `n` of the `allowed` chunks, then the allowed ones among the rows `include`.

    `page_of` is the page number of every chunk.
    """
    score = first_scores(signals, weights)
    eligible = allowed & (signals.words > 0) if signals.cosine is None else allowed
    best = best_rows(np.where(eligible, score, np.float32(-np.inf)), n)
    known = set(best)
    rows = np.array(
        [*best, *(row for row in dict.fromkeys(include) if row not in known and allowed[row])], dtype=np.int32
    )
    bm25, cosine, page = signals.bm25, signals.cosine, signals.page
    mean, deviation = signals.of_cosines or ((0.0, 0.0) if cosine is None or not len(cosine) else _spread(cosine))
    return Candidates(
        rows=rows,
        score=score[rows],
        bm25=bm25[rows],
        bm25_rank=np.where(bm25[rows] > 0, _ranks(bm25, rows), 0).astype(np.int32),
        pages=page_of[rows],
        best=len(best),
        eligible=int(eligible.sum()),
        cosine=None if cosine is None else cosine[rows],
        cosine_rank=None if cosine is None else _ranks(cosine, rows),
        page=None if page is None else page[rows],
        added=None if signals.added is None else signals.added[rows],
        asked=None if signals.asked is None else signals.asked.of(rows),
        nearest=None if cosine is None else _largest(cosine, NEAREST),
        mean=mean,
        deviation=deviation,
    )


def _spread(scores: Floats) -> tuple[float, float]:
    return float(scores.mean()), float(scores.std())


def _ranks(scores: Floats, rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """The rank of each of the rows among all chunks: 1 plus the number of larger scores."""
    wanted = scores[rows]
    above = np.sort(scores[scores >= wanted.min()]) if len(rows) else scores  # of the others, none is larger
    return (len(above) - above.searchsorted(wanted, side="right") + 1).astype(np.int32)


def _largest(scores: Floats, count: int) -> Floats:
    count = min(count, len(scores))
    return np.sort(np.partition(scores, len(scores) - count)[len(scores) - count :])[::-1] if count else scores
