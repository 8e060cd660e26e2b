"""The embeddings of the chunks of a new generation: reused from the previous one or the cache, else made."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Protocol, overload

from ingest.core.records import Chunk, Progress
from ingest.embed.base import Embedding, PassageEmbedder, embedding_text
from ingest.embed.cache import VectorCache

_BATCH = 256
"""Embeddings read at once: some three megabytes with their token vectors."""


class KnownEmbeddings(Protocol):
    """The embeddings of an earlier generation, by the hash of their text."""

    fits: bool
    """Whether they are undamaged, and of the model in use."""

    @property
    def dimension(self) -> int:
        """The length of their vectors."""

    def known(self, hashes: Collection[str]) -> set[str]:
        """Those of these texts (as hashes) that it has."""

    def embeddings(self, hashes: Collection[str]) -> dict[str, Embedding]:
        """The embeddings that it has of these texts, by hash. None where they are damaged."""


class EmbeddingSource:
    """Embeddings by the hash of their text. Makes what is missing, and keeps it in the cache as it comes."""

    def __init__(
        self, embedder: PassageEmbedder, cache: VectorCache, previous: KnownEmbeddings, stage: str = "embed"
    ) -> None:
        """`stage` is what the progress is reported as."""
        self._embedder, self._cache, self._previous, self._stage = embedder, cache, previous, stage
        self._dimensions: dict[str, int] = {}
        self.made: set[str] = set()
        """The texts that were embedded since this was made."""

    def missing(self, hashes: Sequence[str]) -> list[str]:
        """Those of these texts that neither the previous generation nor the cache has."""
        left = set(hashes) - self._dimensions.keys()
        self._dimensions |= dict.fromkeys(self._previous.known(left), self._previous.dimension)
        self._dimensions |= self._cache.dimensions(left - self._dimensions.keys())
        return [name for name in dict.fromkeys(hashes) if name not in self._dimensions]

    def prepare(self, chunks: Sequence[Chunk], hashes: Sequence[str], progress: Progress) -> None:
        """Make every embedding that is missing, the longest texts first, so that batches carry little padding.

        What was made is in the cache even when a later one fails. Raises ModelError.
        """
        self._embed(chunks, hashes, set(self.missing(hashes)), progress)
        if len({self._dimensions[name] for name in hashes}) > 1:  # the model behind a remote name has changed
            self._previous.fits = False
            self._embed(chunks, hashes, set(hashes), progress)

    def dimension(self, name: str) -> int:
        """The length of the vector of a text that `prepare` has seen."""
        return self._dimensions[name]

    def read(self, chunks: Sequence[Chunk], hashes: Sequence[str]) -> Iterator[Embedding]:
        """Yield the embedding of each chunk, in order; few of them are in memory together. Raises ModelError.

        One that was lost meanwhile, because its file was damaged, is made again.
        """
        rows = iter(range(len(chunks)))
        while part := list(islice(rows, _BATCH)):
            found = self._find({hashes[row] for row in part})
            lost = {hashes[row]: embedding_text(chunks[row]) for row in part if hashes[row] not in found}
            if lost:
                found |= self._made(lost)
            for row in part:
                yield found[hashes[row]]

    def embed_texts(self, texts: Mapping[str, str]) -> dict[str, Embedding]:
        """The embeddings of other texts than chunks, by their hashes; what is missing is made. Raises ModelError."""
        found = self._cache.get(texts)
        lost = {name: text for name, text in texts.items() if name not in found}
        names = iter(lost)
        while part := list(islice(names, _BATCH)):  # each is in the cache before the next is made
            found |= self._made({name: lost[name] for name in part})
        return found

    def keep(self, hashes: Sequence[str]) -> None:
        """Have the cache keep the embeddings of a published generation, and drop the longest unused others."""
        names = list(dict.fromkeys(hashes))
        left = iter(self._cache.missing(names))
        while part := list(islice(left, _BATCH)):
            self._cache.put(self._previous.embeddings(part))
        self._cache.retain(names)

    def _find(self, names: set[str]) -> dict[str, Embedding]:
        found = self._previous.embeddings(names - self.made)
        return found | self._cache.get(names - found.keys())

    def _embed(self, chunks: Sequence[Chunk], hashes: Sequence[str], wanted: set[str], progress: Progress) -> None:
        rows = {name: row for row, name in enumerate(hashes) if name in wanted}
        sizes = {name: len(embedding_text(chunks[row])) for name, row in rows.items()}
        names = sorted(rows, key=sizes.__getitem__, reverse=True)
        if names:
            progress(self._stage, 0, len(names))
        ready: dict[str, Embedding] = {}
        try:
            stream = self._embedder.embed_stream(_Texts(chunks, [rows[name] for name in names]))
            for done, (at, embedding) in enumerate(stream, 1):
                ready[names[at]] = embedding
                if len(ready) >= self._embedder.batch_size or done == len(names):
                    self._take(ready)
                    progress(self._stage, done, len(names))
        finally:
            self._take(ready)

    def _take(self, ready: dict[str, Embedding]) -> None:
        """Put finished embeddings into the cache, and empty `ready`."""
        if ready:
            self._cache.put(ready)
            self._dimensions |= {name: embedding.dimension for name, embedding in ready.items()}
            self.made |= ready.keys()
            ready.clear()

    def _made(self, texts: Mapping[str, str]) -> dict[str, Embedding]:
        names = list(texts)
        made = {names[at]: embedding for at, embedding in self._embedder.embed_stream(list(texts.values()))}
        self._take(dict(made))
        return made


class _Texts(Sequence[str]):
    """The embedded texts of the chunks at these rows, read when they are wanted."""

    def __init__(self, chunks: Sequence[Chunk], rows: Sequence[int]) -> None:
        self._chunks, self._rows = chunks, rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [embedding_text(self._chunks[row]) for row in self._rows[at]]
        return embedding_text(self._chunks[self._rows[at]])
