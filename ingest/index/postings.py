"""Count the terms of texts: the postings of an inverted index, before they are weighed.

Of many texts they take more memory than all else that writing an index needs, so they wait in a temporary file: a block
for some texts, in which the postings of a term are together.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from ingest.text.terms import terms

_PART: Final = 1_000_000
"""Postings in memory at once: some 30 MB while they are weighed."""

_IN_MEMORY: Final = 32_000_000
"""Bytes of blocks from which on they are in a file."""

_NARROW: Final = 1 << 16
"""Frequencies below it fit into two bytes."""

Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Block:
    """Postings: terms by number and rows as int32, frequencies as narrow as they fit."""

    terms: Ints
    rows: Ints
    frequencies: NDArray[Any]

    def sorted_by(self, numbers: Ints) -> "Block":
        """The postings with their terms renumbered, in the order of the new numbers; a term's stay in row order."""
        order = np.argsort(numbers, kind="stable")
        return Block(numbers[order], self.rows[order], self.frequencies[order])


class _BlockFile:
    """Blocks in a temporary file, one array after the other."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - lives as long as this object
        self.close = self._file.close
        self._places: list[tuple[int, int, np.dtype[Any]]] = []

    def __len__(self) -> int:
        return len(self._places)

    def add(self, block: Block) -> None:
        """Write the next block."""
        start = self._file.seek(0, 2)
        self._places.append((start, len(block.terms), block.frequencies.dtype))
        self.replace(len(self) - 1, block)

    def replace(self, at: int, block: Block) -> None:
        """Write a block of the same size in the place of one."""
        self._file.seek(self._places[at][0])
        for part in (block.terms, block.rows, block.frequencies):
            self._file.write(part.tobytes())

    def read(self, at: int, first: int = 0, last: int | None = None) -> Block:
        """The postings `first` to `last` - 1 of a block."""
        start, count, narrow = self._places[at]
        last = count if last is None else last
        found: list[NDArray[Any]] = []
        for kind in (np.dtype(np.int32), np.dtype(np.int32), narrow):
            self._file.seek(start + first * kind.itemsize)
            found.append(np.frombuffer(self._file.read((last - first) * kind.itemsize), dtype=kind))
            start += count * kind.itemsize
        return Block(*found)


@dataclass(frozen=True, slots=True)
class Postings:
    """The postings of all texts. Those of term i, by name in the order of `names`, begin at `offsets[i]`.

    `lengths` are the numbers of terms of the texts, `sizes` the numbers of texts with each term. A context manager,
    which removes the temporary file.
    """

    names: list[str]
    sizes: NDArray[np.int64]
    lengths: NDArray[np.float64]
    _blocks: _BlockFile
    _firsts: list[int]
    """The first term of each part, and behind the last part the number of terms."""
    _bounds: list[NDArray[np.int64]]
    """For each block where its parts begin and end."""
    offsets: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "offsets", _offsets(self.sizes))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._blocks.close()

    def parts(self) -> Iterator[Block]:
        """Yield all postings in the order of terms, then rows, some terms at a time."""
        for part in range(len(self._firsts) - 1):
            found = [
                self._blocks.read(at, int(bounds[part]), int(bounds[part + 1]))
                for at, bounds in enumerate(self._bounds)
            ]
            terms_, rows, frequencies = (
                np.concatenate([getattr(one, name) for one in found]) for name in ("terms", "rows", "frequencies")
            )
            yield Block(terms_, rows, frequencies).sorted_by(terms_)


def collect_postings(texts: Iterable[str], language: str = "en") -> Postings:
    """Count the terms of texts, which are read once. `language` chooses the stemmer."""
    with ExitStack() as files:
        found = _collect(texts, language, files.enter_context(closing(_BlockFile())))
        files.pop_all()
    return found


def _collect(texts: Iterable[str], language: str, blocks: _BlockFile) -> Postings:
    numbers: dict[str, int] = {}
    lengths = array("q")
    found, rows, frequencies = array("i"), array("i"), array("i")
    for row, text in enumerate(texts):
        count = Counter(terms(text, language))
        lengths.append(count.total())
        for term, frequency in count.items():
            found.append(numbers.setdefault(term, len(numbers)))
            rows.append(row)
            frequencies.append(frequency)
        if len(found) >= _PART:
            blocks.add(_block(found, rows, frequencies))
            found, rows, frequencies = array("i"), array("i"), array("i")
    blocks.add(_block(found, rows, frequencies))
    names = sorted(numbers)
    rank = np.zeros(len(names), dtype=np.int32)
    rank[[numbers[name] for name in names]] = np.arange(len(names), dtype=np.int32)
    sizes = np.zeros(len(names), dtype=np.int64)
    for at in range(len(blocks)):
        block = blocks.read(at)
        block = block.sorted_by(rank[block.terms])
        sizes += np.bincount(block.terms, minlength=len(names))
        blocks.replace(at, block)
    firsts = _first_terms(_offsets(sizes))
    bounds = [np.searchsorted(blocks.read(at).terms, firsts) for at in range(len(blocks))]
    return Postings(names, sizes, np.array(lengths, dtype=np.float64), blocks, firsts, bounds)


def _block(found: "array[int]", rows: "array[int]", frequencies: "array[int]") -> Block:
    counts = np.array(frequencies, dtype=np.int32)
    narrow = np.uint16 if counts.max(initial=0) < _NARROW else np.int32
    return Block(np.array(found, dtype=np.int32), np.array(rows, dtype=np.int32), counts.astype(narrow))


def _offsets(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])


def _first_terms(offsets: NDArray[np.int64]) -> list[int]:
    """The first term of each part, and the number of terms: parts have at most `_PART` postings, or one term."""
    firsts = [0]
    while firsts[-1] < len(offsets) - 1:
        last = int(np.searchsorted(offsets, offsets[firsts[-1]] + _PART, side="right")) - 1
        firsts.append(max(firsts[-1] + 1, last))
    return firsts
