"""A batch of questions through `eval --retrieval-only`, beside one start and as many warm queries.

Run `python -m tests.bench.batch --docs DIR --index DIR [--questions FILE] [--rounds R] [--json FILE]` from the
repository's root. Both are commands of their own, run in turn (A B A B); the queries retrieve as many passages as the
evaluation does. The index is copied first, because an evaluation keeps a journal beside it.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.pairs import REPOSITORY, facts, in_turn, ratios, report, spread, table, timed

QUESTIONS = REPOSITORY / "eval" / "questions" / "openrouter.jsonl"
DEPTH = 64
"""As many passages as the evaluation asks for at first, of each question."""


def queries(index: Path, file: Path) -> None:
    """One start, then a query per line."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the command line sets it

    from ingest.embed.minilm import MiniLm
    from ingest.index.folder.database import Store
    from ingest.index.folder.generations import current_generation
    from rag.retrieve.search import Retriever

    retriever = Retriever(Store(current_generation(index)), MiniLm())
    for line in file.read_text(encoding="utf-8").splitlines():
        print(len(retriever.search(json.loads(line)["question"], DEPTH).hits))


def compare(docs: Path, index: Path, questions: Path, count: int, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as temporary:
        copy, file = Path(temporary) / "index", Path(temporary) / "questions.jsonl"
        shutil.copytree(index, copy, ignore=shutil.ignore_patterns("vectors.sqlite*", "responses", "eval", "holder"))
        lines = questions.read_text(encoding="utf-8").splitlines()[:count]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        where = ("--docs", str(docs), "--index", str(copy))
        evaluate = [sys.executable, "-m", "cli", "eval", str(file), "--retrieval-only", "--json", *where]
        alone = [sys.executable, "-m", "tests.bench.batch", "--index", str(copy), "--query", str(file)]
        ways = {"eval": lambda: timed(evaluate)[0], "queries": lambda: timed(alone)[0]}
        found = in_turn(ways, rounds)
    return {
        "questions": len(lines),
        "commands": {name: facts(samples) for name, samples in found.items()},
        "eval over queries": {
            figure: ratios(found["eval"], found["queries"], figure) for figure in ("seconds", "cpu", "peak_mb")
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", type=Path)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--questions", type=Path, default=QUESTIONS)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--query", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.query:
        queries(options.index, options.query)
        return
    if not options.docs:
        parser.error("--docs is needed")
    found = compare(options.docs.resolve(), options.index.resolve(), options.questions, options.count, options.rounds)
    table(
        ("command", "wall, s", "CPU, s", "peak, MB"),
        [
            (name, spread(one["seconds"]), spread(one["cpu"]), spread(one["peak_mb"], digits=0))
            for name, one in found["commands"].items()
        ],
    )
    print(
        "eval over queries: " + ", ".join(f"{name} {spread(one)}" for name, one in found["eval over queries"].items())
    )
    report("batch", found, options.json)


if __name__ == "__main__":
    main()
