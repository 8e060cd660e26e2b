"""Question -> ranked chunks: cosine and BM25 over all of them, late interaction over the best."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.core.errors import IndexMismatch, UsageError
from ingest.core.records import Chunk
from ingest.core.urls import site_path
from ingest.embed.base import Embedder, QueryEmbedding, TokenEmbedder
from ingest.embed.minilm import MiniLm
from ingest.embed.token_vectors import NO_TOKENS
from ingest.index.bm25 import Bm25Index
from ingest.index.database import Store
from ingest.index.whitening import whiten
from ingest.text.terms import stem, terms
from rag.abstain import coverage, evidence
from rag.query.understand import Understanding
from rag.records import Hit, Retrieved
from rag.retrieve.fusion import (
    CANDIDATES,
    Candidates,
    Floats,
    Ranking,
    Signals,
    best_rows,
    demote_crowding,
    final_scores,
    first_ranking,
    first_scores,
    merge_parts,
)
from rag.retrieve.late_interaction import max_similarity, token_weights

_COVERING: Final = 3
"""How many of the best hits together should hold the question's words."""


_Scores = Mapping[int, float]


@dataclass(frozen=True, slots=True)
class _Searched:
    words: list[str]
    signals: Signals
    ranking: Ranking


class Retriever:
    """Searches one generation. Reads it once, answers any number of questions."""

    def __init__(self, store: Store, embedder: Embedder | None) -> None:
        """`embedder` None: BM25 alone ranks. Raises IndexMismatch when the index is of another embedder."""
        if embedder is not None:
            check_embedder(store, embedder)
        self._store = store
        self._embedder = embedder
        self._built_with = store.generation.manifest["embedder"]["name"]
        self._vectors, self._page_vectors = store.vectors(), store.page_vectors()
        self._page_numbers = store.page_numbers()
        self._whitening, self._token_means = store.whitening(), store.token_means()
        self._lexical: Bm25Index = store.bm25()
        self._understanding = Understanding(self._lexical, _bundled(embedder).words)
        self._paths: NDArray[np.str_] | None = None
        self._embed_seconds = 0.0

    def search(self, question: str, k: int, under: str = "") -> Retrieved:
        """The `k` best chunks, or those of them below the site path `under`.

        Raises UsageError when no page is below it, ModelError, IndexMismatch, IndexDamaged.
        """
        allowed = self._below(under) if under else np.ones(self._lexical.size, dtype=bool)
        if not allowed.any():
            raise UsageError(f"the index has no page below {under}", "name a site path, such as /docs/guides")
        self._embed_seconds = 0.0
        asked = self._understanding.search_for(question)
        whole = self._search(asked.text, allowed)
        together = merge_parts(whole.ranking, [self._search(part, allowed).ranking for part in asked.parts])
        scores = demote_crowding(together, {row: int(self._page_numbers[row]) for row in together})
        rows = self._ordered(scores, whole, allowed, k)
        chunks = self._store.chunks(rows)
        hits = tuple(
            self._hit(rank, row, (together, scores), chunk, whole)
            for rank, (row, chunk) in enumerate(zip(rows, chunks, strict=True), 1)
        )
        return Retrieved(
            question,
            hits,
            coverage(whole.words, hits[:_COVERING], self.idf),
            self._embed_seconds * 1000,
            evidence(whole.words, hits[:1], whole.signals.cosine, whole.ranking.late, self.idf),
            asked.text if asked.text != question else "",
        )

    def idf(self, term: str) -> float:
        """How rare a term is in the docs."""
        return self._lexical.idf_of(term)

    def _search(self, text: str, allowed: NDArray[np.bool_]) -> _Searched:
        words = list(terms(text))
        bm25 = self._lexical.scores(words)
        asked = self._ask(text)
        signals = Signals(bm25) if asked is None else self._near(asked, bm25)
        first = first_scores(signals)
        found = allowed & (bm25 > 0) if asked is None else allowed
        rows = best_rows(np.where(found, first, np.float32(-np.inf)), CANDIDATES)
        near = None if asked is None else self._candidates(text, asked, rows, signals)
        return _Searched(
            words, signals, first_ranking(first, rows) if near is None else final_scores(first, rows, near)
        )

    def _ask(self, text: str) -> QueryEmbedding | None:
        """Embed the text, with its tokens where the embedder knows them."""
        started = time.perf_counter()
        try:
            if self._embedder is None:
                return None
            if isinstance(self._embedder, TokenEmbedder):
                return self._embedder.ask(text)
            return QueryEmbedding(self._embedder.embed_query(text), NO_TOKENS.astype(np.float32), ())
        finally:
            self._embed_seconds += time.perf_counter() - started

    def _near(self, asked: QueryEmbedding, bm25: Floats) -> Signals:
        vectors = self._vectors
        if asked.vector.shape != vectors.shape[1:]:
            raise IndexMismatch(
                f"{self._built_with} now gives {len(asked.vector)} dimensions, the index has {vectors.shape[1]}",
                "rebuild it: askdocs reindex --no-crawl --full",
            )
        page = (self._page_vectors @ asked.vector)[self._page_numbers]
        return Signals(bm25, np.asarray(vectors @ asked.vector, dtype=np.float32), np.asarray(page, dtype=np.float32))

    def _candidates(self, text: str, asked: QueryEmbedding, rows: list[int], signals: Signals) -> Candidates | None:
        """What the second ranking goes by; None where the embedder or the index knows no tokens."""
        if not asked.spans or not rows or signals.page is None:
            return None
        tokens = self._store.tokens(rows)
        if not any(map(len, tokens)):
            return None
        weights = token_weights(text, asked.spans, lambda word: self.idf(stem(word.lower())) if word else 0.0)
        late = max_similarity(asked.tokens, weights, tokens, self._token_means)
        whitened = whiten(np.vstack([asked.vector, self._vectors[rows]]), self._whitening)
        return Candidates(signals.bm25[rows], whitened[1:] @ whitened[0], signals.page[rows], late)

    def _ordered(self, scores: Mapping[int, float], whole: _Searched, allowed: NDArray[np.bool_], k: int) -> list[int]:
        """The candidates by their final score, then the others by their first."""
        rows = sorted(scores, key=lambda row: (-scores[row], row))[:k]
        if len(rows) < k:
            rest = np.where(allowed, whole.ranking.first, np.float32(-np.inf))
            rest[rows] = -np.inf
            if whole.signals.cosine is None:
                rest[whole.signals.bm25 <= 0] = -np.inf
            rows += best_rows(rest, k - len(rows))
        return rows

    def _below(self, under: str) -> NDArray[np.bool_]:
        if self._paths is None:
            self._paths = np.array([site_path(url) for url in self._store.urls()])
        prefix = "/" + under.strip("/")
        below = np.char.startswith(self._paths, prefix.rstrip("/") + "/")
        return np.asarray(below | (self._paths == prefix))

    def _hit(self, rank: int, row: int, scored: tuple[_Scores, _Scores], chunk: Chunk, whole: _Searched) -> Hit:
        """`scored`: the candidates' scores before and after those of a crowding page are lowered."""
        before, scores = scored
        signals, ranking = whole.signals, whole.ranking
        cosine, bm25 = signals.cosine, signals.bm25
        last = min(scores.values(), default=0.0)
        others = {} if signals.page is None else {"page": float(signals.page[row])}
        if row in ranking.late:
            others |= {"whitened": ranking.whitened[row], "late": ranking.late[row]}
        if row in scores and scores[row] < before[row]:
            others["crowded"] = scores[row] - before[row]
        return Hit(
            rank=rank,
            score=scores.get(row, min(last, float(ranking.first[row]))),
            cosine=0.0 if cosine is None else float(cosine[row]),
            bm25=float(bm25[row]),
            chunk=chunk,
            cosine_rank=None if cosine is None else int((cosine > cosine[row]).sum()) + 1,
            bm25_rank=int((bm25 > bm25[row]).sum()) + 1 if bm25[row] > 0 else None,
            terms=self._lexical.explain(row, whole.words),
            signals=others,
        )


def _bundled(embedder: Embedder | None) -> MiniLm:
    """The bundled model, which knows common English words whatever embeds."""
    return embedder if isinstance(embedder, MiniLm) else MiniLm()


def check_embedder(store: Store, embedder: Embedder) -> None:
    """Raise IndexMismatch unless the index was built with this very embedder.

    A model of another name is not loaded to find that out, unless it is a folder, which may have moved.
    """
    built = store.generation.manifest["embedder"]
    other = built["name"] != embedder.name and not Path(embedder.name).is_dir()
    if other or built["fingerprint"] != embedder.fingerprint:
        raise IndexMismatch(
            f"the index was built with the embedder {built['name']} ({built['fingerprint']}), not {embedder.name}",
            f"use --embedder {built['name']}, or rebuild it: askdocs reindex --no-crawl --embedder {embedder.name}",
        )
