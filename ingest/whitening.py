"""Vectors of one site -> a space in which what all of them share counts no more than what tells them apart. Pure.

The passages of a site lie close together: each says what the site is about. The directions in which
they hardly differ are scaled up, those in which all differ alike are scaled down (Su et al. 2021,
"Whitening Sentence Representations"; the ridge after Huang et al. 2021, "WhiteningBERT").
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_BLOCK: Final = 4_096
"""Vectors centred at once: some megabytes in double precision."""


def fit_whitening(vectors: Floats) -> Floats:
    """What `whiten` needs, from float32[n, d]: float32[d + 1, d], the mean, then a symmetric matrix.

    The ridge, the mean variance, keeps directions finite in which the vectors do not differ at all,
    as with fewer vectors than dimensions.
    """
    mean = vectors.mean(axis=0, dtype=np.float64)
    products = np.zeros((len(mean), len(mean)))
    for start in range(0, len(vectors), _BLOCK):
        centred = vectors[start : start + _BLOCK] - mean
        products += centred.T @ centred
    variances, axes = np.linalg.eigh(products / max(1, len(vectors)))
    scales = 1.0 / np.sqrt(np.maximum(variances, 0.0) + max(float(variances.mean()), 1e-9))
    return np.vstack([mean, (axes * scales) @ axes.T]).astype(np.float32)


def whiten(vectors: Floats, whitening: Floats) -> Floats:
    """float32[n, d] -> float32[n, d], rows of length 1, or 0 where a vector is the mean."""
    moved = (vectors - whitening[0]) @ whitening[1:]
    return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9), dtype=np.float32)
