"""The generation that a reindex starts from, opened once: its pages, its chunks and its embeddings."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from ingest.chunk import CHUNKER_VERSION
from ingest.core.database_url import IndexAddress
from ingest.core.errors import IndexDamaged, IndexMismatch, IndexMissing
from ingest.core.records import Chunk, Document
from ingest.embed.base import NO_VECTOR, Embedding, embedding_text
from ingest.index.base import IndexReader, StoredPage
from ingest.index.folder.files import text_hash
from ingest.index.spool import ChunkSpool, SpooledChunks
from ingest.index.stores import index_at

_ROWS: Final = 1_000
"""Chunks read at once."""


@dataclass(frozen=True, slots=True)
class PageChunks:
    """The chunks of one page or of many, and the hash of each one's embedded text."""

    chunks: SpooledChunks
    hashes: list[str]

    @classmethod
    def of(cls, chunks: Iterable[Chunk], spool: ChunkSpool) -> "PageChunks":
        """Put chunks into the spool, and hash their embedded texts."""
        kept = spool.add(chunks)
        return cls(kept, [text_hash(embedding_text(chunk)) for chunk in kept])


def chunking_inputs(document: Document) -> tuple[object, ...]:
    """All that the chunks of a page depend on, besides the chunker and the embedder's window."""
    return (document.url, document.title, document.sha256, document.anchors)


class Previous:
    """What can be reused of the current generation. Where there is none, or it is unreadable, that is nothing."""

    def __init__(self, reader: IndexReader | None, fingerprint: str, damage: str = "") -> None:
        self._reader = reader
        self.spool = ChunkSpool()
        """Where the chunks of the generation are while it is used, and those of the build that it is used for."""
        self.generation = generation = reader.generation if reader else None
        self.damage = damage
        """What is wrong with the files of the generation, "" where nothing is known to be."""
        manifest = generation.manifest if generation else {}
        self.fits = generation is not None and not damage and manifest["embedder"]["fingerprint"] == fingerprint
        """Whether its embeddings are undamaged, and those of the embedder in use."""
        self.same_chunker = self.fits and manifest["chunker"] == CHUNKER_VERSION
        """Whether a page that has not changed would be cut into the same chunks again."""

    @classmethod
    def open(cls, index: IndexAddress, fingerprint: str, *, check: bool = True) -> "Previous":
        """Open the current generation; with `check`, all of it is verified first. Raises IndexUnreachable."""
        store = index_at(index)
        damage = store.verify() if check else ""
        try:
            return cls(store.open(), fingerprint, damage)
        except (IndexMissing, IndexDamaged, IndexMismatch):
            return cls(None, fingerprint, damage)

    @cached_property
    def pages(self) -> list[StoredPage]:
        """Its pages in the order of their addresses; none where they can't be read."""
        try:
            return self._reader.pages() if self._reader else []
        except IndexDamaged:
            return []

    @cached_property
    def _all_chunks(self) -> PageChunks:
        try:
            return PageChunks.of(self._read_chunks(), self.spool)
        except IndexDamaged:
            return PageChunks(SpooledChunks(self.spool), [])

    def _read_chunks(self) -> Iterator[Chunk]:
        """Yield its chunks in the order of rows. Raises IndexDamaged."""
        reader = self._reader
        total = int(reader.manifest["chunks"]) if reader else 0
        for start in range(0, total, _ROWS):
            yield from reader.chunks(range(start, min(total, start + _ROWS))) if reader else ()

    @cached_property
    def chunks_by_page(self) -> dict[tuple[object, ...], PageChunks]:
        """The chunks of each page by `chunking_inputs`; none where a page would be cut otherwise now."""
        if not self.same_chunker:
            return {}
        by_url: dict[str, list[int]] = {}
        whole = self._all_chunks
        for row, chunk in enumerate(whole.chunks):
            by_url.setdefault(chunk.url, []).append(row)
        found: dict[tuple[object, ...], PageChunks] = {}
        for page in self.pages:
            rows = by_url.get(page.document.url, [])
            mine = PageChunks(whole.chunks.at(rows), [whole.hashes[row] for row in rows])
            found[chunking_inputs(page.document)] = mine
        return found

    @cached_property
    def _rows(self) -> dict[str, int]:
        """The row of each embedded text, by its hash."""
        return {name: row for row, name in enumerate(self._all_chunks.hashes)} if self.fits else {}

    def known(self, hashes: Collection[str]) -> set[str]:
        """Those of these texts (as hashes) that the generation has embeddings for."""
        return {name for name in hashes if name in self._rows} if self.fits else set()

    @property
    def dimension(self) -> int:
        """The length of its vectors."""
        return int(self.generation.manifest["embedder"]["dimension"]) if self.generation else 0

    def embeddings(self, hashes: Collection[str]) -> dict[str, Embedding]:
        """The embeddings that it has of these texts, by hash. None where they are damaged."""
        rows = {name: self._rows[name] for name in hashes if name in self._rows} if hashes and self.fits else {}
        if not rows or self._reader is None:
            return {}
        try:
            found = self._reader.passages(list(rows.values()))
        except IndexDamaged:
            self.fits = False
            return {}
        added = found.added if found.added is not None else [None] * len(rows)
        parts = zip(rows, found.vectors, found.tokens, added, strict=True)
        return {name: Embedding(vector, tokens, other) for name, vector, tokens, other in parts}

    def late(self, fingerprint: str) -> "PreviousLate":
        """The token vectors that it has of a late-interaction model."""
        return PreviousLate(self, fingerprint)

    def late_embeddings(self, hashes: Collection[str]) -> dict[str, Embedding]:
        """Those of its late-interaction model of these texts, by hash, with empty vectors. Raises IndexDamaged."""
        rows = {name: self._rows[name] for name in hashes if name in self._rows}
        if not rows or self._reader is None:
            return {}
        found = self._reader.late_tokens(list(rows.values()))
        return {name: Embedding(NO_VECTOR, tokens) for name, tokens in zip(rows, found, strict=True)}

    def removed(self, chunks: Collection[Chunk]) -> int:
        """How many of its chunks are not among these; 0 where none of it is reused."""
        if not self.fits:
            return 0
        ids = {chunk.id for chunk in chunks}
        return sum(chunk.id not in ids for chunk in self._all_chunks.chunks)

    def ignore(self) -> None:
        """Reuse nothing of it from now on, as for `--full`."""
        self.fits = self.same_chunker = False


class PreviousLate:
    """The token vectors of a late-interaction model that a generation has, as embeddings with empty vectors."""

    dimension = 0

    def __init__(self, previous: Previous, fingerprint: str) -> None:
        manifest = previous.generation.manifest if previous.generation else {}
        self._previous = previous
        self._same = manifest.get("late", {}).get("fingerprint") == fingerprint

    @property
    def fits(self) -> bool:
        """Whether they are undamaged, and of the model in use."""
        return self._same and self._previous.fits

    @fits.setter
    def fits(self, value: bool) -> None:
        self._same = self._same and value

    def known(self, hashes: Collection[str]) -> set[str]:
        """Those of these texts (as hashes) that it has token vectors of."""
        return self._previous.known(hashes) if self.fits else set()

    def embeddings(self, hashes: Collection[str]) -> dict[str, Embedding]:
        """The token vectors that it has of these texts, by hash. None where they are damaged."""
        try:
            return self._previous.late_embeddings(hashes) if self.fits else {}
        except IndexDamaged:
            self._same = False
            return {}
