from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.core.records import Document
from ingest.docs.folder import write_document
from ingest.reindex.folder_source import read_local_source, restore_history
from tests.ingest.made import quiet

NOW = datetime(2026, 11, 21, tzinfo=UTC)
URL = "https://h.org/docs/tea"
BODY = "# Tea\n\nAll about tea.\n\n## Water & heat\n\nUse `soft` water.\n\n| A | B |\n| --- | --- |\n| 1 | 2 |\n"
PAGE = Document(
    url=URL,
    title="Tea",
    description="All about tea.",
    body=BODY,
    anchors=("tea", "water-heat"),
    aliases=("https://h.org/docs/chai", "https://h.org/docs/cha"),
    fetched_at="2026-11-01T08:00:00+00:00",
    last_modified="Sun, 01 Nov 2026 08:00:00 GMT",
    etag='"1"',
    source="https://h.org/docs",
)


def told(matter: str, document: Document = PAGE) -> Document:
    bare = replace(document, aliases=(), anchors=("", ""), fetched_at="", last_modified=None)
    return restore_history(bare, f"---\n{matter}\n---\n\n{BODY}", NOW)


def test_pages_that_were_written_come_back_as_they_were(tmp_path: Path) -> None:
    write_document(tmp_path, "tea.md", PAGE)
    [page] = read_local_source(tmp_path, [], quiet).documents
    assert page == replace(PAGE, etag=None, source=str(tmp_path.resolve()))


def test_an_alias_that_is_a_page_here_is_none(tmp_path: Path) -> None:
    write_document(tmp_path, "tea.md", PAGE)
    write_document(
        tmp_path, "chai.md", replace(PAGE, url="https://h.org/docs/chai", body="# Chai\n\nWith milk.\n", aliases=())
    )
    pages = {page.url: page.aliases for page in read_local_source(tmp_path, [], quiet).documents}
    assert pages == {URL: ("https://h.org/docs/cha",), "https://h.org/docs/chai": ()}


@pytest.mark.parametrize(
    "aliases",
    ["https://h.org/docs/a", "{a: b}", "[1, null]", "['javascript:x', '/docs/a', 'https://evil.example/a', 'https://u:p@h.org/a']",
     f"['{URL}#x']"],
)  # fmt: skip
def test_aliases_are_other_addresses_of_the_same_host(aliases: str) -> None:
    assert told(f"aliases: {aliases}").aliases == ()


def test_a_page_without_a_host_has_no_aliases() -> None:
    assert told("aliases: ['https://h.org/docs/chai']", replace(PAGE, url="/docs/tea")).aliases == ()


@pytest.mark.parametrize("day", ["tomorrow", "'2027-01-01'", "5", "[2026]", "'\"2026'", "2026-11-01\\x1b[31m"])
def test_a_day_that_is_none_or_still_to_come_is_not_believed(day: str) -> None:
    page = told(f"fetched_at: {day}\nlast_modified: {day}")
    assert (page.fetched_at, page.last_modified) == ("2026-11-21T00:00:00+00:00", None)


@pytest.mark.parametrize("anchors", ["[tea]", "[tea, water, heat]", "[tea, 'a b']", "tea", "[tea, 3]"])
def test_anchors_that_do_not_fit_the_headings_are_dropped(anchors: str) -> None:
    assert told(f"anchors: {anchors}").anchors == ("", "")


def test_broken_front_matter_tells_nothing() -> None:
    assert told("fetched_at: [").fetched_at == "2026-11-21T00:00:00+00:00"
