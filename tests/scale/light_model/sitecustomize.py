"""In PYTHONPATH, gives workers that embed a model which loads at once: what is killed there is not the model.

Python imports this when it starts. Each text that is embedded is a line in the file that EMBEDDED names.
"""

import importlib.abc
import importlib.util
import os
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

WORKERS = "ingest.embed.workers"
SECONDS = 0.004
"""What a text takes: a batch of 128 is half a second."""


class _Finder(importlib.abc.MetaPathFinder):
    """Replaces the model of the workers' module as soon as that is imported."""

    def find_spec(self, name: str, _path: Any, _target: Any = None) -> Any:
        """The module's own specification, with its loader wrapped."""
        if name != WORKERS:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.loader is not None
        load = spec.loader.exec_module

        def load_and_replace(module: Any) -> None:
            load(module)
            module.local_embedder = lambda _spec: LightModel()

        spec.loader.exec_module = load_and_replace  # type: ignore[method-assign] # for this module alone
        return spec


class LightModel:
    """Vectors of the bundled model's length that depend on the text alone."""

    def embed_stream(self, texts: Sequence[str]) -> Iterator[tuple[int, Any]]:
        """Embed passages, and write down each."""
        import zlib

        import numpy as np

        from ingest.embed.base import Embedding
        from ingest.embed.token_vectors import WIDTH

        for at, text in enumerate(texts):
            time.sleep(SECONDS)
            chance = np.random.default_rng(zlib.crc32(text.encode()))
            vector = chance.standard_normal(384, dtype=np.float32)
            tokens = chance.integers(-40, 41, size=(4, WIDTH), dtype=np.int8)
            with open(os.environ["EMBEDDED"], "a", encoding="utf-8") as file:  # noqa: PTH123 - as little as can be
                file.write(f"{zlib.crc32(text.encode())}\n")
            yield at, Embedding(vector / np.linalg.norm(vector), tokens)


sys.meta_path.insert(0, _Finder())
