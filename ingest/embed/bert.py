"""One text -> the states of its tokens, through BERT's forward pass in numpy. Pure but for reading the weights.

Loading torch takes longer than a user waits for a whole answer, and one question of a dozen word
pieces needs some 0.2 GFLOP: numpy does it in milliseconds. Passages go through
sentence-transformers; a test compares the two.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_LAYER_NORM_EPSILON: Final = 1e-12


def mean_pool(states: Floats) -> Floats:
    """The mean of the states, scaled to length 1: float32[d] (Reimers and Gurevych 2019)."""
    mean = states.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Bert:
    """The weights of a BERT encoder, memory-mapped, and the number of its attention heads."""

    weights: Mapping[str, Floats]
    layers: int
    heads: int

    @classmethod
    def load(cls, folder: Path) -> "Bert":
        """Map `model.safetensors` of a Hugging Face folder. Raises OSError, ValueError for another model."""
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if config.get("model_type") != "bert" or config.get("hidden_act") != "gelu":
            message = f"{folder} is not a BERT with GELU"
            raise ValueError(message)
        return cls(_mapped(folder / "model.safetensors"), config["num_hidden_layers"], config["num_attention_heads"])

    def states(self, ids: list[int]) -> Floats:
        """Word-piece ids with [CLS] and [SEP] -> the last layer's states, float32[len(ids), d].

        Devlin et al. 2019. There is no padding, so there is no mask.
        """
        w = self.weights
        states = (
            w["embeddings.word_embeddings.weight"][ids]
            + w["embeddings.position_embeddings.weight"][: len(ids)]
            + w["embeddings.token_type_embeddings.weight"][0]
        )
        states = self._normalise(states, "embeddings.LayerNorm")
        for layer in range(self.layers):
            states = self._layer(states, f"encoder.layer.{layer}.")
        return states

    def _layer(self, states: Floats, name: str) -> Floats:
        attended = self._linear(self._attend(states, f"{name}attention.self."), f"{name}attention.output.dense")
        states = self._normalise(states + attended, f"{name}attention.output.LayerNorm")
        inner = _gelu(self._linear(states, f"{name}intermediate.dense"))
        return self._normalise(states + self._linear(inner, f"{name}output.dense"), f"{name}output.LayerNorm")

    def _attend(self, states: Floats, name: str) -> Floats:
        """Scaled dot-product attention of `heads` heads: float32[n, d] -> float32[n, d]."""
        length, width = states.shape
        query, key, value = (
            self._linear(states, name + part).reshape(length, self.heads, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(width // self.heads))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = (scores / scores.sum(axis=-1, keepdims=True)) @ value
        return np.asarray(mixed.transpose(1, 0, 2).reshape(length, width))

    def _linear(self, states: Floats, name: str) -> Floats:
        # With the weights on the left, BLAS does not rearrange them first: a quarter of the time of a short question.
        return np.asarray((self.weights[f"{name}.weight"] @ states.T).T + self.weights[f"{name}.bias"])

    def _normalise(self, states: Floats, name: str) -> Floats:
        centred = states - states.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + _LAYER_NORM_EPSILON)
        return np.asarray(centred / scale * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"])


def _mapped(path: Path) -> dict[str, Floats]:
    """The float32 tensors of a safetensors file, left on the disk until they are read.

    The library copies all of them, which takes longer than embedding a question and as much memory
    as all else; of the word embeddings, half of the file, a question reads a dozen rows. The format
    is a length, a JSON header, the data (https://huggingface.co/docs/safetensors).
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header: dict[str, Any] = json.loads(file.read(length))
    data = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + length)
    tensors = {name: facts for name, facts in header.items() if facts.get("dtype") == "F32"}
    return {
        name: np.asarray(data[slice(*facts["data_offsets"])]).view(np.float32).reshape(facts["shape"])
        for name, facts in tensors.items()
    }


def _gelu(x: Floats) -> Floats:
    return np.asarray(x * np.float32(0.5) * (1 + _erf(x / np.float32(np.sqrt(2.0)))), dtype=np.float32)


def _erf(x: Floats) -> Floats:
    """The error function to 1.5e-7, below float32's own rounding (Abramowitz and Stegun 1964, 7.1.26)."""
    magnitude = np.abs(x)
    t = 1 / (1 + np.float32(0.3275911) * magnitude)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.asarray(np.sign(x) * (1 - series * np.exp(-magnitude * magnitude)), dtype=np.float32)
