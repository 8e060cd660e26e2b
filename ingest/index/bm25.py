"""BM25: build the postings of texts, and score a query against them. Pure; numpy only."""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.text.terms import terms

K1: Final = 1.2
B: Final = 0.75
"""Term saturation and length normalisation: the values that Lucene and Anserini ship."""

_PART: Final = 1_000_000
"""Postings handled at once: some 30 MB while they are weighed."""

_NARROW: Final = 1 << 16
"""Frequencies below it fit into two bytes."""


@dataclass(frozen=True, slots=True)
class Bm25Index:
    """An inverted index with the scores computed when it is built, as BM25S does (Lù 2024).

    The postings of term i are `documents[offsets[i]:offsets[i + 1]]` (int32 rows) and the same slice of
    `weights` (float32 scores). `idf` is float32 per term.
    """

    vocabulary: dict[str, int]
    offsets: NDArray[np.int64]
    documents: NDArray[np.int32]
    weights: NDArray[np.float32]
    idf: NDArray[np.float32]
    size: int

    def scores(self, query: Iterable[str]) -> NDArray[np.float32]:
        """BM25 of every document for the query's distinct terms: float32[size]."""
        total = np.zeros(self.size, dtype=np.float32)
        for term in dict.fromkeys(query):  # not a set: float sums depend on the order, and each process has another
            span = self._span(term)
            total[self.documents[span]] += self.weights[span]
        return total

    def rows_with(self, term: str) -> NDArray[np.int32]:
        """The rows of the documents that contain a term."""
        return self.documents[self._span(term)]

    def frequency(self, term: str) -> int:
        """How many documents contain a term."""
        span = self._span(term)
        return int(span.stop - span.start)

    def __iter__(self) -> Iterator[str]:
        """Every term."""
        return iter(self.vocabulary)

    def _span(self, term: str) -> slice:
        """The slice of a term's postings; an empty one for a term that no document contains."""
        at = self.vocabulary.get(term)
        return slice(0, 0) if at is None else slice(int(self.offsets[at]), int(self.offsets[at + 1]))

    def explain(self, row: int, query: Iterable[str]) -> dict[str, float]:
        """The BM25 weight that each of the query's terms adds to the document `row`."""
        found: dict[str, float] = {}
        wanted = np.int32(row)  # the array's own type: numpy copies the array for any other
        for term in dict.fromkeys(query):
            span = self._span(term)
            place = span.start + self.documents[span].searchsorted(wanted)
            if place < span.stop and self.documents[place] == row:
                found[term] = float(self.weights[place])
        return found

    def idf_of(self, term: str) -> float:
        """Inverse document frequency; for a term that no document contains, the largest that is possible."""
        at = self.vocabulary.get(term)
        return float(np.log(1 + (self.size + 0.5) / 0.5)) if at is None else float(self.idf[at])


def saturation(frequencies: NDArray[np.float64], lengths: NDArray[Any], mean_length: float) -> NDArray[np.float64]:
    """What the frequencies of a term count in texts of these lengths, 0..1: times the idf it is the term's weight."""
    return np.asarray(frequencies / (frequencies + K1 * (1 - B + B * lengths / mean_length)))


@dataclass(slots=True)
class _Block:
    """Postings of some texts in a row: terms by number and rows as int32, frequencies as narrow as they fit."""

    terms: NDArray[np.int32]
    rows: NDArray[np.int32]
    frequencies: NDArray[Any]

    def sort(self, rank: NDArray[np.int32]) -> None:
        """Number the terms by their rank, and order the postings by it; those of a term stay in the order of rows."""
        ranked = rank[self.terms]
        order = np.argsort(ranked, kind="stable")
        self.terms, self.rows, self.frequencies = ranked[order], self.rows[order], self.frequencies[order]

    def between(self, first: int, last: int) -> "_Block":
        """The postings of the terms `first` to `last` - 1."""
        start, end = np.searchsorted(self.terms, (first, last))
        return _Block(self.terms[start:end], self.rows[start:end], self.frequencies[start:end])


@dataclass(frozen=True, slots=True)
class Postings:
    """The postings of all texts before they are written: the arrays of Bm25Index, the two long ones in `parts`."""

    names: list[str]
    offsets: NDArray[np.int64]
    idf: NDArray[np.float32]
    lengths: NDArray[np.float64]
    _blocks: list[_Block]
    _exact_idf: NDArray[np.float64]

    def parts(self) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float32]]]:
        """Yield `documents` and `weights` from the first term to the last, some terms at a time."""
        size, mean = len(self.lengths), self.lengths.mean() if len(self.lengths) else 0.0
        first = 0
        while first < len(self.names):
            bound = self.offsets[first] + _PART
            last = max(first + 1, int(np.searchsorted(self.offsets, bound, side="right")) - 1)
            found = [block.between(first, last) for block in self._blocks]
            terms_ = np.concatenate([one.terms for one in found])
            order = np.argsort(terms_, kind="stable")  # blocks are in the order of rows
            rows = np.concatenate([one.rows for one in found])[order]
            frequencies = np.concatenate([one.frequencies for one in found])[order].astype(np.float64)
            saturated = saturation(frequencies, self.lengths[rows], float(mean) if size and mean > 0 else 1.0)
            yield rows, (self._exact_idf[terms_[order]] * saturated).astype(np.float32)
            first = last


def collect_postings(texts: Iterable[str], language: str = "en") -> Postings:
    """Count the terms of texts, 10 bytes for each that a text has; the texts are read once.

    BM25 as Lucene computes it: idf = ln(1 + (N - n + 0.5) / (n + 0.5)); Robertson and Zaragoza 2009, "The
    Probabilistic Relevance Framework".
    """
    numbers: dict[str, int] = {}
    lengths, blocks = array("q"), []
    found, rows, frequencies = array("i"), array("i"), array("i")

    def block() -> _Block:
        counts = np.array(frequencies, dtype=np.int32)
        narrow = np.uint16 if counts.max(initial=0) < _NARROW else np.int32
        return _Block(np.array(found, dtype=np.int32), np.array(rows, dtype=np.int32), counts.astype(narrow))

    for row, text in enumerate(texts):
        count = Counter(terms(text, language))
        lengths.append(count.total())
        for term, frequency in count.items():
            found.append(numbers.setdefault(term, len(numbers)))
            rows.append(row)
            frequencies.append(frequency)
        if len(found) >= _PART:
            blocks.append(block())
            found, rows, frequencies = array("i"), array("i"), array("i")
    blocks.append(block())
    names = sorted(numbers)
    rank = np.zeros(len(names), dtype=np.int32)
    rank[[numbers[name] for name in names]] = np.arange(len(names), dtype=np.int32)
    sizes = np.zeros(len(names), dtype=np.int64)
    for one in blocks:
        one.sort(rank)
        sizes += np.bincount(one.terms, minlength=len(names))
    idf = np.log(1 + (len(lengths) - sizes + 0.5) / (sizes + 0.5))
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
    return Postings(names, offsets, idf.astype(np.float32), np.array(lengths, dtype=np.float64), blocks, idf)


def build_bm25(texts: Iterable[str], language: str = "en") -> Bm25Index:
    """Index texts in memory."""
    found = collect_postings(texts, language)
    none = (np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32))
    documents, weights = zip(none, *found.parts(), strict=True)
    return Bm25Index(
        vocabulary={term: at for at, term in enumerate(found.names)},
        offsets=found.offsets,
        documents=np.concatenate(documents),
        weights=np.concatenate(weights),
        idf=found.idf,
        size=len(found.lengths),
    )
