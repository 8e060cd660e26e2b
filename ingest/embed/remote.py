"""Texts -> vectors through an embedding model behind `/embeddings`."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from ingest.core.deadline import Deadline, limit
from ingest.core.errors import ModelError
from ingest.core.settings import Settings
from ingest.embed.base import CHUNK_TOKENS, Embedding, QueryEmbedding, Vectors, normalize_rows
from ingest.openrouter.client import is_openrouter, load, post_json

_BATCH: Final = 64
"""Texts per request: no limit is documented; small enough for every provider's body limit."""
_PATIENCE: Final = 300.0
"""Seconds for one batch of a reindex with all its attempts: nobody waits for it, and a minute's limit passes."""


class OpenRouterEmbedder:
    """A remote embedding model; its dimension is known after the first answer. Only OpenRouter's names need a "/"."""

    remote = True
    has_tokens = False
    batch_size = _BATCH
    max_tokens = CHUNK_TOKENS

    def __init__(self, slug: str, settings: Settings) -> None:
        if not slug or ("/" not in slug and is_openrouter(settings)):
            raise ModelError(
                f"{slug!r} is not a model of OpenRouter", "slugs look like openrouter:qwen/qwen3-embedding-8b"
            )
        self._slug = slug
        self._settings = settings
        self.name = f"openrouter:{slug}"
        self.fingerprint = f"{self.name}/float"
        self.dimension = 0

    def count(self, text: str) -> int:
        """Word pieces of MiniLM: the model's own tokenizer is not known, and theirs are rarely finer."""
        from ingest.embed.minilm import MiniLm

        if not hasattr(self, "_counter"):
            self._counter = MiniLm()
        return self._counter.count(text)

    def embed_stream(self, texts: Sequence[str]) -> Iterator[tuple[int, Embedding]]:
        """Embed passages in batches."""
        for start in range(0, len(texts), _BATCH):
            vectors = self._batch(list(texts[start : start + _BATCH]))
            yield from ((start + at, Embedding(vector)) for at, vector in enumerate(vectors))

    def embed_query(self, text: str) -> QueryEmbedding:
        """Embed a question."""
        load()
        return QueryEmbedding(self._request([text], "search_query", limit(self._settings.timeout))[0])

    def _batch(self, texts: list[str]) -> Vectors:
        """Embed a batch, in halves where it is too large for the server."""
        try:
            return self._request(texts, "search_document", Deadline(max(_PATIENCE, self._settings.timeout)), 5)
        except ModelError as error:
            if not error.too_long or len(texts) == 1:
                raise
        half = len(texts) // 2
        return np.concatenate([self._batch(texts[:half]), self._batch(texts[half:])])

    def _request(self, texts: list[str], input_type: str, deadline: Deadline, attempts: int = 3) -> Vectors:
        # Without encoding_format some models answer with nothing.
        body = {"model": self._slug, "input": texts, "encoding_format": "float", "input_type": input_type}
        answer = post_json(self._settings, "/embeddings", body, deadline, attempts)
        rows = _rows(answer.get("data"))
        lengths = {len(row) for row in rows}
        if len(lengths) != 1 or len(rows) != len(texts):
            raise ModelError(f"{self._slug} gave {len(rows)} vectors for {len(texts)} texts", "try another --embedder")
        self.dimension = lengths.pop()
        return normalize_rows(np.asarray(rows, dtype=np.float32), len(texts), self._slug)


def _rows(data: Any) -> list[Vectors]:  # noqa: ANN401 - JSON of a server
    """The vectors of an answer in the order of the texts; what is none becomes one of length 0."""
    items = [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []
    if all(type(item.get("index")) is int for item in items):
        items.sort(key=lambda item: int(item["index"]))
        if [item["index"] for item in items] != list(range(len(items))):
            return []
    return [_vector(item.get("embedding")) for item in items]


def _vector(value: Any) -> Vectors:  # noqa: ANN401 - JSON of a server
    """Numbers, or base64 of little-endian float32."""
    try:
        if isinstance(value, str):
            return np.frombuffer(base64.b64decode(value, validate=True), dtype="<f4").astype(np.float32)
        row = np.asarray(value, dtype=np.float32)
    except (ValueError, TypeError, binascii.Error, OverflowError):
        return np.zeros(0, dtype=np.float32)
    return row if row.ndim == 1 else np.zeros(0, dtype=np.float32)
