"""The cases: kills at random instants and at each step, calls that fail, disks that are full."""

import errno
import random
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.reliability.faults import STEPS, Fault
from tests.reliability.scenarios import Scenario, Tally

SIZES = 16
_MEASURED = 3  # runs to the end, of which the shortest tells how long one takes
_MESSAGE = 8192  # room for the message of the run, which goes to a file as well


def kills(scenario: Scenario, count: int, seed: int = 4) -> Tally:
    """Kill -9 at random instants of a run, from its start to a little after its end."""
    tally, chance = Tally(), random.Random(seed)
    durations: list[float] = []
    for number in range(count + _MEASURED):
        with scenario.case() as case:
            if number < _MEASURED:
                durations.append(scenario.machine.run(case, *scenario.arguments).seconds)
                continue
            after = chance.uniform(0.0, 1.15 * min(durations))
            scenario.check(case, scenario.machine.run(case, *scenario.arguments, kill_after=after), tally)
    return tally


def steps(scenario: Scenario, names: Iterable[str] = tuple(STEPS)) -> Tally:
    """Kill -9 right before and right after each named step."""
    faults = [Fault(name, action) for name in names for action in ("die before", "die after")]
    tally = struck(scenario, faults)
    if tally.struck < tally.cases:
        tally.failures.append("a step was not reached: is it still named so?")
    return tally


def failing(scenario: Scenario, kind: str, counts: Iterable[int], action: str = "fail") -> Tally:
    """The Nth call of a kind fails, or from the Nth on all do, or the process dies in it."""
    return struck(scenario, (Fault(kind, action, nth) for nth in counts))


def full_disk(scenario: Scenario, sizes: Iterable[int]) -> Tally:
    """After so many bytes, nothing can be written any more."""
    return struck(scenario, (Fault("write", "full", size, errno.ENOSPC) for size in sizes))


def small_files(scenario: Scenario, sizes: Iterable[int]) -> Tally:
    """No file may become larger than so many bytes (RLIMIT_FSIZE)."""
    return struck(scenario, (Fault("size", "", size) for size in sizes))


def spread(top: int, count: int = SIZES) -> Iterator[int]:
    """`count` sizes from almost nothing to almost `top`, closer together where they are small."""
    return (int(top * (at / count) ** 2) + _MESSAGE for at in range(count))


def small_disk(scenario: Scenario, disk: Path) -> Tally:
    """Leave so much of a real, small file system free; make room again for the next run."""
    tally = Tally()
    for free in spread(1_250_000):
        with scenario.case(disk) as case:
            filler = disk / "filler"
            left = shutil.disk_usage(disk).free
            filler.write_bytes(bytes(max(0, left - free - _MESSAGE)))
            run = scenario.machine.run(case, *scenario.arguments)
            filler.unlink()
            before = len(tally.failures)
            scenario.check(case, run, tally)
            tally.failures[before:] = [f"{free} bytes free: {failure}" for failure in tally.failures[before:]]
    return tally


def struck(scenario: Scenario, faults: Iterable[Fault]) -> Tally:
    """Run once per fault, judge what is left, run again and judge that."""
    tally = Tally()
    for fault in faults:
        with scenario.case() as case:
            before = len(tally.failures)
            scenario.check(case, scenario.machine.run(case, *scenario.arguments, fault=fault), tally)
            tally.failures[before:] = [f"{fault}: {failure}" for failure in tally.failures[before:]]
    return tally
