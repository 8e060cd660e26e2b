"""An index of any size: the chunks of a real one, and copies whose vectors, tokens and words are a little changed.

Run `python -m tests.bench.synthetic INDEX FOLDER COUNT [TOKENS]`; prints what it took, as JSON. Nothing is embedded.
TOKENS is how many token vectors each chunk keeps at most, for sizes that the disk has no room for.
"""

import json
import random
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.core.records import Chunk
from ingest.embed.base import Embedding, embedding_text
from ingest.embed.token_vectors import TokenVectors
from ingest.index.base import StoredPage
from ingest.index.folder.arrays import write_arrays, write_postings
from ingest.index.folder.database import Store, write_store
from ingest.index.folder.generations import Generation, building, current_generation, publish, writing
from ingest.index.postings import collect_postings

_NOISE = 0.4
"""Length of what is added to a vector of length 1: a copy is as near to its model as a neighbour, at cosine 0.93."""


def grow(index: Path, folder: Path, count: int, most_tokens: int | None = None) -> Generation:
    """Write an index of `count` chunks to `folder`."""
    source = current_generation(index)
    store = Store(source)
    chunks, pages = store.all_chunks(), store.pages()
    tokens = [rows[:most_tokens] for rows in store.tokens(range(len(chunks)))]
    models = [at % len(chunks) for at in range(count)]
    grown = list(_chunks(chunks, models))
    vectors = _vectors(np.array(store.vectors()), models)
    with writing(folder), building(folder, "20260101T000000000-00000000") as built:
        grown_pages = _pages(pages, {chunk.url for chunk in grown})
        write_store(built, grown_pages, grown)
        with collect_postings(map(embedding_text, grown), source.manifest["language"]) as postings:
            write_postings(built, postings)
        embeddings = map(Embedding, vectors, _tokens(tokens, models))
        write_arrays(built, grown_pages, grown, embeddings, np.array(store.token_means()[1]))
        return publish(folder, built, {**source.manifest, "chunks": count})


def _chunks(chunks: list[Chunk], models: list[int]) -> Iterator[Chunk]:
    """Copies get an address of their own, and one word in ten from another chunk."""
    chance = random.Random(0)
    words = [word for chunk in chunks for word in chunk.text.split()]
    for row, model in enumerate(models):
        chunk, copy = chunks[model], row // len(chunks)
        if copy:
            text = chunk.text.split()
            for _ in range(len(text) // 10):
                text[int(chance.random() * len(text))] = words[int(chance.random() * len(words))]
            chunk = replace(chunk, id=f"{chunk.id}-{copy}", url=f"{chunk.url}-{copy}", text=" ".join(text))
        yield chunk


def _pages(pages: list[StoredPage], urls: set[str]) -> list[StoredPage]:
    known = {page.document.url: page for page in pages}
    return [
        StoredPage(replace(page.document, url=url), page.file)
        for url in sorted(urls)
        for page in [known.get(url) or known[url.rpartition("-")[0]]]
    ]


def _vectors(vectors: NDArray[np.float32], models: list[int]) -> NDArray[np.float32]:
    chance = np.random.default_rng(0)
    grown = vectors[models]
    added = chance.standard_normal((max(0, len(models) - len(vectors)), vectors.shape[1]), dtype=np.float32)
    grown[len(vectors) :] += added * np.float32(_NOISE / vectors.shape[1] ** 0.5)
    return np.asarray(grown / np.linalg.norm(grown, axis=1, keepdims=True), dtype=np.float32)


def _tokens(tokens: list[TokenVectors], models: list[int]) -> list[TokenVectors]:
    """A copy's components are moved by up to two steps of a byte."""
    chance = np.random.default_rng(0)
    noise = chance.integers(-2, 3, size=(512, tokens[0].shape[1]), dtype=np.int16)
    moved = [
        np.clip(rows.astype(np.int16) + np.resize(noise, rows.shape), -127, 127).astype(np.int8) for rows in tokens
    ]
    return [tokens[model] if row < len(tokens) else moved[model] for row, model in enumerate(models)]


def main() -> None:
    index, folder, count = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    start = time.perf_counter()
    generation = grow(index, folder, count, int(sys.argv[4]) if len(sys.argv) > 4 else None)
    megabytes = sum(path.stat().st_size for path in generation.folder.iterdir()) / 1e6
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "written_s": time.perf_counter() - start,
                "cpu_s": time.process_time(),
                "disk_mb": megabytes,
                "peak_mb": largest,
            }
        )
    )


if __name__ == "__main__":
    main()
