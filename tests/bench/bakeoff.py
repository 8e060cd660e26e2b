"""Are models of known quality told apart, and equal ones not? Whole runs of `askdocs eval --models` on a local server.

Run `python -m tests.bench.bakeoff [--seeds N] [--questions N] [--json FILE]` from the repository's root. For each seed,
two
models that know 80 % and 60 % of the facts are compared, and two that know 70 %; a difference counts as found where the
verdict says that one is better in facts.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.eval.stub_models import StubModels, write_world


def compare(folder: Path, models: str, environ: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "cli", "eval", "questions.jsonl", "--models", models, "--json"]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environ}, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--questions", type=int, default=250)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as temporary, StubModels(given.questions) as server:
        folder = Path(temporary)
        write_world(folder, given.questions)
        environ = {**server.environ, "ASKDOCS_DOCS": "pages"}
        index = [sys.executable, "-m", "cli", "reindex", "--no-crawl", "-q"]
        subprocess.run(index, cwd=folder, env={**os.environ, **environ}, check=True)
        for seed in range(given.seeds):
            pairs = {"different": ("0.8", "0.6"), "equal": ("0.7", "0.70")}
            row: dict[str, Any] = {"seed": seed}
            for kind, (one, other) in pairs.items():
                document = compare(folder, f"s{seed}/a-{one},s{seed}/b-{other}", environ)
                row[kind] = "is better in facts" in document["verdict"]
                row[f"{kind} facts"] = [system["measures"]["facts"]["value"] for system in document["systems"]]
                server.requests.clear()
            rows.append(row)
            found, false = (sum(row[kind] for row in rows) for kind in ("different", "equal"))
            print(f"seed {seed}: {row}; so far {found} of {len(rows)} found, {false} false alarms", flush=True)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
