"""States of single tokens, kept small: what late interaction compares. Pure; numpy only.

A chunk's vector blurs what its sentences say; the states of its tokens do not (Khattab and Zaharia
2020, ColBERT). As float32 they would take 1.5 kB a token. A projection to a third of the width, in
bytes, takes 128, and ranks as well within the noise of the questions that we have.
"""

import random
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
TokenVectors = NDArray[np.int8]
"""int8[n, WIDTH]: a row per token, a vector of length 1 in steps of 1 / SCALE."""

WIDTH: Final = 128
SCALE: Final = 255.0
"""A component of a unit vector of 128 hardly ever exceeds a half, so half of the range of 1 is kept, finely."""

NO_TOKENS: Final[TokenVectors] = np.zeros((0, WIDTH), dtype=np.int8)
"""The token vectors of an embedder that has none."""


@cache
def projection(width: int) -> Floats:
    """float32[width, WIDTH]: a cosine transform after random signs, of which random rows are kept.

    It keeps angles as well as a projection learned from the docs does (Ailon and Chazelle 2009),
    and it is the same for every index: nothing to store, and token vectors can be reused. Python
    guarantees what `random` gives for a seed.
    """
    chance = random.Random(0)  # noqa: S311 - no secret
    signs = np.array([1.0 if chance.getrandbits(1) else -1.0 for _ in range(width)])
    frequencies = np.array(sorted(chance.sample(range(1, width), min(WIDTH, width - 1))))
    basis = np.cos(np.pi * (np.arange(width)[:, None] + 0.5) * frequencies[None, :] / width) * np.sqrt(2.0 / width)
    whole = np.zeros((width, WIDTH))
    whole[:, : len(frequencies)] = signs[:, None] * basis
    return np.asarray(whole, dtype=np.float32)


def project(states: Floats) -> Floats:
    """float32[n, d] -> float32[n, WIDTH], rows of length 1."""
    return unit_rows(states @ projection(states.shape[1]))


def compress(states: Floats) -> TokenVectors:
    """float32[n, d] -> int8[n, WIDTH]."""
    return np.asarray(np.clip(np.round(project(states) * SCALE), -127, 127), dtype=np.int8)


def unit_rows(rows: Floats) -> Floats:
    """Each row scaled to length 1."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def word_at(text: str, start: int, end: int) -> str:
    """The run of letters and digits around the token text[start:end]; "" for a mark."""
    if not text[start:end].isalnum():
        return ""
    while start > 0 and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum():
        end += 1
    return text[start:end]
