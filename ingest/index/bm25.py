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


def build_bm25(texts: Iterable[str], language: str = "en") -> Bm25Index:
    """Index texts by BM25 as Lucene computes it: idf = ln(1 + (N - n + 0.5) / (n + 0.5)).

    Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework".
    """
    found: dict[str, array[int]] = {}
    sizes_of_texts = array("q")
    for row, text in enumerate(texts):
        count = Counter(terms(text, language))
        sizes_of_texts.append(count.total())
        for term, frequency in count.items():
            found.setdefault(term, array("i")).extend((row, frequency))  # 8 bytes; two Python objects are 150
    lengths = np.array(sizes_of_texts, dtype=np.float64)
    mean = lengths.mean() if len(lengths) and lengths.mean() > 0 else 1.0
    vocabulary = {term: at for at, term in enumerate(sorted(found))}
    sizes = np.array([len(found[term]) // 2 for term in vocabulary], dtype=np.int64)
    postings = [np.frombuffer(found[term], dtype=np.intc) for term in vocabulary]
    pairs = np.concatenate([np.zeros(0, dtype=np.intc), *postings]).reshape(-1, 2)
    rows, frequencies = pairs[:, 0], pairs[:, 1].astype(np.float64)
    idf = np.log(1 + (len(lengths) - sizes + 0.5) / (sizes + 0.5))
    saturated = saturation(frequencies, lengths[rows], float(mean))
    return Bm25Index(
        vocabulary=vocabulary,
        offsets=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)]),
        documents=rows.astype(np.int32),
        weights=(np.repeat(idf, sizes) * saturated).astype(np.float32),
        idf=idf.astype(np.float32),
        size=len(lengths),
    )
