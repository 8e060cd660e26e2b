"""Chunks -> vectors: those of the last generation, those of the cache, and the rest from the embedder."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from ingest.core.errors import IndexDamaged
from ingest.core.records import Chunk, Count, Progress
from ingest.embed.base import Embedder, Embedding, TokenEmbedder, embedding_text
from ingest.embed.cache import VectorCache
from ingest.index.database import Store
from ingest.index.generations import Generation

Known = Mapping[str, Embedding]
"""Vectors of an earlier generation by the hash of the embedded text."""

_SLICE: Final = 64
"""Texts between two entries into the cache: a few seconds of work that an interruption may cost."""


def text_hash(text: str) -> str:
    """What a vector depends on beside the model, as SHA-256 in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def texts_of(chunks: Iterable[Chunk]) -> tuple[list[str], dict[str, str]]:
    """The hash of each chunk's embedded text, and the texts by their hash: equal ones stand there once."""
    texts = [embedding_text(chunk) for chunk in chunks]
    names = [text_hash(text) for text in texts]
    return names, dict(zip(names, texts, strict=True))


def known_vectors(generation: Generation | None, wanted: Collection[str]) -> Known:
    """The vectors that a generation has for texts of these hashes.

    None where they are damaged, which is not seen before they are read: then the cache has them, or
    they are made anew.
    """
    if not wanted or generation is None:
        return {}
    store = Store(generation)
    try:
        names = texts_of(store.all_chunks())[0]
        rows = {name: row for row, name in enumerate(names) if name in wanted}
        vectors, tokens = store.vectors(), store.tokens(list(rows.values()))
    except IndexDamaged:
        return {}
    return {name: Embedding(vectors[row], some) for (name, row), some in zip(rows.items(), tokens, strict=True)}


def vectors_of(
    texts: Mapping[str, str], known: Known, embedder: Embedder, progress: Progress, cache: VectorCache
) -> dict[str, Embedding]:
    """A vector for every text, by its hash. What had to be embedded stands in `cache.fresh`.

    The longest are embedded first, so that batches carry little padding. What was made is in the
    cache even when a later batch fails. Raises ModelError.
    """
    found = {name: known[name] for name in texts if name in known}
    found |= cache.get(texts.keys() - found.keys())
    _embed({name: text for name, text in texts.items() if name not in found}, embedder, progress, cache)
    found |= {name: cache.fresh[name] for name in texts if name in cache.fresh}
    if len({embedding.vector.shape for embedding in found.values()}) > 1:  # the model behind a remote name has changed
        _embed(texts, embedder, progress, cache)
        found = {name: cache.fresh[name] for name in texts}
    return found


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
