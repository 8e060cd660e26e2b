"""BM25: weigh postings, and score a query against them; numpy only."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.index.postings import Postings, collect_postings

K1: Final = 1.2
B: Final = 0.75
"""Term saturation and length normalisation: the values that Lucene and Anserini ship."""


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


def weigh(postings: Postings) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float32]]]:
    """Yield `documents` and `weights` of the postings, from the first term to the last, some terms at a time.

    BM25 as Lucene computes it: idf = ln(1 + (N - n + 0.5) / (n + 0.5)); Robertson and Zaragoza 2009, "The
    Probabilistic Relevance Framework".
    """
    exact, lengths = _exact_idf(postings), postings.lengths
    mean = float(lengths.mean()) if len(lengths) else 0.0
    for part in postings.parts():
        frequencies = part.frequencies.astype(np.float64)
        saturated = saturation(frequencies, lengths[part.rows], mean if mean > 0 else 1.0)
        yield part.rows, (exact[part.terms] * saturated).astype(np.float32)


def inverse_frequency(postings: Postings) -> NDArray[np.float32]:
    """The idf of each term."""
    return _exact_idf(postings).astype(np.float32)


def _exact_idf(postings: Postings) -> NDArray[np.float64]:
    size = len(postings.lengths)
    return np.asarray(np.log(1 + (size - postings.sizes + 0.5) / (postings.sizes + 0.5)))


def build_bm25(texts: Iterable[str], language: str = "en") -> Bm25Index:
    """Index texts in memory."""
    none = (np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32))
    with collect_postings(texts, language) as found:
        documents, weights = zip(none, *weigh(found), strict=True)
        return Bm25Index(
            vocabulary={term: at for at, term in enumerate(found.names)},
            offsets=found.offsets,
            documents=np.concatenate(documents),
            weights=np.concatenate(weights),
            idf=inverse_frequency(found),
            size=len(found.lengths),
        )
