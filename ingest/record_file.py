"""Records of bytes in one file, any of which is found and checked without reading the others.

Beside FILE stand NAME_places.npy, where each record begins, and NAME_checksums.npy, the CRC-32 of each.
"""

import os
import zlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
