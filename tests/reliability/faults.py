"""What goes wrong in a run: one call, step or size. Armed in the process that it is meant for."""

import ctypes
import errno
import importlib
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

CALLS: Final = {"write": 1, "rename": 2, "fsync": 4, "open": 8, "remove": 16, "mkdir": 32, "any": 63}
"""Kinds of system calls, as failing_calls.c numbers them."""

ACTIONS: Final = ("fail", "fail on", "die before", "die after", "die torn", "full")

STEPS: Final = {
    "take the lock": "ingest.index.folder.generations:_refuse_foreign",
    "clean up": "ingest.index.folder.generations:clean_up",
    "write the record": "ingest.core.atomic:replace_file:.askdocs.json",
    "write a page": "ingest.core.atomic:replace_file:.md",
    "remove a page": "os:unlink:.md",
    "insert rows": "ingest.index.folder.database:_insert",
    "write the database": "ingest.index.build:write_store",
    "write the arrays": "ingest.index.build:write_arrays",
    "make the manifest": "ingest.index.folder.generations:_checksum",
    "sync a file": "ingest.index.folder.generations:_sync",
    "name the generation": "os:rename",
    "point to it": "ingest.core.atomic:replace_file:CURRENT",
    "publish": "ingest.index.build:publish",
    "create": "database:CREATE TABLE pages",
    "checkpoint": "database:CHECKPOINT",
    "close": "database:close",
}
"""Steps of a run -> module, function and how its first argument ends, or the start of a statement."""


@dataclass(frozen=True)
class Fault:
    """`kind`: a call of CALLS, `database`, `size`, or a step; `nth`: which of them, or how many bytes."""

    kind: str = ""
    action: str = ""
    nth: int = 1
    error: int = errno.EIO


def arm(fault: Fault, folder: Path) -> None:
    """Let the fault happen in this process, to files below `folder` whose names begin with `markdown_docs`."""
    if fault.kind in CALLS:
        shim = ctypes.CDLL(None)
        path = str(folder / "markdown_docs").encode()
        shim.fail_arm(path, CALLS[fault.kind], ACTIONS.index(fault.action), ctypes.c_long(fault.nth), fault.error)
    elif fault.kind == "size":
        resource.setrlimit(resource.RLIMIT_FSIZE, (fault.nth, fault.nth))
    elif fault.kind == "database":
        _wrap_database(_Nth(fault))
    elif fault.kind:
        _arm_step(fault)


def _arm_step(fault: Fault) -> None:
    module, name, *ending = STEPS[fault.kind].split(":")
    nth = _Nth(fault)
    if module == "database":
        _wrap_database(lambda said: nth(said) if said.startswith(name) else lambda: None)
        return
    real = getattr(importlib.import_module(module), name)
    wrapped = _wrapped(real, nth, "".join(ending))
    for user in list(sys.modules.values()):  # also those that imported it by name
        if getattr(user, "__dict__", {}).get(name) is real:
            setattr(user, name, wrapped)


class _Nth:
    """Counts calls; at the Nth it acts: before the call, or by what it returns, which is called after it."""

    def __init__(self, fault: Fault) -> None:
        self._fault, self._count = fault, 0

    def __call__(self, _said: str) -> Callable[[], None]:
        self._count += 1
        on = self._fault.action == "fail on" and self._count > self._fault.nth
        if self._count != self._fault.nth and not on:
            return lambda: None
        if self._fault.action == "die after":
            return _die
        if self._fault.action == "die before":
            _die()
        import duckdb

        raise duckdb.IOException("IO Error: made to fail")


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _wrapped(call: Callable[..., Any], due: Callable[[str], Callable[[], None]], ending: str) -> Callable[..., Any]:
    def wrapped(*arguments: Any, **named: Any) -> Any:
        then = due("") if not ending or str(arguments[0]).endswith(ending) else lambda: None
        result = call(*arguments, **named)
        then()
        return result

    return wrapped


def _wrap_database(due: Callable[[str], Callable[[], None]]) -> None:
    import duckdb

    real = duckdb.connect

    def connect(*arguments: Any, **named: Any) -> "_Connection":
        then = due("connect")
        made = _Connection(real(*arguments, **named), due)
        then()
        return made

    duckdb.connect = connect  # type: ignore[assignment]  # that is the point


class _Connection:
    """A connection whose calls are counted."""

    def __init__(self, real: Any, due: Callable[[str], Callable[[], None]]) -> None:
        self._real, self._due = real, due

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        then = self._due("close")
        self._real.close()
        then()

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._real, name)

        def counted(*arguments: Any) -> Any:
            then = self._due(str(arguments[0]).lstrip() if name == "execute" else name)
            result = call(*arguments)
            then()
            return result

        return counted
