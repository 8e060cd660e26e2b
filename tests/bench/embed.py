"""How fast a build embeds, beside the bare forward pass and beside LlamaIndex, and whether the vectors are the same.

Run `python -m tests.bench.embed [DOCS_FOLDER] [--chunks N] [--rounds R] [--json]` from the repository's root, with the
`bench` extra installed; without a folder, the starter pages are embedded. Three ways, each in a process of its own
and in turn, so that a busy machine slows all of them down:

- ours: `build_index`, as a reindex calls it, cache and index files included; `rate` is that of its embedding,
  `whole_rate` that of all it does;
- bare: sentence-transformers' `encode` over the same texts, the longest first, in the same batches;
- llamaindex: `VectorStoreIndex.from_documents` with its HuggingFace embedding, one document per chunk.

Models are loaded, and have embedded one text, before the clock starts. Memory is each process's peak.
"""

import argparse
import json
import os
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

from ingest.corpus import read_corpus
from ingest.embed import Vectors, embedding_text
from ingest.index import build_index, chunks_of, stored_pages
from ingest.minilm import MiniLm
from ingest.store import Store, StoredPage
from ingest.vector_cache import NAME, VectorCache

BATCH = 32
Way = Callable[[list[StoredPage], list[str]], tuple[Vectors, dict[str, float]]]


def quiet(*_: object) -> None:
    """Report no progress."""


def pages_with(folder: Path, count: int) -> list[StoredPage]:
    """Pages that have at least `count` chunks, in the order of their names."""
    chosen: list[StoredPage] = []
    total = 0
    for page in stored_pages(read_corpus(folder)):
        total += len(chunks_of([page.document], MiniLm(), quiet))
        chosen.append(page)
        if total >= count:
            break
    return sorted(chosen, key=lambda page: page.document.url)


def ours(pages: list[StoredPage], _texts: list[str]) -> tuple[Vectors, dict[str, float]]:
    embedder = MiniLm()
    embedder.embed(["warm"], quiet)
    with tempfile.TemporaryDirectory() as folder, VectorCache(Path(folder) / NAME, embedder.fingerprint) as cache:
        start = time.perf_counter()
        report = build_index(Path(folder), pages, embedder, quiet, cache=cache)
        whole = time.perf_counter() - start
        facts = {"seconds": report.embedding, "whole_seconds": whole, "embedded": report.embedded}
        return np.array(Store(report.generation).vectors()), facts


def bare(_pages: list[StoredPage], texts: list[str]) -> tuple[Vectors, dict[str, float]]:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(MiniLm().folder), device="cpu")
    model.encode(["warm"])
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]), reverse=True)
    start = time.perf_counter()
    vectors = model.encode([texts[at] for at in order], batch_size=BATCH, normalize_embeddings=True)
    seconds = time.perf_counter() - start
    result = np.empty_like(vectors)
    result[order] = vectors
    return result, {"seconds": seconds, "embedded": len(texts)}


def llamaindex(_pages: list[StoredPage], texts: list[str]) -> tuple[Vectors, dict[str, float]]:
    from llama_index.core import Document, VectorStoreIndex
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    model = HuggingFaceEmbedding(model_name=str(MiniLm().folder), device="cpu")
    model.get_text_embedding("warm")
    whole = [SentenceSplitter(chunk_size=100_000, chunk_overlap=0)]  # our chunks stay as they are
    documents = [Document(text=text, doc_id=str(at)) for at, text in enumerate(texts)]
    start = time.perf_counter()
    index = VectorStoreIndex.from_documents(documents, transformations=whole, embed_model=model)
    seconds = time.perf_counter() - start
    nodes = index.docstore.docs
    rows = {int(nodes[name].ref_doc_id): row for name, row in index.vector_store.data.embedding_dict.items()}
    return np.array([rows[at] for at in range(len(texts))], dtype=np.float32), {
        "seconds": seconds,
        "embedded": len(rows),
    }


WAYS: dict[str, Way] = {"ours": ours, "bare": bare, "llamaindex": llamaindex}


def measure(way: str, folder: Path, count: int, out: Path) -> None:
    """One way, in this process: writes its vectors and prints its figures as JSON."""
    warnings.simplefilter("ignore")
    pages = pages_with(folder, count)
    chunks = chunks_of([page.document for page in pages], MiniLm(), quiet)
    vectors, facts = WAYS[way](pages, [embedding_text(chunk) for chunk in chunks])
    np.save(out, vectors)
    facts["rate"] = len(chunks) / facts["seconds"]
    facts["whole_rate"] = len(chunks) / facts.get("whole_seconds", facts["seconds"])
    facts["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"chunks": len(chunks), **facts}))


def compare(folder: Path, count: int, rounds: int) -> dict[str, Any]:
    """All ways in turn; of each the fastest round. `cosine` is the lowest between our vector and the other's."""
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as temporary:
        paths = {way: Path(temporary) / f"{way}.npy" for way in WAYS}
        for _ in range(rounds):
            for way, path in paths.items():
                command = [sys.executable, "-m", "tests.bench.embed", str(folder), "--chunks", str(count)]
                environ = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
                done = subprocess.run(
                    [*command, "--way", way, "--out", str(path)], check=True, capture_output=True, env=environ
                )
                runs[way].append(json.loads(done.stdout.splitlines()[-1]))
        vectors = {way: np.load(path) for way, path in paths.items()}
    best: dict[str, Any] = {way: max(results, key=lambda facts: facts["rate"]) for way, results in runs.items()}
    for way, rows in vectors.items():
        lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(vectors["ours"], axis=1)
        best[way]["cosine"] = float(((rows * vectors["ours"]).sum(axis=1) / lengths).min())
    best["rates"] = {way: [round(facts["rate"], 2) for facts in results] for way, results in runs.items()}
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("docs", nargs="?", type=Path, default=Path("markdown_docs"))
    parser.add_argument("--chunks", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.way:
        measure(options.way, options.docs, options.chunks, options.out)
        return
    found = compare(options.docs, options.chunks, options.rounds)
    if options.json:
        print(json.dumps(found))
        return
    print(f"{found['ours']['chunks']} chunks, best of {options.rounds} rounds")
    for way in WAYS:
        facts = found[way]
        share = facts["rate"] / found["bare"]["rate"]
        print(
            f"{way:<11}{facts['rate']:7.2f}/s ({share:.0%} of bare; {facts['whole_rate']:.2f}/s with all else)"
            f"  {facts['peak_mb']:6.0f} MB  cosine {facts['cosine']:.6f}"
        )


if __name__ == "__main__":
    main()
