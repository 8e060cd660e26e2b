"""Any sentence-transformers model, by name or folder. The only file that knows sentence-transformers."""

import contextlib
import hashlib
import os
import warnings
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from ingest.embed import CHUNK_TOKENS, Progress, Vectors, checked
from ingest.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH: Final = 32
_SLICE: Final = 256
"""Texts between two progress reports; whole batches, so that reports cost nothing."""


class LocalModel:
    """A sentence-transformers model; loading it takes seconds, so it is loaded when first used."""

    remote = False

    def __init__(self, name: str) -> None:
        self.name = name

    @cached_property
    def _model(self) -> "SentenceTransformer":
        return load(self.name)

    @cached_property
    def fingerprint(self) -> str:
        """Name, and for a folder a hash of its files' names, sizes and configurations."""
        folder = Path(self.name)
        if not folder.is_dir():
            return f"{self.name}/sentence-transformers"
        digest = hashlib.sha256()
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                digest.update(f"{path.relative_to(folder)} {path.stat().st_size}\n".encode())
                digest.update(path.read_bytes() if path.suffix == ".json" else b"")
        return f"{folder.name}/{digest.hexdigest()[:12]}"

    @cached_property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._model.get_embedding_dimension() or 0)

    @cached_property
    def max_tokens(self) -> int:
        """The model's window without special tokens, at most CHUNK_TOKENS."""
        window = int(self._model.max_seq_length or CHUNK_TOKENS + 2)
        return min(CHUNK_TOKENS, window - int(self._model.tokenizer.num_special_tokens_to_add()))

    def count(self, text: str) -> int:
        """Tokens of `text` by the model's own tokenizer."""
        return len(self._model.tokenizer.encode(text, add_special_tokens=False, verbose=False))

    def embed(self, texts: Sequence[str], progress: Progress) -> Vectors:
        """Embed passages, with the model's document prompt where it has one."""
        return encode(self._model, texts, progress)

    def embed_query(self, text: str) -> Vectors:
        """Embed a question, with the model's query prompt where it has one."""
        with _quiet():
            vector = self._model.encode_query(text, convert_to_numpy=True, show_progress_bar=False)
        return np.asarray(checked(np.asarray(vector, dtype=np.float32)[None], 1, self.name)[0])


def load(name: str) -> "SentenceTransformer":
    """Load a model from a folder, or from the hub's cache, or from the hub. Raises ModelError."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # the tokenizer warns of forks otherwise
    if Path(name).is_dir():
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with _quiet():
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        try:
            return SentenceTransformer(name, device="cpu", trust_remote_code=False)
        except Exception as error:  # the library raises whatever its parts raise
            hint = "give the name of a sentence-transformers model or a folder that holds one, or use --embedder minilm"
            raise ModelError(f"the embedder {name!r} can't be loaded: {_first_line(error)}", hint) from error


def encode(model: "SentenceTransformer", texts: Sequence[str], progress: Progress) -> Vectors:
    """Embed texts sorted by length, so that batches carry little padding: float32[n, d] in the given order."""
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]), reverse=True)
    parts: list[Vectors] = []
    progress(0, len(texts))
    for start in range(0, len(order), _SLICE):
        chosen = [texts[at] for at in order[start : start + _SLICE]]
        with _quiet():
            parts.append(
                model.encode_document(chosen, batch_size=_BATCH, convert_to_numpy=True, show_progress_bar=False)
            )
        progress(min(start + _SLICE, len(texts)), len(texts))
    if not parts:
        return np.zeros((0, 0), dtype=np.float32)
    vectors = np.concatenate(parts)
    result = np.empty_like(vectors)
    result[order] = vectors
    return checked(result, len(texts), "the embedder")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide the libraries' warnings: a user can mend none of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
