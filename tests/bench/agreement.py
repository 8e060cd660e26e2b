"""How far an index in Postgres finds and answers what the same one in files does.

Run `python -m tests.bench.agreement --index DIR --docs DIR --database postgres://… QUESTIONS.jsonl … [--json FILE]`
from the repository's root, with the extra `postgres` installed. The role must be able to create schemas; agree_exact
and agree_nearest are dropped. The index is published twice: its vectors compared one by one, and found by an HNSW
index, however few they are. Printed, and written to FILE, after every ten questions, which come in random order:

- words: the share of questions whose 50 best by words are the same, in the same order;
- exact, nearest: the share of the 50 best by vectors that both have, by comparison and by HNSW;
- answers: the share of questions with the same answer and the same citations; without a model. With HNSW for one
  question in four.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line sets it, before numpy is loaded

import argparse
import json
import random
from collections import Counter
from pathlib import Path
from unittest.mock import patch

from ingest.core.settings import load_settings
from ingest.embed.minilm import MiniLm
from ingest.index.base import Weights
from ingest.index.postgres import reader, writer
from ingest.index.stores import index_at
from ingest.text.terms import terms
from rag.open import Opened, open_assistant
from tests.bench.scale import copy_index, drop_schemas, in_schema

DEPTH = 50
WORDS, VECTORS = Weights(1, 0, 0, 0), Weights(0, 1, 0, 0)
SCHEMAS = ("agree_exact", "agree_nearest")


def questions_of(files: list[Path]) -> list[str]:
    """Every question, once, in random order."""
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    found = list(dict.fromkeys(str(json.loads(line)["question"]) for line in lines))
    random.Random(0).shuffle(found)
    return found


def best(opened: Opened, question: str, model: MiniLm, weights: Weights) -> list[str]:
    """The ids of the best chunks by words or by vectors, the best first."""
    query = model.embed_query(question) if weights is VECTORS else None
    found = opened.store.candidates(query, list(terms(question)), DEPTH, weights=weights)
    chunks = [chunk.id for chunk in opened.store.chunks(found.rows.tolist())]
    scores = (found.bm25 if weights is WORDS else found.cosine).tolist()
    ranked = sorted(zip(scores, chunks, strict=True), key=lambda pair: (-round(pair[0], 5), pair[1]))
    return [chunk for score, chunk in ranked[:DEPTH] if score > 0]


def answer(opened: Opened, question: str) -> object:
    """What an answer consists of."""
    found = opened.assistant.answer(question)
    return found.text, found.answered, [cited.hit.chunk.id for cited in found.citations]


def shared(one: list[str], other: list[str]) -> float:
    """The share of the first list that the second one has."""
    return len(set(one) & set(other)) / max(1, len(one))


def compare(stores: list[Opened], questions: list[str], report: Path | None) -> None:
    """Ask all questions of the files, of the index with exact search, and of that with HNSW."""
    files, exact, nearest = stores
    model, total, asked = MiniLm(), Counter[str](), Counter[str]()
    for number, question in enumerate(questions, 1):
        words = best(files, question, model, WORDS)
        vectors = best(files, question, model, VECTORS)
        said = answer(files, question)
        found = {
            "words": words == best(exact, question, model, WORDS) == best(nearest, question, model, WORDS),
            "exact": shared(vectors, best(exact, question, model, VECTORS)),
            "nearest": shared(vectors, best(nearest, question, model, VECTORS)),
            "answers": said == answer(exact, question),
        }
        if number % 4 == 0:
            found["answers with HNSW"] = said == answer(nearest, question)
        total.update({name: float(value) for name, value in found.items()})  # type: ignore[arg-type] # sums of shares
        asked.update(found.keys())
        if number % 10 == 0 or number == len(questions):
            figures = {name: [round(total[name] / asked[name], 4), asked[name]] for name in total}
            print(json.dumps(figures), flush=True)
            if report:
                report.write_text(json.dumps(figures, indent=1), encoding="utf-8")


def main() -> None:
    """Publish twice, compare, and drop what was published."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    for name in ("index", "docs"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("questions", type=Path, nargs="+")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    drop_schemas(given.database, SCHEMAS)
    urls = [in_schema(given.database, schema) for schema in SCHEMAS]
    source = index_at(given.index).open()
    copy_index(source, urls[0])
    with patch.object(writer, "EXACT_UP_TO", 0):
        copy_index(source, urls[1])
    stores = [
        open_assistant(load_settings({"docs": given.docs, "index": index}, {}, Path.cwd()), use_model=False)
        for index in (given.index, *map(str, urls))
    ]
    # An index with an HNSW index searches it whatever the size; the one without has none to search.
    with patch.object(reader, "EXACT_UP_TO", 0):
        compare(stores, questions_of(given.questions), given.json)
    drop_schemas(given.database, SCHEMAS)


if __name__ == "__main__":
    main()
