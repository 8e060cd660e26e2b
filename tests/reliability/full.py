"""Every case, some hundreds of runs that are killed or made to fail: about 20 minutes on two cores.

    python -m tests.reliability.full                 all parts
    python -m tests.reliability.full kills readers   these parts

The exit status is 1 when anything was found. A sample of each part runs with the other tests.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.reliability import cases, damage, locks, scenarios
from tests.reliability.machine import Machine
from tests.reliability.readers import read_while_publishing

KINDS = ("write", "rename", "fsync", "open", "remove", "mkdir", "database")
NTH = range(1, 51)
Part = Callable[[Machine], Iterator[tuple[str, object, bool]]]
"""Gives lines: what was done, the counts, whether all went well."""


def kills(machine: Machine) -> Iterator[tuple[str, object, bool]]:
    for make, count in ((scenarios.update, 200), (scenarios.first, 50), (scenarios.replacement, 50)):
        tally = cases.kills(make(machine), count)
        yield f"kill -9 at random instants, {make.__name__}", tally, not tally.failures


def steps(machine: Machine) -> Iterator[tuple[str, object, bool]]:
    for make in (scenarios.update, scenarios.replacement):
        tally = cases.steps(make(machine))
        yield f"kill -9 before and after each step, {make.__name__}", tally, not tally.failures


def calls(machine: Machine) -> Iterator[tuple[str, object, bool]]:
    """System calls and calls of the database that fail."""
    scenario = scenarios.update(machine)
    for kind in KINDS:
        for action in ("fail", "fail on"):
            nth = NTH if action == "fail" else (1, 2, 5, 20)
            tally = cases.failing(scenario, kind, nth, action)
            yield f"{kind} {'failing' if action == 'fail' else 'failing from then on'}", tally, not tally.failures


def torn(machine: Machine) -> Iterator[tuple[str, object, bool]]:
    """Death in the middle of a call that writes: half of the data is there."""
    tally = cases.failing(scenarios.replacement(machine), "any", range(1, 200, 4), "die torn")
    yield "kill -9 in the middle of every fourth system call, replacement", tally, not tally.failures


def disks(machine: Machine) -> Iterator[tuple[str, object, bool]]:
    scenario = scenarios.update(machine)
    for name, fill in (("disk full (ENOSPC)", cases.full_disk), ("RLIMIT_FSIZE", cases.small_files)):
        tally = fill(scenario, cases.spread(1_250_000))
        yield f"{name}, {cases.SIZES} sizes", tally, not tally.failures
    with small_disk(machine) as disk:
        if disk:
            tally = cases.small_disk(scenario, disk)
            yield f"a small tmpfs, {cases.SIZES} sizes", tally, not tally.failures


@contextmanager
def small_disk(machine: Machine) -> Iterator[Path | None]:
    """A file system of its own; None where mounting is not allowed."""
    disk = machine.folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    try:
        yield None if mounted.returncode else disk
    finally:
        if not mounted.returncode:
            subprocess.run(["umount", str(disk)], check=True)


def lock(machine: Machine) -> Iterator[tuple[str, object, bool]]:
    scenario = scenarios.update(machine)
    seconds = []
    for _ in range(20):
        with scenario.case() as case:
            refusal = locks.refused(scenario, case)
            seconds.append(refusal.seconds)
            named = refusal.status == 1 and f"(process {refusal.holder})" in refusal.err
            if not named:
                yield "second run", refusal, False
    yield "20 second runs refused, slowest in seconds", f"{max(seconds):.2f}", max(seconds) < 2
    for _ in range(10):
        with scenario.case() as case:
            locks.taken_over(scenario, case)
    yield "10 locks of dead holders taken over", "", True
    results = []
    for _ in range(20):
        with scenario.case() as case:
            results.append(locks.race(scenario, case))
    counts = f"{results.count([0, 1])} times one won, {results.count([0, 0])} times one after the other"
    yield "20 pairs started at once", counts, all(result[0] == 0 for result in results)


def readers(machine: Machine) -> Iterator[tuple[str, object, bool]]:
    read = read_while_publishing(machine, 20, 1000)
    counts = f"{len(read.errors)} errors, {read.mixed} mixed, {len(read.editions)} editions, {read.kept} left"
    well = not read.errors and not read.mixed and read.kept == 2
    yield f"{read.queries} queries of 2 readers during {read.publishes} publishes", counts, well


def damaged(machine: Machine) -> Iterator[tuple[str, object, bool]]:
    scenario = scenarios.update(machine)
    kinds: dict[str, tuple[Callable[[Path], Iterator[damage.Damage]], int]] = {
        "200 bit flips": (partial(damage.flips, count=200), 0),
        "files cut at 10 places each, or gone": (partial(damage.truncations, count=10), 0),
        "foreign files, then mended as told": (damage.foreign, 1),
    }
    for name, (damages, mend) in kinds.items():
        tally = damage.check(scenario, damages, mend=mend)
        counts = f"{tally.cases} cases: {tally.struck} named, {tally.cases - tally.struck} without effect"
        yield name, f"{counts}, {len(tally.failures)} failures {tally.failures[:5]}", not tally.failures


PARTS: dict[str, Part] = {
    "kills": kills,
    "steps": steps,
    "calls": calls,
    "torn": torn,
    "disks": disks,
    "lock": lock,
    "readers": readers,
    "damaged": damaged,
}


def main(names: list[str]) -> int:
    bad = 0
    for name in names or PARTS:
        with tempfile.TemporaryDirectory() as folder, Machine(Path(folder)) as machine:
            if not machine.shim and name in ("calls", "torn", "disks"):
                print(f"{name}: skipped, there is no C compiler here")
                continue
            started = time.perf_counter()
            for what, counts, well in PARTS[name](machine):
                bad += not well
                took = f"{time.perf_counter() - started:.0f} s"
                print(f"{'ok' if well else 'BAD'}  {what}: {counts}  [{took}]", flush=True)
                started = time.perf_counter()
    return min(bad, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
