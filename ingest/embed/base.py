"""What every embedder offers, and an embedding with its form as bytes. Pure."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.core.errors import ModelError
from ingest.core.records import Chunk
from ingest.embed.token_vectors import NO_TOKENS, WIDTH, TokenVectors

Vectors = NDArray[np.float32]

BUNDLED: Final = "minilm"
BATCH: Final = 32
"""Texts that a local model reads at once: more gain nothing on a processor, and cost memory."""
CHUNK_TOKENS: Final = 254
"""The largest chunk, in tokens without [CLS] and [SEP]: what MiniLM reads. Larger windows of other
models are not used, because long chunks blur what they say and cost the reader's time."""


NO_VECTOR: Final = np.zeros(0, dtype=np.float32)
"""The vector of a passage by a model that has token vectors alone."""


@dataclass(frozen=True, slots=True, eq=False)
class QueryEmbedding:
    """An embedded question: `vector` float32[d], of length 1.

    Where the embedder has token vectors: `tokens` float32[n, WIDTH], rows of length 1, and `spans[i]`,
    the place of token i in the question, in characters.
    """

    vector: Vectors
    tokens: Vectors = field(default_factory=lambda: NO_TOKENS.astype(np.float32))
    spans: tuple[tuple[int, int], ...] = ()
    added: Vectors | None = None
    """The vector of a second embedder, float32[e], of length 1."""

    @property
    def dimension(self) -> int:
        """The length of the vector that the user's choice of embedder decides."""
        return len(self.vector if self.added is None else self.added)


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """`vector`: float32[d], length 1. `tokens`: int8[n, WIDTH], n = 0 for an embedder without token vectors."""

    vector: NDArray[np.float32]
    tokens: TokenVectors = field(default_factory=lambda: NO_TOKENS)
    added: NDArray[np.float32] | None = None
    """The vector of a second embedder, float32[e], of length 1."""
    late: TokenVectors | None = None
    """The token vectors of a late-interaction model of its own; `pack` leaves them out."""

    @property
    def dimension(self) -> int:
        """The length of the vector that the user's choice of embedder decides."""
        return len(self.vector if self.added is None else self.added)

    def pack(self) -> bytes:
        """The number of dimensions, the vector, the tokens, all little-endian.

        With an added vector, that number has the bit _ADDED, and the added vector with its own number follows it.
        """
        vector, tokens = np.asarray(self.vector, dtype="<f4"), np.asarray(self.tokens, dtype=np.int8)
        if self.added is None:
            return _HEAD.pack(len(vector)) + vector.tobytes() + tokens.tobytes()
        added = np.asarray(self.added, dtype="<f4")
        heads = _HEAD.pack(len(vector) | _ADDED), _HEAD.pack(len(added))
        return heads[0] + heads[1] + added.tobytes() + vector.tobytes() + tokens.tobytes()

    @classmethod
    def unpack(cls, data: bytes) -> "Embedding":
        """Reverse `pack`. Raises ValueError for other bytes."""
        if len(data) < _HEAD.size:
            message = "not an embedding"
            raise ValueError(message)
        (count,), at, added = _HEAD.unpack_from(data), _HEAD.size, None
        if count & _ADDED:
            length = int.from_bytes(data[at : at + _HEAD.size], "little")
            added, at = _floats(data, at + _HEAD.size, length), at + _HEAD.size + 4 * length
        vector = _floats(data, at, count & ~_ADDED)
        tokens = np.frombuffer(data[at + 4 * len(vector) :], dtype=np.int8).reshape(-1, WIDTH)
        return cls(vector, tokens, added)


class PassageEmbedder(Protocol):
    """What a build of an index needs of a model."""

    @property
    def batch_size(self) -> int:
        """How many texts are embedded together. Results are kept in groups of this size."""

    def embed_stream(self, texts: Sequence[str]) -> Iterator[tuple[int, Embedding]]:
        """Embed passages, and yield (position in `texts`, embedding) as each is ready, in any order.

        Vectors have length 1. Raises ModelError, after which what was yielded is good.
        """


class Embedder(PassageEmbedder, Protocol):
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

    @property
    def has_tokens(self) -> bool:
        """Whether embeddings come with token vectors, for late interaction."""

    def count(self, text: str) -> int:
        """The tokens of `text` without special tokens."""

    def embed_query(self, text: str) -> QueryEmbedding:
        """Embed a question. Raises ModelError."""


class LateScorer(PassageEmbedder, Protocol):
    """A late-interaction model that scores passages next to the embedder.

    Its embeddings have token vectors alone: an index stores them, so that a question encodes no passage.
    """

    name: str

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same text would get other token vectors."""

    def scores(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """How well each passage matches the question, float32[len(passages)]. Raises ModelError."""

    def stored_scores(self, question: str, passages: Sequence[TokenVectors]) -> NDArray[np.float32]:
        """The same for passages by their stored token vectors. Raises ModelError."""


def embedding_text(chunk: Chunk) -> str:
    """The text of a chunk that is embedded: its context (title, headings …), then its text."""
    return f"{chunk.context}\n{chunk.text}"


def normalize_rows(vectors: Vectors, count: int, name: str) -> Vectors:
    """Scale `vectors` to length 1. Raises ModelError for the wrong shape, for NaN and for zero vectors."""
    if vectors.ndim != 2 or len(vectors) != count:
        raise ModelError(f"{name} gave {vectors.shape} vectors for {count} texts", "try another --embedder")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths < 1e-6).any():
        raise ModelError(f"{name} gave a vector that is zero or not finite", "try another --embedder")
    return np.asarray(vectors / lengths, dtype=np.float32)


_HEAD: Final = struct.Struct("<I")
_ADDED: Final = 1 << 31


def _floats(data: bytes, start: int, count: int) -> Vectors:
    """`count` little-endian floats. Raises ValueError where there are fewer."""
    if len(data) < start + 4 * count:
        message = "not an embedding"
        raise ValueError(message)
    return np.frombuffer(data, dtype="<f4", count=count, offset=start).astype(np.float32)


def embed_all(embedder: Embedder, texts: Sequence[str]) -> list[Embedding]:
    """Embed passages, in their order. Raises ModelError."""
    found = dict(embedder.embed_stream(texts))
    return [found[at] for at in range(len(texts))]
