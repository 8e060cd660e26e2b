"""Pages -> a published generation: chunk, reuse what is known, embed the rest, write, publish."""

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ingest.chunk import CHUNKER_VERSION, chunk_document
from ingest.core.database_url import IndexAddress
from ingest.core.errors import CorpusError
from ingest.core.records import Chunk, Document, Progress
from ingest.docs.folder import Corpus
from ingest.embed.base import Embedder, Embedding, LateScorer
from ingest.embed.cache import VectorCache
from ingest.index.base import IndexReader, Published, StoredPage
from ingest.index.folder.files import text_hash
from ingest.index.previous import PageChunks, Previous, chunking_inputs
from ingest.index.sections import EmbeddedQuestions, QuestionSource, Section, SectionQuestions, sections_of
from ingest.index.spool import SpooledChunks
from ingest.index.stores import index_at
from ingest.index.vectors import EmbeddingSource
from ingest.text.language import detect_language
from ingest.text.terms import TERMS_VERSION

_SAMPLE = 2_000
"""Characters of each page that its language is told by."""


@dataclass(frozen=True, slots=True)
class ChunkCounts:
    """Chunks in all, those whose text has to be embedded, and those of the old generation that go."""

    total: int
    embedded: int
    removed: int


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What building did. `published` is False when the current generation already is of just these pages.

    `embedding` is the time spent in the embedder, in seconds.
    """

    generation: Published
    published: bool
    total: int
    embedded: int
    removed: int
    embedding: float = 0.0

    @property
    def counts(self) -> ChunkCounts:
        """The counts of chunks."""
        return ChunkCounts(self.total, self.embedded, self.removed)


@dataclass(frozen=True, slots=True)
class LateSource:
    """A late-interaction model whose token vectors are stored, and the cache of those that it has made."""

    model: LateScorer
    cache: VectorCache


@dataclass(frozen=True, slots=True)
class Models:
    """What embeds the chunks of an index.

    `passages` embeds them in place of `embedder`: the same model, with several workers. With `late`, the index has
    that model's token vectors of each passage as well.
    """

    embedder: Embedder
    cache: VectorCache
    passages: Embedder | None = None
    late: LateSource | None = None


class IndexBuilder:
    """One build of an index. Opens the previous generation once, and cuts and hashes each page once.

    The caller is the only writer of the index.
    """

    def __init__(
        self, index: IndexAddress, models: Models, progress: Progress, previous: Previous | None = None
    ) -> None:
        self.questions: QuestionSource | None = None
        """Where the questions come from that a model wrote for the sections; None: none are indexed."""
        self._index, self._embedder, self._progress = index, models.embedder, progress
        self.previous = previous or Previous.open(index, models.embedder.fingerprint, check=False)
        self._source = EmbeddingSource(models.passages or models.embedder, models.cache, self.previous)
        self._late: LateScorer | None = None
        self._sources = [self._source]
        if models.late:
            self._late = models.late.model
            known = self.previous.late(self._late.fingerprint)
            self._sources.append(EmbeddingSource(self._late, models.late.cache, known, "late"))
        self._cut: dict[tuple[object, ...], PageChunks] = {}

    def embed_ahead(self, documents: Iterable[Document]) -> None:
        """Have the embeddings of these pages in the cache before anything is changed. Raises ModelError."""
        cut = self._chunk(documents)
        if cut.chunks:
            self._prepare(cut)

    def _prepare(self, cut: PageChunks) -> None:
        """Have all embeddings of these chunks. Raises ModelError."""
        for source in self._sources:
            source.prepare(cut.chunks, cut.hashes, self._progress)

    def _embeddings(self, cut: PageChunks) -> Iterator[Embedding]:
        """The embeddings of these chunks, in their order. Raises ModelError."""
        ours, *late = (source.read(cut.chunks, cut.hashes) for source in self._sources)
        for one in ours:
            yield replace(one, late=next(late[0]).tokens) if late else one

    def ask_ahead(self, documents: Iterable[Document]) -> None:
        """Have the questions of these pages' sections written before anything is changed. Raises ModelError."""
        if self.questions is not None:
            self.questions.prepare(self.sections(documents))

    def sections(self, documents: Iterable[Document]) -> list[Section]:
        """The sections of these pages."""
        return sections_of(self._chunk(documents).chunks)

    def preview(self, documents: Iterable[Document]) -> ChunkCounts:
        """Count what indexing these pages would do. Writes nothing."""
        cut = self._chunk(documents)
        missing = self._source.missing(cut.hashes)
        return ChunkCounts(len(cut.chunks), len(missing), self.previous.removed(cut.chunks))

    def build(self, pages: Iterable[StoredPage]) -> IndexReport:
        """Bring the index up to these pages.

        Raises CorpusError when there is nothing to index, ModelError, and what the store of the index raises.
        """
        ordered = sorted(pages, key=lambda page: page.document.url)
        inputs, asked = fingerprint(ordered, self._embedder, self._late), self._written_for(ordered)
        if asked is not None:
            inputs = text_hash(f"{inputs}\n{asked.digest}")
        old = self.previous.generation
        if old and self.previous.fits and old.manifest["inputs"] == inputs:
            return IndexReport(old, published=False, total=old.manifest["chunks"], embedded=0, removed=0)
        cut = self._chunk(page.document for page in ordered)
        chunks = cut.chunks
        if not chunks:
            raise CorpusError("the pages contain no text to index", "crawl some first: askdocs reindex --source URL")
        _refuse_equal_ids(chunks)
        started = time.perf_counter()
        self._prepare(cut)
        embedding = time.perf_counter() - started
        self._progress("index", 0, 1)
        manifest = _manifest(ordered, len(chunks), self._source.dimension(cut.hashes[0]), self._embedder, inputs)
        if self._late:
            manifest["late"] = {"name": self._late.name, "fingerprint": self._late.fingerprint}
        stored = self._embedded(asked) if asked is not None else None
        if asked is not None:
            manifest["questions"] = {"model": asked.model, "questions": len(asked.texts)}
        writer = index_at(self._index).writer(self._embedder, reuse=self.previous.fits)
        generation = writer.publish(ordered, chunks, self._embeddings(cut), manifest, stored)
        others = [text_hash(text) for text in asked.texts] if asked else []
        for source in self._sources:
            source.keep([*cut.hashes, *(others if source is self._source else ())])
        self._progress("index", 1, 1)
        embedded, removed = len(self._source.made.intersection(cut.hashes)), self.previous.removed(chunks)
        return IndexReport(generation, True, len(chunks), embedded, removed, embedding)  # noqa: FBT003 - as declared

    def _written_for(self, pages: Sequence[StoredPage]) -> SectionQuestions | None:
        """The questions that were written for the sections of these pages; None where there are none."""
        if self.questions is None:
            return None
        sections = self.sections(page.document for page in pages)
        found = SectionQuestions(self.questions.model, sections, self.questions.known(sections))
        return found if found.texts else None

    def _embedded(self, asked: SectionQuestions) -> EmbeddedQuestions:
        made = self._source.embed_texts({text_hash(text): text for text in asked.texts})
        return EmbeddedQuestions(asked, [made[text_hash(text)] for text in asked.texts])

    def _chunk(self, documents: Iterable[Document]) -> PageChunks:
        """The chunks of these pages, in their order. A page that was cut before is not cut again."""
        chunks, hashes = SpooledChunks(self.previous.spool), list[str]()
        pages = list(documents)
        for at, page in enumerate(pages, 1):
            key = chunking_inputs(page)
            cut = self._cut.get(key) or self.previous.chunks_by_page.get(key)
            if cut is None:
                found = chunk_document(page, self._embedder.count, self._embedder.max_tokens)
                cut = PageChunks.of(found, self.previous.spool)
            self._cut[key] = cut
            chunks.extend(cut.chunks)
            hashes += cut.hashes
            self._progress("chunk", at, len(pages))
        return PageChunks(chunks, hashes)


def build_index(
    index: IndexAddress,
    pages: Iterable[StoredPage],
    embedder: Embedder,
    progress: Progress,
    *,
    full: bool = False,
    cache: VectorCache | None = None,
) -> IndexReport:
    """Bring the index up to these pages, as `IndexBuilder.build` does. The caller is the only writer.

    `full`: take nothing from the current generation.
    """
    builder = IndexBuilder(index, Models(embedder, cache or VectorCache(None, embedder.fingerprint)), progress)
    if full:
        builder.previous.ignore()
    return builder.build(pages)


def _refuse_equal_ids(chunks: Sequence[Chunk]) -> None:
    twice = len(chunks) - len({chunk.id for chunk in chunks})
    if twice:
        raise CorpusError(f"{twice} chunks share an id", "two pages have the same url but for its scheme or www.")


def fingerprint(pages: Sequence[StoredPage], embedder: Embedder, late: LateScorer | None = None) -> str:
    """A hash of all that the index depends on, and all that it shows: content, addresses, dates, chunker, models.

    `etag` is neither: it is for asking the site again, and is kept in the page's file.
    """
    digest = hashlib.sha256(f"{CHUNKER_VERSION}\n{TERMS_VERSION}\n{embedder.fingerprint}\n".encode())
    if late:
        digest.update(f"late {late.fingerprint}\n".encode())
    for page in pages:
        digest.update(repr(page_facts(page)).encode())
    return digest.hexdigest()


def stored_pages(corpus: Corpus) -> list[StoredPage]:
    """The pages of a docs folder as an index stores them."""
    return [StoredPage(file.document, file.path.relative_to(corpus.folder).as_posix()) for file in corpus.files]


def page_facts(page: StoredPage) -> tuple[object, ...]:
    """What the index stores of a page that may differ from its file later."""
    d = page.document
    return (d.url, d.title, d.sha256, d.anchors, d.aliases, d.source, d.fetched_at, d.last_modified, page.file)


def _manifest(
    pages: Sequence[StoredPage], chunks: int, dimension: int, embedder: Embedder, inputs: str
) -> dict[str, Any]:
    from importlib.metadata import version

    return {
        "inputs": inputs,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "docs_date": max((page.document.fetched_at for page in pages), default=""),
        "askdocs": version("askdocs"),
        "duckdb": version("duckdb"),
        "chunker": CHUNKER_VERSION,
        "language": detect_language(page.document.body[:_SAMPLE] for page in pages),
        "embedder": {
            "name": embedder.name,
            "fingerprint": embedder.fingerprint,
            "dimension": dimension,
            "normalised": True,
        },
        "pages": len(pages),
        "chunks": chunks,
        "sources": sorted({page.document.source for page in pages if page.document.source}),
    }


def pages_behind(corpus: Corpus, reader: IndexReader) -> int:
    """How many pages on disk are not as they are indexed: new, gone, or with other content, address or date."""
    indexed = {page.document.url: page_facts(page) for page in reader.pages()}
    on_disk = {page.document.url: page_facts(page) for page in stored_pages(corpus)}
    return sum(indexed.get(url) != on_disk.get(url) for url in {**indexed, **on_disk})
