"""Late interaction by a model that was trained for it: a second-stage signal next to any embedder."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.embed.base import BATCH
from ingest.embed.loading import load, quiet

_KEPT: Final = 1_000
"""Passages whose token vectors are kept: some 50 MB at 96 numbers a token. A question reads 50 passages."""


class LateModel:
    """A MultiVectorEncoder; loaded when first used. Threads may share it.

    The passages' token vectors are computed when a question first reaches them, and kept while the process runs.
    """

    def __init__(self, name: str, device: str = "auto") -> None:
        self.name = name
        self._device = device
        self._lock = threading.Lock()
        self._loaded: Any = None
        self._states: OrderedDict[str, Any] = OrderedDict()

    def scores(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """How well each passage matches the question, float32[len(passages)]: the model's own MaxSim.

        Raises ModelError.
        """
        with self._lock, quiet():  # threads that ask at the same time wait for one load
            if self._loaded is None:
                self._loaded = load(self.name, self._device, ("MultiVectorEncoder",))
            self._encode([text for text in dict.fromkeys(passages) if text not in self._states])
            asked = self._loaded.encode_query([question], show_progress_bar=False)
            states = [self._states[text].float() for text in passages]
            found = self._loaded.similarity([one.float().cpu() for one in asked], states)
            self._forget(keep=len(passages))
        return np.asarray(found[0].cpu().numpy(), dtype=np.float32)

    def _encode(self, texts: Sequence[str]) -> None:
        if texts:
            encoded = self._loaded.encode_document(list(texts), batch_size=BATCH, show_progress_bar=False)
            self._states.update((text, one.half().cpu()) for text, one in zip(texts, encoded, strict=True))

    def _forget(self, *, keep: int) -> None:
        while len(self._states) > max(_KEPT, keep):
            self._states.popitem(last=False)
