"""The ratchet: on the starter questions no measure may fall below its floor, and floors only rise.

`make floors` raises them to what is measured now; to lower one is an edit that a reviewer sees.
"""

import json
import os
from typing import Any

import pytest

from tests.conftest import REPOSITORY, CommandLine

QUESTIONS = REPOSITORY / "eval" / "questions" / "starter.jsonl"
FLOORS = REPOSITORY / "eval" / "floors.json"
SLACK = 0.0005
"""Rounding: floors and measures have four digits."""


@pytest.fixture(scope="module")
def document(starter: CommandLine) -> Any:
    done = starter("eval", QUESTIONS, "--no-llm", "--json", "--strict", "-q")
    assert done.status == 0, done.out
    return done.json


def measured(document: Any) -> dict[str, float]:
    return {
        f"{group}.{name}": one["value"]
        for group in ("retrieval", "answers", "refusals")
        for name, one in document[group].items()
    }


def test_no_measure_falls_below_its_floor(document: Any) -> None:
    floors = json.loads(FLOORS.read_text(encoding="utf-8"))
    values = measured(document)
    if os.environ.get("RAISE_FLOORS"):
        raised = {name: max(value, floors.get(name, 0.0)) for name, value in values.items()}
        FLOORS.write_text(json.dumps(raised, indent=1) + "\n", encoding="utf-8")
        floors = raised
    fallen = {name: (floor, values[name]) for name, floor in floors.items() if values[name] < floor - SLACK}
    assert fallen == {}, "floor and value of each measure that fell"
    assert set(floors) == set(values)


def test_no_gold_of_the_starter_questions_is_stale(document: Any) -> None:
    assert document["stale"] == []
    assert (document["questions"], document["answerable"], document["problems"]) == (18, 15, [])
