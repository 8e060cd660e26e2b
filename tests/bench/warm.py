"""Warm queries inside one process, at growing sizes, beside LlamaIndex's retriever and beside the floor.

Run `python -m tests.bench.warm --index DIR [--sizes 5000,20000,100000,500000] [--rounds R] [--json FILE]` from the
repository's root, with the `bench` extra installed. `--docs` is accepted, and not read. For each size an index is
written (see tests/bench/synthetic.py), then in one process each question is asked of all ways in turn (A B A B):

- ours: `Retriever.search`, passages and their texts included;
- rerank: the part of it that late interaction takes (reading token vectors of the candidates, comparing them);
- floor: one encode, one numpy product with all vectors, one bm25s query, the 8 best of both;
- llamaindex: `VectorIndexRetriever` over its in-memory store, with the same encoder, up to 20,000 chunks.

Memory is that of a process that answers with our ways alone. The first round is not measured.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.pairs import environment, report, table

if TYPE_CHECKING:
    from ingest.embed.minilm import MiniLm
    from ingest.index.folder.database import Store

BEST = 8
PEER_LIMIT = 20_000
Ask = Callable[[str], object]
QUESTIONS = (
    "How do I set a fallback model?",
    "What are model variants?",
    "Which parameters does streaming take?",
    "How many requests per minute may I send to a free model?",
    "Where do I see what a request cost?",
    "Can I bring my own provider keys?",
    "How do I force the model to answer in JSON that follows a schema?",
    "What happens when a provider is down?",
    "How are images sent to a model?",
    "Does OpenRouter keep my prompts?",
)


def _floor(store: "Store", model: "MiniLm") -> Ask:
    import bm25s
    import numpy as np

    vectors = np.array(store.vectors())
    index = bm25s.BM25()
    texts = [chunk.text for chunk in store.all_chunks()]
    index.index(bm25s.tokenize(texts, stopwords=None, show_progress=False), show_progress=False)

    def ask(question: str) -> object:
        near = vectors @ model.embed_query(question).vector
        tokens = bm25s.tokenize([question], stopwords=None, show_progress=False)
        return np.argpartition(-near, BEST)[:BEST], index.retrieve(tokens, k=BEST, show_progress=False)

    return ask


def _llamaindex(store: "Store", model: "MiniLm") -> Ask:
    from llama_index.core import VectorStoreIndex
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.schema import TextNode

    class Encoder(BaseEmbedding):
        def _get_query_embedding(self, query: str) -> list[float]:
            return list(map(float, model.embed_query(query).vector))

        def _get_text_embedding(self, text: str) -> list[float]:
            return self._get_query_embedding(text)

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

    vectors = store.vectors()
    nodes = [
        TextNode(id_=str(row), text=chunk.text, embedding=vectors[row].tolist())
        for row, chunk in enumerate(store.all_chunks())
    ]
    index = VectorStoreIndex(nodes, embed_model=Encoder())
    return index.as_retriever(similarity_top_k=BEST).retrieve


def measure(index: Path, ways: list[str], rounds: int) -> dict[str, Any]:
    """In this process: milliseconds of each way, question by question."""
    import resource

    from ingest.embed.minilm import MiniLm
    from ingest.index.folder.database import Store
    from ingest.index.folder.generations import current_generation
    from rag.retrieve.search import Retriever

    late = [0.0]

    class Timed(Retriever):
        def _second_stage(self, *arguments: Any) -> Any:
            start = time.perf_counter()
            found = super()._second_stage(*arguments)
            late[0] += (time.perf_counter() - start) * 1000
            return found

    opened = time.perf_counter()
    store, model = Store(current_generation(index)), MiniLm()
    retriever = Timed(store, model)
    model.embed_query("warm")
    facts: dict[str, Any] = {"open_ms": (time.perf_counter() - opened) * 1000}
    makers = {"floor": _floor, "llamaindex": _llamaindex}
    asks: dict[str, Ask] = {"ours": lambda question: retriever.search(question, BEST)}
    asks |= {way: makers[way](store, model) for way in ways if way in makers}
    asks["encode"] = model.embed_query
    times: dict[str, list[float]] = {name: [] for name in (*asks, "rerank")}
    cpu: dict[str, list[float]] = {name: [] for name in asks}
    for at in range(rounds + 1):
        for question in QUESTIONS:
            late[0] = 0.0
            found = {name: _milliseconds(ask, question) for name, ask in asks.items()}
            if at:
                times["rerank"].append(late[0])
                for name, (wall, used) in found.items():
                    times[name].append(wall)
                    cpu[name].append(used)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**facts, "peak_mb": peak, "ms": times, "cpu_ms": cpu}


def _milliseconds(ask: Ask, question: str) -> tuple[float, float]:
    """Of one question: on the clock, and of the processor."""
    start, used = time.perf_counter(), time.process_time()
    ask(question)
    return (time.perf_counter() - start) * 1000, (time.process_time() - used) * 1000


def _child(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", *arguments]
    environ = {**environment(), "OPENBLAS_NUM_THREADS": "1"}  # as the command line sets it
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environ)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def at_size(index: Path, size: int, rounds: int, *, peers: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        written = _child("tests.bench.synthetic", str(index), folder, str(size))
        alone = _child("tests.bench.warm", "--index", folder, "--ways", "ours", "--rounds", "1")
        ways = ["ours", *(["floor"] if peers else []), *(["llamaindex"] if peers and size <= PEER_LIMIT else [])]
        both = _child("tests.bench.warm", "--index", folder, "--ways", ",".join(ways), "--rounds", str(rounds))
    found = {figure: {name: _spread(values) for name, values in both[figure].items()} for figure in ("ms", "cpu_ms")}
    over = {
        figure: {name: _ratio(both[figure]["ours"], both[figure][name]) for name in ways[1:]}
        for figure in ("ms", "cpu_ms")
    }
    facts = {"open_ms": alone["open_ms"], "peak_mb": alone["peak_mb"], "written": written}
    return {"chunks": size, **found, "ours over": over["ms"], "ours over, CPU": over["cpu_ms"], **facts}


def _ratio(ours: list[float], other: list[float]) -> float:
    """Question by question: what slows both down leaves it alone."""
    return round(statistics.median(a / b for a, b in zip(ours, other, strict=True)), 2)


def _spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return {"p50": round(statistics.median(values), 2), "p95": round(p95, 2), "low": round(ordered[0], 2)}


def show(rows: list[dict[str, Any]]) -> None:
    names = ("ours", "rerank", "encode", "floor", "llamaindex")
    table(
        (
            *("chunks", *(f"{name}, p50 / p95 ms" for name in names), "ours, CPU", "ours / floor", "CPU"),
            *("open, ms", "peak, MB", "disk, MB", "written, s (CPU)", "written, peak MB"),
        ),
        [
            (
                f"{row['chunks']:,}",
                *(
                    f"{row['ms'][name]['p50']} / {row['ms'][name]['p95']}" if name in row["ms"] else "–"
                    for name in names
                ),
                f"{row['cpu_ms']['ours']['p50']} / {row['cpu_ms']['ours']['p95']}",
                *(str(row[name].get("floor", "–")) for name in ("ours over", "ours over, CPU")),
                *(f"{value:.0f}" for value in (row["open_ms"], row["peak_mb"], row["written"]["disk_mb"])),
                f"{row['written']['written_s']:.0f} ({row['written']['cpu_s']:.0f})",
                f"{row['written']['peak_mb']:.0f}",
            )
            for row in rows
        ],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", type=Path)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--sizes", default="5000,20000,100000,500000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--ways", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ways:
        print(json.dumps(measure(options.index, options.ways.split(","), options.rounds)))
        return
    rows = [
        at_size(options.index.resolve(), int(size), options.rounds, peers=options.peers)
        for size in options.sizes.split(",")
    ]
    show(rows)
    report("warm", {"sizes": rows}, options.json)


if __name__ == "__main__":
    main()
