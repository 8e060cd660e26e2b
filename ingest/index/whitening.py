"""Whitening and mean-centring of embeddings: what all texts share says nothing about one of them. Pure.

The passages of a site are close together: each says what the site is about. Whitening scales up the
directions in which they hardly differ, and scales down those in which all of them differ alike (Su et
al. 2021, "Whitening Sentence Representations"; the ridge after Huang et al. 2021, "WhiteningBERT").

Every token of a passage points in part to what all passages have in common, and every token of a
question to what makes it a question. Late interaction subtracts both means first (Mu and Viswanath
2018, "All-but-the-Top", of word vectors).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


_BLOCK: Final = 4_096
"""Vectors centred at once: some megabytes in double precision."""


def fit_whitening(vectors: Floats) -> Floats:
    """Fit the argument of `whiten` to float32[n, d]: float32[d + 1, d], the mean, then a symmetric matrix.

    The ridge, the mean variance, keeps directions finite in which the vectors do not differ at all,
    as with fewer vectors than dimensions.
    """
    return fit_whitening_to_blocks(
        lambda: (vectors[start : start + _BLOCK] for start in range(0, len(vectors), _BLOCK)), len(vectors)
    )


def fit_whitening_to_blocks(blocks: Callable[[], Iterable[Floats]], count: int) -> Floats:
    """The same for `count` vectors that are read twice, in blocks: once for the mean, once for the rest."""
    total = np.zeros(0)
    for block in blocks():
        # Added row by row as numpy adds them in one array, so that the blocks make no difference.
        total = np.add.reduce(np.vstack([total, block]) if len(total) else block, axis=0, dtype=np.float64)
    mean = total / max(1, count)
    products = np.zeros((len(mean), len(mean)))
    for block in blocks():
        centred = block - mean
        products += centred.T @ centred
    return _whitening(mean, products / max(1, count))


class WhiteningFit:
    """Fits the same to vectors that come in blocks, none of which is kept."""

    def __init__(self, width: int) -> None:
        self._count = 0
        self._origin = np.zeros(width)
        self._sum = np.zeros(width)
        self._products = np.zeros((width, width))

    def add(self, vectors: Floats) -> None:
        """Take in float32[n, d]."""
        if not self._count:  # near the mean, so that little cancels below
            self._origin = vectors.mean(axis=0, dtype=np.float64)
        moved = vectors - self._origin
        self._count += len(vectors)
        self._sum += moved.sum(axis=0)
        self._products += moved.T @ moved

    def whitening(self) -> Floats:
        """The argument of `whiten`: float32[d + 1, d]."""
        count = max(1, self._count)
        shift = self._sum / count
        return _whitening(self._origin + shift, self._products / count - np.outer(shift, shift))


def _whitening(mean: NDArray[np.float64], covariance: NDArray[np.float64]) -> Floats:
    """The mean, then the symmetric matrix that scales each axis of the covariance."""
    variances, axes = np.linalg.eigh(covariance)
    scales = 1.0 / np.sqrt(np.maximum(variances, 0.0) + max(float(variances.mean()), 1e-9))
    return np.vstack([mean, (axes * scales) @ axes.T]).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """Mean, float64[d], and covariance, float64[d, d], of the vectors that a whitening was fitted to."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @classmethod
    def of(cls, whitening: Floats) -> "Distribution":
        """Reverse `_whitening`: its scales are 1 / sqrt(variance + ridge), and the ridge is the mean variance."""
        scales, axes = np.linalg.eigh(whitening[1:].astype(np.float64))
        variances = 1.0 / np.maximum(scales, 1e-9) ** 2
        return cls(whitening[0].astype(np.float64), (axes * (variances - variances.mean() / 2)) @ axes.T)

    def of_cosines(self, vector: Floats) -> tuple[float, float]:
        """Mean and standard deviation of the products of a vector with all of these vectors."""
        variance = float(vector @ self.covariance @ vector)
        return float(vector @ self.mean), max(0.0, variance) ** 0.5


def whiten(vectors: Floats, whitening: Floats) -> Floats:
    """Whiten float32[n, d]: rows of length 1, or 0 where a vector is the mean."""
    moved = (vectors - whitening[0]) @ whitening[1:]
    return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def nearest_whitened(vector: Floats, groups: Sequence[Floats], whitening: Floats) -> Floats:
    """The largest whitened cosine between a vector and those of each group, -1 for an empty one: float32[groups]."""
    owners = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    whitened = whiten(np.vstack([vector, *groups]), whitening)
    best = np.full(len(groups), -1.0, dtype=np.float32)
    np.maximum.at(best, owners, whitened[1:] @ whitened[0])
    return best
