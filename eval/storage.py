"""Save and read runs, journal a run in progress so that it can be resumed, and identify the system that is measured.

A run's journal is INDEX/eval/<key>.jsonl. The key is a hash of the question file, of what is
measured and of the system that is measured: an edit of the questions, other options, a reindex, a
calibration or another version of the code starts again. The journal is removed when the run is
complete. With a read-only index there is none, and the run can't be resumed.
"""

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, fields
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from eval.records import EvalRun, Outcome, QuestionFailure, RunConfig, SystemVersion
from ingest.core.atomic import replace_file
from ingest.core.database_url import IndexAddress
from ingest.core.errors import DocsError, UsageError
from ingest.core.paths import file_problem
from ingest.index.base import Published
from ingest.index.folder.files import CALIBRATION
from ingest.index.stores import index_at

_FORMAT: Final = 1


def save_run(path: Path, run: EvalRun) -> None:
    """Write a run for later comparisons: JSON, one outcome per line, to be read by `read_run`."""
    fields = asdict(run)
    outcomes = fields.pop("outcomes")
    head = json.dumps({"askdocs_run": _FORMAT, **fields}, indent=1, ensure_ascii=False)[:-2]
    lines = ",\n  ".join(json.dumps(outcome, ensure_ascii=False) for outcome in outcomes)
    write_whole(path, f'{head},\n "outcomes": [\n  {lines}\n ]\n}}\n')


def read_run(path: Path) -> EvalRun:
    """Read a run that `save_run` wrote. Raises UsageError for another file."""
    hint = "give a file that `askdocs eval … --save` wrote"
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        version = fields.pop("askdocs_run")
        if version != _FORMAT:
            raise UsageError(f"{path} is a run of format {version}, not {_FORMAT}", "write it again with --save")
        outcomes = tuple(Outcome.from_json(outcome) for outcome in fields.pop("outcomes"))
        problems = tuple(QuestionFailure(**problem) for problem in fields.pop("problems"))
        measured, system = RunConfig(**fields.pop("measured")), SystemVersion(**fields.pop("system"))
        return EvalRun(outcomes=outcomes, problems=problems, measured=measured, system=system, **fields)
    except OSError as error:
        raise UsageError(file_problem(path, error), hint) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{path} is not a saved run", hint) from error


def write_whole(path: Path, text: str) -> None:
    """Write a file at once, or not at all. Raises DocsError."""
    with _name_path_in_errors(path):
        # Surrogates come from questions with a lone \\ud800: JSON allows them, UTF-8 does not.
        replace_file(path, text.encode("utf-8", "replace"))


def check_writable(path: Path) -> None:
    """Raise DocsError when no file can be written at this path: known before a long run, not after it."""
    with _name_path_in_errors(path):
        if path.is_dir():
            raise IsADirectoryError(21, "is a folder")
        if not path.parent.is_dir():
            raise FileNotFoundError(2, f"there is no folder {path.parent}")
        if not os.access(path.parent, os.W_OK):
            raise PermissionError(13, "the folder can't be written to")


@contextlib.contextmanager
def _name_path_in_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DocsError(
            f"{path}: {error.strerror or error}", "name a file in a folder that you may write to"
        ) from error


_FOLDER: Final = "eval"


class Journal:
    """One outcome per line. Threads may add at the same time."""

    def __init__(self, index: Path, measured: RunConfig, system: SystemVersion) -> None:
        key = hashlib.sha256(json.dumps([asdict(measured), asdict(system)], sort_keys=True).encode()).hexdigest()
        self.path = index / _FOLDER / f"{key[:24]}.jsonl"
        self._lock = threading.Lock()

    def read(self) -> dict[str, Outcome]:
        """The outcomes of an interrupted run, by question id. A line that a crash cut short is skipped."""
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
        line = "\n" + json.dumps(outcome, default=_record_fields, ensure_ascii=True)
        with self._lock, contextlib.suppress(OSError):
            self.path.parent.mkdir(exist_ok=True)
            with self.path.open("ab") as file:
                file.write(line.encode())

    def close(self) -> None:
        """Remove the journal of a complete run, and the folder if it is empty."""
        with contextlib.suppress(OSError):
            self.path.unlink()
        with contextlib.suppress(OSError):
            self.path.parent.rmdir()


def _record_fields(record: Any) -> dict[str, Any]:  # noqa: ANN401 - any record of ours, which JSON does not know
    """The fields of a record as they are; `asdict` copies all that is in them, which takes longer than writing."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


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


def describe_system(index: IndexAddress, generation: Published, model: str, options: str = "") -> SystemVersion:
    """Identify what answers: index, embedder, model, its options, version and code with the calibrated thresholds."""
    manifest = generation.manifest
    calibration = index_at(index).read_note(CALIBRATION)
    thresholds = hashlib.sha256(calibration.encode()).hexdigest()[:8] if calibration else "0"
    return SystemVersion(
        embedder=manifest["embedder"]["name"],
        generation=generation.name,
        docs_date=str(manifest["docs_date"])[:10],
        chunks=manifest["chunks"],
        model=model,
        askdocs=version("askdocs"),
        code=f"{code_hash()}.{thresholds}",
        options=options,
    )
