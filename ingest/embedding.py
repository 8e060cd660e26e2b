"""What an embedder makes of one passage, and how it is kept as bytes. Pure."""

import struct
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.token_vectors import NONE, WIDTH, TokenVectors

_HEAD: Final = struct.Struct("<I")


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """`vector`: float32[d], length 1. `tokens`: int8[n, WIDTH], n = 0 where the embedder tells no states of tokens."""

    vector: NDArray[np.float32]
    tokens: TokenVectors = field(default_factory=lambda: NONE)

    @property
    def nbytes(self) -> int:
        """The length of what `pack` gives."""
        return _HEAD.size + 4 * len(self.vector) + self.tokens.nbytes

    def pack(self) -> bytes:
        """The number of dimensions, the vector, the tokens, all little-endian."""
        vector = np.asarray(self.vector, dtype="<f4")
        return _HEAD.pack(len(vector)) + vector.tobytes() + np.asarray(self.tokens, dtype=np.int8).tobytes()

    @classmethod
    def unpack(cls, data: bytes) -> "Embedding":
        """What `pack` gave. Raises ValueError for what it can't have given."""
        if len(data) < _HEAD.size:
            message = "no embedding"
            raise ValueError(message)
        start = _HEAD.size + 4 * _HEAD.unpack_from(data)[0]
        vector = np.frombuffer(data[_HEAD.size : start], dtype="<f4").astype(np.float32)
        return cls(vector, np.frombuffer(data[start:], dtype=np.int8).reshape(-1, WIDTH))
