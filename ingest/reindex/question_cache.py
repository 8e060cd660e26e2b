"""The questions that models wrote, by text and model, in a file of JSON lines next to the vector cache.

Each line is appended and synced when its questions come: a killed run loses at most what is under way. Lines that are
cut short, damaged or of another version are skipped, and their questions written again. Only the holder of the index's
lock may use it.
"""

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

from ingest.core.atomic import replace_file

_TIMES: Final = 3
"""The file is written again without what no index has used since, once it has so many times the lines in use."""


class QuestionCache:
    """The questions of one model by the hash of a section's text. `version` is that of the request."""

    def __init__(self, path: Path, model: str, version: str) -> None:
        self._path, self._about = path, f"{version}\n{model}"
        self._lock = threading.Lock()

    @cached_property
    def _lines(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        with contextlib.suppress(OSError), self._path.open("rb") as file:
            for line in file:
                with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
                    entry = json.loads(line)
                    key, questions = entry["key"], tuple(entry["questions"])
                    if entry["checksum"] == _checksum(key, questions):
                        found[key] = questions
        return found

    def get(self, texts: Collection[str]) -> dict[str, tuple[str, ...]]:
        """The questions of those of these texts (as hashes) that are known; () where the model wrote none."""
        keys = {text: self._key(text) for text in texts}
        return {text: self._lines[key] for text, key in keys.items() if key in self._lines}

    def put(self, text: str, questions: tuple[str, ...]) -> None:
        """Keep the questions of a text. Threads may call it at the same time. Raises OSError."""
        key = self._key(text)
        with self._lock:
            with self._path.open("ab") as file:
                if file.tell() and not _ends_a_line(self._path):
                    file.write(b"\n")  # of a run that was killed while it wrote
                file.write(_line(key, questions))
                file.flush()
                os.fsync(file.fileno())
            self._lines[key] = questions

    def retain(self, texts: Collection[str]) -> None:
        """Write the file again with these texts alone, where it has grown to several times their number."""
        used = {key: self._lines[key] for key in map(self._key, texts) if key in self._lines}
        if len(self._lines) > _TIMES * len(used) + 1_000:
            replace_file(self._path, b"".join(_line(key, questions) for key, questions in used.items()))
            self._lines.clear()
            self._lines.update(used)

    def _key(self, text: str) -> str:
        return hashlib.sha256(f"{self._about}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()


def _line(key: str, questions: tuple[str, ...]) -> bytes:
    entry: Mapping[str, object] = {"key": key, "questions": questions, "checksum": _checksum(key, questions)}
    return json.dumps(entry).encode() + b"\n"


def _checksum(key: str, questions: tuple[str, ...]) -> str:
    return hashlib.blake2b(json.dumps([key, *questions]).encode(), digest_size=16).hexdigest()


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
