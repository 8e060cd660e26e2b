"""The names of all files of an index folder, and their check against the checksums of a manifest.

::

    INDEX/CURRENT                      the name of the generation that readers open
    INDEX/20261121T081500-1f2e3d4c/    a generation: manifest.json, index.duckdb, and the arrays below
    INDEX/.building-…/                 a generation that is being written; the next run removes what a crash left
    INDEX/.building-next               names the generation that is being published
    INDEX/.removing-…/                 an old generation that is being removed
    INDEX/lock                         locked by the one writer; the system frees it when the writer dies
    INDEX/holder                       the process id of that writer
    INDEX/vectors.sqlite               embeddings by text and model, for later runs
    INDEX/questions.jsonl              questions that a model wrote, by text and model, for later runs
    INDEX/responses/                   pages as they were served, for later runs
    INDEX/checked.json                 when a crawl last found the pages of a generation unchanged
    INDEX/calibration.json             fitted thresholds of abstaining
    INDEX/eval/                        journals of evaluations
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ingest.core.errors import IndexDamaged

POINTER: Final = "CURRENT"
LOCK: Final = "lock"
HOLDER: Final = "holder"
VECTOR_CACHE: Final = "vectors.sqlite"
RESPONSES: Final = "responses"
WRITTEN_QUESTIONS: Final = "questions.jsonl"
CHECKED: Final = "checked.json"
CALIBRATION: Final = "calibration.json"
EVAL: Final = "eval"
OWN_FILES: Final = frozenset(
    {POINTER, LOCK, HOLDER, VECTOR_CACHE, f"{VECTOR_CACHE}-journal", WRITTEN_QUESTIONS, RESPONSES, CHECKED, CALIBRATION}
    | {EVAL}
)
"""Everything in an index folder that is not a generation and not named by a prefix below."""

BUILDING: Final = ".building-"
NEXT: Final = f"{BUILDING}next"
"""Names the generation that is being published: should that stop half-way, it is removed again."""
REMOVING: Final = ".removing-"
NAME: Final = re.compile(r"\d{8}T\d{9}-[0-9a-f]{8}")
"""The folder of a generation."""

MANIFEST: Final = "manifest.json"
DATABASE: Final = "index.duckdb"
CHUNKS: Final = "chunks.jsonl"
TOKENS: Final = "tokens.npy"
LATE_TOKENS: Final = "late_tokens.npy"
"""There where the index was built with a late-interaction model."""
VECTORS: Final = "vectors.npy"
ADDED_VECTORS: Final = "added_vectors.npy"
"""There with an embedder other than the bundled one."""
WHITENING: Final = "whitening.npy"
TOKEN_MEANS: Final = "token_means.npy"  # noqa: S105 - no password: tokens are word pieces
PAGES: Final = "pages.json"
PAGE_TEXTS: Final = "pages.jsonl"
PAGE_NUMBERS: Final = "page_numbers.npy"
PAGE_VECTORS: Final = "page_vectors.npy"
VOCABULARY: Final = "vocabulary.json"
POSTINGS: Final = ("offsets", "documents", "weights", "idf")
"""Each of them is a file NAME.npy."""
QUESTIONS: Final = "questions.json"
QUESTION_FILES: Final = "question_"
"""Begins the names of the arrays of generated questions; they and QUESTIONS are there only where some were written."""

_READ_LATER: Final = frozenset({TOKENS, LATE_TOKENS, CHUNKS, PAGE_TEXTS, DATABASE})
"""Files of which a question reads little or nothing. Of all but the database, every record has a checksum of its own
and is checked when it is read; the database is checked before it is opened (see `check_on_read`)."""

_LARGE: Final = 8_000_000
"""Bytes above which such a file is not read whole whenever an index is opened."""

REBUILD: Final = "rebuild it: askdocs reindex --no-crawl --full"
REMAKE: Final = "bring it up to date: askdocs reindex --no-crawl"


def check_file(path: Path, facts: Mapping[str, Any]) -> None:
    """Check a file as far as is done when a generation is opened. Raises IndexDamaged, OSError."""
    if path.stat().st_size != facts["bytes"] or not (_is_read_later(path, facts) or sha256_of(path) == facts["sha256"]):
        raise IndexDamaged(f"{path} is not as it was written", REBUILD)
    if path.with_name(path.name + ".wal").exists():
        # DuckDB would replay it into the answers.
        raise IndexDamaged(f"there is a foreign log next to {path}", f"delete {path.name}.wal, or {REBUILD}")


def check_on_read(path: Path, facts: Mapping[str, Any]) -> None:
    """Check a file that was not checked when its generation was opened. Raises IndexDamaged."""
    try:
        whole = not _is_read_later(path, facts) or sha256_of(path) == facts["sha256"]
    except OSError:
        whole = False
    if not whole:
        raise IndexDamaged(f"{path} is not as it was written", REBUILD)


def _is_read_later(path: Path, facts: Mapping[str, Any]) -> bool:
    return path.name in _READ_LATER and bool(facts["bytes"] > _LARGE)


def text_hash(text: str) -> str:
    """What an embedding depends on besides the model: the SHA-256 of its text, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
