"""Workers that are killed in the middle of a reindex. One instant of each kind: see worker_faults.py for series."""

import random
from pathlib import Path

import pytest

from tests.scale import worker_faults

pytest.importorskip("ray", reason="`make check-scale` installs it")
pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers in /proc")


def test_a_killed_worker_process_is_replaced() -> None:
    counted = worker_faults.series("2", 1, random.Random(1), worker_faults.a_process)
    assert counted["succeeded"] == 1


def test_a_killed_reindex_repeats_a_batch_of_each_worker_at_most() -> None:
    counted = worker_faults.series("2", 1, random.Random(2), worker_faults.the_run)
    assert counted["killed"] + counted["succeeded"] == 1
    assert counted["most repeated"] < worker_faults.PAGES * worker_faults.SECTIONS


def test_a_killed_actor_is_replaced() -> None:
    counted = worker_faults.series("ray", 1, random.Random(3), worker_faults.an_actor)
    assert counted["succeeded"] == 1


@pytest.mark.long
def test_a_killed_head_of_ray_is_one_line_with_a_hint() -> None:
    both = worker_faults.series("ray", 1, random.Random(0), lambda run, _: worker_faults.head_processes(run))
    assert both["one line and a hint"] == 1
