"""How well the best place of the cited passages matches a claim, token by token. Pure; numpy only.

Words in common miss a paraphrase; the states of tokens do not. The place is a window of tokens, in proportion to the
claim: whatever a long passage says elsewhere does not count.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ingest.embed.token_vectors import unit_rows
from rag.records import Hit
from rag.verify.token_reader import ClaimTokens, TokenReader

Floats = NDArray[np.float32]

WEIGHTS_FILE: Final = Path(__file__).with_name("support.json")
"""The weights of `probability`, fitted by tests/bench/support.py on the development part of AttributionBench."""
_WEIGHTS: Final[dict[str, float]] = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))["weights"]

_LEAST: Final = 16
_FACTOR: Final = 2
"""A window has so many tokens for each of the claim's, and at least `_LEAST`."""
_STEP: Final = 4
"""Tokens from one window to the next."""


def probability(claim: str, hits: Sequence[Hit], tokens: TokenReader) -> float:
    """How probable it is that the passages support a claim that nothing in them contradicts, 0..1.

    Raises IndexDamaged.
    """
    asked = tokens.claim(claim)
    match = closeness(asked, [tokens.passage(hit) for hit in hits])
    return 1 / (1 + math.exp(-_WEIGHTS["match"] * match - _WEIGHTS["intercept"]))


def closeness(claim: ClaimTokens, passages: Sequence[Floats]) -> float:
    """The weighted mean over the claim's tokens of the best cosine with a token of one window, for the best window.

    MaxSim (Khattab and Zaharia 2020) within a window; about 0..1, and 0 without tokens.
    """
    read = [passage for passage in passages if len(passage)]
    if not read or not len(claim.vectors):
        return 0.0
    cosine = unit_rows(claim.vectors) @ unit_rows(np.concatenate(read)).T
    size = max(_LEAST, _FACTOR * len(claim.vectors))
    if cosine.shape[1] <= size:
        return float(claim.weights @ cosine.max(axis=1))
    windows: Any = sliding_window_view(cosine, size, axis=1)[:, ::_STEP]
    return float((claim.weights @ windows.max(axis=2)).max())
