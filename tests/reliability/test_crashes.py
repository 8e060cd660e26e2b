"""A sample of what full.py does at length: whatever fails, the old or the new index is there, whole."""

import pytest

from tests.reliability import cases
from tests.reliability.scenarios import Scenario, Tally


def well(tally: Tally) -> bool:
    assert not tally.failures, str(tally)
    return tally.old + tally.new == tally.cases


def test_kill_at_random_instants(update: Scenario) -> None:
    tally = cases.kills(update, 5)
    assert well(tally)
    assert tally.struck


def test_kill_at_steps(update: Scenario) -> None:
    tally = cases.steps(update, ("write a page", "checkpoint", "name the generation", "point to it"))
    assert well(tally)
    assert (tally.old, tally.new) == (7, 1)


def test_kill_while_one_source_replaces_another(replacement: Scenario) -> None:
    tally = cases.steps(replacement, ("write the record", "remove a page"))
    assert well(tally)
    assert tally.old == 4


@pytest.mark.parametrize("kind", ["write", "rename", "fsync", "open", "remove", "database"])
def test_a_call_fails(calls: None, update: Scenario, kind: str) -> None:
    assert well(cases.failing(update, kind, (3,)))
    tally = cases.failing(update, kind, (1,), "fail on")
    assert well(tally)
    assert tally.struck


def test_death_in_the_middle_of_a_write(calls: None, update: Scenario) -> None:
    tally = cases.failing(update, "write", (3, 30), "die torn")
    assert well(tally)
    assert tally.leftovers == 2


def test_a_full_disk(calls: None, update: Scenario) -> None:
    tally = cases.full_disk(update, (1_500, 500_000))
    assert well(tally)
    assert tally.old == 2


def test_a_limit_on_the_size_of_files(update: Scenario) -> None:
    tally = cases.small_files(update, (10_000, 500_000))
    assert well(tally)
    assert tally.old == 2
