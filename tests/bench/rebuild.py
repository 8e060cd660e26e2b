"""A reindex that finds nothing changed, beside the full build of the same pages; nothing is fetched (`--no-crawl`).

Run `python -m tests.bench.rebuild --docs DIR --index DIR [--every N] [--rounds R] [--json FILE]` from the repository's
root. Every Nth page is built from nothing, then reindexed unchanged, in turn; `--every 1` takes all pages (minutes a
round). The whole index is copied, and reindexed unchanged as well. Compute is CPU time, that of all processes together.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.pairs import Sample, facts, in_turn, ratios, report, spread, table, timed


def reindex(docs: Path, index: Path) -> Sample:
    command = [sys.executable, "-m", "cli", "reindex", "--no-crawl", "--docs", str(docs), "--index", str(index)]
    return timed([*command, "--json"])[0]


def compare(docs: Path, index: Path, every: int, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as temporary:
        whole, part, copy, built = (Path(temporary) / name for name in ("whole", "part", "index", "built"))
        shutil.copytree(docs, whole)
        shutil.copytree(index, copy, ignore=shutil.ignore_patterns("responses", "eval", "holder"))
        part.mkdir()
        chosen = sorted(docs.glob("*.md"))[::every]
        for path in chosen:
            shutil.copy(path, part)

        def full() -> Sample:
            shutil.rmtree(built, ignore_errors=True)
            return reindex(part, built)

        reindex(whole, copy)  # what it is measured on must be unchanged indeed
        found = in_turn(
            {
                "full": full,
                "unchanged": lambda: reindex(part, built),
                "unchanged, all pages": lambda: reindex(whole, copy),
            },
            rounds,
            warm=False,
        )
        pages = {"full": len(chosen), "unchanged": len(chosen), "unchanged, all pages": len(list(docs.glob("*.md")))}
    return {
        "pages": pages,
        "commands": {name: facts(samples) for name, samples in found.items()},
        "unchanged over full": {
            figure: ratios(found["unchanged"], found["full"], figure) for figure in ("seconds", "cpu")
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--every", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = compare(options.docs.resolve(), options.index.resolve(), options.every, options.rounds)
    table(
        ("reindex", "pages", "wall, s", "CPU, s", "peak, MB"),
        [
            (
                *(name, str(found["pages"][name]), spread(one["seconds"]), spread(one["cpu"])),
                spread(one["peak_mb"], digits=0),
            )
            for name, one in found["commands"].items()
        ],
    )
    share = found["unchanged over full"]
    print("unchanged over full: " + ", ".join(f"{name} {spread(one, digits=3)}" for name, one in share.items()))
    report("rebuild", found, options.json)


if __name__ == "__main__":
    main()
