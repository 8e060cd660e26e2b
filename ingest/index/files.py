"""The files of a generation, held against the checksums of its manifest: when it is opened, or when they are read."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ingest.core.errors import IndexDamaged

HOLDER: Final = "holder"

POINTER: Final = "CURRENT"
MANIFEST: Final = "manifest.json"
BUILDING: Final = ".building-"
NEXT: Final = f"{BUILDING}next"
REMOVING: Final = ".removing-"
NAME: Final = re.compile(r"\d{8}T\d{9}-[0-9a-f]{8}")

TOKENS: Final = "tokens.npy"
CHUNKS: Final = "chunks.jsonl"
DATABASE: Final = "index.duckdb"
_LATE: Final = frozenset({TOKENS, CHUNKS, DATABASE})
"""Files that a question reads little or nothing of. The first two have checksums of their parts beside them, and those
that are read are checked then; the database is checked before it is opened (see `check_on_read`)."""

_LARGE: Final = 8_000_000
"""Bytes above which such a file is not read whole whenever an index is opened."""

REBUILD: Final = "rebuild it: askdocs reindex --no-crawl --full"


def check_file(path: Path, facts: Mapping[str, Any]) -> None:
    """Check a file as far as is done when a generation is opened. Raises IndexDamaged, OSError."""
    if path.stat().st_size != facts["bytes"] or not (_is_late(path, facts) or sha256_of(path) == facts["sha256"]):
        raise IndexDamaged(f"{path} is not as it was written", REBUILD)
    if path.with_name(path.name + ".wal").exists():
        # DuckDB would replay it into the answers.
        raise IndexDamaged(f"a foreign log stands beside {path}", f"delete {path.name}.wal, or {REBUILD}")


def check_on_read(path: Path, facts: Mapping[str, Any]) -> None:
    """Check a file that was not checked when its generation was opened. Raises IndexDamaged."""
    try:
        whole = not _is_late(path, facts) or sha256_of(path) == facts["sha256"]
    except OSError:
        whole = False
    if not whole:
        raise IndexDamaged(f"{path} is not as it was written", REBUILD)


def _is_late(path: Path, facts: Mapping[str, Any]) -> bool:
    return path.name in _LATE and bool(facts["bytes"] > _LARGE)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
