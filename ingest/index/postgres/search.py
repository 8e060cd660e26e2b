"""The first stage of a search in SQL: the scores of all chunks of a generation, computed by the server.

They come as packed pairs of id and score, 12 bytes a chunk, and are then selected from as those of an index of files
are, so that both give the same candidates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.core.errors import IndexDamaged
from ingest.embed.base import QueryEmbedding
from ingest.index.base import Floats
from ingest.index.bm25 import K1, B
from ingest.index.first_stage import Signals
from ingest.index.postgres.connection import Session
from ingest.index.postgres.page_rows import PageRows, Visible

_SCORES: Final = np.dtype([("id", ">i8"), ("score", ">f4")])
_PAGE_SCORES: Final = np.dtype([("id", ">i4"), ("score", ">f4")])
_NOTHING: Final = np.zeros(0, dtype=_SCORES)


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """The terms of a query that the index has, with their inverse document frequencies, and the mean text length."""

    terms: Sequence[str]
    idfs: Sequence[float]
    mean_length: float

    @property
    def values(self) -> dict[str, Any]:
        """The values of queries that contain `weight`."""
        return {"terms": list(self.terms), "idfs": list(self.idfs), "mean_length": self.mean_length}


def weight() -> str:
    """The BM25 weight of a posting `p` of the query's term `q`, in the precision that an index of files keeps.

    Lucene's BM25: see `ingest.index.bm25`.
    """
    length = f"{1 - B} + {B} * p.length / %(mean_length)s::float8"
    return f"(q.idf * (p.frequency / (p.frequency + {K1} * ({length}))))::real"


def postings(visible: Visible) -> str:
    """A scalar query for the weights of all postings of the terms: one packed value for each term, in their order.

    They are added up here, in the order of the query, because sums of floats depend on it.
    """
    return f"""
        (SELECT array_agg(packed ORDER BY at) FROM unnest(%(terms)s::text[], %(idfs)s::float8[])
            WITH ORDINALITY AS q(term, idf, at),
            LATERAL (SELECT string_agg(int8send(p.chunk) || float4send({weight()}), ''::bytea) AS packed FROM posting p
                     WHERE p.term = q.term COLLATE "C" AND {visible.condition("p")}) t)"""


def packed(what: str, source: str) -> str:
    """A scalar query that packs pairs into one value: nothing is made of each of them on the way."""
    return f"(SELECT string_agg({what}, ''::bytea) FROM {source})"


def exact_signals(
    session: Session, rows: PageRows, visible: Visible, query: QueryEmbedding | None, words: Words
) -> Signals:
    """The scores of all chunks, in one query. Raises IndexDamaged when a chunk has none."""
    parts = [postings(visible)]
    values = {**visible.values, **words.values}
    if query is not None:
        values["query"] = query.vector
        parts += [_all_products("embedding", "query", visible), page_products(visible)]
        if query.added is not None:
            values["added"] = query.added
            parts.append(_all_products("added", "added", visible))
    found = session.row(f"SELECT {', '.join(parts)}", values) or ()
    by_words = word_scores(found[0], rows)
    if query is None:
        return Signals(by_words)
    added = None if query.added is None else _spread(found[3], rows)
    return Signals(by_words, _spread(found[1], rows), page_scores(found[2], rows), added)


def word_scores(found: Sequence[bytes] | None, rows: PageRows) -> Floats:
    """The BM25 scores of all chunks, from what `postings` gives."""
    scores = np.zeros(rows.total, dtype=np.float32)
    for postings_of_term in found or ():
        ids, weights = unpack(postings_of_term)
        scores[rows.rows(ids)] += weights
    return scores


def page_scores(found: bytes | None, rows: PageRows) -> Floats:
    """For each chunk the score of its page, from what `page_products` gives."""
    pages = np.frombuffer(found or b"", dtype=_PAGE_SCORES)
    scores = np.zeros(len(rows.pages), dtype=np.float32)
    scores[rows.places(pages["id"].astype(np.int32))] = pages["score"]
    return np.asarray(scores[rows.page_of])


def _all_products(table: str, value: str, visible: Visible) -> str:
    return packed(f"int8send(v.chunk) || {product(value)}", f"{table} v WHERE {visible.condition('v')}")


def page_products(visible: Visible) -> str:
    """A scalar query for the products of all pages' vectors with that of the question, packed."""
    return packed(f"int4send(v.page) || {product('query')}", f"page_vector v WHERE {visible.condition('v')}")


def product(value: str) -> str:
    """The inner product of a row's vector with a value of the query, packed."""
    return f"float4send((-(v.vector <#> %({value})s))::real)"


def unpack(data: bytes | None) -> tuple[NDArray[np.int64], Floats]:
    """Ids and scores of packed pairs."""
    pairs = np.frombuffer(data, dtype=_SCORES) if data else _NOTHING
    return pairs["id"].astype(np.int64), pairs["score"].astype(np.float32)


def _spread(data: bytes | None, rows: PageRows) -> Floats:
    """Packed scores as one per row. Raises IndexDamaged unless each row has one."""
    ids, scores = unpack(data)
    if len(ids) != rows.total:
        hint = "rebuild the index: askdocs reindex --no-crawl --full"
        raise IndexDamaged(f"the index has vectors of {len(ids)} chunks, and {rows.total} chunks", hint)
    spread = np.zeros(rows.total, dtype=np.float32)
    spread[rows.rows(ids)] = scores
    return spread
