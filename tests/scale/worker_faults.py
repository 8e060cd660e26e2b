"""Kill the workers of a reindex, its Ray, or the reindex itself at random instants.

Run `python -m tests.scale.worker_faults [--processes N] [--runs N] [--actors N] [--heads N] [--seed S]` from the
repository's root, with the extra `ray` installed; prints a line of JSON for each part. Every instant is a `reindex` of
pages that have all changed, with workers whose model loads at once (light_model/), on an index of files. After it:

- the command succeeded, or ended with one line and a hint; killed itself, it said nothing;
- the index is the old or the new one, whole; the new one only where the command did not fail;
- no text was embedded twice but those of the batch that each worker had at work, and of one whose result was on its
  way; and the next run publishes.

--processes kills a worker process, --runs the reindex, --actors an actor of the local Ray, and --heads the processes of
the node that the local Ray started as its head: its control store, its scheduler, or both.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from ingest.embed.workers import TASK
from ingest.index.stores import index_at
from tests.conftest import REPOSITORY
from tests.scale.faults import timed

PAGES, SECTIONS = 12, 60
WORKERS = 2
Find = Callable[[int, random.Random], list[int]]
"""Which processes of a run are killed, by the id of its own; none while they are not there."""
LIGHT = Path(__file__).parent / "light_model"


class Site:
    """Pages that every run writes afresh, and their index."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.docs = folder / "markdown_docs"
        self.docs.mkdir()
        self.embedded = folder / "embedded.txt"
        path = os.pathsep.join([str(LIGHT), str(REPOSITORY)])
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR")}
        self._environ = {**kept, "HOME": str(folder), "PYTHONPATH": path, "EMBEDDED": str(self.embedded)}
        self.chunks = 0

    def write(self, run: int) -> None:
        """Write all pages as of a run; nothing is embedded yet."""
        self.embedded.write_text("")
        for page in range(PAGES):
            sections = (
                f"## Part {at}\n\nRun {run} wrote part {at} of page {page}. " + f"It is filled up by words {at}. " * 30
                for at in range(SECTIONS)
            )
            (self.docs / f"page{page}.md").write_text(f"# Page {page}\n\n" + "\n\n".join(sections) + "\n")

    def start(self, workers: str) -> subprocess.Popen[str]:
        """Begin a reindex."""
        command = [sys.executable, "-m", "cli", "reindex", "--no-crawl", "--workers", workers]
        return subprocess.Popen(
            command,
            cwd=self._folder,
            env=self._environ,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def seen(self) -> int:
        """The run whose index is the current one. Raises AssertionError where parts are of another, or missing."""
        reader = index_at(self.docs.with_name("markdown_docs.index")).open()
        texts = [chunk.text for chunk in reader.all_chunks()]
        runs = {int(text.partition("Run ")[2].split()[0]) for text in texts if "Run " in text}
        assert len(runs) == 1, f"of the runs {runs}"
        self.chunks = self.chunks or len(texts)
        assert len(texts) == self.chunks, f"{len(texts)} chunks, not {self.chunks}"
        assert len(reader.passages(range(len(texts))).vectors) == len(texts)
        return runs.pop()

    def repeated(self) -> int:
        """How many texts were embedded a second time since the pages were written."""
        counted = Counter(self.embedded.read_text().split())
        return counted.total() - len(counted)


def series(workers: str, times: int, chance: random.Random, find: Find) -> Counter[str]:
    """Kill what `find` finds of a running reindex, at random instants of its embedding."""
    counted = Counter[str]()
    if not times:
        return counted
    with tempfile.TemporaryDirectory(prefix="askdocs-faults-") as folder:
        site = Site(Path(folder))
        site.write(0)
        assert _finish(site.start(str(WORKERS)))[0] == 0
        assert site.seen() == 0
        last = 0
        for number in range(1, times + 1):
            site.write(number)
            running = site.start(workers)
            counted["instants" if _strike(site, running, chance, find) else "was over before"] += 1
            last = _check(site, running, number, last, counted)
    return counted


def _strike(site: Site, running: "subprocess.Popen[str]", chance: random.Random, find: Find) -> bool:
    """Kill what is found after a random share of the texts was embedded. Whether it was still there."""
    _wait(lambda: bool(find(running.pid, chance)), running)
    embedded = chance.random() * site.chunks
    _wait(lambda: len(site.embedded.read_text().split()) >= embedded, running)
    time.sleep(chance.random() * 0.3)
    victims = find(running.pid, chance)
    for victim in victims:
        _kill(victim)
    return bool(victims)


def _check(site: Site, running: "subprocess.Popen[str]", number: int, last: int, counted: Counter[str]) -> int:
    """What the command said and what is seen; then run it again. The run that is seen at the end."""
    status, error = _finish(running)
    seen = site.seen()
    assert seen in (last, number), f"run {seen} is seen"
    if status == 0:
        assert seen == number
        counted["succeeded"] += 1
    elif status < 0:
        counted["killed"] += 1
    else:
        lines = [line for line in error.splitlines() if line.strip()]
        assert [line.partition(":")[0] for line in lines[-2:]] == ["error", "hint"], error
        assert not any("Traceback" in line for line in lines), error
        assert seen == last
        counted["one line and a hint"] += 1
        counted[lines[-2][:90]] += 1
    counted["new seen" if seen == number else "old seen"] += 1
    if seen != number:
        status, error = _finish(site.start(str(WORKERS)))
        assert (status, site.seen()) == (0, number), error
    repeated = site.repeated()
    assert repeated <= 2 * WORKERS * TASK, f"{repeated} texts were embedded twice"
    counted["most repeated"] = max(counted["most repeated"], repeated)
    return number


def _finish(running: "subprocess.Popen[str]") -> tuple[int, str]:
    _, error = running.communicate(timeout=300)
    return running.returncode, error


def _wait(reached: Callable[[], bool], running: "subprocess.Popen[str]") -> None:
    while running.poll() is None and not reached():
        time.sleep(0.01)


def _kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return


def descendants(process: int) -> list[tuple[int, str]]:
    """The processes below one, with their command lines."""
    found, left = [], [process]
    while left:
        for tasks in Path(f"/proc/{left.pop()}/task").glob("*/children"):
            try:
                children = [int(child) for child in tasks.read_text().split()]
                found += [(child, Path(f"/proc/{child}/cmdline").read_text()) for child in children]
            except OSError:
                continue
            left += children
    return found


def _named(process: int, *names: str) -> list[int]:
    return [pid for pid, command in descendants(process) if any(name in command for name in names)]


def a_process(run: int, chance: random.Random) -> list[int]:
    """One of the worker processes of a run."""
    found = _named(run, "spawn_main")
    return [chance.choice(found)] if len(found) >= WORKERS else []


def the_run(run: int, _chance: random.Random) -> list[int]:
    """The run itself, once it has workers."""
    return [run] if len(_named(run, "spawn_main")) >= WORKERS else []


def an_actor(run: int, chance: random.Random) -> list[int]:
    """One of the actors of a run."""
    found = _named(run, "ray::_Actor")
    return [chance.choice(found)] if found else []


def the_head(run: int, chance: random.Random) -> list[int]:
    """The control store of the Ray that a run started, its scheduler, or both."""
    found = head_processes(run)
    return chance.choice([found, found[:1], found[-1:]]) if found else []


def head_processes(run: int) -> list[int]:
    """The processes of the head that a run started, once it has actors."""
    return _named(run, "/gcs_server", "/raylet/raylet") if _named(run, "ray::_Actor") else []


def main() -> None:
    """Run what is asked for, and print what was counted."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    for name in ("processes", "runs", "actors", "heads"):
        parser.add_argument(f"--{name}", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    chance = random.Random(given.seed)

    parts: dict[str, tuple[str, int, Find]] = {
        "processes": (str(WORKERS), given.processes, a_process),
        "runs": (str(WORKERS), given.runs, the_run),
        "actors": ("ray", given.actors, an_actor),
        "heads": ("ray", given.heads, the_head),
    }
    figures: dict[str, dict[str, float]] = {}
    for name, (workers, times, find) in parts.items():
        with timed(name, figures):
            figures[name] = dict(series(workers, times, chance, find))


if __name__ == "__main__":
    main()
