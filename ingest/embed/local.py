"""Any sentence-transformers model, by name or folder. The only file that knows sentence-transformers."""

import contextlib
import hashlib
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from ingest.core.errors import ModelError
from ingest.core.records import Count
from ingest.embed.base import CHUNK_TOKENS, Vectors, normalize_rows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH: Final = 32
_SAMPLE: Final = 65_536
_SAMPLES: Final = 64


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
        """Of a folder, its name and a hash of its files; of a model from the hub, its name and revision."""
        folder = Path(self.name)
        if folder.is_dir():
            return f"{folder.name}/{_hash_of(folder)[:12]}"
        return f"{self.name}/{_revision(self.name) or (self._model and _revision(self.name)) or 'unknown'}"

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

    def embed(self, texts: Sequence[str], progress: Count) -> Vectors:
        """Embed passages, with the model's document prompt where it has one."""
        return encode(self._model, texts, progress)

    def states(self, texts: Sequence[str], progress: Count) -> list[tuple[list[int], Vectors, Vectors]]:
        """Of each passage the token ids, their states float32[n, d], and its vector float32[d], in one pass."""
        progress(0, len(texts))
        with _quiet():
            encoded = self._model.encode_document(
                list(texts), batch_size=_BATCH, output_value=None, convert_to_numpy=False, show_progress_bar=False
            )
        progress(len(texts), len(texts))
        vectors = normalize_rows(
            np.stack([one["sentence_embedding"].numpy() for one in encoded]), len(texts), self.name
        )
        real = [one["attention_mask"].numpy() > 0 for one in encoded]  # the others are padding
        return [
            (one["input_ids"].numpy()[mask].tolist(), one["token_embeddings"].numpy()[mask], vector)
            for one, mask, vector in zip(encoded, real, vectors, strict=True)
        ]

    def embed_query(self, text: str) -> Vectors:
        """Embed a question, with the model's query prompt where it has one."""
        with _quiet():
            vector = self._model.encode_query(text, convert_to_numpy=True, show_progress_bar=False)
        return np.asarray(normalize_rows(np.asarray(vector, dtype=np.float32)[None], 1, self.name)[0])


def _hash_of(folder: Path) -> str:
    """A hash of every file: its name, its size, and samples of it, since weights may have gigabytes.

    Training moves all weights, so samples tell one training from another.
    """
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder).as_posix()} {size}\n".encode())
        with path.open("rb") as file:
            for start in range(0, size, max(_SAMPLE, size // _SAMPLES)):
                file.seek(start)
                digest.update(file.read(_SAMPLE))
    return digest.hexdigest()


def _revision(name: str) -> str:
    """The revision of a hub's model that is in its local cache, "" where none is."""
    from huggingface_hub import try_to_load_from_cache

    with contextlib.suppress(ValueError):  # no name of a model: loading it will say so
        path = try_to_load_from_cache(name, "modules.json") or try_to_load_from_cache(name, "config.json")
        return Path(path).parent.name[:12] if isinstance(path, str) else ""
    return ""


def load(name: str) -> "SentenceTransformer":
    """Load a model from a folder, or from the hub's cache, or from the hub. Raises ModelError."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # the tokenizer warns of forks otherwise
    if Path(name).is_dir():
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with _quiet():
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        for library in ("huggingface_hub", "sentence_transformers", "transformers"):
            logging.getLogger(library).setLevel(logging.ERROR)  # each retry would be a warning
        try:
            return SentenceTransformer(name, device="cpu", trust_remote_code=False)
        except Exception as error:  # the library raises whatever its parts raise
            if os.environ.get("HF_HUB_OFFLINE") == "1" and not Path(name).is_dir():
                hint = "leave out --no-llm once, which downloads it, or use --embedder minilm"
                raise ModelError(
                    f"the embedder {name!r} is not on this machine, and the hub may not be asked", hint
                ) from error
            hint = "give the name of a sentence-transformers model or a folder that holds one, or use --embedder minilm"
            raise ModelError(f"the embedder {name!r} can't be loaded: {_first_line(error)}", hint) from error


def encode(model: "SentenceTransformer", texts: Sequence[str], progress: Count) -> Vectors:
    """Embed texts: float32[n, d] in the given order. The library sorts them by length, which saves padding."""
    progress(0, len(texts))
    if not texts:
        return np.zeros((0, 0), dtype=np.float32)
    with _quiet():
        vectors = model.encode_document(list(texts), batch_size=_BATCH, convert_to_numpy=True, show_progress_bar=False)
    progress(len(texts), len(texts))
    return normalize_rows(np.asarray(vectors, dtype=np.float32), len(texts), "the embedder")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide the libraries' warnings: a user can mend none of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
