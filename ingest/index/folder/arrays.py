"""The arrays that a search reads, memory-mapped: vectors, BM25 postings, chunks, token vectors. Written and read here.

DuckDB could search its own tables, but a first query through its array functions and FTS takes about a
tenth of a second at 5,000 chunks, and the token vectors are too many for a database. Loading and opening
it takes 50 ms, and it reads all texts to return eight; so the texts that are shown are stored here as well.

Chunks, pages and token vectors are records (see `records`).
"""

import contextlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from ingest.core.errors import IndexDamaged
from ingest.core.records import Chunk
from ingest.embed.base import Embedding
from ingest.embed.token_vectors import SCALE, WIDTH, TokenVectors
from ingest.index.base import StoredPage
from ingest.index.bm25 import Bm25Index, inverse_frequency, weigh
from ingest.index.folder.files import (
    ADDED_VECTORS,
    CHUNKS,
    LATE_TOKENS,
    PAGE_NUMBERS,
    PAGE_TEXTS,
    PAGE_VECTORS,
    PAGES,
    POSTINGS,
    TOKEN_MEANS,
    TOKENS,
    VECTORS,
    VOCABULARY,
    WHITENING,
)
from ingest.index.folder.generations import Generation
from ingest.index.folder.records import Records, RecordWriter
from ingest.index.postings import Postings
from ingest.index.spool import pack_chunk, unpack_chunk
from ingest.index.whitening import fit_whitening_to_blocks

_TOKENS: Final = Records(TOKENS, "token", WIDTH)
_LATE_TOKENS: Final = Records(LATE_TOKENS, "late_token", WIDTH)
_CHUNKS: Final = Records(CHUNKS, "chunk")
_PAGES: Final = Records(PAGE_TEXTS, "page")
_VECTORS_AT_ONCE: Final = 4_096
"""Vectors in memory while they are written: some megabytes."""


def write_arrays(
    folder: Path,
    pages: Sequence[StoredPage],
    chunks: Sequence[Chunk],
    embeddings: Iterable[Embedding],
    mean_question_token: NDArray[np.float32],
) -> None:
    """Write everything that a search reads but the postings. Row i is chunk i; the embeddings are read once.

    `mean_question_token` is float32[WIDTH]. Of the embeddings, few are in memory at a time.
    """
    with contextlib.ExitStack() as files:
        splitter = _EmbeddingSplitter(folder, len(chunks), files)
        _TOKENS.write(folder, map(splitter.take, embeddings), _token_head)
    splitter.check()
    blocks = partial(_vector_blocks, folder / VECTORS)
    np.save(folder / WHITENING, fit_whitening_to_blocks(blocks, len(chunks)), allow_pickle=False)
    np.save(folder / TOKEN_MEANS, np.stack([splitter.mean_token(), mean_question_token]), allow_pickle=False)
    seen: dict[str, str] = {}
    _write_pages(folder, pages, [seen.setdefault(chunk.url, chunk.url) for chunk in chunks], blocks)
    _CHUNKS.write(folder, map(pack_chunk, chunks))


def write_postings(folder: Path, postings: Postings) -> None:
    """Write what a lexical search reads; of the postings, few are in memory at a time."""
    with (folder / "documents.npy").open("wb") as documents, (folder / "weights.npy").open("wb") as weights:
        for file, kind in ((documents, "<i4"), (weights, "<f4")):
            facts = {"descr": kind, "fortran_order": False, "shape": (int(postings.offsets[-1]),)}
            np.lib.format.write_array_header_1_0(file, facts)
        for rows, scores in weigh(postings):
            documents.write(rows.astype("<i4").tobytes())
            weights.write(scores.astype("<f4").tobytes())
    np.save(folder / "offsets.npy", postings.offsets, allow_pickle=False)
    np.save(folder / "idf.npy", inverse_frequency(postings), allow_pickle=False)
    (folder / VOCABULARY).write_text(json.dumps(postings.names, ensure_ascii=False), encoding="utf-8")


def _vector_blocks(path: Path) -> Iterator[NDArray[np.float32]]:
    """The vectors of a file in blocks. They are read, not mapped: what is mapped counts as memory of the process."""
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
        (count, width), _, _ = np.lib.format.read_array_header_1_0(file)
        for start in range(0, count, _VECTORS_AT_ONCE):
            rows = min(_VECTORS_AT_ONCE, count - start)
            yield np.frombuffer(file.read(rows * width * 4), dtype="<f4").reshape(rows, width)


class _VectorFile:
    """A file of vectors, written one by one. Raises ValueError for one of another length.

    It is written, not mapped: on a full disk, writing to a mapping kills the process.
    """

    def __init__(self, file: BinaryIO, count: int, width: int) -> None:
        self._file, self._width = file, width
        facts = {"descr": "<f4", "fortran_order": False, "shape": (count, width)}
        np.lib.format.write_array_header_1_0(file, facts)

    def add(self, vector: NDArray[np.float32]) -> None:
        """Write the next vector."""
        if len(vector) != self._width:
            message = f"a vector of {len(vector)} dimensions among those of {self._width}"
            raise ValueError(message)
        self._file.write(np.asarray(vector, dtype="<f4").tobytes())


class _EmbeddingSplitter:
    """Writes the vectors of embeddings to their files, and passes the bytes of their tokens on."""

    def __init__(self, folder: Path, count: int, files: contextlib.ExitStack) -> None:
        self._folder, self._count, self._files = folder, count, files
        self._vectors: dict[str, _VectorFile] = {}
        self._late: RecordWriter | None = None
        self._taken = self._tokens = 0
        self._sum = np.zeros(WIDTH)

    def take(self, embedding: Embedding) -> bytes:
        """Write the vectors of the next chunk; return the bytes of its token vectors."""
        self._write(VECTORS, embedding.vector)
        if embedding.added is not None:
            self._write(ADDED_VECTORS, embedding.added)
        if embedding.late is not None:
            self._late = self._late or self._files.enter_context(RecordWriter(_LATE_TOKENS, self._folder, _token_head))
            self._late.add(embedding.late.tobytes())
        self._taken += 1
        self._sum += embedding.tokens.sum(axis=0, dtype=np.float64)
        self._tokens += len(embedding.tokens)
        return embedding.tokens.tobytes()

    def _write(self, name: str, vector: NDArray[np.float32]) -> None:
        if name not in self._vectors:
            file = self._files.enter_context((self._folder / name).open("wb"))
            self._vectors[name] = _VectorFile(file, self._count, len(vector))
        self._vectors[name].add(vector)

    def check(self) -> None:
        """Raise ValueError unless there was one embedding for each chunk."""
        if self._taken != self._count:
            message = f"{self._taken} embeddings for {self._count} chunks"
            raise ValueError(message)

    def mean_token(self) -> NDArray[np.float32]:
        """The mean token vector of all chunks: float32[WIDTH], 0 where there are no token vectors."""
        return np.asarray(self._sum / (max(1, self._tokens) * SCALE), dtype=np.float32)


def _token_head(count: int) -> bytes:
    """With it, the file is an array that numpy reads: int8[count, WIDTH]. numpy pads it, so its length is the same."""
    head = io.BytesIO()
    facts = {"descr": "|i1", "fortran_order": False, "shape": (count, WIDTH)}
    np.lib.format.write_array_header_1_0(head, facts)
    return head.getvalue()


def _write_pages(
    folder: Path,
    pages: Sequence[StoredPage],
    urls: Sequence[str],
    blocks: Callable[[], Iterable[NDArray[np.float32]]],
) -> None:
    """Write what there is of each page that has chunks: the address, the page itself, and its normalised mean vector.

    `urls` are the pages of the chunks; for each chunk the number of its page is written as well.
    """
    names = sorted(set(urls))
    number = {name: at for at, name in enumerate(names)}
    numbers = np.array([number[url] for url in urls], dtype=np.int32)
    sums, start = np.zeros((len(names), 0), dtype=np.float32), 0
    for block in blocks():
        if not start:
            sums = np.zeros((len(names), block.shape[1]), dtype=np.float32)
        np.add.at(sums, numbers[start : start + len(block)], block)
        start += len(block)
    lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    np.save(folder / PAGE_VECTORS, sums / lengths, allow_pickle=False)
    np.save(folder / PAGE_NUMBERS, numbers, allow_pickle=False)
    (folder / PAGES).write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
    by_url = {page.document.url: page for page in pages}
    _PAGES.write(folder, (json.dumps(by_url[name].row()).encode() + b"\n" for name in names))


class Arrays:
    """The arrays of one generation, mapped when they are first read. Each method raises IndexDamaged."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self._folder = generation.folder

    def vectors(self) -> NDArray[np.float32]:
        """The vectors of all chunks, memory-mapped: float32[chunks, d]."""
        return self._array(VECTORS)

    def added_vectors(self) -> NDArray[np.float32] | None:
        """The vectors of an added embedder, float32[chunks, e]; None where there is none."""
        return self._array(ADDED_VECTORS) if ADDED_VECTORS in self.generation.manifest["files"] else None

    def page_vectors(self) -> NDArray[np.float32]:
        """For each page the mean of its chunks' vectors, scaled to length 1: float32[pages, d]."""
        return self._array(PAGE_VECTORS)

    def page_numbers(self) -> NDArray[np.int32]:
        """For each chunk the row of its page in `page_vectors`: int32[chunks]."""
        return self._array(PAGE_NUMBERS)

    def page_urls(self) -> list[str]:
        """The address of each page, in the order of `page_vectors`."""
        with readable(self._folder):
            return list(map(str, json.loads((self._folder / PAGES).read_text(encoding="utf-8"))))

    def whitening(self) -> NDArray[np.float32]:
        """The argument of `whiten`: float32[d + 1, d]."""
        return self._array(WHITENING)

    def token_means(self) -> NDArray[np.float32]:
        """The mean token vector of passages and of questions: float32[2, WIDTH]."""
        return self._array(TOKEN_MEANS)

    def _array(self, name: str) -> NDArray[Any]:
        with readable(self._folder):
            # A plain view: slicing numpy's own type for mapped arrays takes ten times as long.
            return np.asarray(np.load(self._folder / name, mmap_mode="r", allow_pickle=False))

    def tokens(self, rows: Sequence[int]) -> list[TokenVectors]:
        """The token vectors of the chunks at these rows: int8[n, WIDTH] each. Raises IndexDamaged.

        They are most of an index, and a question reads a hundredth of them: so each chunk's are
        checked when they are read, and not all of them when the index is opened.
        """
        with readable(self._folder):
            found = _TOKENS.read(self._folder, self._token_index, rows)
            return [np.frombuffer(record, dtype=np.int8).reshape(-1, WIDTH) for record in found]

    def late_tokens(self, rows: Sequence[int]) -> list[TokenVectors]:
        """The same of the late-interaction model that the manifest names as "late". Raises IndexDamaged without one."""
        with readable(self._folder):
            found = _LATE_TOKENS.read(self._folder, self._late_token_index, rows)
            return [np.frombuffer(record, dtype=np.int8).reshape(-1, WIDTH) for record in found]

    def chunks(self, rows: Iterable[int]) -> list[Chunk]:
        """The chunks at these rows, in the order given; each is checked when it is read. Raises IndexDamaged."""
        with readable(self._folder):
            return [unpack_chunk(record) for record in _CHUNKS.read(self._folder, self._chunk_index, list(rows))]

    def page_texts(self, numbers: Sequence[int]) -> list[StoredPage]:
        """The pages with these numbers, in the order given; each is checked when it is read. Raises IndexDamaged."""
        with readable(self._folder):
            return [
                StoredPage.of(json.loads(record)) for record in _PAGES.read(self._folder, self._page_index, numbers)
            ]

    @cached_property
    def _page_index(self) -> tuple[NDArray[Any], NDArray[Any]]:
        return _PAGES.index(self._folder)

    @cached_property
    def _token_index(self) -> tuple[NDArray[Any], NDArray[Any]]:
        return _TOKENS.index(self._folder)

    @cached_property
    def _late_token_index(self) -> tuple[NDArray[Any], NDArray[Any]]:
        return _LATE_TOKENS.index(self._folder)

    @cached_property
    def _chunk_index(self) -> tuple[NDArray[Any], NDArray[Any]]:
        return _CHUNKS.index(self._folder)

    def bm25(self) -> Bm25Index:
        """The BM25 postings, memory-mapped."""
        with readable(self._folder):
            names = json.loads((self._folder / VOCABULARY).read_text(encoding="utf-8"))
            arrays = {name: self._array(f"{name}.npy") for name in POSTINGS}
            return Bm25Index(
                {name: at for at, name in enumerate(names)}, size=self.generation.manifest["chunks"], **arrays
            )


@contextlib.contextmanager
def readable(folder: Path) -> Iterator[None]:
    """Raise IndexDamaged for what reading a generation's files raises in the block."""
    try:
        yield
    except (OSError, ValueError, KeyError) as error:
        hint = "rebuild the index: askdocs reindex --no-crawl --full"
        raise IndexDamaged(f"the generation at {folder} can't be read", hint) from error
