"""Several processes at one index, and files that are not what was written; at length in full.py."""

from functools import partial

from tests.reliability import damage, locks
from tests.reliability.machine import Machine
from tests.reliability.readers import read_while_publishing
from tests.reliability.scenarios import Scenario

SLOW = 10.0
"""Seconds; two when nothing else runs, as full.py has it."""


def test_a_second_run_is_told_who_holds_the_lock(update: Scenario) -> None:
    with update.case() as case:
        refusal = locks.refused(update, case)
    assert refusal.status == 1
    error, hint = refusal.err.splitlines()
    assert error.startswith(f"error: another reindex is running (process {refusal.holder}) on ")
    assert hint.startswith("hint: ")
    assert refusal.seconds < SLOW


def test_the_lock_of_a_dead_holder_is_taken_over(update: Scenario) -> None:
    with update.case() as case:
        locks.taken_over(update, case)


def test_readers_see_one_edition_while_others_are_published(machine: Machine) -> None:
    read = read_while_publishing(machine, 4, 24)
    assert (read.errors, read.mixed, read.kept) == ([], 0, 2)
    assert len(read.editions) > 2


def test_damage_is_named_and_nothing_wrong_is_answered(update: Scenario) -> None:
    for damages in (partial(damage.flips, count=9), partial(damage.truncations, count=1)):
        tally = damage.check(update, damages)
        assert not tally.failures, str(tally)
        assert tally.struck == tally.cases, "any flipped bit may be one that an answer depends on"


def test_files_of_others_are_named_and_the_remedy_helps(update: Scenario) -> None:
    tally = damage.check(update, damage.foreign, mend=5)
    assert not tally.failures, str(tally)
    assert tally.struck == tally.cases - 3  # a question reads nothing of a database, here of another version
