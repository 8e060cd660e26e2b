"""A sentence-transformers CrossEncoder that says whether one text entails another, by name or folder."""

import threading
from collections.abc import Sequence
from typing import Any, Final

from ingest.core.errors import ModelError
from ingest.embed.loading import load_judge

_HINT: Final = "name a CrossEncoder for natural language inference or fact checking, or its folder"
_ENTAILS: Final = frozenset("entailment entail entailed entails supported supports support consistent true".split())
"""Names that such models give to the label which says yes."""


class EntailmentModel:
    """An NLI or fact-checking CrossEncoder; loading it takes seconds, so it is loaded when first used."""

    def __init__(self, name: str, device: str = "auto") -> None:
        self.name = name
        self._device = device
        self._loading = threading.Lock()
        self._loaded: tuple[Any, int | None] | None = None

    def entailment(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """How surely the first text of each pair entails the second, 0..1. Raises ModelError."""
        with self._loading:  # threads that ask at the same time wait for one load
            if self._loaded is None:
                self._loaded = self._load()
        model, label = self._loaded
        if not pairs:
            return []
        if label is None:
            return [float(value) for value in model.predict(list(pairs), show_progress_bar=False)]
        scores = model.predict(list(pairs), apply_softmax=True, show_progress_bar=False)
        return [float(row[label]) for row in scores]

    def _load(self) -> tuple[Any, int | None]:
        """The model, and the label that says yes; None for a model of a single score."""
        try:
            model = load_judge(self.name, self._device)
        except Exception as error:  # the library raises whatever its parts raise
            said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise ModelError(f"the judge {self.name} can't be loaded: {said}", _HINT) from error
        config = model.config
        if not any("Classification" in name for name in config.architectures or ()):
            raise ModelError(f"the judge {self.name} has no classifier: its verdicts would be random", _HINT)
        if config.num_labels == 1:
            return model, None
        labels = [at for at, label in config.id2label.items() if str(label).lower() in _ENTAILS]
        if len(labels) != 1:
            names = ", ".join(map(str, config.id2label.values()))
            raise ModelError(f"the judge {self.name} has no label for what is supported, but {names[:200]}", _HINT)
        return model, int(labels[0])
