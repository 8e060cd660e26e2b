"""Texts -> vectors. The protocol, and the choice of an embedder by its name.

What an embedder makes of one passage, and how it is kept as bytes. Pure.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ingest.core.errors import ModelError
from ingest.core.records import Chunk, Count
from ingest.embed.token_vectors import NO_TOKENS, WIDTH, TokenVectors

Vectors = NDArray[np.float32]

BUNDLED: Final = "minilm"
CHUNK_TOKENS: Final = 254
"""The largest chunk, in tokens without [CLS] and [SEP]: what MiniLM reads. Larger windows of other
models are not used, because long chunks blur what they say and cost the reader's time."""


class Embedder(Protocol):
    """A model that turns texts into vectors of length 1."""

    @property
    def name(self) -> str:
        """What the user calls it."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same text would get another vector."""

    @property
    def dimension(self) -> int:
        """Length of a vector; 0 while a remote model has not answered yet."""

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text are read, special tokens left out."""

    @property
    def remote(self) -> bool:
        """Whether embedding sends text over the network."""

    def count(self, text: str) -> int:
        """The tokens of `text` without special tokens."""

    def embed(self, texts: Sequence[str], progress: Count) -> Vectors:
        """Embed passages: float32[len(texts), dimension], rows of length 1. Raises ModelError."""

    def embed_query(self, text: str) -> Vectors:
        """Embed a question: float32[dimension] of length 1. Raises ModelError."""


@dataclass(frozen=True, slots=True, eq=False)
class QueryEmbedding:
    """A question as a TokenEmbedder sees it: `vector` float32[d]; `tokens` float32[n, WIDTH], rows of length 1.

    `spans[i]` is the place of token i in the question, in characters.
    """

    vector: Vectors
    tokens: Vectors
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """`vector`: float32[d], length 1. `tokens`: int8[n, WIDTH], n = 0 where the embedder tells no states of tokens."""

    vector: NDArray[np.float32]
    tokens: TokenVectors = field(default_factory=lambda: NO_TOKENS)

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


@runtime_checkable
class TokenEmbedder(Protocol):
    """An embedder that also tells the states of single tokens, for late interaction."""

    def embed_tokens(self, texts: Sequence[str], progress: Count) -> list[Embedding]:
        """Embed passages with their tokens. Raises ModelError."""

    def ask(self, text: str) -> QueryEmbedding:
        """Embed a question with its tokens. Raises ModelError."""


def embedding_text(chunk: Chunk) -> str:
    """What stands for a chunk in the vector space: its context (title, headings …), then its text."""
    return f"{chunk.context}\n{chunk.text}"


def normalize_rows(vectors: Vectors, count: int, name: str) -> Vectors:
    """`vectors` scaled to length 1. Raises ModelError for the wrong shape, for NaN and for zero vectors."""
    if vectors.ndim != 2 or len(vectors) != count:
        raise ModelError(f"{name} gave {vectors.shape} vectors for {count} texts", "try another --embedder")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths < 1e-6).any():
        raise ModelError(f"{name} gave a vector that is zero or not finite", "try another --embedder")
    return np.asarray(vectors / lengths, dtype=np.float32)


_HEAD: Final = struct.Struct("<I")
