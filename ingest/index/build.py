"""Documents -> a published generation: chunk, reuse what is known, embed the rest, write, publish."""

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ingest.chunk import CHUNKER_VERSION, chunk_document
from ingest.core.errors import CorpusError, DocsError
from ingest.core.records import Chunk, Document, Progress
from ingest.docs.folder import Corpus
from ingest.embed.base import Embedder, Embedding, embedding_text
from ingest.embed.cache import VectorCache
from ingest.index.arrays import write_arrays
from ingest.index.bm25 import build_bm25
from ingest.index.database import Store, StoredPage, write_store
from ingest.index.generations import Generation, building, current_generation, publish
from ingest.index.vectors import known_vectors, texts_of, vectors_of
from ingest.index.whitening import token_means


@dataclass(frozen=True, slots=True)
class ChunkCounts:
    """Chunks in all, those whose text has to be embedded, and those of the old generation that go."""

    total: int
    embedded: int
    removed: int


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What building did. `published` is False when the current generation holds just these pages already.

    `embedding` is the time spent in the embedder, in seconds.
    """

    generation: Generation
    published: bool
    total: int
    embedded: int
    removed: int
    embedding: float = 0.0

    @property
    def counts(self) -> ChunkCounts:
        """The counts of chunks."""
        return ChunkCounts(self.total, self.embedded, self.removed)


def build_index(
    index: Path,
    pages: Iterable[StoredPage],
    embedder: Embedder,
    progress: Progress,
    *,
    full: bool = False,
    cache: VectorCache | None = None,
) -> IndexReport:
    """Bring the index up to these pages. The caller holds the lock.

    Vectors of texts that the same model has embedded are taken from the current generation (unless
    `full`) and from the cache. Raises CorpusError when there is nothing to index, ModelError, and
    what the index folder raises.
    """
    cache = cache or VectorCache(None, embedder.fingerprint)
    ordered = sorted(pages, key=lambda page: page.document.url)
    inputs = fingerprint(ordered, embedder)
    old = None if full else usable_generation(index, embedder)
    if old and old.manifest["inputs"] == inputs:
        return IndexReport(old, published=False, total=old.manifest["chunks"], embedded=0, removed=0)
    chunks = chunks_of([page.document for page in ordered], embedder, progress, old)
    if not chunks:
        raise CorpusError("the pages hold no text to index", "crawl some first: askdocs reindex --source URL")
    started = time.perf_counter()
    names, texts = texts_of(chunks)
    vectors = vectors_of(texts, known_vectors(old, texts), embedder, progress, cache)
    embedding = time.perf_counter() - started
    progress("index", 0, 1)
    embeddings = [vectors[name] for name in names]
    manifest = _manifest(ordered, len(chunks), len(embeddings[0].vector), embedder, inputs)
    generation = _write(index, ordered, chunks, embeddings, manifest, embedder)
    cache.settle(vectors)
    progress("index", 1, 1)
    embedded = len(cache.fresh.keys() & vectors.keys())
    return IndexReport(generation, True, len(chunks), embedded, _removed(old, chunks), embedding)  # noqa: FBT003 - as declared


def embed_ahead(
    index: Path, documents: Iterable[Document], embedder: Embedder, progress: Progress, cache: VectorCache
) -> list[Chunk]:
    """Have the vectors of these pages in the cache before anything is changed; give their chunks. Raises ModelError."""
    chunks = chunks_of(documents, embedder, progress)
    if not chunks:
        return []
    texts = texts_of(chunks)[1]
    vectors_of(texts, known_vectors(usable_generation(index, embedder), texts), embedder, progress, cache)
    return chunks


def preview(
    index: Path, documents: Iterable[Document], embedder: Embedder, progress: Progress, cache: VectorCache
) -> ChunkCounts:
    """What indexing these pages would do. Writes nothing."""
    old = usable_generation(index, embedder)
    chunks = chunks_of(documents, embedder, progress, old)
    texts = texts_of(chunks)[1]
    missing = texts.keys() - known_vectors(old, texts).keys()
    return ChunkCounts(len(chunks), len(missing) - len(cache.get(missing)), _removed(old, chunks))


def is_current(index: Path, embedder: Embedder) -> bool:
    """Whether the current generation was cut and embedded as a new one would be."""
    old = usable_generation(index, embedder)
    return old is not None and old.manifest["chunker"] == CHUNKER_VERSION


def _removed(old: Generation | None, chunks: Iterable[Chunk]) -> int:
    """How many chunks of the old generation are not in the new one."""
    ids = {chunk.id for chunk in chunks}
    return sum(chunk.id not in ids for chunk in Store(old).all_chunks()) if old else 0


def fingerprint(pages: Sequence[StoredPage], embedder: Embedder) -> str:
    """A hash of all that the index depends on, and all that it shows: content, addresses, dates, chunker, embedder.

    `etag` is neither: it is for asking the site again, and stands in the page's file.
    """
    digest = hashlib.sha256(f"{CHUNKER_VERSION}\n{embedder.fingerprint}\n".encode())
    for page in pages:
        digest.update(repr(page_facts(page)).encode())
    return digest.hexdigest()


def stored_pages(corpus: Corpus) -> list[StoredPage]:
    """The pages of a docs folder as the index holds them."""
    return [StoredPage(file.document, file.path.relative_to(corpus.folder).as_posix()) for file in corpus.files]


def page_facts(page: StoredPage) -> tuple[object, ...]:
    """What the index holds of a page that may differ from its file later."""
    d = page.document
    return (d.url, d.title, d.sha256, d.anchors, d.aliases, d.source, d.fetched_at, d.last_modified, page.file)


def usable_generation(index: Path, embedder: Embedder) -> Generation | None:
    """The current generation if its vectors fit; a damaged or foreign one is simply built anew."""
    try:
        generation = current_generation(index)
    except DocsError:
        return None
    return generation if generation.manifest["embedder"]["fingerprint"] == embedder.fingerprint else None


def chunks_of(
    documents: Iterable[Document], embedder: Embedder, progress: Progress, old: Generation | None = None
) -> list[Chunk]:
    """Cut pages, in their order; those that an old generation of the same embedder holds are not cut again."""
    cut = _cut_before(old) if old and old.manifest["chunker"] == CHUNKER_VERSION else {}
    chunks: list[Chunk] = []
    pages = list(documents)
    for at, page in enumerate(pages, 1):
        known = cut.get(_cut_from(page))
        chunks += chunk_document(page, embedder.count, embedder.max_tokens) if known is None else known
        progress("chunk", at, len(pages))
    return chunks


def _cut_before(old: Generation) -> dict[tuple[object, ...], list[Chunk]]:
    """The chunks of a generation, by what they were cut from."""
    store = Store(old)
    by_url: dict[str, list[Chunk]] = {}
    for chunk in store.all_chunks():
        by_url.setdefault(chunk.url, []).append(chunk)
    return {_cut_from(page.document): by_url.get(page.document.url, []) for page in store.pages()}


def _cut_from(document: Document) -> tuple[object, ...]:
    return (document.url, document.title, document.sha256, document.anchors)


def _manifest(pages: list[StoredPage], chunks: int, dimension: int, embedder: Embedder, inputs: str) -> dict[str, Any]:
    from importlib.metadata import version

    return {
        "inputs": inputs,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "docs_date": max((page.document.fetched_at for page in pages), default=""),
        "askdocs": version("askdocs"),
        "duckdb": version("duckdb"),
        "chunker": CHUNKER_VERSION,
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


def _write(
    index: Path,
    pages: list[StoredPage],
    chunks: list[Chunk],
    embeddings: Sequence[Embedding],
    manifest: Mapping[str, Any],
    embedder: Embedder,
) -> Generation:
    twice = len(chunks) - len({chunk.id for chunk in chunks})
    if twice:
        raise CorpusError(f"{twice} chunks share an id", "two pages have the same url but for its scheme or www.")
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")[:-3]
    vectors = np.stack([embedding.vector for embedding in embeddings])
    with building(index, f"{stamp}-{manifest['inputs'][:8]}") as folder:
        settings = {name: str(value) for name, value in manifest["embedder"].items()}
        write_store(folder, pages, chunks, vectors, settings)
        lexical = build_bm25(map(embedding_text, chunks))
        tokens = [embedding.tokens for embedding in embeddings]
        write_arrays(folder, chunks, vectors, tokens, token_means(tokens, embedder), lexical)
        return publish(index, folder, manifest)


def pages_behind(corpus: Corpus, generation: Generation) -> int:
    """How many pages on disk are not as they are indexed: new, gone, or with other content, address or date."""
    indexed = {page.document.url: page_facts(page) for page in Store(generation).pages()}
    on_disk = {page.document.url: page_facts(page) for page in stored_pages(corpus)}
    return sum(indexed.get(url) != on_disk.get(url) for url in {**indexed, **on_disk})
