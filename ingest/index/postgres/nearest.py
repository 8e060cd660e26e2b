"""The first stage of a search over more chunks than are compared one by one: an HNSW index finds the nearest vectors.

BM25 and the scores of the pages are complete, as in `search`. A cosine is exact for the nearest chunks, the best by
words, and those that are asked for; every other chunk gets the least cosine of a sample, which ranks it last. Mean and
deviation of all cosines, by which a question is refused, follow from the mean and covariance of all vectors.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.embed.base import QueryEmbedding
from ingest.index.base import Floats
from ingest.index.first_stage import Signals, best_rows
from ingest.index.postgres.connection import Session
from ingest.index.postgres.page_rows import PageRows, Visible
from ingest.index.postgres.postings import Words, postings_query, weigh_postings, word_scores
from ingest.index.postgres.search import Scored, packed, page_products, page_scores, product, unpack
from ingest.index.whitening import Distribution

EXACT_UP_TO: Final = 10_000
"""Chunks that are compared one by one. The first stage by comparing all and by the nearest took, in one run with other
work on both cores, 17 and 31 ms for 5,000 chunks, 25 and 23 for 10,000, 48 and 32 for 20,000, 111 and 51 for 40,000,
181 and 69 for 100,000 (`python -m tests.bench.scale --crossing`)."""

_DEPTH: Final = 400
"""Nearest vectors that are looked for: eight times as many as the second ranking reads. Of 79 questions, the best 50 by
vectors are then those of a comparison with all; the best 50 by all signals are so in .98. pgvector visits as many
candidates (hnsw.ef_search, at most 1,000); with a filter it goes on until as many have passed."""
_BY_WORDS: Final = 200
"""The best chunks by words that get their cosine."""
_SAMPLE: Final = 200
"""Chunks whose least cosine is taken for that of all."""


def create_nearest(session: Session, table: str, size: int) -> None:
    """Make the HNSW index over the vectors of a table, of `size` numbers each; kept in half precision."""
    # More is the server's own choice: the build slows down where the graph exceeds it, beyond half a million chunks.
    session.rows("""
        SELECT set_config('maintenance_work_mem', '512MB', true)
        WHERE pg_size_bytes(current_setting('maintenance_work_mem')) < pg_size_bytes('512MB')""")
    session.rows(
        f"CREATE INDEX IF NOT EXISTS {table}_nearest ON {table} USING hnsw ((vector::halfvec({size})) halfvec_ip_ops)"
    )


def prepare_nearest(session: Session) -> None:
    """Set how far an HNSW index is searched by this connection."""
    session.rows(
        "SELECT set_config('hnsw.ef_search', %s, false), set_config('hnsw.iterative_scan', 'strict_order', false)",
        [str(_DEPTH)],
    )


class NearestSearch:
    """Searches one generation with one connection."""

    def __init__(self, session: Session, rows: PageRows, visible: Visible, vectors: Distribution) -> None:
        """`vectors` is the distribution of those of all chunks, by the bundled model."""
        self._session, self._rows, self._visible, self._vectors = session, rows, visible, vectors

    def scores(self, query: QueryEmbedding, words: Words, allowed: NDArray[np.bool_], include: Sequence[int]) -> Scored:
        """The scores of all chunks. `allowed` says of each page whether it is searched; `include` are rows."""
        rows = self._rows
        vectors = {"embedding": query.vector} | ({} if query.added is None else {"added": query.added})
        found = self._find(vectors, words, [] if allowed.all() else rows.pages[allowed].tolist())
        weighed = weigh_postings(found[:2], words, rows)
        by_words = word_scores(weighed, rows.total)
        best = best_rows(np.where((by_words > 0) & allowed[rows.page_of], by_words, np.float32(-np.inf)), _BY_WORDS)
        sample = np.linspace(0, rows.total - 1, min(_SAMPLE, rows.total), dtype=np.int64).tolist()
        wanted = {chunk for near in found[3:] for chunk in near or ()} | {*rows.ids([*best, *include, *sample])}
        cosines = [self._cosines(table, vector, sorted(wanted)) for table, vector in vectors.items()]
        added = cosines[1] if len(cosines) > 1 else None
        spread = self._vectors.of_cosines(query.vector)
        signals = Signals(by_words, cosines[0], page_scores(found[2], rows), added, of_cosines=spread)
        return Scored(signals, weighed)

    def _find(self, vectors: Mapping[str, Floats], words: Words, pages: Sequence[int]) -> tuple[Any, ...]:
        """The postings, the pages' scores, and for each table of vectors the ids of the nearest on these pages."""
        values = {**self._visible.values, **words.values, **vectors, "pages": pages, "depth": _DEPTH}
        parts = ["w.firsts", "w.places", page_products(self._visible)]
        parts += [self._nearest_ids(table, len(vector), pages) for table, vector in vectors.items()]
        query = f"SELECT {', '.join(parts)} FROM ({postings_query(self._visible)}) w"
        return self._session.row(query, {**values, "query": vectors["embedding"]}) or (None, None, None)

    def _nearest_ids(self, table: str, size: int, pages: Sequence[int]) -> str:
        """A scalar query for the ids of the chunks whose vectors are nearest."""
        only = "AND v.page = ANY(%(pages)s::integer[])" if pages else ""
        return f"""
            (SELECT array_agg(n.chunk) FROM (
                SELECT v.chunk FROM {table} v WHERE {self._visible.condition("v")} {only}
                ORDER BY (v.vector::halfvec({size})) <#> (%({table})s::vector)::halfvec({size}) LIMIT %(depth)s) n)"""

    def _cosines(self, table: str, vector: Floats, wanted: Sequence[int]) -> Floats:
        """The exact products of these chunks, and the least of them for all others: float32[chunks]."""
        source = f"{table} v WHERE v.chunk = ANY(%(wanted)s::bigint[])"
        pairs = packed(f"int8send(v.chunk) || {product('vector')}", source)
        found = self._session.row(f"SELECT {pairs}", {"vector": vector, "wanted": list(wanted)}) or (None,)
        ids, scores = unpack(found[0])
        cosine = np.full(self._rows.total, scores.min() if len(scores) else 0.0, dtype=np.float32)
        cosine[self._rows.rows(ids)] = scores
        return cosine
