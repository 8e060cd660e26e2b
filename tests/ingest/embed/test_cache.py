"""Vectors outlive runs, and no damage gives a wrong one."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ingest.embed.cache
from ingest.embed.base import Embedding
from ingest.embed.cache import VectorCache
from ingest.embed.token_vectors import WIDTH


def vector(number: int) -> Embedding:
    return Embedding(np.full(8, number, dtype=np.float32), np.full((3, WIDTH), number % 128, dtype=np.int8))


def some(*numbers: int) -> dict[str, Embedding]:
    return {f"text {number}": vector(number) for number in numbers}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vectors.sqlite"


def put(path: Path, *numbers: int, fingerprint: str = "m/1") -> None:
    with VectorCache(path, fingerprint) as cache:
        cache.put(some(*numbers))


def found(path: Path, *numbers: int, fingerprint: str = "m/1") -> list[int]:
    """The numbers whose vectors are known; each of them must be the right one."""
    with VectorCache(path, fingerprint) as cache:
        got = cache.get(some(*numbers))
    for name, embedding in got.items():
        np.testing.assert_array_equal(embedding.vector, some(*numbers)[name].vector)
        np.testing.assert_array_equal(embedding.tokens, some(*numbers)[name].tokens)
    return sorted(int(name.split()[1]) for name in got)


def test_what_was_put_is_found_later_for_the_same_model_only(path: Path) -> None:
    put(path, 1, 2)
    assert found(path, 1, 2, 3) == [1, 2]
    assert found(path, 1, 2, fingerprint="m/2") == []
    put(path, 3, fingerprint="m/2")
    assert found(path, 1, 2, 3) == [1, 2]


def test_looking_changes_nothing(path: Path) -> None:
    assert found(path, 1) == []
    assert not path.exists()
    put(path, 1)
    before = path.read_bytes()
    assert found(path, 1, 2) == [1]
    assert path.read_bytes() == before
    assert [other.name for other in path.parent.iterdir()] == [path.name]


@pytest.mark.slow
def test_no_flipped_byte_gives_a_wrong_vector(path: Path) -> None:
    numbers = range(40)
    put(path, *numbers)
    whole = path.read_bytes()
    lost = 0
    for at in range(0, len(whole), 211):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
        lost += len(numbers) - len(found(path, *numbers))
    assert lost > 20, "the flips hit something"


@pytest.mark.parametrize("data", [b"", b"not a database at all" * 100, b"SQLite format 3\0" + bytes(5_000)])
def test_a_file_that_is_no_cache_is_replaced(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    assert found(path, 1) == []
    put(path, 1)
    assert found(path, 1) == [1]


def test_a_cut_file_is_a_miss_and_mended_by_the_next_entry(path: Path) -> None:
    put(path, *range(100))
    whole = path.read_bytes()
    for length in range(0, len(whole), 4_001):
        path.write_bytes(whole[:length])
        found(path, *range(100))
        put(path, 7)
        assert 7 in found(path, 7)


def test_a_cache_of_another_version_is_replaced(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE vectors (id INTEGER, data TEXT)")
    other.close()
    put(path, 1)
    assert found(path, 1) == [1]


def test_a_swapped_vector_is_a_miss(path: Path) -> None:
    put(path, 1, 2)
    with sqlite3.connect(path) as database:
        (first, one), (second, two) = database.execute("SELECT key, vector FROM vectors").fetchall()
        database.execute("UPDATE vectors SET vector = ? WHERE key = ?", [two, first])
        database.execute("UPDATE vectors SET vector = ? WHERE key = ?", [one, second])
    database.close()
    assert found(path, 1, 2) == []


def test_where_nothing_can_be_written_the_run_goes_on(path: Path) -> None:
    path.mkdir()
    with VectorCache(path, "m/1") as cache:
        cache.put(some(1))
        assert list(cache.get(some(1, 2))) == ["text 1"]
        cache.retain(some(1))
    assert path.is_dir()


def test_the_longest_unused_go_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest.embed.cache, "_LEAST", 5 * len(vector(0).pack()))
    now = [1_000.0]
    monkeypatch.setattr("ingest.embed.cache.time.time", lambda: now[0])
    for number in range(6):
        now[0] += 10
        put(path, number)
    now[0] += 10
    with VectorCache(path, "m/1") as cache:
        cache.retain(some(0, 5))
    assert found(path, *range(6)) == [0, 2, 3, 4, 5], "1 was unused for longest; 0 is in use"
    with VectorCache(path, "m/1") as cache:
        cache.put(some(*range(10, 20)))
        cache.retain(some(*range(10, 20)))
    assert set(range(10, 20)) < set(found(path, *range(20))), "an index fits in whole, however large"


def test_dropped_vectors_give_their_space_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest.embed.cache, "_LEAST", 0)
    put(path, *range(5_000))
    large = path.stat().st_size
    with VectorCache(path, "m/1") as cache:
        cache.retain(some(1))
    assert path.stat().st_size < large / 10


@pytest.mark.parametrize("pages", [1, 2_000])
def test_the_journal_of_a_killed_run_goes(path: Path, pages: int) -> None:
    """Held in memory, the change is not in the file yet; with room for one page, half of it is."""
    put(path, *range(50))
    script = (
        "import os, sqlite3, sys\n"
        "database = sqlite3.connect(sys.argv[1])\n"
        "database.execute(f'PRAGMA cache_size = {sys.argv[2]}')\n"
        "database.execute('UPDATE vectors SET vector = zeroblob(9000)')\n"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(path), str(pages)], check=True)
    journal = path.with_name("vectors.sqlite-journal")
    assert journal.exists()
    with VectorCache(path, "m/1") as cache:
        cache.recover()
    assert not journal.exists()
    assert found(path, *range(50)) == list(range(50))
