"""Question -> ranked chunks: exact cosine and BM25, each scaled to its best, averaged."""

import time
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.embed import Embedder
from ingest.errors import IndexMismatch, UsageError
from ingest.lexical import Lexical, stem, terms
from ingest.records import Chunk
from ingest.store import Store
from ingest.urls import site_path
from rag.records import Hit, Retrieved

STOPWORDS: Final = frozenset(
    stem(word)
    for word in (
        "a about an and any are as at be by can could do does for from get has have how i if in into is it its me my "
        "no not of on or our should so than that the their them there these they this to up use using was we what "
        "when where which who why will with would you your"
    ).split()
)
"""Words that carry no subject. They count in BM25, where their idf is small, but not for coverage."""

_COVERING: Final = 3
"""How many of the best hits together should hold the question's words."""


class Retriever:
    """Searches one generation. Reads it once, answers any number of questions."""

    def __init__(self, store: Store, embedder: Embedder | None) -> None:
        """`embedder` None: BM25 alone ranks. Raises IndexMismatch when the index is of another embedder."""
        if embedder is not None:
            check_embedder(store, embedder)
        self._store = store
        self._embedder = embedder
        self._vectors = store.vectors() if embedder else None
        self._lexical: Lexical = store.lexical()
        self._pages: NDArray[np.str_] | None = None

    def search(self, question: str, k: int, under: str = "") -> Retrieved:
        """The `k` best chunks, or those of them below the site path `under`.

        Raises UsageError when no page is below it, ModelError, IndexMismatch.
        """
        words = list(terms(question))
        bm25 = self._lexical.scores(words)
        allowed = self._below(under) if under else np.ones(len(bm25), dtype=bool)
        if not allowed.any():
            raise UsageError(f"the index has no page below {under}", "name a site path, such as /docs/guides")
        started = time.perf_counter()
        cosine = self._cosine(question)
        embed_ms = (time.perf_counter() - started) * 1000
        lists = [scores for scores in (cosine, bm25) if scores is not None]
        fused = np.asarray(np.mean([_scaled(scores) for scores in lists], axis=0), dtype=np.float32)
        allowed &= (bm25 > 0) if cosine is None else True
        rows = _best(np.where(allowed, fused, -np.inf), min(k, int(allowed.sum())))
        chunks = self._store.chunks(rows)
        hits = tuple(
            self._hit(rank, row, chunk, (fused, cosine, bm25), words)
            for rank, (row, chunk) in enumerate(zip(rows, chunks, strict=True), 1)
        )
        return Retrieved(question, hits, self._coverage(words, chunks[:_COVERING]), embed_ms)

    def idf(self, term: str) -> float:
        """How rare a term is in the docs."""
        return self._lexical.idf_of(term)

    def _cosine(self, question: str) -> NDArray[np.float32] | None:
        if self._embedder is None or self._vectors is None:
            return None
        asked = self._embedder.embed_query(question)
        if asked.shape != self._vectors.shape[1:]:
            raise IndexMismatch(
                f"{self._embedder.name} now gives {len(asked)} dimensions, the index has {self._vectors.shape[1]}",
                "rebuild it: askdocs reindex --no-crawl --full",
            )
        return np.asarray(self._vectors @ asked, dtype=np.float32)

    def _below(self, under: str) -> NDArray[np.bool_]:
        if self._pages is None:
            self._pages = np.array([site_path(url) for url in self._store.urls()])
        prefix = "/" + under.strip("/")
        below = np.char.startswith(self._pages, prefix.rstrip("/") + "/")
        return np.asarray(below | (self._pages == prefix))

    def _hit(
        self,
        rank: int,
        row: int,
        chunk: Chunk,
        scores: tuple[NDArray[np.float32], NDArray[np.float32] | None, NDArray[np.float32]],
        words: list[str],
    ) -> Hit:
        fused, cosine, bm25 = scores
        return Hit(
            rank=rank,
            score=float(fused[row]),
            cosine=0.0 if cosine is None else float(cosine[row]),
            bm25=float(bm25[row]),
            chunk=chunk,
            cosine_rank=None if cosine is None else int((cosine > cosine[row]).sum()) + 1,
            bm25_rank=int((bm25 > bm25[row]).sum()) + 1 if bm25[row] > 0 else None,
            terms=self._lexical.explain(row, words),
        )

    def _coverage(self, words: Iterable[str], chunks: Iterable[Chunk]) -> float:
        content = {word for word in words if word not in STOPWORDS and len(word) > 1}
        held = {term for chunk in chunks for term in terms(f"{chunk.context}\n{chunk.text}")}
        total = sum(self.idf(word) for word in content)
        return sum(self.idf(word) for word in content & held) / total if total else 0.0


def check_embedder(store: Store, embedder: Embedder) -> None:
    """Raise IndexMismatch unless the index was built with this very embedder."""
    built = store.generation.manifest["embedder"]
    if built["fingerprint"] != embedder.fingerprint:
        raise IndexMismatch(
            f"the index was built with the embedder {built['name']} ({built['fingerprint']}), not {embedder.name}",
            f"use --embedder {built['name']}, or rebuild it: askdocs reindex --no-crawl --embedder {embedder.name}",
        )


def _scaled(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores scaled so that the best is 1 and the worst 0 (min-max; Bruch et al. 2023 on convex fusion).

    Where all are equal, each is the best, unless they are 0: then nothing was found.
    """
    low, high = (float(scores.min()), float(scores.max())) if len(scores) else (0.0, 0.0)
    if high > low:
        return np.asarray((scores - low) / (high - low), dtype=np.float32)
    return np.full_like(scores, 1.0 if high > 0 else 0.0)


def _best(scores: NDArray[np.float32], k: int) -> list[int]:
    """Rows of the `k` largest scores, best first; equal scores in row order, so that ranks are stable.

    A partial sort would be faster, but which of equal scores it keeps is chance.
    """
    return [int(row) for row in np.argsort(-scores, kind="stable")[:k]]
