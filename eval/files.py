"""Runs and texts <-> files. A file is replaced whole, so that a crash leaves the old one."""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

from eval.records import Measured, Outcome, Problem, Run, System
from ingest.errors import DocsError, UsageError

_FORMAT: Final = 1


def save_run(path: Path, run: Run) -> None:
    """Write a run for later comparisons: JSON, one outcome per line, to be read by `read_run`."""
    fields = asdict(run)
    outcomes = fields.pop("outcomes")
    head = json.dumps({"askdocs_run": _FORMAT, **fields}, indent=1, ensure_ascii=False)[:-2]
    lines = ",\n  ".join(json.dumps(outcome, ensure_ascii=False) for outcome in outcomes)
    write_whole(path, f'{head},\n "outcomes": [\n  {lines}\n ]\n}}\n')


def read_run(path: Path) -> Run:
    """Read a run that `save_run` wrote. Raises UsageError for another file."""
    hint = "give a file that `askdocs eval … --save` wrote"
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        version = fields.pop("askdocs_run")
        if version != _FORMAT:
            raise UsageError(f"{path} is a run of format {version}, not {_FORMAT}", "make it anew with --save")
        outcomes = tuple(Outcome.from_json(outcome) for outcome in fields.pop("outcomes"))
        problems = tuple(Problem(**problem) for problem in fields.pop("problems"))
        measured, system = Measured(**fields.pop("measured")), System(**fields.pop("system"))
        return Run(outcomes=outcomes, problems=problems, measured=measured, system=system, **fields)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{path} is no saved run", hint) from error


def write_whole(path: Path, text: str) -> None:
    """Write a file at once, or not at all. Raises DocsError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with _told(path):
        try:
            # Surrogates come from questions with a lone \\ud800: JSON allows them, UTF-8 does not.
            with temporary.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Raise DocsError for a path that can't become a file: told before a long run, not after it."""
    with _told(path):
        if path.is_dir():
            raise IsADirectoryError(21, "is a folder")
        if not path.parent.is_dir():
            raise FileNotFoundError(2, f"there is no folder {path.parent}")
        if not os.access(path.parent, os.W_OK):
            raise PermissionError(13, "the folder can't be written to")


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DocsError(
            f"{path}: {error.strerror or error}", "name a file in a folder that you may write to"
        ) from error
