"""Several workers embed what one process does, and what they finished survives a kill."""

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ingest.embed.base import embed_all
from ingest.embed.minilm import MiniLm
from ingest.embed.workers import TASK, DistributedEmbedder, ModelSpec, ProcessWorkers, Workers
from tests.conftest import CommandLine

pytest.importorskip("ray", reason="`make check-scale` installs it; these tests take minutes")

TEXTS = [f"Passage {number} says that the valve {number} opens at {number % 7} bar." for number in range(TASK + 60)]
SPEC = ModelSpec("minilm", "cpu", "fp32", threads=1)


def ray_workers() -> Workers:
    from ingest.embed.ray_workers import RayWorkers

    return RayWorkers(SPEC, "", 2)


@pytest.fixture(scope="module")
def alone() -> list[np.ndarray]:
    return [one.vector for one in embed_all(MiniLm("cpu", "fp32", few=0), TEXTS)]


@pytest.mark.parametrize("kind", ["processes", "ray"])
def test_the_vectors_are_those_of_one_process(kind: str, alone: list[np.ndarray]) -> None:
    workers = ProcessWorkers(SPEC, 2) if kind == "processes" else ray_workers()
    found = embed_all(DistributedEmbedder(MiniLm("cpu", "fp32"), workers), TEXTS)
    cosines = [float(one.vector @ other) for one, other in zip(found, alone, strict=True)]
    assert min(cosines) >= 0.9999
    assert all(len(one.tokens) for one in found)


@pytest.fixture
def killed(starter: CommandLine, tmp_path: Path) -> CommandLine:
    """The starter pages, without an index and without a cache."""
    import shutil

    shutil.copytree(starter.cwd / "markdown_docs", tmp_path / "work" / "markdown_docs")
    return CommandLine(tmp_path / "work", starter.environ)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers in /proc")
def test_a_killed_run_goes_on_where_it_was(killed: CommandLine) -> None:
    cache = killed.cwd / "markdown_docs.index" / "vectors.sqlite"
    command = [sys.executable, "-m", "cli", "reindex", "--no-crawl", "--workers", "2"]
    running = subprocess.Popen(command, cwd=killed.cwd, env=killed.environ, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not _kept(cache) and time.monotonic() < deadline:
        time.sleep(0.1)
    workers = _children(running.pid)
    assert len(workers) >= 2
    running.kill()
    running.wait()
    while any(_is_alive(worker) for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(_is_alive(worker) for worker in workers)
    kept = _kept(cache)
    assert kept >= TASK
    done = killed("reindex", "--no-crawl", "--workers", "2", "--json")
    assert done.status == 0, done.err
    assert done.json["chunks"]["reused"] >= kept - 5  # equal texts are embedded once
    assert done.json["published"]


def _children(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def _is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _kept(cache: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{cache}?mode=ro", uri=True)) as database:
            return int(database.execute("SELECT count(*) FROM vectors").fetchone()[0])
    except sqlite3.Error:
        return 0


def test_workers_that_can_not_be_are_a_usage_error(askdocs: CommandLine) -> None:
    docs = askdocs.cwd / "markdown_docs"
    docs.mkdir()
    (docs / "a.md").write_text("# A\n\nText.\n")
    for given, said in (("none", "names no workers"), ("0", "names no workers")):
        refused = askdocs("reindex", "--no-crawl", "--workers", given)
        assert (refused.status, said in refused.err) == (2, True), refused.err
    remote = askdocs("reindex", "--no-crawl", "--workers", "2", "--embedder", "openrouter:a/b")
    assert remote.status == 2
    assert "is remote" in remote.err
