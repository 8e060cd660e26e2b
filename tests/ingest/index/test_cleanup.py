"""What runs that were killed leave in an index folder, and generations that somebody still reads."""

import subprocess
import sys
from pathlib import Path

import pytest

from ingest.core.errors import CorpusError, IndexMissing
from ingest.index.folder.generations import Generation, building, current_generation, generation_names, publish, writing
from tests.conftest import REPOSITORY

NAMES = [f"20261121T08000000{number}-0123abcd" for number in range(5)]

KILLED_BEFORE_POINTING = """
import os, pathlib, sys
import ingest.index.folder.generations as generations
generations.write_pointer = lambda *_: os._exit(9)
index = pathlib.Path(sys.argv[1])
with generations.writing(index), generations.building(index, sys.argv[2]) as folder:
    generations.publish(index, folder, {"chunks": 0})
"""


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"


def run(index: Path, name: str) -> Generation:
    with writing(index), building(index, name) as folder:
        (folder / "data").write_text(name, encoding="utf-8")
        return publish(index, folder, {"chunks": 0})


def listed(index: Path) -> list[str]:
    return sorted(path.name for path in index.iterdir())


def test_a_generation_that_was_never_pointed_to_does_not_pass_for_an_earlier_one(index: Path) -> None:
    for name in NAMES[:2]:
        run(index, name)
    script = [sys.executable, "-c", KILLED_BEFORE_POINTING, str(index), NAMES[2]]
    assert subprocess.run(script, cwd=REPOSITORY, check=False).returncode == 9
    assert generation_names(index) == NAMES[:3]
    assert current_generation(index).name == NAMES[1]
    with writing(index):
        assert listed(index) == [*NAMES[:2], "CURRENT", "holder", "lock"]


def test_a_run_that_can_not_point_leaves_nothing(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(index, NAMES[0])

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("ingest.index.folder.generations.write_pointer", fail)
    with pytest.raises(CorpusError, match="Input/output error"):
        run(index, NAMES[1])
    assert listed(index) == [NAMES[0], "CURRENT", "lock"]
    assert current_generation(index).name == NAMES[0]


def test_half_removed_generations_go(index: Path) -> None:
    run(index, NAMES[3])
    for name in (f".removing-{NAMES[0]}", NAMES[1]):
        (index / name).mkdir()
        (index / name / "vectors.npy").write_text("without a manifest")
    with writing(index):
        assert listed(index) == [NAMES[3], "CURRENT", "holder", "lock"]


def test_a_generation_stays_while_it_is_read(index: Path) -> None:
    run(index, NAMES[0])
    reading = [current_generation(index)]
    for name in NAMES[1:4]:
        run(index, name)
    assert generation_names(index) == [NAMES[0], *NAMES[2:4]]
    reading.clear()
    with writing(index):
        assert generation_names(index) == NAMES[2:4]


def test_a_reader_that_comes_late_opens_the_next_generation(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES[:2]:
        run(index, name)
    read = Path.read_text
    stale = [NAMES[0] + "\n"]

    def first_as_it_was(path: Path, encoding: str | None = None) -> str:
        return stale.pop() if stale and path.name == "CURRENT" else read(path, encoding=encoding)

    for path in (index / NAMES[0]).iterdir():
        path.unlink()
    monkeypatch.setattr(Path, "read_text", first_as_it_was)
    assert current_generation(index).name == NAMES[1]


def test_a_log_that_the_database_left_is_not_published(index: Path) -> None:
    with building(index, NAMES[0]) as folder:
        (folder / "index.duckdb.wal").write_bytes(b"rows")
        with pytest.raises(CorpusError, match=r"index\.duckdb\.wal was not taken in"):
            publish(index, folder, {"chunks": 0})
    with pytest.raises(IndexMissing):
        current_generation(index)
