"""Token vectors of claims and passages by the bundled model: those of the index where it has them, else encoded.

To encode a claim of 25 words takes about 10 ms in numpy, a passage of 160 about 100 ms; nothing here loads torch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.embed.base import embedding_text
from ingest.embed.minilm import MiniLm
from ingest.embed.token_vectors import SCALE, TokenVectors, word_at
from ingest.text.terms import STOPWORDS, stem
from rag.records import Hit

Floats = NDArray[np.float32]

StoredTokens = Callable[[Sequence[int]], Sequence[TokenVectors]]
"""Token vectors of the chunks at these rows of an index."""

_CLAIMS = 256
_PASSAGES = 256
"""Texts whose vectors are kept: at most 32 kB a passage."""


@dataclass(frozen=True, slots=True, eq=False)
class ClaimTokens:
    """`vectors` float32[n, WIDTH], rows of length 1; `weights` float32[n], their sum 1: 0 for marks and stop words."""

    vectors: Floats
    weights: Floats


@dataclass(frozen=True, slots=True)
class TokenReader:
    """Reads the token vectors that `closeness` compares. `stored` None: passages are of no index of the model."""

    stored: StoredTokens | None = None
    _found: dict[int, Floats] = field(default_factory=dict)

    def claim(self, text: str) -> ClaimTokens:
        """The tokens of a sentence; pieces beyond the 254th are not read."""
        return _claim_tokens(text)

    def passage(self, hit: Hit) -> Floats:
        """The tokens of a passage in their order, float32[n, WIDTH]. Raises IndexDamaged."""
        parts = hit.parts or (hit,)
        return np.concatenate([self._stored(part) if part.row >= 0 else _encoded(part) for part in parts])

    def _stored(self, hit: Hit) -> Floats:
        if self.stored is None:
            return _encoded(hit)
        if hit.row not in self._found:
            self._found[hit.row] = _scaled(self.stored([hit.row])[0])
        return self._found[hit.row]


def _encoded(hit: Hit) -> Floats:
    return _passage_tokens(embedding_text(hit.chunk))


@cache
def _model() -> MiniLm:
    return MiniLm()


@lru_cache(maxsize=_CLAIMS)
def _claim_tokens(text: str) -> ClaimTokens:
    query = _model().embed_query(text)
    weights = np.array([_counts(text, *span) for span in query.spans], dtype=np.float32)
    total = float(weights.sum())
    shares = weights / total if total else np.full(len(weights), 1 / max(1, len(weights)), dtype=np.float32)
    return ClaimTokens(query.tokens, shares)


def _counts(text: str, start: int, end: int) -> bool:
    """Whether a token is of a word with content."""
    word = word_at(text, start, end).lower()
    return bool(word) and word not in STOPWORDS and stem(word) not in STOPWORDS


@lru_cache(maxsize=_PASSAGES)
def _passage_tokens(text: str) -> Floats:
    model = _model()
    found = [model.embed_tokens(piece) for piece in model.split(text)]
    return _scaled(np.concatenate(found)) if found else np.zeros((0, 0), dtype=np.float32)


def _scaled(tokens: TokenVectors) -> Floats:
    return np.asarray(tokens, dtype=np.float32) / np.float32(SCALE)


ENCODED: Final = TokenReader()
"""Encodes every passage."""
