"""Copies of an index for searching: vectors and BM25 postings as memory-mapped arrays, chunks, vectors of tokens.

DuckDB could search its own, but a first query through its array functions and FTS takes about a
tenth of a second at 5,000 chunks; and the vectors of tokens are too many for a database. To load and open
it takes 50 ms, and it reads all texts to give eight: so the texts that are shown are kept beside it too.


Records of bytes in one file, any of which is found and checked without reading the others.

Beside FILE stand NAME_places.npy, where each record begins, and NAME_checksums.npy, the CRC-32 of each.
"""

import contextlib
import io
import json
import os
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.core.errors import IndexDamaged
from ingest.core.records import Chunk
from ingest.embed.token_vectors import WIDTH, TokenVectors
from ingest.index.bm25 import Bm25Index
from ingest.index.files import CHUNKS, TOKENS
from ingest.index.generations import Generation
from ingest.index.whitening import fit_whitening

_VECTORS: Final = "vectors.npy"
_VOCABULARY: Final = "vocabulary.json"
_PAGE_VECTORS: Final = "page_vectors.npy"
_PAGE_NUMBERS: Final = "page_numbers.npy"
_WHITENING: Final = "whitening.npy"
_MEANS: Final = "token_means.npy"


@dataclass(frozen=True, slots=True)
class Records:
    """A kind of records: their file, its name beside it, and the bytes that every record is a multiple of."""

    file: str
    name: str
    unit: int = 1

    def write(self, folder: Path, records: Iterable[bytes], head: bytes = b"") -> None:
        """Write `head`, then the records, one after the other; only one of them is in memory at a time."""
        places, checksums = array("q", [0]), array("L")
        with (folder / self.file).open("wb") as file:
            file.write(head)
            for record in records:
                file.write(record)
                places.append(places[-1] + len(record) // self.unit)
                checksums.append(zlib.crc32(record))
        np.save(folder / f"{self.name}_places.npy", np.asarray(places, dtype=np.int64), allow_pickle=False)
        np.save(folder / f"{self.name}_checksums.npy", np.asarray(checksums, dtype=np.uint32), allow_pickle=False)

    def index(self, folder: Path) -> tuple[NDArray[Any], NDArray[Any]]:
        """Places and checksums, mapped. Raises OSError, ValueError."""
        places, checksums = (
            np.asarray(np.load(folder / f"{self.name}_{part}.npy", mmap_mode="r", allow_pickle=False))
            for part in ("places", "checksums")
        )
        return places, checksums

    def read(self, folder: Path, index: tuple[NDArray[Any], NDArray[Any]], rows: Sequence[int]) -> list[bytes]:
        """The records at these rows. Raises OSError, and ValueError for one that is not as it was written.

        They are read, not mapped: the system would map the neighbours of each as well, forty times as much.
        """
        places, checksums = index
        found: list[bytes] = []
        with (folder / self.file).open("rb") as file:
            # The head, which no checksum covers, is not read: all in it is known.
            start = os.fstat(file.fileno()).st_size - int(places[-1]) * self.unit
            for row in rows:
                file.seek(start + int(places[row]) * self.unit)
                record = file.read(int(places[row + 1] - places[row]) * self.unit)
                if zlib.crc32(record) != checksums[row]:
                    message = f"{self.file}: record {row} is not as it was written"
                    raise ValueError(message)
                found.append(record)
        return found


_TOKENS: Final = Records(TOKENS, "token", WIDTH)
_CHUNKS: Final = Records(CHUNKS, "chunk")
_POSTINGS: Final = ("offsets", "documents", "weights", "idf")


def write_arrays(
    folder: Path,
    chunks: Sequence[Chunk],
    vectors: NDArray[np.float32],
    tokens: Sequence[TokenVectors],
    means: NDArray[np.float32],
    lexical: Bm25Index,
) -> None:
    """Write the copies that searching reads. Row i of `vectors` and `tokens` belongs to chunk i."""
    np.save(folder / _VECTORS, vectors, allow_pickle=False)
    np.save(folder / _WHITENING, fit_whitening(vectors), allow_pickle=False)
    np.save(folder / _MEANS, means, allow_pickle=False)
    _write_pages(folder, [chunk.url for chunk in chunks], vectors)
    _CHUNKS.write(folder, map(_packed, chunks))
    _TOKENS.write(folder, (rows.tobytes() for rows in tokens), _token_head(sum(map(len, tokens))))
    for name in _POSTINGS:
        np.save(folder / f"{name}.npy", getattr(lexical, name), allow_pickle=False)
    (folder / _VOCABULARY).write_text(json.dumps(list(lexical.vocabulary), ensure_ascii=False), encoding="utf-8")


def _packed(c: Chunk) -> bytes:
    fields = (c.id, c.url, c.anchor, c.title, c.headings, c.text, c.context, c.start, c.end, c.tokens)
    return json.dumps(fields).encode() + b"\n"


def _unpacked(record: bytes) -> Chunk:
    chunk_id, url, anchor, title, headings, *rest = json.loads(record)
    return Chunk(chunk_id, url, anchor, title, tuple(headings), *rest)


def _token_head(count: int) -> bytes:
    """With it, the file is an array that numpy reads: int8[count, WIDTH]."""
    head = io.BytesIO()
    facts = {"descr": "|i1", "fortran_order": False, "shape": (count, WIDTH)}
    np.lib.format.write_array_header_1_0(head, facts)
    return head.getvalue()


def _write_pages(folder: Path, urls: Sequence[str], vectors: NDArray[np.float32]) -> None:
    """Of each chunk the number of its page, and of each page the mean of its chunks' vectors, scaled to length 1."""
    names, numbers = np.unique(np.array(urls, dtype=np.str_), return_inverse=True)
    sums = np.zeros((len(names), vectors.shape[1]), dtype=np.float32)
    np.add.at(sums, numbers, vectors)
    lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    np.save(folder / _PAGE_VECTORS, sums / lengths, allow_pickle=False)
    np.save(folder / _PAGE_NUMBERS, numbers.astype(np.int32), allow_pickle=False)


class Arrays:
    """The arrays of one generation, mapped when they are first asked for. Each raises IndexDamaged."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self._folder = generation.folder

    def vectors(self) -> NDArray[np.float32]:
        """The vectors of all chunks, memory-mapped: float32[chunks, d]."""
        return self._array(_VECTORS)

    def page_vectors(self) -> NDArray[np.float32]:
        """For each page the mean of its chunks' vectors, scaled to length 1: float32[pages, d]."""
        return self._array(_PAGE_VECTORS)

    def page_numbers(self) -> NDArray[np.int32]:
        """For each chunk the row of its page in `page_vectors`: int32[chunks]."""
        return self._array(_PAGE_NUMBERS)

    def whitening(self) -> NDArray[np.float32]:
        """What `whiten` needs: float32[d + 1, d]."""
        return self._array(_WHITENING)

    def token_means(self) -> NDArray[np.float32]:
        """What the tokens of passages share, and what those of questions do: float32[2, WIDTH]."""
        return self._array(_MEANS)

    def _array(self, name: str) -> NDArray[Any]:
        with _readable(self._folder):
            # A plain view: of numpy's own type for mapped arrays, each slice costs ten times as much.
            return np.asarray(np.load(self._folder / name, mmap_mode="r", allow_pickle=False))

    def tokens(self, rows: Sequence[int]) -> list[TokenVectors]:
        """The token vectors of the chunks at these rows: int8[n, WIDTH] each. Raises IndexDamaged.

        They are most of an index, and a question reads a hundredth of them: so each chunk's are
        checked when they are read, and not all of them when the index is opened.
        """
        with _readable(self._folder):
            found = _TOKENS.read(self._folder, self._token_index, rows)
            return [np.frombuffer(record, dtype=np.int8).reshape(-1, WIDTH) for record in found]

    def chunks(self, rows: Iterable[int]) -> list[Chunk]:
        """The chunks at these rows, in the order given; each is checked when it is read. Raises IndexDamaged."""
        with _readable(self._folder):
            return [_unpacked(record) for record in _CHUNKS.read(self._folder, self._chunk_index, list(rows))]

    @cached_property
    def _token_index(self) -> tuple[NDArray[Any], NDArray[Any]]:
        return _TOKENS.index(self._folder)

    @cached_property
    def _chunk_index(self) -> tuple[NDArray[Any], NDArray[Any]]:
        return _CHUNKS.index(self._folder)

    def bm25(self) -> Bm25Index:
        """The BM25 postings, memory-mapped."""
        with _readable(self._folder):
            names = json.loads((self._folder / _VOCABULARY).read_text(encoding="utf-8"))
            arrays = {name: self._array(f"{name}.npy") for name in _POSTINGS}
            return Bm25Index(
                {name: at for at, name in enumerate(names)}, size=self.generation.manifest["chunks"], **arrays
            )


@contextlib.contextmanager
def _readable(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError) as error:
        hint = "rebuild the index: askdocs reindex --no-crawl --full"
        raise IndexDamaged(f"the generation at {folder} can't be read", hint) from error
