"""Chunks -> vectors: those of the last generation, those of the cache, and the rest from the embedder."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from ingest.embed import Embedder, TokenEmbedder, Vectors, embedding_text
from ingest.embedding import Embedding
from ingest.errors import IndexDamaged
from ingest.generations import Generation
from ingest.progress import Count, Progress
from ingest.records import Chunk
from ingest.store import Store
from ingest.token_vectors import TokenVectors
from ingest.vector_cache import VectorCache

Known = Mapping[str, Embedding]
"""Vectors of an earlier generation by the hash of the embedded text."""

_SLICE: Final = 64
"""Texts between two entries into the cache: a few seconds of work that an interruption may cost."""


def text_hash(chunk: Chunk) -> str:
    """What a vector depends on beside the model, as SHA-256 in hex."""
    return hashlib.sha256(embedding_text(chunk).encode("utf-8", "surrogatepass")).hexdigest()


def known_vectors(generation: Generation, chunks: Iterable[Chunk]) -> Known:
    """The vectors that a generation has for the texts of these chunks, by the hash of the text.

    None where they are damaged, which is not seen before they are read: then the cache has them, or
    they are made anew.
    """
    wanted = {text_hash(chunk) for chunk in chunks}
    if not wanted:
        return {}
    store = Store(generation)
    try:
        rows = {text: row for row, chunk in enumerate(store.all_chunks()) if (text := text_hash(chunk)) in wanted}
        vectors, tokens = store.vectors(), store.tokens(list(rows.values()))
    except IndexDamaged:
        return {}
    return {text: Embedding(vectors[row], some) for (text, row), some in zip(rows.items(), tokens, strict=True)}


def vectors_of(
    chunks: Sequence[Chunk], known: Known, embedder: Embedder, progress: Progress, cache: VectorCache
) -> dict[str, Embedding]:
    """A vector for the text of every chunk, by its hash. What had to be embedded stands in `cache.fresh`.

    Equal texts are embedded once, the longest first, so that batches carry little padding. What was
    made is in the cache even when a later batch fails. Raises ModelError.
    """
    texts = {text_hash(chunk): embedding_text(chunk) for chunk in chunks}
    found = {name: known[name] for name in texts if name in known}
    found |= cache.get(texts.keys() - found.keys())
    _embed({name: text for name, text in texts.items() if name not in found}, embedder, progress, cache)
    found |= {name: cache.fresh[name] for name in texts if name in cache.fresh}
    if len({embedding.vector.shape for embedding in found.values()}) > 1:  # the model behind a remote name has changed
        _embed(texts, embedder, progress, cache)
        found = {name: cache.fresh[name] for name in texts}
    return found


def matrix(chunks: Sequence[Chunk], vectors: Mapping[str, Embedding]) -> Vectors:
    """float32[len(chunks), d]: row i is the vector of chunk i."""
    return np.stack([vectors[text_hash(chunk)].vector for chunk in chunks])


def token_matrices(chunks: Sequence[Chunk], vectors: Mapping[str, Embedding]) -> list[TokenVectors]:
    """int8[n, WIDTH] for each chunk."""
    return [vectors[text_hash(chunk)].tokens for chunk in chunks]


def _embed(texts: Mapping[str, str], embedder: Embedder, progress: Progress, cache: VectorCache) -> None:
    names = sorted(texts, key=lambda name: len(texts[name]), reverse=True)
    for start in range(0, len(names), _SLICE):
        chosen = names[start : start + _SLICE]

        def count(done: int, _total: int, start: int = start) -> None:
            progress("embed", start + done, len(names))

        cache.put(dict(zip(chosen, _embeddings(embedder, [texts[name] for name in chosen], count), strict=True)))


def _embeddings(embedder: Embedder, texts: Sequence[str], progress: Count) -> list[Embedding]:
    if isinstance(embedder, TokenEmbedder):
        return embedder.embed_tokens(texts, progress)
    return [Embedding(vector) for vector in embedder.embed(texts, progress)]
