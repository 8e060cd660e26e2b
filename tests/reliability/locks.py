"""Two runs at once: one wins, the other says who holds the lock and ends; a dead holder's lock is taken over."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.reliability.machine import Machine
from tests.reliability.scenarios import Scenario, state_of


@dataclass(frozen=True)
class Refusal:
    """How the second run ended, in seconds since its process was started."""

    holder: int
    status: int
    err: str
    seconds: float


@contextmanager
def held(scenario: Scenario, case: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A run that waits for its embeddings, and so holds the lock, until the block ends or it is killed."""
    server, go = scenario.machine.server, threading.Event()
    vector = server.vector

    def late(text: str) -> list[float]:
        go.wait(60)
        return vector(text)

    server.vector, server.requests = late, []  # type: ignore[method-assign]  # the network is where tests may lie
    try:
        with _start(scenario.machine, case, *scenario.arguments) as holder:
            while not server.requests and holder.poll() is None:
                time.sleep(0.01)
            yield holder
            go.set()
            holder.communicate(timeout=60)
    finally:
        go.set()
        server.vector = vector  # type: ignore[method-assign]


def refused(scenario: Scenario, case: Path) -> Refusal:
    """Start a run while another one holds the lock; the other one then ends well, with the new state."""
    with held(scenario, case) as holder:
        started = time.perf_counter()
        with _start(scenario.machine, case, *scenario.arguments) as second:
            _, err = second.communicate(timeout=60)
        refusal = Refusal(holder.pid, second.returncode, err.decode(), time.perf_counter() - started)
    assert holder.returncode == 0
    assert state_of(case) == scenario.new
    return refusal


def taken_over(scenario: Scenario, case: Path) -> None:
    """Kill a run that holds the lock; the next one neither waits nor complains."""
    with held(scenario, case) as holder:
        holder.kill()
    run = scenario.machine.run(case, *scenario.then)
    assert (run.status, run.err) == (0, "")
    assert state_of(case) == scenario.new


def race(scenario: Scenario, case: Path) -> list[int]:
    """Start two runs at the same time: their exit statuses, in order."""
    runs = [_start(scenario.machine, case, *scenario.arguments) for _ in range(2)]
    errors = [run.communicate(timeout=60)[1].decode() for run in runs]
    for run, err in zip(runs, errors, strict=True):
        assert run.returncode == 0 or err.startswith("error: another reindex is running"), err
    assert state_of(case) == scenario.new
    return sorted(run.returncode for run in runs)


def _start(machine: Machine, case: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "cli", *arguments]
    return subprocess.Popen(command, cwd=case, env=machine.environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
