"""What every store of an index offers: the first stage of a search, passages by row, pages, and publishing.

Two sides use it. `rag` reads through `IndexReader`: it ranks the candidates a second time, fuses and
abstains by itself, the same for every store. A reindex writes through `IndexWriter`. The files of a
generation implement the first in `database.py` and the second in `folder.py`; a store on a server can
implement both, since no method hands out an array over all chunks. `IndexStore` is an index as a whole:
its generations, the pointer to the current one, and the lock of its writer.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.core.records import Chunk, Document
from ingest.embed.base import Embedder, Embedding, QueryEmbedding
from ingest.embed.token_vectors import TokenVectors
from ingest.index.sections import EmbeddedQuestions

Floats = NDArray[np.float32]

NEAREST: Final = 50
"""How many of the largest cosines of the index come with a search."""


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A page as the index knows it, with the name of the file that it was read from."""

    document: Document
    file: str

    def row(self) -> tuple[Any, ...]:
        """The fields as a store writes them, with the body's hash."""
        d = self.document
        return (
            *(d.url, d.title, d.description, d.body, list(d.anchors), list(d.aliases)),
            *(d.fetched_at, d.last_modified, d.etag, d.sha256, d.source, self.file),
        )

    @classmethod
    def of(cls, row: Sequence[Any]) -> "StoredPage":
        """The page that `row` was written of. Raises ValueError for another number of fields."""
        url, title, description, body, anchors, aliases, fetched_at, last_modified, etag, _, source, file = row
        return cls(
            Document(
                *(url, title, description, body, tuple(anchors), tuple(aliases)),
                *(fetched_at, last_modified, etag, source),
            ),
            file,
        )


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each signal of the first stage counts, after each is scaled to 0..1."""

    bm25: float = 1.0
    cosine: float = 1.0
    page: float = 0.3
    """The cosine of the chunk's whole page; between 0.2 and 0.6 the development questions rank alike."""
    added: float = 1.0
    """The cosine by an added embedder."""


FIRST_STAGE: Final = Weights()


@dataclass(frozen=True, slots=True, eq=False)
class AskedBefore:
    """How near the search is to the questions that a model wrote for the section of each chunk.

    `words` is BM25 over them, `cosine` that of the nearest one, -1 where there is none: float32[n] each.
    """

    words: Floats
    cosine: Floats | None = None

    def of(self, rows: NDArray[np.int32]) -> "AskedBefore":
        """The same for some of the chunks."""
        return AskedBefore(self.words[rows], None if self.cosine is None else self.cosine[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The best chunks of a first stage, best first, then those that were asked for by row.

    Every array has one entry per candidate. `cosine`, `page` and `cosine_rank` are None for a
    search without an embedding. `bm25_rank` is 0 for a chunk without a word of the query; ranks
    count over all chunks of the index.
    """

    rows: NDArray[np.int32]
    score: Floats
    """The weighted mean of the scaled signals, 0..1."""
    bm25: Floats
    bm25_rank: NDArray[np.int32]
    pages: NDArray[np.int32]
    """A number for the page of each candidate."""
    best: int
    """How many entries, from the first on, are the best of the search; the others were asked for by row."""
    eligible: int
    """How many chunks the search could have returned."""
    cosine: Floats | None = None
    cosine_rank: NDArray[np.int32] | None = None
    page: Floats | None = None
    added: Floats | None = None
    """The cosine by an added embedder; None where there is none."""
    asked: AskedBefore | None = None
    """None for an index without generated questions. They decide ranks, and never what the docs say or know: all other
    fields are about the text of the pages."""
    nearest: Floats | None = None
    """The NEAREST largest cosines of the whole index, in descending order."""
    mean: float = 0.0
    deviation: float = 0.0
    """Mean and standard deviation of the cosines of the whole index."""


@dataclass(frozen=True, slots=True, eq=False)
class Passages:
    """The embeddings of some chunks: `vectors` float32[n, d], int8[tokens, WIDTH] for each, `added` float32[n, e].

    `asked`: for each the vectors of its section's generated questions, float32[questions, d]; None without any.
    """

    vectors: Floats
    tokens: Sequence[TokenVectors]
    added: Floats | None = None
    asked: Sequence[Floats] | None = None


class Vocabulary(Protocol):
    """The words of an index, as spelling and query analysis ask for them. Words are stemmed terms."""

    def frequency(self, term: str) -> int:
        """How many chunks contain a term, 0 for an unknown one."""

    def rows_with(self, term: str) -> NDArray[np.int32]:
        """The rows of the chunks that contain a term."""

    def __iter__(self) -> Iterator[str]:
        """Every term."""


class Published(Protocol):
    """A published generation."""

    @property
    def name(self) -> str:
        """When it was built, and a hash of what is in it."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What it was made of: embedder, counts, sources, dates; `previous` names the generation that it replaced."""


class IndexReader(Protocol):
    """One generation of an index, opened for reading. Threads may share it. Methods raise IndexDamaged.

    As long as the reader lives, no reindex removes the generation.
    """

    @property
    def generation(self) -> Published:
        """The generation that it reads."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What the generation was made of: embedder, counts, sources, dates."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The words of the index."""

    def candidates(
        self,
        query: QueryEmbedding | None,
        terms: Sequence[str],
        n: int,
        *,
        under: str = "",
        include: Sequence[int] = (),
        weights: Weights = FIRST_STAGE,
    ) -> Candidates:
        """Search the chunks below the site path `under` (all for "") and return the best `n`.

        Without `query`, BM25 alone ranks, and chunks without one of the terms are not eligible. The
        chunks at the rows `include` come as well. Raises IndexMismatch for a vector of another length.
        """

    def passages(self, rows: Sequence[int]) -> Passages:
        """Vectors and token vectors of the chunks at these rows."""

    def late_tokens(self, rows: Sequence[int]) -> list[TokenVectors]:
        """Token vectors of the chunks at these rows by the late-interaction model; only if the manifest has "late"."""

    def chunks(self, rows: Sequence[int]) -> list[Chunk]:
        """The chunks at these rows, in the order given."""

    def questions(self, rows: Sequence[int]) -> list[tuple[str, ...]]:
        """The questions that a model wrote for the sections of the chunks at these rows; () where there are none."""

    def explain(self, rows: Sequence[int], terms: Sequence[str]) -> list[dict[str, float]]:
        """For each row the BM25 weight of each of the terms that the chunk contains."""

    def idf(self, term: str) -> float:
        """How rare a term is: its inverse document frequency."""

    def whitening(self) -> Floats:
        """The argument of `whiten`: float32[d + 1, d]."""

    def token_means(self) -> Floats:
        """The mean token vector of passages and of questions: float32[2, WIDTH]."""

    def pages(self, urls: Sequence[str] | None = None) -> list[StoredPage]:
        """The pages at these addresses (None: all), in the order of their addresses."""

    def page_chunks(self, urls: Sequence[str]) -> list[tuple[int, Chunk]]:
        """(row, chunk) of the pages at these addresses, in row order."""

    def all_chunks(self) -> list[Chunk]:
        """Every chunk, in row order."""

    def find_chunk(self, chunk_id: str) -> Chunk | None:
        """The chunk with this id; None where there is none."""

    def page_addresses(self) -> list[tuple[str, Sequence[str]]]:
        """The address of every page with its aliases, in the order of their addresses; no text is read."""


class IndexWriter(Protocol):
    """Writes one generation and makes it the current one."""

    def publish(
        self,
        pages: Sequence[StoredPage],
        chunks: Sequence[Chunk],
        embeddings: Iterable[Embedding],
        manifest: Mapping[str, Any],
        questions: EmbeddedQuestions | None = None,
    ) -> Published:
        """Publish a generation: all of it, or nothing where this raises.

        `embeddings` are read once, one per chunk and in their order, so that they need not be in memory
        together. Raises CorpusError, and UsageError for `questions` where the store can't keep them.
        """


class IndexStore(Protocol):
    """An index as a whole. Every method may raise IndexUnreachable where the index is on a server."""

    def open(self, name: str = "") -> IndexReader:
        """Open a generation by name, the current one for "".

        Raises IndexMissing, IndexDamaged, IndexMismatch.
        """

    def published(self) -> str:
        """The name of the current generation; "" where there is none, or it can't be read at this moment."""

    def names(self) -> list[str]:
        """The names of all whole generations, oldest first."""

    def predecessor(self, name: str) -> str:
        """The generation that `name` replaced, "" where none is known."""

    def verify(self) -> str:
        """What is wrong with the current generation; "" where nothing is, or where there is none."""

    def writing(self, *, wait: float = 0.0) -> AbstractContextManager[None]:
        """Own the index's lock within the block, for which it may `wait` some seconds; clean up before and after.

        Raises IndexLocked, which names the owner, when another process has the lock.
        """

    def writer(self, embedder: Embedder, *, reuse: bool = True) -> IndexWriter:
        """A writer of the next generation. The caller owns the lock.

        With `reuse`, it may share the rows of pages that are in the current generation as they are.
        """

    def roll_back(self) -> tuple[str, Published]:
        """Make the generation that the current one replaced answer again; return (the name that was left, it).

        Raises IndexMissing when there is no earlier one, IndexDamaged or IndexMismatch when it can't be
        read, IndexLocked.
        """

    def read_note(self, name: str) -> str:
        """A small document that is kept with the index, outside the generations; "" where there is none."""

    def write_note(self, name: str, text: str) -> None:
        """Replace such a document as a whole. Raises OSError, CorpusError."""
