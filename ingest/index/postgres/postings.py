"""The words of a search: postings packed by page in the database, and weighed here by BM25. Pure; numpy only.

A row of the table `posting` has the postings of one term in the chunks of one page, 8 bytes each. A search then reads
and sends a fraction of the rows that one row for each chunk would be, and weighs them with the function of an index of
files, so that both give the same numbers.
"""

import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.index.base import Floats
from ingest.index.bm25 import saturation
from ingest.index.postgres.page_rows import PageRows, Visible

_POSTING: Final = np.dtype([("offset", "<u2"), ("frequency", "<u2"), ("length", "<u4")])
"""A chunk that has the term: its id less that of the first one in the row, how often it has it, how long it is."""
_PLACE: Final = struct.Struct("<HHI")
_MOST: Final = 2**16 - 1
"""The largest offset and frequency: a farther chunk begins another row, a larger frequency counts as this."""
_FIRST: Final = np.dtype([("size", ">i4"), ("id", ">i8")])
_ARRAY_HEAD: Final = 20
"""Bytes before the elements of a one-dimensional array as Postgres sends it, each behind its size."""


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """The terms of a query that the index has, with their inverse document frequencies, and the mean text length."""

    terms: Sequence[str]
    idfs: Sequence[float]
    mean_length: float

    @property
    def values(self) -> dict[str, Any]:
        """The values of `postings_query`."""
        return {"terms": list(self.terms)}


@dataclass(frozen=True, slots=True, eq=False)
class TermWeights:
    """The chunks that have a term, as rows of the generation: int64[n]; and its BM25 weight in each: float32[n]."""

    term: str
    rows: NDArray[np.int64]
    weights: Floats


@dataclass(frozen=True, slots=True)
class PageTerm:
    """The postings of a term on a page, as they are stored: the id of the first chunk, and the packed places."""

    term: str
    page: int
    first: int
    places: bytes


def pack_postings(page: int, chunks: Iterable[tuple[int, Counter[str]]]) -> Iterator[PageTerm]:
    """The postings of a page from its chunks (id, count of its terms), whose ids ascend."""
    begun: dict[str, tuple[int, bytearray]] = {}
    for chunk, count in chunks:
        length = count.total()
        for term, frequency in count.items():
            first, places = begun.get(term) or (chunk, bytearray())
            if chunk - first > _MOST:
                yield PageTerm(term, page, first, bytes(places))
                first, places = chunk, bytearray()
            places += _PLACE.pack(chunk - first, min(frequency, _MOST), length)
            begun[term] = first, places
    for term, (first, places) in begun.items():
        yield PageTerm(term, page, first, bytes(places))


def postings_query(visible: Visible, only: str = "") -> str:
    """A query for one row: for each of the terms, in their order, the first chunks and the places of its rows."""
    return f"""
        SELECT array_agg(t.firsts ORDER BY q.at) AS firsts, array_agg(t.places ORDER BY q.at) AS places
        FROM unnest(%(terms)s::text[]) WITH ORDINALITY AS q(term, at), LATERAL (
            SELECT array_send(array_agg(p.first)) AS firsts, string_agg(p.places, ''::bytea) AS places FROM posting p
            WHERE p.term = q.term COLLATE "C" AND {visible.condition("p")} {only}) t"""


def weigh_postings(found: Sequence[Sequence[bytes | None] | None], words: Words, rows: PageRows) -> list[TermWeights]:
    """The weights of each term, from what `postings_query` gives. Raises ValueError for rows that can't be read."""
    firsts, places = found
    return [
        _weigh(term, idf, words.mean_length, (first or b"", place or b""), rows)
        for term, idf, first, place in zip(words.terms, words.idfs, firsts or (), places or (), strict=True)
    ]


def _weigh(term: str, idf: float, mean_length: float, packed: tuple[bytes, bytes], rows: PageRows) -> TermWeights:
    ids = np.frombuffer(packed[0][_ARRAY_HEAD:], dtype=_FIRST)["id"].astype(np.int64)
    postings = np.frombuffer(packed[1], dtype=_POSTING)
    starts = postings["offset"] == 0  # of the first posting of each row, and of no other
    row_of = np.cumsum(starts) - 1
    found = rows.rows(ids)[row_of] + postings["offset"]
    weights = idf * saturation(postings["frequency"].astype(np.float64), postings["length"], mean_length)
    return TermWeights(term, found, weights.astype(np.float32))


def word_scores(weighed: Sequence[TermWeights], total: int) -> Floats:
    """The BM25 scores of all chunks. Terms are added in the order of the query, on which sums of floats depend."""
    scores = np.zeros(total, dtype=np.float32)
    for term in weighed:
        scores[term.rows] += term.weights
    return scores


def weights_by_row(weighed: Sequence[TermWeights], rows: Sequence[int], total: int) -> dict[int, Mapping[str, float]]:
    """For each of these rows the weight of each term that its chunk contains, in the order of the terms."""
    wanted = np.zeros(total, dtype=bool)
    wanted[list(rows)] = True
    found: dict[int, dict[str, float]] = {int(row): {} for row in rows}
    for term in weighed:
        at = np.flatnonzero(wanted[term.rows])
        for row, weight in zip(term.rows[at].tolist(), term.weights[at].tolist(), strict=True):
            found[row][term.term] = weight
    return dict(found)
