"""The words of a search: postings packed by page in the database, and weighed here by BM25. Pure; numpy only.

A row of the table `posting` has the postings of one term in the chunks of one page, 8 bytes each. A search then reads
and sends a fraction of the rows that one row for each chunk would be, and weighs them with the function of an index of
files, so that both give the same numbers.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.index.base import Floats
from ingest.index.bm25 import saturation
from ingest.index.postgres.page_rows import PageRows, Visible

_POSTING: Final = np.dtype([("offset", "<u2"), ("frequency", "<u2"), ("length", "<u4")])
"""A chunk that has the term: its id less that of the first one in the row, how often it has it, how long it is."""
_MOST: Final = 2**16 - 1
"""The largest frequency: a larger one counts as this."""
_FIRST: Final = np.dtype([("size", ">i4"), ("id", ">i8")])
_ARRAY_HEAD: Final = 20
"""Bytes before the elements of a one-dimensional array as Postgres sends it, each behind its size."""


WORDS_OF_PAGES: Final = """
    SELECT term, count(*), sum(get_byte(places, o + 2) + 256 * get_byte(places, o + 3))::bigint
    FROM posting, generate_series(0, octet_length(places) - 8, 8) o WHERE page = ANY(%s::integer[]) GROUP BY term"""
"""For each term in the chunks of these pages: how many of them have it, and how often it is in all of them."""


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


class PageTerm(NamedTuple):
    """A row of the table: the postings of a term on a page, with the id of the first chunk and the packed places."""

    term: str
    page: int
    first: int
    places: bytes


def pack_postings(chunks: Sequence[tuple[int, int, Counter[str]]]) -> Iterator[PageTerm]:
    """The postings of chunks (page, id, count of its terms), by term, then page; the ids ascend from page to page.

    A page's postings of a term are one row, or two where its ids pass a multiple of 2**16: offsets have two bytes.
    """
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    found, frequencies = array("i"), array("q")
    for _, _, words in chunks:
        found.extend(map(numbers.__getitem__, words))
        frequencies.extend(words.values())
    if not found:
        return
    names = sorted(numbers)
    rank = np.zeros(len(names), dtype=np.int64)
    rank[[numbers[name] for name in names]] = np.arange(len(names))
    of_chunk = np.repeat(np.arange(len(chunks)), [len(words) for _, _, words in chunks])
    terms = rank[np.array(found)]
    order = np.argsort(terms, kind="stable")
    terms, of_chunk = terms[order], of_chunk[order]
    pages, ids, lengths = (
        np.array(column, dtype=np.int64)[of_chunk]
        for column in zip(*((page, chunk, words.total()) for page, chunk, words in chunks), strict=True)
    )
    keys = np.stack([terms, pages, ids >> 16])
    starts = np.flatnonzero(np.r_[True, (keys[:, 1:] != keys[:, :-1]).any(axis=0)])
    ends = np.r_[starts[1:], len(ids)]
    postings = np.empty(len(ids), dtype=_POSTING)
    postings["offset"] = ids - np.repeat(ids[starts], ends - starts)
    postings["frequency"] = np.minimum(np.array(frequencies)[order], _MOST)
    postings["length"] = lengths
    places, size = postings.tobytes(), _POSTING.itemsize
    cut = [places[size * start : size * end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    facts = map(names.__getitem__, terms[starts].tolist()), pages[starts].tolist(), ids[starts].tolist(), cut
    yield from map(PageTerm._make, zip(*facts, strict=True))


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
