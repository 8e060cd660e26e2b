"""Documents -> a published generation: chunk, reuse what is known, embed the rest, write, publish."""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.chunk import CHUNKER_VERSION, chunk_document
from ingest.embed import Embedder, embedding_text
from ingest.errors import CorpusError, DocsError
from ingest.generations import Generation, building, current_generation, publish
from ingest.lexical import build_lexical
from ingest.records import Chunk
from ingest.store import Store, StoredPage, write_sidecars, write_store

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""

Known = Mapping[str, NDArray[np.float32]]
"""Vectors of an earlier generation by the hash of the embedded text."""


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


def build_index(
    index: Path, pages: Iterable[StoredPage], embedder: Embedder, progress: Progress, *, full: bool = False
) -> IndexReport:
    """Bring the index up to these pages. The caller holds the lock.

    Vectors of texts that the current generation embedded with the same model are reused, unless
    `full`. Raises CorpusError when there is nothing to index, ModelError, and what the index
    folder raises.
    """
    ordered = sorted(pages, key=lambda page: page.document.url)
    inputs = _fingerprint(ordered, embedder)
    old = None if full else _usable(index, embedder)
    if old and old.manifest["inputs"] == inputs:
        return IndexReport(old, published=False, total=old.manifest["chunks"], embedded=0, removed=0)
    chunks = _chunks(ordered, embedder, progress)
    if not chunks:
        raise CorpusError("the pages hold no text to index", "crawl some first: askdocs reindex --source URL")
    known = _known_vectors(old) if old else {}
    started = time.perf_counter()
    vectors, embedded = _vectors(chunks, known, embedder, progress)
    embedding = time.perf_counter() - started
    progress("index", 0, 1)
    generation = _write(index, ordered, chunks, vectors, _manifest(ordered, chunks, embedder, inputs))
    progress("index", 1, 1)
    ids = {chunk.id for chunk in chunks}
    removed = sum(chunk.id not in ids for chunk in Store(old).all_chunks()) if old else 0
    return IndexReport(generation, True, len(chunks), embedded, removed, embedding)  # noqa: FBT003 - as declared


def _fingerprint(pages: list[StoredPage], embedder: Embedder) -> str:
    """A hash of all that the index depends on: content, addresses, chunker and embedder."""
    digest = hashlib.sha256(f"{CHUNKER_VERSION}\n{embedder.fingerprint}\n".encode())
    for page in pages:
        d = page.document
        digest.update(repr((d.url, d.title, d.sha256, d.anchors, d.aliases, page.file)).encode())
    return digest.hexdigest()


def _usable(index: Path, embedder: Embedder) -> Generation | None:
    """The current generation if its vectors fit; a damaged or foreign one is simply built anew."""
    try:
        generation = current_generation(index)
    except DocsError:
        return None
    return generation if generation.manifest["embedder"]["fingerprint"] == embedder.fingerprint else None


def _chunks(pages: list[StoredPage], embedder: Embedder, progress: Progress) -> list[Chunk]:
    chunks: list[Chunk] = []
    for at, page in enumerate(pages, 1):
        chunks += chunk_document(page.document, embedder.count, embedder.max_tokens)
        progress("chunk", at, len(pages))
    return chunks


def _text_hash(chunk: Chunk) -> str:
    return hashlib.sha256(embedding_text(chunk).encode("utf-8", "surrogatepass")).hexdigest()


def _known_vectors(generation: Generation) -> Known:
    store = Store(generation)
    vectors = store.vectors()
    return {_text_hash(chunk): vectors[row] for row, chunk in enumerate(store.all_chunks())}


def _vectors(
    chunks: list[Chunk], known: Known, embedder: Embedder, progress: Progress
) -> tuple[NDArray[np.float32], int]:
    """One vector per chunk, and how many of them had to be embedded; equal texts are embedded once."""
    hashes = [_text_hash(chunk) for chunk in chunks]
    missing = {name: chunk for name, chunk in zip(hashes, chunks, strict=True) if name not in known}
    fresh: dict[str, NDArray[np.float32]] = {}
    if missing:
        texts = [embedding_text(chunk) for chunk in missing.values()]
        new = embedder.embed(texts, lambda done, total: progress("embed", done, total))
        fresh = dict(zip(missing, new, strict=True))
    return np.stack([fresh[name] if name in fresh else known[name] for name in hashes]), len(missing)


def _manifest(pages: list[StoredPage], chunks: list[Chunk], embedder: Embedder, inputs: str) -> dict[str, Any]:
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
            "dimension": embedder.dimension,
            "normalised": True,
        },
        "pages": len(pages),
        "chunks": len(chunks),
        "sources": sorted({page.document.source for page in pages if page.document.source}),
    }


def _write(
    index: Path,
    pages: list[StoredPage],
    chunks: list[Chunk],
    vectors: NDArray[np.float32],
    manifest: Mapping[str, Any],
) -> Generation:
    twice = len(chunks) - len({chunk.id for chunk in chunks})
    if twice:
        raise CorpusError(f"{twice} chunks share an id", "two pages have the same url but for its scheme or www.")
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")[:-3]
    with building(index, f"{stamp}-{manifest['inputs'][:8]}") as folder:
        embedder = manifest["embedder"]
        write_store(folder, pages, chunks, vectors, {name: str(value) for name, value in embedder.items()})
        write_sidecars(folder, vectors, build_lexical([embedding_text(chunk) for chunk in chunks]))
        return publish(index, folder, manifest)
