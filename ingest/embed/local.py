"""Any embedder of sentence-transformers, by name or folder: dense, sparse or with a vector for each token."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ingest.embed.base import BATCH, CHUNK_TOKENS, Embedding, QueryEmbedding, Vectors, normalize_rows
from ingest.embed.hashing import HASHED, hash_weights
from ingest.embed.loading import fingerprint_of, load, quiet, revision_of


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """One text as a model sees it: token ids, their states float32[n, d], and its vector float32[d]."""

    ids: list[int]
    states: Vectors
    vector: Vectors


class LocalModel:
    """A sentence-transformers model; loading it takes seconds, so it is loaded when first used.

    Of a sparse model, the vector is its word weights hashed; of one with a vector for each token, their mean (its late
    interaction is another signal: see late_model).
    """

    remote = False
    has_tokens = False
    batch_size = BATCH

    def __init__(self, name: str, device: str = "auto", precision: str = "auto") -> None:
        self.name = name
        self._device, self._precision = device, precision
        self._loading = threading.Lock()
        self._loaded: Any = None

    @property
    def _model(self) -> Any:  # noqa: ANN401 - one of the library's classes
        with self._loading:  # threads that ask at the same time wait for one load
            if self._loaded is None:
                self._loaded = load(
                    self.name, self._device, ("SentenceTransformer", "SparseEncoder", "MultiVectorEncoder")
                )
            return self._loaded

    @cached_property
    def fingerprint(self) -> str:
        """Of a folder, its name and a hash of its files; of a model from the hub, its name and revision."""
        forced = "/bf16" if self._precision == "bf16" else ""  # what it costs was measured for the bundled model alone
        if not Path(self.name).is_dir() and not revision_of(self.name):
            _ = self._model  # fetching it makes the revision known
        return fingerprint_of(self.name) + forced

    @cached_property
    def dimension(self) -> int:
        """Length of a vector."""
        return HASHED if self._kind == "SparseEncoder" else int(self._model.get_embedding_dimension() or 0)

    @property
    def _kind(self) -> str:
        return str(self._model.model_type)

    @cached_property
    def max_tokens(self) -> int:
        """The model's window without special tokens, at most CHUNK_TOKENS."""
        window = int(self._model.max_seq_length or CHUNK_TOKENS + 2)
        return min(CHUNK_TOKENS, window - int(self._model.tokenizer.num_special_tokens_to_add()))

    def count(self, text: str) -> int:
        """Tokens of `text` by the model's own tokenizer."""
        return len(self._model.tokenizer.encode(text, add_special_tokens=False, verbose=False))

    def embed_stream(self, texts: Sequence[str]) -> Iterator[tuple[int, Embedding]]:
        """Embed passages, with the model's document prompt where it has one."""
        for start in range(0, len(texts), BATCH):
            part = list(texts[start : start + BATCH])
            with quiet(), _autocast(self._model.device.type, enabled=self._precision == "bf16"):
                encoded = self._model.encode_document(part, batch_size=BATCH, show_progress_bar=False)
            vectors = normalize_rows(self._rows(encoded), len(part), self.name)
            yield from ((start + at, Embedding(vector)) for at, vector in enumerate(vectors))

    def encode_stream(self, texts: Sequence[str]) -> Iterator[tuple[int, Encoded]]:
        """Encode passages, and yield (position, token states and vector), each batch in one pass.

        The pass is in bf16 where the processor computes in it, unless fp32 is asked for.
        """
        bf16 = self._precision == "bf16" or (self._precision == "auto" and has_bf16(self._model.device.type))
        for start in range(0, len(texts), BATCH):
            part = list(texts[start : start + BATCH])
            with quiet(), _autocast(self._model.device.type, enabled=bf16):
                encoded = self._model.encode_document(
                    part, batch_size=BATCH, output_value=None, convert_to_numpy=False, show_progress_bar=False
                )
            stacked = np.stack([one["sentence_embedding"].float().cpu().numpy() for one in encoded])
            vectors = normalize_rows(stacked, len(part), self.name)
            for at, (one, vector) in enumerate(zip(encoded, vectors, strict=True)):
                real = one["attention_mask"].cpu().numpy() > 0  # the others are padding
                ids = one["input_ids"].cpu().numpy()[real].tolist()
                yield start + at, Encoded(ids, one["token_embeddings"].float().cpu().numpy()[real], vector)

    def embed_query(self, text: str) -> QueryEmbedding:
        """Embed a question, with the model's query prompt where it has one."""
        with quiet():
            encoded = self._model.encode_query([text], show_progress_bar=False)
        return QueryEmbedding(normalize_rows(self._rows(encoded), 1, self.name)[0])

    def _rows(self, encoded: Any) -> Vectors:  # noqa: ANN401 - array, sparse tensor or list of tensors, by kind
        """One vector for each text of a batch, of any length."""
        if self._kind == "SparseEncoder":
            weights = encoded.coalesce().cpu()
            (rows, columns), values = weights.indices().numpy(), weights.values().float().numpy()
            return hash_weights(rows, columns, values, weights.shape[0])
        if self._kind == "MultiVectorEncoder":
            return np.stack([one.float().cpu().numpy().mean(axis=0) for one in encoded])
        return np.asarray(encoded, dtype=np.float32)


def has_bf16(device: str) -> bool:
    """Whether a processor multiplies in bf16 by instructions of its own (AVX-512 BF16, AMX, Arm BF16).

    Asked of the processor, through torch. Where it has none, torch emulates them, which is slower than fp32.
    On other devices False: fp32 is fast there, and the loss was not measured.
    """
    if device != "cpu":
        return False
    from torch.cpu import get_capabilities

    return any(found is True for name, found in get_capabilities().items() if name.endswith("bf16"))


@contextlib.contextmanager
def _autocast(device: str, *, enabled: bool) -> Iterator[None]:
    """Multiply in bf16 within the block: half the bits of a float32, with all of its range."""
    import torch

    with torch.autocast(device, dtype=torch.bfloat16, enabled=enabled):
        yield
