"""Weights of words -> a short dense vector, by feature hashing (Weinberger et al. 2009). Pure; numpy only."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

HASHED: Final = 1024
"""Length of a hashed vector: the cosine of two keeps a standard error of 1 / sqrt(HASHED), .03."""


def hash_weights(
    rows: NDArray[Any], columns: NDArray[Any], values: NDArray[np.float32], count: int
) -> NDArray[np.float32]:
    """`count` sparse rows as float32[count, HASHED]: each column is added to one place, with a sign of its own.

    The cosine of two rows stays the same in expectation. `rows`, `columns` and `values` are those of the entries.
    """
    mixed = _mix(np.asarray(columns, dtype=np.uint64))
    signs = np.where(mixed >> np.uint64(63), np.float32(1), np.float32(-1))
    found = np.zeros((count, HASHED), dtype=np.float32)
    np.add.at(found, (rows, (mixed % np.uint64(HASHED)).astype(np.int64)), values * signs)
    return found


def _mix(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finalizer: neighbouring numbers get unlike ones, the same on every machine."""
    with np.errstate(over="ignore"):
        mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(mixed ^ (mixed >> np.uint64(31)), dtype=np.uint64)
