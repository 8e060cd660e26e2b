"""Generations in Postgres: readers, writers, rollback, what a killed writer leaves, and what an update writes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from ingest.core.database_url import DatabaseUrl
from ingest.core.errors import IndexDamaged, IndexLocked
from ingest.index.build import build_index
from ingest.index.postgres.index import PostgresIndex
from tests.conftest import CommandLine
from tests.ingest.made import WordEmbedder, quiet, stored

Sql = Callable[..., list[tuple[object, ...]]]
DAY = {name: f"{name} text of a page, in a few words" for name in ("alpha", "beta", "gamma")}


def build(index: PostgresIndex, **bodies: str) -> str:
    """Publish with this index's own lock."""
    from ingest.index import stores

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stores, "_in_database", lambda _url: index)
        with index.writing():
            return build_index(index.url, stored(**bodies), WordEmbedder(), quiet).generation.name


@pytest.fixture
def index(url: str) -> PostgresIndex:
    return PostgresIndex(DatabaseUrl(url))


def test_a_reader_keeps_its_generation_and_the_next_run_removes_it_when_it_ends(index: PostgresIndex) -> None:
    first = build(index, **DAY)
    reader = index.open()
    for number in range(3):
        build(index, **{**DAY, "alpha": f"another text, number {number}"})
    assert first in index.names()
    assert "alpha text" in " ".join(chunk.text for chunk in reader.all_chunks())
    del reader
    last = build(index, **{**DAY, "alpha": "the last one"})
    assert first not in index.names()
    assert index.names() == sorted({index.predecessor(last), last})
    with pytest.raises(IndexDamaged, match="no generation"):
        index.open(first)


def test_words_counted_by_updates_are_those_of_a_whole_publish(index: PostgresIndex, sql: Sql) -> None:
    words = "SELECT terms, frequencies, mean_length FROM generation JOIN current ON generation = id"
    pages = {**DAY, "delta": "text text text of delta", "gone": "words that only this page has"}
    build(index, **pages)
    del pages["gone"]
    pages |= {"alpha": "alpha has other words now, and more of them", "new": "a page with a few more"}
    build(index, **pages)
    build(index, **(pages | {"beta": "beta again"}))
    build(index, **pages)
    updated = sql(words)
    sql("DROP SCHEMA " + index.url.schema + " CASCADE")
    build(index, **pages)
    assert updated == sql(words)


def test_nothing_of_removed_pages_is_left(index: PostgresIndex, sql: Sql) -> None:
    for number in range(4):
        build(index, **{**DAY, "alpha": f"text number {number}"})
    build(index, beta="only this page is left now")
    build(index, beta="only this page is left now, once more")
    for table in ("chunk", "embedding", "posting", "page_vector"):
        assert sql(f"SELECT count(*) FROM {table} WHERE page NOT IN (SELECT unnest(pages) FROM generation)") == [(0,)]
    assert sql("SELECT count(*) FROM page") == [(2,)]


def test_an_update_writes_the_pages_that_changed(index: PostgresIndex, sql: Sql) -> None:
    many = {f"page{number:03}": f"page number {number} has a text of its own" for number in range(60)}
    build(index, **many)
    build(index, **{**many, "page007": "this one is another now"})
    assert sql("SELECT count(*) FROM page") == [(61,)]
    assert sql("SELECT count(*) FROM embedding") == [(61,)]
    texts = {chunk.text for chunk in index.open().all_chunks()}
    assert len(texts) == 60
    assert any("another now" in text for text in texts)
    found = index.open().candidates(None, ["number"], 100)
    assert found.eligible == 59


def test_rows_follow_the_addresses_whatever_the_order_of_the_updates(index: PostgresIndex) -> None:
    build(index, beta="beta text of a page", delta="delta text of a page")
    build(index, alpha="alpha text of a page", beta="beta text of a page", delta="delta, changed text")
    reader = index.open()
    assert [chunk.url[-5:] for chunk in reader.all_chunks()] == ["alpha", "/beta", "delta"]
    found = reader.candidates(None, ["text"], 10)
    assert sorted(found.rows.tolist()) == [0, 1, 2]
    assert reader.vocabulary.rows_with("page").tolist() == [0, 1]


def test_rollback_returns_to_the_generation_before_and_the_next_run_goes_on_from_there(index: PostgresIndex) -> None:
    first = build(index, **DAY)
    second = build(index, **{**DAY, "beta": "something else"})
    left, now = index.roll_back()
    assert (left, now.name, index.published()) == (second, first, first)
    assert index.open().all_chunks()[1].text.endswith("beta text of a page, in a few words")
    third = build(index, **{**DAY, "gamma": "a third text"})
    assert index.predecessor(third) == first
    assert [chunk.text.rpartition("\n")[2] for chunk in index.open().all_chunks()][1:] == [
        "beta text of a page, in a few words",
        "a third text",
    ]


def test_the_second_of_two_writers_is_refused_and_names_the_first(index: PostgresIndex) -> None:
    other = PostgresIndex(index.url)
    named = rf"another reindex is running \(.*:{os.getpid()}, server"
    with index.writing(), pytest.raises(IndexLocked, match=named), other.writing():
        pass
    with other.writing():  # it is free again
        pass


def test_indexes_in_two_schemas_know_nothing_of_each_other(index: PostgresIndex, postgres: str) -> None:
    other = PostgresIndex(DatabaseUrl(str(index.url).replace("schema=t", "schema=u")))
    try:
        with index.writing(), other.writing():  # locks are their own as well
            pass
        build(index, **DAY)
        build(other, one="the only page")
        assert [len(one.open().all_chunks()) for one in (index, other)] == [3, 1]
    finally:
        import psycopg

        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(f'DROP SCHEMA "{other.url.schema}" CASCADE')


def test_a_killed_writer_leaves_the_old_generation_and_frees_the_lock(published: CommandLine) -> None:
    before = published("status", "--json").json["index"]["generation"]
    page = published.cwd / "markdown_docs" / "killed.md"
    page.write_text("---\nurl: https://openrouter.ai/docs/killed\ntitle: Killed\n---\n\n# Killed\n\nA new page.\n")
    script = (
        "import os, signal, ingest.index.postgres.writer as w\n"
        "w.PostgresWriter._switch = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from cli.main import run; run('askdocs', ['reindex', '--no-crawl'])"
    )
    died = subprocess.run(
        [sys.executable, "-c", script], cwd=published.cwd, env=published.environ, check=False, capture_output=True
    )
    assert died.returncode == -signal.SIGKILL
    assert published("status", "--json").json["index"]["generation"] == before
    deadline = time.monotonic() + 20
    while (again := published("reindex", "--no-crawl", "--json")).status and time.monotonic() < deadline:
        assert again.json["error"]["code"] == "index-locked"  # the server notices within a moment
    assert again.json["published"], again.err
    assert published("status", "--json").json["index"]["pages"] == 44


def test_rollback_by_the_command_line(published: CommandLine) -> None:
    first = published("status", "--json").json["index"]["generation"]
    (published.cwd / "markdown_docs" / "openrouter.ai__docs__faq.md").unlink()
    second = published("reindex", "--no-crawl", "--json").json["generation"]
    rolled = published("reindex", "--rollback", "--json").json
    assert (rolled["generation"], second != first) == (first, True)
    again = published("reindex", "--rollback")
    assert again.status == 1
    assert "no generation before" in again.err
    compared = published("inspect", "What are model variants?", "--compare", second[:18], "--json")
    assert compared.json["compare"]["index"]["generation"] == second, compared.err
