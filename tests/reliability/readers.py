"""Readers during publishes: no error, no answer of two editions."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import REPOSITORY
from tests.reliability.editions import write_edition
from tests.reliability.machine import Machine
from tests.reliability.scenarios import DOCS, INDEX

ALL = 18
"""Pages that change with each edition: every one but those that come and go."""


@dataclass
class Read:
    """What the readers of all publishes met."""

    publishes: int = 0
    queries: int = 0
    errors: list[str] = field(default_factory=list)
    mixed: int = 0
    editions: set[str] = field(default_factory=set)
    kept: int = 0
    """Generations that are left after the readers have gone and one more run has passed."""


def read_while_publishing(machine: Machine, publishes: int, queries: int) -> Read:
    """Two processes ask at least `queries` questions each; one opens the index for each, one keeps it open for long."""
    source, case = machine.folder / "read", machine.folder / "read.case"
    (case / DOCS).mkdir(parents=True)
    _publish(machine, case, source, 1)
    read = Read()
    step = queries // (publishes + 1)
    with _reader(machine, case, queries, 1) as one, _reader(machine, case, queries, 3 * step) as two:
        asked = 0
        for at in range(1, publishes + 1):
            asked = _wait_for(one, asked + step)
            _publish(machine, case, source, at + 1)
            read.publishes += 1
        _wait_for(one, asked + step)
        for reader in (one, two):
            _add(read, reader)
    _publish(machine, case, source, publishes + 2)
    read.kept = sum(path.is_dir() and path.name[:2] == "20" for path in (case / INDEX).iterdir())
    return read


def _publish(machine: Machine, case: Path, source: Path, edition: int) -> None:
    write_edition(source, edition, changing=ALL)
    run = machine.run(case, "reindex", "--from", str(source), "--allow-shrink")
    if run.status:
        raise AssertionError(run.err)


def _reader(machine: Machine, case: Path, queries: int, hold: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.reliability.reader", str(case / INDEX), str(queries), str(hold)]
    environ = {**machine.environ, "HOME": str(machine.folder)}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=REPOSITORY, env=environ, stdin=pipe, stdout=pipe, text=True)


def _wait_for(reader: "subprocess.Popen[str]", number: int) -> int:
    """Wait until the reader has asked so many questions: how many it had asked when it said so."""
    assert reader.stdout
    for line in iter(reader.stdout.readline, ""):
        if int(line) >= number:
            return int(line)
    raise AssertionError("the reader has ended")


def _add(read: Read, reader: "subprocess.Popen[str]") -> None:
    found: dict[str, Any] = json.loads(reader.communicate()[0].splitlines()[-1])
    read.queries += found["queries"]
    read.errors += found["errors"]
    read.mixed += found["mixed"]
    read.editions |= set(found["editions"])
