"""Any sentence-transformers model, by name or folder, for embedding."""

import contextlib
import hashlib
import json
import logging
import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from ingest.core.errors import ModelError
from ingest.embed.base import BATCH, CHUNK_TOKENS, Embedding, QueryEmbedding, Vectors, normalize_rows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_KIND_FILE: Final = "config_sentence_transformers.json"
_SAMPLE: Final = 65_536
_SAMPLES: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """One text as a model sees it: token ids, their states float32[n, d], and its vector float32[d]."""

    ids: list[int]
    states: Vectors
    vector: Vectors


class LocalModel:
    """A sentence-transformers model; loading it takes seconds, so it is loaded when first used."""

    remote = False
    has_tokens = False
    batch_size = BATCH

    def __init__(self, name: str, device: str = "auto", precision: str = "auto") -> None:
        self.name = name
        self._device, self._precision = device, precision
        self._loading = threading.Lock()
        self._loaded: SentenceTransformer | None = None

    @property
    def _model(self) -> "SentenceTransformer":
        with self._loading:  # threads that ask at the same time wait for one load
            if self._loaded is None:
                self._loaded = load(self.name, self._device)
            return self._loaded

    @cached_property
    def fingerprint(self) -> str:
        """Of a folder, its name and a hash of its files; of a model from the hub, its name and revision."""
        folder = Path(self.name)
        forced = "/bf16" if self._precision == "bf16" else ""  # what it costs was measured for the bundled model alone
        if folder.is_dir():
            return f"{folder.name}/{_hash_of(folder)[:12]}{forced}"
        revision = _revision(self.name) or (self._model and _revision(self.name)) or "unknown"
        return f"{self.name}/{revision}{forced}"

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

    def embed_stream(self, texts: Sequence[str]) -> Iterator[tuple[int, Embedding]]:
        """Embed passages, with the model's document prompt where it has one."""
        for start in range(0, len(texts), BATCH):
            part = list(texts[start : start + BATCH])
            with _quiet(), _autocast(self._model.device.type, enabled=self._precision == "bf16"):
                encoded = self._model.encode_document(
                    part, batch_size=BATCH, convert_to_numpy=True, show_progress_bar=False
                )
            vectors = normalize_rows(np.asarray(encoded, dtype=np.float32), len(part), self.name)
            yield from ((start + at, Embedding(vector)) for at, vector in enumerate(vectors))

    def encode_stream(self, texts: Sequence[str]) -> Iterator[tuple[int, Encoded]]:
        """Encode passages, and yield (position, token states and vector), each batch in one pass.

        The pass is in bf16 where the processor computes in it, unless fp32 is asked for.
        """
        bf16 = self._precision == "bf16" or (self._precision == "auto" and has_bf16(self._model.device.type))
        for start in range(0, len(texts), BATCH):
            part = list(texts[start : start + BATCH])
            with _quiet(), _autocast(self._model.device.type, enabled=bf16):
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
        with _quiet():
            vector = self._model.encode_query(text, convert_to_numpy=True, show_progress_bar=False)
        return QueryEmbedding(normalize_rows(np.asarray(vector, dtype=np.float32)[None], 1, self.name)[0])


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


def _kind_of(name: str) -> str:
    """The class of sentence-transformers that a model was saved by; "" where it is not known."""
    from huggingface_hub import try_to_load_from_cache

    path: object = Path(name) / _KIND_FILE
    if not Path(name).is_dir():
        with contextlib.suppress(ValueError):  # not the name of a model: loading it will say so
            path = try_to_load_from_cache(name, _KIND_FILE)
    if not isinstance(path, (str, Path)):
        return ""
    try:
        return str(json.loads(Path(path).read_text(encoding="utf-8")).get("model_type", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def load(name: str, device: str = "auto") -> "SentenceTransformer":
    """Load a model from a folder, or from the hub's cache, or from the hub, onto a device. Raises ModelError."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # the tokenizer warns of forks otherwise
    if Path(name).is_dir():
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with _quiet():
        from sentence_transformers import SentenceTransformer

        silence_libraries()
        kind = _kind_of(name)
        if kind not in ("", SentenceTransformer.model_type):  # the library would convert it, and lose what it is for
            hint = "a CrossEncoder goes with --reranker" if kind == "CrossEncoder" else "name a dense model"
            raise ModelError(f"{name!r} is a {kind}, not an embedder of passages", hint)
        try:
            return SentenceTransformer(name, device=None if device == "auto" else device, trust_remote_code=False)
        except Exception as error:  # the library raises whatever its parts raise
            if os.environ.get("HF_HUB_OFFLINE") == "1" and not Path(name).is_dir():
                hint = "leave out --no-llm once, which downloads it, or use --embedder minilm"
                raise ModelError(
                    f"the embedder {name!r} is not on this machine, and the hub may not be asked", hint
                ) from error
            hint = "give the name of a sentence-transformers model or the folder of one, or use --embedder minilm"
            raise ModelError(f"the embedder {name!r} can't be loaded: {_first_line(error)}", hint) from error


def silence_libraries() -> None:
    """Turn off the progress bars and warnings of the libraries that load models: each retry would be a warning."""
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    for library in ("huggingface_hub", "sentence_transformers", "transformers"):
        logging.getLogger(library).setLevel(logging.ERROR)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide the libraries' warnings: a user can mend none of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
