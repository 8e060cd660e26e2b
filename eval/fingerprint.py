"""The code and the index -> a name of what is measured, so that a run is never continued with another system."""

import hashlib
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from eval.records import System
from ingest.generations import Generation
from rag.calibration import CALIBRATION


@cache
def code_hash() -> str:
    """A hash of the sources that rank, answer and measure; about half a megabyte is read, once."""
    digest = hashlib.sha256()
    for package in ("ingest", "rag", "eval"):
        found = find_spec(package)
        for folder in sorted((found.submodule_search_locations or ()) if found else ()):
            for path in sorted(Path(folder).rglob("*.py")):
                digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def system_of(generation: Generation, model: str) -> System:
    """What answers: index, embedder, model, version and code with the calibrated thresholds."""
    manifest = generation.manifest
    path = generation.folder.parent / CALIBRATION
    thresholds = hashlib.sha256(path.read_bytes()).hexdigest()[:8] if path.is_file() else "0"
    return System(
        embedder=manifest["embedder"]["name"],
        generation=generation.name,
        docs_date=str(manifest["docs_date"])[:10],
        chunks=manifest["chunks"],
        model=model,
        askdocs=version("askdocs"),
        code=f"{code_hash()}.{thresholds}",
    )
