"""Cold commands, process start to last byte, beside a naive script and beside the bare steps in a row.

Run `python -m tests.bench.cold --docs DIR --index DIR [--rounds R] [--json FILE]` from the repository's root, with the
`bench` extra installed. All run in turn (A B A B), after once unmeasured; ratios are taken pair by pair.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.pairs import Sample, environment, facts, in_turn, ratios, report, spread, table, timed

QUESTION = "How do I set a fallback model?"


def command(*arguments: str) -> Callable[[], Sample]:
    return lambda: timed([sys.executable, *arguments])[0]


def laps(way: str, folder: Path) -> Callable[[], Sample]:
    """The steps of one cold process, in milliseconds, as it prints them."""

    def run() -> Sample:
        sample, out = timed([sys.executable, "-m", "tests.bench.peers", way, str(folder), QUESTION])
        steps: Sample = json.loads(out.splitlines()[-1])
        return {**steps, "sum": sum(steps.values()), "whole": sample["seconds"] * 1000}

    return run


def compare(docs: Path, index: Path, rounds: int) -> dict[str, Any]:
    where = ("--docs", str(docs), "--index", str(index))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        prepare = [sys.executable, "-m", "tests.bench.peers", "prepare", str(index), str(folder)]
        subprocess.run(prepare, check=True, capture_output=True, env=environment())
        found = in_turn(
            {
                "ask --no-llm": command("-m", "cli", "ask", QUESTION, "--no-llm", *where),
                "bare steps": command("-m", "tests.bench.peers", "bare", str(folder), QUESTION),
                "inspect": command("-m", "cli", "inspect", QUESTION, *where),
                "naive script": command("-m", "tests.bench.peers", "naive", str(folder), QUESTION),
                "--help": command("-m", "cli", "--help"),
                "interpreter": command("-c", "pass"),
            },
            rounds,
        )
        steps = in_turn({"ours": laps("ours", index), "bare": laps("bare", folder)}, rounds)
    return {
        "commands": {name: facts(samples) for name, samples in found.items()},
        "naive over ours": {
            name: {
                figure: ratios(found["naive script"], found[name], figure) for figure in ("seconds", "cpu", "peak_mb")
            }
            for name in ("ask --no-llm", "inspect")
        },
        "ours over bare": {
            name: {figure: ratios(found[name], found["bare steps"], figure) for figure in ("seconds", "cpu", "peak_mb")}
            for name in ("ask --no-llm", "inspect")
        },
        "steps_ms": {name: facts(samples) for name, samples in steps.items()},
    }


def show(found: dict[str, Any]) -> None:
    head = ("command", "wall, s", "CPU, s", "peak, MB")
    table(
        head,
        [
            (name, spread(one["seconds"]), spread(one["cpu"]), spread(one["peak_mb"], digits=0))
            for name, one in found["commands"].items()
        ],
    )
    for title in ("naive over ours", "ours over bare"):
        for name, one in found[title].items():
            print(f"{title}, {name}: " + ", ".join(f"{figure} {spread(value)}" for figure, value in one.items()))
    ours, bare = found["steps_ms"]["ours"], found["steps_ms"]["bare"]
    table(
        ("step", "ours, ms", "bare, ms"),
        [(name, spread(ours[name], digits=0), spread(bare[name], digits=0) if name in bare else "–") for name in ours],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = compare(options.docs.resolve(), options.index.resolve(), options.rounds)
    show(found)
    report("cold", found, options.json)


if __name__ == "__main__":
    main()
