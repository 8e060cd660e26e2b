"""Records of bytes in one file, any of which is found and checked without reading the others.

Next to FILE are NAME_places.npy, where each record begins, and NAME_checksums.npy, the CRC-32 of each.
"""

import os
import zlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Head = Callable[[int], bytes]
"""Makes the head of a file from the number of units of all records; its length does not depend on that."""


def _no_head(_: int) -> bytes:
    return b""


@dataclass(frozen=True, slots=True)
class Records:
    """A kind of records: their file, the name of its two arrays, and the unit of a record's length in bytes."""

    file: str
    name: str
    unit: int = 1

    def write(self, folder: Path, records: Iterable[bytes], head: Head = _no_head) -> None:
        """Write the records one after the other, behind a head; only one of them is in memory at a time."""
        with RecordWriter(self, folder, head) as writer:
            for record in records:
                writer.add(record)

    def index(self, folder: Path) -> tuple[NDArray[Any], NDArray[Any]]:
        """Places and checksums, mapped. Raises OSError, ValueError."""
        places, checksums = (
            np.asarray(np.load(folder / f"{self.name}_{part}.npy", mmap_mode="r", allow_pickle=False))
            for part in ("places", "checksums")
        )
        return places, checksums

    def read(self, folder: Path, index: tuple[NDArray[Any], NDArray[Any]], rows: Sequence[int]) -> list[bytes]:
        """The records at these rows. Raises OSError, and ValueError for one that has changed since.

        They are read, not mapped: the system would map the neighbours of each as well, forty times as much.
        """
        places, checksums = index
        found: list[bytes] = []
        with (folder / self.file).open("rb") as file:
            # The head, which no checksum covers, is not read: everything in it is known.
            start = os.fstat(file.fileno()).st_size - int(places[-1]) * self.unit
            for row in rows:
                file.seek(start + int(places[row]) * self.unit)
                record = file.read(int(places[row + 1] - places[row]) * self.unit)
                if zlib.crc32(record) != checksums[row]:
                    message = f"{self.file}: record {row} is not as it was written"
                    raise ValueError(message)
                found.append(record)
        return found


class RecordWriter:
    """Writes records one by one; their places and checksums at the end, unless the block raises."""

    def __init__(self, records: Records, folder: Path, head: Head = _no_head) -> None:
        self._records, self._folder, self._head = records, folder, head
        self._places, self._checksums = array("q", [0]), array("L")

    def __enter__(self) -> Self:
        self._file = (self._folder / self._records.file).open("wb")
        self._file.write(self._head(0))
        return self

    def add(self, record: bytes) -> None:
        """Write the next record."""
        self._file.write(record)
        self._places.append(self._places[-1] + len(record) // self._records.unit)
        self._checksums.append(zlib.crc32(record))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._file:
            if error is not None:
                return
            self._file.seek(0)
            self._file.write(self._head(self._places[-1]))
        name, folder = self._records.name, self._folder
        np.save(folder / f"{name}_places.npy", np.asarray(self._places, dtype=np.int64), allow_pickle=False)
        np.save(folder / f"{name}_checksums.npy", np.asarray(self._checksums, dtype=np.uint32), allow_pickle=False)
