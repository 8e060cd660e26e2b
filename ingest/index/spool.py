"""The chunks of a build wait in a temporary file: a million of them take two gigabytes as objects.

Few chunks never reach the disk. The file has no name and is gone when the process ends, however it ends.
"""

import json
import weakref
from array import array
from collections.abc import Iterable, Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import Final, overload

from ingest.core.records import Chunk

_IN_MEMORY: Final = 16_000_000
"""Bytes from which on chunks are in a file: some 20,000 chunks."""


def pack_chunk(c: Chunk) -> bytes:
    """A chunk as a line of JSON."""
    fields = (c.id, c.url, c.anchor, c.title, c.headings, c.text, c.context, c.start, c.end, c.tokens)
    return json.dumps(fields).encode() + b"\n"


def unpack_chunk(record: bytes) -> Chunk:
    """The chunk of a line of JSON. Raises ValueError for another line."""
    chunk_id, url, anchor, title, headings, *rest = json.loads(record)
    return Chunk(chunk_id, url, anchor, title, tuple(headings), *rest)


class ChunkSpool:
    """A temporary file of chunks."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - lives as long as this object
        self._starts = array("q", [0])
        weakref.finalize(self, self._file.close)

    def add(self, chunks: Iterable[Chunk]) -> "SpooledChunks":
        """Write chunks; give them as a sequence that reads them when they are wanted."""
        first = len(self._starts) - 1
        self._file.seek(self._starts[-1])
        for chunk in chunks:
            record = pack_chunk(chunk)
            self._file.write(record)
            self._starts.append(self._starts[-1] + len(record))
        return SpooledChunks(self, array("q", range(first, len(self._starts) - 1)))

    def read(self, number: int) -> Chunk:
        """The chunk that was written as the `number`th."""
        start, end = self._starts[number : number + 2]
        self._file.seek(start)
        return unpack_chunk(self._file.read(end - start))


class SpooledChunks(Sequence[Chunk]):
    """Chunks of a spool, read one by one."""

    def __init__(self, spool: ChunkSpool, numbers: "array[int] | None" = None) -> None:
        self._spool, self.numbers = spool, array("q") if numbers is None else numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[Chunk]:
        return map(self._spool.read, self.numbers)

    @overload
    def __getitem__(self, row: int) -> Chunk: ...
    @overload
    def __getitem__(self, row: slice) -> "SpooledChunks": ...
    def __getitem__(self, row: int | slice) -> "Chunk | SpooledChunks":
        if isinstance(row, slice):
            return SpooledChunks(self._spool, self.numbers[row])
        return self._spool.read(self.numbers[row])

    def extend(self, others: "SpooledChunks") -> None:
        """Add chunks of the same spool."""
        self.numbers.extend(others.numbers)

    def at(self, rows: Iterable[int]) -> "SpooledChunks":
        """The chunks at these rows."""
        return SpooledChunks(self._spool, array("q", [self.numbers[row] for row in rows]))
