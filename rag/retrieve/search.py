"""Rank the chunks of one index for a question: a first stage over all of them, late interaction over the best."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.core.errors import IndexMismatch
from ingest.core.records import Chunk, Document
from ingest.embed.added import AddedEmbedder
from ingest.embed.base import Embedder, LateScorer, QueryEmbedding, embedding_text
from ingest.embed.minilm import MiniLm
from ingest.embed.token_vectors import TokenVectors
from ingest.index.base import FIRST_STAGE, Candidates, IndexReader
from ingest.index.whitening import nearest_whitened, whiten
from ingest.text.terms import stem, terms
from rag.query.understand import Understanding
from rag.records import Hit, QuestionTokens, Retrieved
from rag.retrieve.exact import WEIGHT, Matches, gains, match_literals
from rag.retrieve.fusion import (
    CANDIDATES,
    SecondStage,
    demote_crowding,
    final_scores,
    first_ranking,
    merge_parts,
)
from rag.retrieve.late_interaction import best_matches, token_weights, weigh_matches, word_matches
from rag.retrieve.neighbours import next_section, sections_around
from rag.retrieve.ranked import Ranked, Searched
from rag.retrieve.token_match import TokenMatch, match_tokens, token_places

_MENTIONS: Final = 60
"""Passages that may define a term: its definition is often not among the first few that mention it."""

DEPTH: Final = 400
"""Depth of the ranking to search for passages of other pages if one page fills the ranks above."""


_EMBEDDED = 8
"""Texts whose embeddings are kept: those of one question and its parts."""


class Stopwatch:
    """Adds up the seconds that one question spends in the embedder."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def embed(self, embed: Callable[[str], QueryEmbedding], text: str) -> QueryEmbedding:
        """Embed `text`, timed. Raises ModelError."""
        started = time.perf_counter()
        try:
            return embed(text)
        finally:
            self.seconds += time.perf_counter() - started


class Retriever:
    """Ranks the chunks of one index. Keeps nothing of a question, so that threads may share it."""

    def __init__(self, store: IndexReader, embedder: Embedder | None, late: LateScorer | None = None) -> None:
        """`embedder` None: BM25 alone ranks. `late` is a further signal of the second ranking.

        Raises IndexMismatch when the index is of another embedder.
        """
        if embedder is not None:
            check_embedder(store, embedder)
        self._store = store
        self._embedder, self._late = embedder, late
        # The halves of a question are searched for again, to see which of them is answered.
        self._embed = None if embedder is None else lru_cache(_EMBEDDED)(embedder.embed_query)
        self._whitening, self._token_means = store.whitening(), store.token_means()
        self._language = str(store.manifest.get("language", "en"))
        self._understanding = Understanding(store.vocabulary, _bundled(embedder).words, self._language)

    def search(self, question: str, k: int, under: str = "") -> Retrieved:
        """The `k` best chunks, or those of them below the site path `under`. Raises as `rank` does."""
        return self.rank(question, k, under).top(k)

    def rank(self, question: str, depth: int = DEPTH, under: str = "") -> Ranked:
        """Rank the chunks below the site path `under` (all for ""), down to at least `depth`.

        Raises UsageError when no page is below it, ModelError, IndexMismatch, IndexDamaged.
        """
        watch = Stopwatch()
        asked = self._understanding.search_for(question)
        parts = [self._search(part, CANDIDATES, under, watch).ranking for part in asked.parts]
        others = {row for part in parts for row in part.scores}
        matches = match_literals(asked.text, self._store)
        whole = self._search(asked.text, max(CANDIDATES, depth), under, watch, others, matches.candidates())
        together = self._rank_up(merge_parts(whole.ranking, parts), matches)
        pages = dict(zip(map(int, whole.found.rows), map(int, whole.found.pages), strict=True))
        scores = demote_crowding(together, pages)
        candidates = sorted(scores, key=lambda row: (-scores[row], row))
        rest = [int(row) for row in whole.found.rows[: whole.found.best] if int(row) not in scores]
        return Ranked(
            store=self._store,
            question=question,
            search=asked.text,
            rows=[*candidates, *rest],
            complete=whole.found.eligible <= whole.found.best,
            whole=whole,
            scores=scores,
            undemoted=together,
            embed_ms=watch.seconds * 1000,
            under=under,
            absent=matches.absent,
        )

    def _rank_up(self, scores: Mapping[int, float], matches: Matches) -> Mapping[int, float]:
        """The scores with what passages gain by the question's literals."""
        matched = [row for row in scores if any(row in rows for rows in matches.rows.values())]
        if not matched:
            return scores
        chunks = dict(zip(matched, self._store.chunks(matched), strict=True))
        gained = gains(matches, chunks, {term: self.idf(term) for term in matches.rows})
        return {row: (score + gained.get(row, 0.0)) / (1 + WEIGHT) for row, score in scores.items()}

    @property
    def language(self) -> str:
        """The language of the docs, an ISO 639-1 code."""
        return self._language

    def idf(self, term: str) -> float:
        """How rare a term is in the docs: its inverse document frequency."""
        return self._store.idf(term)

    def mentions(self, retrieved: Retrieved, text: str) -> tuple[Hit, ...]:
        """The passages for another text, best first, below the path that `retrieved` was searched below.

        Raises as `rank` does.
        """
        return self.rank(text, under=retrieved.under).top(_MENTIONS).hits

    def neighbours(self, hits: Sequence[Hit]) -> list[tuple[Chunk, ...]]:
        """For each hit the chunks of its section around it, its own included, in page order. Raises IndexDamaged."""
        return sections_around(self._store, hits)

    def next_section(self, hit: Hit) -> Hit | None:
        """As neighbours.next_section, of this index."""
        return next_section(self._store, hit)

    def token_matches(self, retrieved: Retrieved, hits: Sequence[Hit]) -> list[TokenMatch | None]:
        """For each hit, where it matches the question; None without token vectors. Raises IndexDamaged."""
        asked, embedder = retrieved.tokens, self._embedder
        if isinstance(embedder, AddedEmbedder):
            embedder = embedder.base
        if asked is None or not isinstance(embedder, MiniLm):
            return [None] * len(hits)
        found = self._store.passages([hit.row for hit in hits]).tokens
        return [
            match_tokens(asked, tokens, token_places(embedder, hit.chunk), self._token_means)
            for hit, tokens in zip(hits, found, strict=True)
        ]

    @property
    def stored_tokens(self) -> Callable[[Sequence[int]], Sequence[TokenVectors]] | None:
        """Reads the bundled model's token vectors of chunks by their rows; None where the index has none of it.

        What it returns raises IndexDamaged.
        """
        if not isinstance(self._embedder, AddedEmbedder | MiniLm):
            return None
        return lambda rows: self._store.passages(rows).tokens

    def pages(self, urls: Iterable[str]) -> dict[str, Document]:
        """The pages at these addresses, by address. Raises IndexDamaged."""
        return {page.document.url: page.document for page in self._store.pages(list(urls))}

    def _search(
        self,
        text: str,
        n: int,
        under: str,
        watch: Stopwatch,
        include: Iterable[int] = (),
        matched: Sequence[int] = (),
    ) -> Searched:
        """Search for a text. `include` are rows whose signals are wanted; `matched` ones are ranked as well."""
        words = list(terms(text, self._language))
        query = None if self._embed is None else watch.embed(self._embed, text)
        found = self._store.candidates(
            query, words, n, under=under, include=sorted({*include, *matched}), weights=FIRST_STAGE
        )
        best = min(CANDIDATES, found.best)
        at = [*range(best), *(place for place in range(best, len(found.rows)) if int(found.rows[place]) in matched)]
        rows = [int(row) for row in found.rows[at]]
        second = None if query is None else self._second_stage(text, query, rows, found, at)
        ranking = first_ranking(found, rows, at) if second is None else final_scores(rows, second)
        return Searched(words, found, ranking, None if query is None else self._tokens(text, query))

    def _tokens(self, text: str, query: QueryEmbedding) -> QuestionTokens:
        def weigh(word: str) -> float:
            return self.idf(stem(word.lower(), self._language)) if word else 0.0

        return QuestionTokens(query.tokens, token_weights(text, query.spans, weigh))

    def _second_stage(
        self, text: str, query: QueryEmbedding, rows: list[int], found: Candidates, at: list[int]
    ) -> SecondStage | None:
        """The signals of the second ranking; None where the embedder or the index has no token vectors.

        `at` are the places of the `rows` in `found`.
        """
        if not query.spans or not rows or found.page is None:
            return None
        passages = self._store.passages(rows)
        if not any(map(len, passages.tokens)):
            return None
        asked = self._tokens(text, query)
        matches = best_matches(asked.vectors, passages.tokens, self._token_means)
        late = weigh_matches(asked.weights, matches)
        whitened = whiten(np.vstack([query.vector, passages.vectors]), self._whitening)
        added = None if found.added is None else found.added[at]
        near, words = whitened[1:] @ whitened[0], found.bm25[at]
        if found.asked is not None and passages.asked is not None:
            words = words + found.asked.words[at]
            near = np.maximum(near, nearest_whitened(query.vector, passages.asked, self._whitening))
        model = self._model_scores(text, rows)
        met = word_matches(text, query.spans, matches)
        return SecondStage(words, near, found.page[at], late, added, model, met)

    def _model_scores(self, text: str, rows: list[int]) -> NDArray[np.float32] | None:
        """Late interaction by the model of its own; None without one. Encodes passages that the index has none of."""
        if self._late is None:
            return None
        if self._has_late_tokens:
            return self._late.stored_scores(text, self._store.late_tokens(rows))
        return self._late.scores(text, [embedding_text(chunk) for chunk in self._store.chunks(rows)])

    @cached_property
    def _has_late_tokens(self) -> bool:
        """Whether the index stores the token vectors of the late-interaction model in use."""
        stored = self._store.manifest.get("late")
        return bool(stored and self._late and stored["fingerprint"] == self._late.fingerprint)


def _bundled(embedder: Embedder | None) -> MiniLm:
    """The bundled model, which knows common English words whatever embeds."""
    if isinstance(embedder, AddedEmbedder):
        return embedder.base
    return embedder if isinstance(embedder, MiniLm) else MiniLm()


def may_have_built(store: IndexReader, embedder: Embedder) -> bool:
    """Whether the index may be of this embedder, by its name; a folder may have moved. Loads no model."""
    return bool(store.manifest["embedder"]["name"] == embedder.name) or Path(embedder.name).is_dir()


def check_embedder(store: IndexReader, embedder: Embedder) -> None:
    """Raise IndexMismatch unless the index was built with this very embedder.

    A model that can't be the one is not loaded to find that out.
    """
    built = store.manifest["embedder"]
    if not may_have_built(store, embedder) or built["fingerprint"] != embedder.fingerprint:
        raise IndexMismatch(
            f"the index was built with the embedder {built['name']} ({built['fingerprint']}), not {embedder.name}",
            f"use --embedder {built['name']}, or rebuild it: askdocs reindex --no-crawl --embedder {embedder.name}",
        )
