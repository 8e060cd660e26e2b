"""Copies of an index for searching, as memory-mapped arrays: vectors, BM25 postings, vectors of tokens.

DuckDB could search its own, but a first query through its array functions and FTS takes about a
tenth of a second at 5,000 chunks; and the vectors of tokens are too many for a database.
"""

import contextlib
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from ingest.errors import IndexDamaged
from ingest.generations import LAZY, Generation
from ingest.lexical import Lexical
from ingest.token_vectors import NONE, WIDTH, TokenVectors

_VECTORS: Final = "vectors.npy"
_VOCABULARY: Final = "vocabulary.json"
_TOKENS: Final = LAZY
_PAGE_VECTORS: Final = "page_vectors.npy"
_PAGE_NUMBERS: Final = "page_numbers.npy"
_PLACES: Final = "token_places.npy"
_CHECKSUMS: Final = "token_checksums.npy"
_POSTINGS: Final = ("offsets", "documents", "weights", "idf")


def write_sidecars(
    folder: Path,
    urls: Sequence[str],
    vectors: NDArray[np.float32],
    tokens: Sequence[TokenVectors],
    lexical: Lexical,
) -> None:
    """Write the copies that searching reads. `urls` are the pages of the chunks, in row order."""
    np.save(folder / _VECTORS, vectors, allow_pickle=False)
    _write_pages(folder, urls, vectors)
    np.save(folder / _TOKENS, np.concatenate([NONE, *tokens]), allow_pickle=False)
    places = np.cumsum([0, *map(len, tokens)], dtype=np.int64)
    np.save(folder / _PLACES, places, allow_pickle=False)
    checksums = np.array([zlib.crc32(rows.tobytes()) for rows in tokens], dtype=np.uint32)
    np.save(folder / _CHECKSUMS, checksums, allow_pickle=False)
    for name in _POSTINGS:
        np.save(folder / f"{name}.npy", getattr(lexical, name), allow_pickle=False)
    (folder / _VOCABULARY).write_text(json.dumps(list(lexical.vocabulary), ensure_ascii=False), encoding="utf-8")


def _write_pages(folder: Path, urls: Sequence[str], vectors: NDArray[np.float32]) -> None:
    """Of each chunk the number of its page, and of each page the mean of its chunks' vectors, scaled to length 1."""
    names, numbers = np.unique(np.array(urls, dtype=np.str_), return_inverse=True)
    sums = np.zeros((len(names), vectors.shape[1]), dtype=np.float32)
    np.add.at(sums, numbers, vectors)
    lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    np.save(folder / _PAGE_VECTORS, sums / lengths, allow_pickle=False)
    np.save(folder / _PAGE_NUMBERS, numbers.astype(np.int32), allow_pickle=False)


class Sidecars:
    """The arrays of one generation, mapped when they are first asked for. Each raises IndexDamaged."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self._folder = generation.folder
        self._tokens: tuple[NDArray[Any], ...] | None = None

    def vectors(self) -> NDArray[np.float32]:
        """The vectors of all chunks, memory-mapped: float32[chunks, d]."""
        return self._array(_VECTORS)

    def page_vectors(self) -> NDArray[np.float32]:
        """For each page the mean of its chunks' vectors, scaled to length 1: float32[pages, d]."""
        return self._array(_PAGE_VECTORS)

    def page_numbers(self) -> NDArray[np.int32]:
        """For each chunk the row of its page in `page_vectors`: int32[chunks]."""
        return self._array(_PAGE_NUMBERS)

    def _array(self, name: str) -> NDArray[Any]:
        with _readable(self._folder):
            # A plain view: of numpy's own type for mapped arrays, each slice costs ten times as much.
            return np.asarray(np.load(self._folder / name, mmap_mode="r", allow_pickle=False))

    def tokens(self, rows: Sequence[int]) -> list[TokenVectors]:
        """The token vectors of the chunks at these rows: int8[n, WIDTH] each. Raises IndexDamaged.

        They are most of an index, and a question reads a hundredth of them: so each chunk's are
        checked when they are read, and not all of them when the index is opened.
        """
        with _readable(self._folder), (self._folder / _TOKENS).open("rb") as file:
            if self._tokens is None:
                self._tokens = (self._array(_PLACES), self._array(_CHECKSUMS))
            places, checksums = self._tokens
            # The head of the file, which no checksum covers, is not read: all in it is known.
            start = os.fstat(file.fileno()).st_size - int(places[-1]) * WIDTH
            # Read, not mapped: the system would map the neighbours of each chunk as well, forty times as much.
            found = [_token_rows(file, start, places[row : row + 2]) for row in rows]
            for row, some in zip(rows, found, strict=True):
                if zlib.crc32(some.tobytes()) != checksums[row]:
                    message = "token vectors are not as they were written"
                    raise ValueError(message)
            return found

    def lexical(self) -> Lexical:
        """The BM25 postings, memory-mapped."""
        with _readable(self._folder):
            names = json.loads((self._folder / _VOCABULARY).read_text(encoding="utf-8"))
            arrays = {name: self._array(f"{name}.npy") for name in _POSTINGS}
            return Lexical(
                {name: at for at, name in enumerate(names)}, size=self.generation.manifest["chunks"], **arrays
            )


def _token_rows(file: BinaryIO, start: int, places: NDArray[np.int64]) -> TokenVectors:
    first, last = map(int, places)
    file.seek(start + first * WIDTH)
    return np.frombuffer(file.read((last - first) * WIDTH), dtype=np.int8).reshape(-1, WIDTH)


@contextlib.contextmanager
def _readable(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError) as error:
        hint = "rebuild the index: askdocs reindex --no-crawl --full"
        raise IndexDamaged(f"the generation at {folder} can't be read", hint) from error
