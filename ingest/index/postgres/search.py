"""The first stage of a search in SQL: the scores of all chunks of a generation, computed by the server.

They come as packed pairs of id and score, 12 bytes a chunk, and are then selected from as those of an index of files
are, so that both give the same candidates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.core.errors import IndexDamaged
from ingest.embed.base import QueryEmbedding
from ingest.index.base import Floats
from ingest.index.first_stage import Signals
from ingest.index.postgres.connection import Session
from ingest.index.postgres.page_rows import PageRows, Visible
from ingest.index.postgres.postings import TermWeights, Words, postings_query, weigh_postings, word_scores

_SCORES: Final = np.dtype([("id", ">i8"), ("score", ">f4")])
_PAGE_SCORES: Final = np.dtype([("id", ">i4"), ("score", ">f4")])
_NOTHING: Final = np.zeros(0, dtype=_SCORES)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """The scores of all chunks for one search, and what each term adds to them."""

    signals: Signals
    words: Sequence[TermWeights]


def packed(what: str, source: str) -> str:
    """A scalar query that packs pairs into one value: nothing is made of each of them on the way."""
    return f"(SELECT string_agg({what}, ''::bytea) FROM {source})"


def exact_scores(
    session: Session, rows: PageRows, visible: Visible, query: QueryEmbedding | None, words: Words
) -> Scored:
    """The scores of all chunks, in one query. Raises IndexDamaged when a chunk has none."""
    parts = ["w.firsts", "w.places"]
    values = {**visible.values, **words.values}
    if query is not None:
        values["query"] = query.vector
        parts += [_all_products("embedding", "query", visible), page_products(visible)]
        if query.added is not None:
            values["added"] = query.added
            parts.append(_all_products("added", "added", visible))
    found = session.row(f"SELECT {', '.join(parts)} FROM ({postings_query(visible)}) w", values) or (None, None)
    weighed = weigh_postings(found[:2], words, rows)
    by_words = word_scores(weighed, rows.total)
    if query is None:
        return Scored(Signals(by_words), weighed)
    added = None if query.added is None else _spread(found[4], rows)
    return Scored(Signals(by_words, _spread(found[2], rows), page_scores(found[3], rows), added), weighed)


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
