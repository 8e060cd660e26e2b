"""How fast a build embeds, beside the bare forward pass and beside LlamaIndex, and whether the vectors are the same.

Run `python -m tests.bench.embed [--docs DIR] [--chunks N] [--rounds R] [--json FILE]` from the repository's root, with
the `bench` extra installed; without a folder, the starter pages are embedded. Four ways, each in a process of its own
and in turn (A B C D A B C D), so that a busy machine slows all of them down; rates are compared round by round:

- ours: `build_index`, as a reindex calls it, cache and index files included; `rate` is that of its embedding,
  `whole_rate` that of all it does, `cpu_rate` the same by processor time;
- bare: sentence-transformers' `encode` over the same texts, the longest first, in the same batches;
- bare_bf16: the same in bf16, where the processor computes in it;
- llamaindex: `VectorStoreIndex.from_documents` with its HuggingFace embedding, one document per chunk.

Models are loaded, and have embedded one text, before the clock starts. Memory is each process's peak.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ingest.chunk import chunk_document
from ingest.docs.folder import read_corpus
from ingest.embed.base import Vectors, embed_all, embedding_text
from ingest.embed.cache import VectorCache
from ingest.embed.local import has_bf16
from ingest.embed.minilm import MiniLm
from ingest.index.base import StoredPage
from ingest.index.build import build_index, stored_pages
from ingest.index.folder.database import Store
from ingest.index.folder.files import VECTOR_CACHE
from tests.bench.pairs import environment, facts, ratios, report, spread, table

BATCH = 32
Way = Callable[[list[StoredPage], list[str]], tuple[Vectors, dict[str, float]]]


def quiet(*_: object) -> None:
    """Report no progress."""


def pages_with(folder: Path, count: int) -> list[StoredPage]:
    """Pages that have at least `count` chunks, in the order of their names."""
    chosen: list[StoredPage] = []
    embedder = MiniLm(few=0)  # as of a build of more chunks than are embedded in numpy
    total = 0
    for page in stored_pages(read_corpus(folder)):
        total += len(chunk_document(page.document, embedder.count, embedder.max_tokens))
        chosen.append(page)
        if total >= count:
            break
    return sorted(chosen, key=lambda page: page.document.url)


def ours(pages: list[StoredPage], _texts: list[str]) -> tuple[Vectors, dict[str, float]]:
    embedder = MiniLm(few=0)  # as of a build of more chunks than are embedded in numpy
    embed_all(embedder, ["warm"] * 16)
    with tempfile.TemporaryDirectory() as folder:
        cache = VectorCache(Path(folder) / VECTOR_CACHE, embedder.fingerprint)
        start, used = time.perf_counter(), time.process_time()
        with cache:
            report = build_index(Path(folder), pages, embedder, quiet, cache=cache)
        whole, cpu = time.perf_counter() - start, time.process_time() - used
        facts = {"seconds": report.embedding, "whole_seconds": whole, "cpu": cpu, "embedded": report.embedded}
        return np.array(Store(report.generation).vectors()), facts


def bare_bf16(pages: list[StoredPage], texts: list[str]) -> tuple[Vectors, dict[str, float]]:
    import torch

    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_bf16("cpu")):
        return bare(pages, texts)


def bare(_pages: list[StoredPage], texts: list[str]) -> tuple[Vectors, dict[str, float]]:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(MiniLm().folder), device="cpu")
    model.encode(["warm"])
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]), reverse=True)
    start, used = time.perf_counter(), time.process_time()
    vectors = model.encode([texts[at] for at in order], batch_size=BATCH, normalize_embeddings=True)
    seconds, cpu = time.perf_counter() - start, time.process_time() - used
    result = np.empty_like(vectors)
    result[order] = vectors
    return result, {"seconds": seconds, "cpu": cpu, "embedded": len(texts)}


def llamaindex(_pages: list[StoredPage], texts: list[str]) -> tuple[Vectors, dict[str, float]]:
    from llama_index.core import Document, VectorStoreIndex
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    model = HuggingFaceEmbedding(model_name=str(MiniLm().folder), device="cpu")
    model.get_text_embedding("warm")
    whole = [SentenceSplitter(chunk_size=100_000, chunk_overlap=0)]  # our chunks stay as they are
    documents = [Document(text=text, doc_id=str(at)) for at, text in enumerate(texts)]
    start, used = time.perf_counter(), time.process_time()
    index = VectorStoreIndex.from_documents(documents, transformations=whole, embed_model=model)
    seconds, cpu = time.perf_counter() - start, time.process_time() - used
    nodes = index.docstore.docs
    rows = {int(nodes[name].ref_doc_id): row for name, row in index.vector_store.data.embedding_dict.items()}
    return np.array([rows[at] for at in range(len(texts))], dtype=np.float32), {
        "seconds": seconds,
        "cpu": cpu,
        "embedded": len(rows),
    }


WAYS: dict[str, Way] = {"ours": ours, "bare": bare, "bare_bf16": bare_bf16, "llamaindex": llamaindex}


def measure(way: str, folder: Path, count: int, out: Path) -> None:
    """One way, in this process: writes its vectors and prints its figures as JSON."""
    warnings.simplefilter("ignore")
    pages = pages_with(folder, count)
    count, limit = MiniLm().count, MiniLm.max_tokens
    chunks = [chunk for page in pages for chunk in chunk_document(page.document, count, limit)]
    vectors, facts = WAYS[way](pages, [embedding_text(chunk) for chunk in chunks])
    np.save(out, vectors)
    facts["rate"] = len(chunks) / facts["seconds"]
    facts["whole_rate"] = len(chunks) / facts.get("whole_seconds", facts["seconds"])
    facts["cpu_rate"] = len(chunks) / facts["cpu"]
    facts["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"chunks": len(chunks), **facts}))


def compare(folder: Path, count: int, rounds: int) -> dict[str, Any]:
    """All ways in turn. `cosine` is the lowest between our vector and the other's, `largest` the largest difference."""
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as temporary:
        paths = {way: Path(temporary) / f"{way}.npy" for way in WAYS}
        environ = {**environment(), "OPENBLAS_NUM_THREADS": "1"}  # as the command line sets it
        for _ in range(rounds):
            for way, path in paths.items():
                command = [sys.executable, "-m", "tests.bench.embed", "--docs", str(folder), "--chunks", str(count)]
                done = subprocess.run(
                    [*command, "--way", way, "--out", str(path)], check=True, capture_output=True, env=environ
                )
                runs[way].append(json.loads(done.stdout.splitlines()[-1]))
        vectors = {way: np.load(path) for way, path in paths.items()}
    figures = ("rate", "whole_rate", "cpu_rate", "peak_mb")
    ways: dict[str, Any] = {
        way: facts([{name: run[name] for name in figures} for run in results]) | nearness(vectors[way], vectors["ours"])
        for way, results in runs.items()
    }
    shares = {
        f"ours over {way}": {name: ratios(runs["ours"], runs[way], name) for name in ("rate", "whole_rate", "cpu_rate")}
        for way in ("bare", "bare_bf16", "llamaindex")
    }
    return {"chunks": int(runs["ours"][0]["chunks"]), "rounds": rounds, "ways": ways, **shares}


def nearness(one: Vectors, other: Vectors) -> dict[str, float]:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return {
        "cosine": float(((one * other).sum(axis=1) / lengths).min()),
        "largest": float(np.abs(one - other).max()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", type=Path, default=Path("markdown_docs"))
    parser.add_argument("--index", type=Path, help="not read")
    parser.add_argument("--chunks", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        measure(options.way, options.docs, options.chunks, options.out)
        return
    found = compare(options.docs.resolve(), options.chunks, options.rounds)
    print(f"{found['chunks']} chunks, {options.rounds} rounds")
    table(
        ("way", "chunks/s", "with all else", "per CPU second", "peak, MB", "lowest cosine", "largest difference"),
        [
            (
                *(way, *(spread(one[name]) for name in ("rate", "whole_rate", "cpu_rate"))),
                spread(one["peak_mb"], digits=0),
                *(f"{one['cosine']:.7f}", f"{one['largest']:.1e}"),
            )
            for way, one in found["ways"].items()
        ],
    )
    for name in ("ours over bare", "ours over bare_bf16", "ours over llamaindex"):
        print(f"{name}: " + ", ".join(f"{figure} {spread(value)}" for figure, value in found[name].items()))
    report("embed", found, options.json)


if __name__ == "__main__":
    main()
