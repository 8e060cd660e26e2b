"""All benchmarks of speed, one after the other, and one table of what each row came to.

Run `python -m tests.bench.all --docs DIR --index DIR [--out DIR] [--rounds R] [--only NAME …]` from the repository's
root, with the `bench` extra installed, on a machine that does nothing else: on 2 cores it takes about half an hour,
half of that for the sizes of `warm` up to 500,000 chunks (10 GB of disk, 8 GB of memory), a quarter for `embed`. What
is in --out already is not run again, unless --only names it.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.pairs import REPOSITORY, environment, spread, table
from tests.bench.serve_rows import rows_of as serve_rows

NAMES = ("cold", "first_token", "batch", "rebuild", "embed", "serve", "warm")
Rows = list[tuple[str, ...]]


def run(name: str, out: Path, arguments: list[str]) -> None:
    """One benchmark, in a process of its own; its tables go through to stdout."""
    start = time.perf_counter()
    command = [sys.executable, "-m", f"tests.bench.{name}", *arguments, "--json", str(out)]
    done = subprocess.run(command, check=False, env=environment(), cwd=REPOSITORY)
    print(f"{name}: {time.perf_counter() - start:.0f} s, status {done.returncode}\n", flush=True)


def rows_of(name: str, found: dict[str, Any]) -> Rows:
    makers = {
        "cold": _cold,
        "first_token": _first_token,
        "batch": _batch,
        "rebuild": _rebuild,
        "embed": _embed,
        "serve": _serve,
    }
    return makers[name](found) if name in makers else _warm(found)


def _cold(found: dict[str, Any]) -> Rows:
    commands = found["commands"]
    rows: Rows = []
    for name in ("ask --no-llm", "inspect"):
        naive, bare = found["naive over ours"][name], found["ours over bare"][name]
        beside = (
            f"naive {spread(commands['naive script']['seconds'], 's')}: {naive['seconds']['median']} times ours",
            f"bare steps {spread(commands['bare steps']['seconds'], 's')}: ours is {bare['seconds']['median']} of it",
        )
        rows.append((f"cold `{name}`", spread(commands[name]["seconds"], "s"), "; ".join(beside), "≥ 10 times; < 1"))
        memory = (
            f"naive {spread(commands['naive script']['peak_mb'], 'MB', digits=0)}: {naive['peak_mb']['median']} times"
        )
        peak = spread(commands[name]["peak_mb"], "MB", digits=0)
        rows.append((f"its peak memory, `{name}`", peak, memory, "≥ 3 times, < 350 MB"))
    return [*rows, ("cold `--help`", spread(commands["--help"]["seconds"], "s"), "–", "< 0.3 s")]


def _first_token(found: dict[str, Any]) -> Rows:
    ours, bare = found["ms"]["ours"], found["ms"]["bare"]
    return [
        ("first token shown after it was sent", spread(ours, "ms"), f"openai loop {spread(bare, 'ms')}", "≤ 5 ms more")
    ]


def _batch(found: dict[str, Any]) -> Rows:
    commands, share = found["commands"], found["eval over queries"]
    queries = f"start and queries {spread(commands['queries']['seconds'], 's')}"
    beside = f"{queries}: ours is {share['seconds']['median']} of it, CPU {share['cpu']['median']}"
    what = f"eval of {found['questions']} questions, retrieval only"
    return [(what, spread(commands["eval"]["seconds"], "s"), beside, "≤ 1.2")]


def _rebuild(found: dict[str, Any]) -> Rows:
    commands, share, pages = found["commands"], found["unchanged over full"], found["pages"]
    whole = f"{pages['unchanged, all pages']} pages: {spread(commands['unchanged, all pages']['cpu'], 's')}"
    full = f"full build {spread(commands['full']['cpu'], 's')}: ours is {share['cpu']['median']} of it"
    what = f"unchanged reindex of {pages['unchanged']} pages, CPU"
    return [(what, spread(commands["unchanged"]["cpu"], "s"), f"{full}; {whole}", "≤ 0.05")]


def _embed(found: dict[str, Any]) -> Rows:
    ways = found["ways"]
    peers = "; ".join(
        f"{name} {spread(ways[name]['rate'])}: ours is {found[f'ours over {name}']['whole_rate']['median']} of it"
        for name in ("llamaindex", "bare")
    )
    return [("full build, chunks/s end to end", spread(ways["ours"]["whole_rate"]), peers, "≥ 1; ≥ 0.85")]


def _serve(found: dict[str, Any]) -> Rows:
    return serve_rows(found["parts"])


def _warm(found: dict[str, Any]) -> Rows:
    rows: Rows = []
    for row in found["sizes"]:
        ms = row["ms"]
        peers = [
            f"{name} {ms[name]['p50']} / {ms[name]['p95']}: ours is {row['ours over'][name]} of it"
            for name in ("floor", "llamaindex")
            if name in ms
        ]
        name = f"warm query at {row['chunks']:,} chunks, p50 / p95 ms"
        rows.append((name, f"{ms['ours']['p50']} / {ms['ours']['p95']}", "; ".join(peers), "≤ 25 ms at 5,000; ≤ 3"))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=NAMES, default=[])
    options = parser.parse_args()
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    where = ["--docs", str(options.docs.resolve()), "--index", str(options.index.resolve())]
    for name in NAMES:
        wanted = name in options.only if options.only else not (out / f"{name}.json").exists()
        if wanted:
            run(name, out / f"{name}.json", [*where, "--rounds", str(options.rounds)])
    files = {name: out / f"{name}.json" for name in NAMES if (out / f"{name}.json").exists()}
    rows = [row for name, path in files.items() for row in rows_of(name, json.loads(path.read_text(encoding="utf-8")))]
    table(("what", "ours, median (lowest–highest)", "beside it", "goal"), rows)


if __name__ == "__main__":
    main()
