"""Outcomes as they come -> a file beside the index, so that an interrupted run goes on where it ended.

The file stands at INDEX/eval/<key>.jsonl. The key is a hash of the question file, of what is
measured and of the system that is measured: an edit of the questions, other options, a reindex, a
calibration or another version of the code begins anew. It goes when the run is complete; with a
read-only index there is none, and the run only can't be resumed.
"""

import contextlib
import hashlib
import json
import threading
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

from eval.records import Measured, Outcome, System

_FOLDER: Final = "eval"


class Journal:
    """One outcome per line. Threads may add at the same time."""

    def __init__(self, index: Path, measured: Measured, system: System) -> None:
        key = hashlib.sha256(json.dumps([asdict(measured), asdict(system)], sort_keys=True).encode()).hexdigest()
        self.path = index / _FOLDER / f"{key[:24]}.jsonl"
        self._lock = threading.Lock()

    def read(self) -> dict[str, Outcome]:
        """What an earlier run came to, by question id. A line that a crash cut short is passed over."""
        found: dict[str, Outcome] = {}
        try:
            lines = self.path.read_bytes().split(b"\n")
        except OSError:
            return found
        for line in lines:
            with contextlib.suppress(ValueError, TypeError, KeyError):
                outcome = Outcome.from_json(json.loads(line))
                found[outcome.id] = outcome
        return found

    def add(self, outcome: Outcome) -> None:
        """Write an outcome at once. The line break comes first: a line cut short spoils only itself."""
        line = "\n" + json.dumps(outcome, default=_fields, ensure_ascii=True)
        with self._lock, contextlib.suppress(OSError):
            self.path.parent.mkdir(exist_ok=True)
            with self.path.open("ab") as file:
                file.write(line.encode())

    def close(self) -> None:
        """The run is complete: its journal goes, and the folder if it is empty."""
        with contextlib.suppress(OSError):
            self.path.unlink()
        with contextlib.suppress(OSError):
            self.path.parent.rmdir()


def _fields(record: Any) -> dict[str, Any]:  # noqa: ANN401 - what JSON does not know: our records
    """The fields of a record as they are; `asdict` copies all that is in them, which takes longer than writing."""
    return {field.name: getattr(record, field.name) for field in fields(record)}
