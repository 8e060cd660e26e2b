"""What writing an index of any size takes: memory, processor time and bytes, of a process of its own.

Run `python -m tests.bench.write INDEX COUNT [--in-memory] [--keep FOLDER]` from the repository's root; prints JSON.
Pages, chunks, vectors and token vectors are copies of those of INDEX with some words and numbers changed, made when
they are read; nothing is embedded. With `--in-memory` all chunks are a list, as of a reindex of docs that are all new.
To compare with another version, run this file with PYTHONPATH set to that version; `files` has a hash of each file.
"""

import argparse
import hashlib
import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, overload

import numpy as np

from ingest.core.records import Chunk
from ingest.embed.base import Embedding
from ingest.embed.minilm import MiniLm
from ingest.index.base import StoredPage
from ingest.index.folder.database import Store
from ingest.index.folder.generations import current_generation, writing
from ingest.index.folder.index import FolderIndex


class Copies(Sequence[Chunk]):
    """`count` chunks; those beyond the given ones have an address of their own and one word in ten from another."""

    def __init__(self, chunks: list[Chunk], count: int) -> None:
        self._chunks, self._count = chunks, count
        self._words = [word for chunk in chunks for word in chunk.text.split()]

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, row: int) -> Chunk: ...
    @overload
    def __getitem__(self, row: slice) -> list[Chunk]: ...
    def __getitem__(self, row: int | slice) -> Chunk | list[Chunk]:
        if isinstance(row, slice):
            return [self[at] for at in range(*row.indices(self._count))]
        if not 0 <= row < self._count:
            raise IndexError(row)
        chunk, copy = self._chunks[row % len(self._chunks)], row // len(self._chunks)
        if not copy:
            return chunk
        chance, text = random.Random(row), chunk.text.split()
        for _ in range(len(text) // 10):
            text[int(chance.random() * len(text))] = self._words[int(chance.random() * len(self._words))]
        return replace(chunk, id=f"{chunk.id}-{copy}", url=f"{chunk.url}-{copy}", text=" ".join(text))


def pages_of(pages: Sequence[StoredPage], copies: int) -> list[StoredPage]:
    """The pages and their copies, each with a body of its own, as a docs folder has them in memory."""
    return [
        page
        if not copy
        else StoredPage(
            replace(page.document, url=f"{page.document.url}-{copy}", body=f"{page.document.body}\n\n{copy}"), page.file
        )
        for copy in range(copies)
        for page in pages
    ]


def embeddings_of(store: Store, count: int) -> Iterator[Embedding]:
    vectors, size = np.array(store.vectors()), int(store.manifest["chunks"])
    chance = np.random.default_rng(0)
    noise = chance.standard_normal(vectors.shape[1] + 4_096, dtype=np.float32) * np.float32(
        0.4 / vectors.shape[1] ** 0.5
    )
    for row in range(count):
        vector = vectors[row % size]
        if row >= size:
            vector = vector + noise[row % 4_096 :][: len(vector)]
            vector = vector / np.linalg.norm(vector)
        yield Embedding(vector, store.tokens([row % size])[0])


def status(name: str) -> float:
    """A line of /proc/self/status, in megabytes."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def write(index: Path, folder: Path, count: int, *, in_memory: bool) -> dict[str, Any]:
    """Write the index. The peak is that of the whole process; `before_mb` is what the inputs take."""
    source = Store(current_generation(index))
    known = source.all_chunks()
    pages = sorted(pages_of(source.pages(), -(-count // len(known))), key=lambda page: page.document.url)
    chunks: Sequence[Chunk] = Copies(known, count)
    if in_memory:
        chunks = list(chunks)
    manifest = {**source.manifest, "chunks": count, "pages": len(pages)}
    before, started, cpu = status("VmRSS"), time.perf_counter(), time.process_time()
    with writing(folder):
        made = FolderIndex(folder).writer(MiniLm()).publish(pages, chunks, embeddings_of(source, count), manifest)
    files = sorted(path for path in made.folder.iterdir() if path.name not in ("manifest.json", "index.duckdb"))
    return {
        "chunks": count,
        "in_memory": in_memory,
        "before_mb": round(before),
        "peak_mb": round(status("VmHWM")),
        "wall_s": round(time.perf_counter() - started, 1),
        "cpu_s": round(time.process_time() - cpu, 1),
        "disk_mb": round(sum(path.stat().st_size for path in made.folder.iterdir()) / 1e6),
        "files": {path.name: hashlib.file_digest(path.open("rb"), "sha256").hexdigest()[:12] for path in files},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--in-memory", action="store_true")
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        found = write(given.index, given.keep or Path(temporary) / "index", given.count, in_memory=given.in_memory)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
