"""Late interaction by a model that was trained for it: a second-stage signal next to any embedder."""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.core.errors import ModelError
from ingest.embed.base import BATCH, NO_VECTOR, Embedding
from ingest.embed.loading import fingerprint_of, load, quiet, revision_of
from ingest.embed.token_vectors import SCALE, WIDTH, TokenVectors, compress, project

_KEPT: Final = 1_000
"""Passages whose token vectors are kept: some 50 MB at 96 numbers a token. A question reads 50 passages."""

_UNIT: Final = 0.02
"""How far the length of a token vector may be from 1 (of half-precision models): bytes keep directions alone."""


class LateModel:
    """A MultiVectorEncoder; loaded when first used. Threads may share it.

    An index that was built with it has the token vectors of its passages, in WIDTH bytes each. Those of other passages
    are computed when a question first reaches them, and kept while the process runs.
    """

    batch_size = BATCH

    def __init__(self, name: str, device: str = "auto") -> None:
        self.name = name
        self._device = device
        self._lock = threading.Lock()
        self._loaded: Any = None
        self._states: OrderedDict[str, Any] = OrderedDict()

    @cached_property
    def fingerprint(self) -> str:
        """The files or the revision of the model, and the form in which its token vectors are stored."""
        if not Path(self.name).is_dir() and not revision_of(self.name):
            with self._lock:
                self._load()  # fetching it makes the revision known
        return f"{fingerprint_of(self.name)}/int8x{WIDTH}"

    def embed_stream(self, texts: Sequence[str]) -> Iterator[tuple[int, Embedding]]:
        """Encode passages for an index, and yield (position, token vectors), the vector empty. Raises ModelError."""
        for start in range(0, len(texts), BATCH):
            with self._lock, quiet():
                encoded = self._encode(texts[start : start + BATCH])
            for at, one in enumerate(encoded, start):
                yield at, Embedding(NO_VECTOR, compress(_unit_states(one, self.name)))

    def scores(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """How well each passage matches the question, float32[len(passages)]: the model's own MaxSim.

        Raises ModelError.
        """
        with self._lock, quiet():  # threads that ask at the same time wait for one load
            new = [text for text in dict.fromkeys(passages) if text not in self._states]
            self._states.update((text, one.half().cpu()) for text, one in zip(new, self._encode(new), strict=True))
            states = [self._states[text].float() for text in passages]
            found = self._compare(self._ask(question), states)
            self._forget(keep=len(passages))
        return found

    def stored_scores(self, question: str, passages: Sequence[TokenVectors]) -> NDArray[np.float32]:
        """The same, of passages as an index stores them: int8[n, WIDTH] each. Raises ModelError."""
        with self._lock, quiet():
            asked = project(_unit_states(self._ask(question), self.name))
            return self._compare(asked, [one / np.float32(SCALE) for one in passages])

    def _load(self) -> Any:  # noqa: ANN401 - one of the library's classes
        if self._loaded is None:
            self._loaded = load(self.name, self._device, ("MultiVectorEncoder",))
        return self._loaded

    def _ask(self, question: str) -> Any:  # noqa: ANN401 - a tensor
        return self._load().encode_query([question], show_progress_bar=False)[0].float().cpu()

    def _encode(self, texts: Sequence[str]) -> list[Any]:
        if not texts:
            return []
        return list(self._load().encode_document(list(texts), batch_size=BATCH, show_progress_bar=False))

    def _compare(self, asked: Any, states: Sequence[Any]) -> NDArray[np.float32]:  # noqa: ANN401 - tensors or arrays
        return np.asarray(self._load().similarity([asked], list(states))[0].cpu().numpy(), dtype=np.float32)

    def _forget(self, *, keep: int) -> None:
        while len(self._states) > max(_KEPT, keep):
            self._states.popitem(last=False)


def _unit_states(states: Any, name: str) -> NDArray[np.float32]:  # noqa: ANN401 - a tensor
    """float32[n, d] of a tensor. Raises ModelError unless its rows have length 1."""
    rows = np.asarray(states.float().cpu().numpy(), dtype=np.float32)
    if len(rows) and np.abs(np.linalg.norm(rows, axis=1) - 1).max() > _UNIT:
        raise ModelError(
            f"the token vectors of {name!r} are not of length 1, so an index can't store them",
            "reindex without --late: each question then encodes its passages",
        )
    return rows
