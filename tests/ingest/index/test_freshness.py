"""The date under an answer is when the docs were last held against their source."""

import json

import pytest

from ingest.core.settings import Settings
from ingest.index.folder.generations import current_generation, roll_back
from ingest.index.freshness import checked_at, docs_date, record_check
from ingest.reindex.pipeline import ReindexOptions, reindex
from tests.ingest.crawl.site import Answer, Site, html
from tests.ingest.made import quiet

pytestmark = pytest.mark.usefixtures("embedder")


@pytest.fixture
def crawled(site: Site, settings: Settings) -> Site:
    """One page that was crawled long ago."""
    site.pages["/docs"] = html("Start", text="Where everything begins, told in one sentence.")
    run(settings, site)
    age(settings)
    return site


def run(settings: Settings, site: Site) -> tuple[str, int]:
    """Crawl; the generation, and how many texts were embedded."""
    report = reindex(settings, ReindexOptions((site.url("/docs"),), allow_private=True), quiet)
    assert report.index is not None
    return report.index.generation.name, report.chunks.embedded


def age(settings: Settings) -> None:
    """As if everything had happened in January."""
    (page,) = settings.docs.glob("*.md")
    lines = page.read_text(encoding="utf-8").splitlines(keepends=True)
    page.write_text(
        "".join("fetched_at: 2026-01-05\n" if line.startswith("fetched_at") else line for line in lines),
        encoding="utf-8",
    )
    reindex(settings, ReindexOptions(crawl=False), quiet)
    (settings.index / "checked.json").unlink()


def date(settings: Settings) -> str:
    return docs_date(settings.index, current_generation(settings.index))[:10]


def test_an_unchanged_site_makes_no_generation_but_a_new_date(crawled: Site, settings: Settings) -> None:
    before = current_generation(settings.index).name
    assert date(settings) == "2026-01-05"
    assert run(settings, crawled) == (before, 0)
    assert date(settings) == checked_at(settings.index, before)[:10] > "2026-01-05"


def test_the_date_goes_with_the_pages(crawled: Site, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    run(settings, crawled)
    old, when = current_generation(settings.index).name, date(settings)
    monkeypatch.setattr("ingest.index.build.CHUNKER_VERSION", 99)
    reindex(settings, ReindexOptions(crawl=False), quiet)
    assert (current_generation(settings.index).name != old, date(settings)) == (True, when)
    record_check(settings.index, current_generation(settings.index).name, "2030-01-01T00:00:00+00:00")
    assert date(settings) == "2030-01-01"
    roll_back(settings.index)
    assert date(settings) == when


@pytest.mark.parametrize("text", ["", "[]", "{", '{"x": 1}', "null", '{"NAME": "\\u001b[31m"}', '{"NAME": 5}'])
def test_a_damaged_note_is_none(crawled: Site, settings: Settings, text: str) -> None:
    name = current_generation(settings.index).name
    (settings.index / "checked.json").write_text(text.replace("NAME", name))
    assert date(settings) == "2026-01-05"
    record_check(settings.index, name)
    assert list(json.loads((settings.index / "checked.json").read_text())) == [name]


def test_what_answers_show_of_a_page_is_never_older_than_the_page(crawled: Site, settings: Settings) -> None:
    """A new Last-Modified alone makes a generation, without embedding; a new ETag alone does not."""
    before = current_generation(settings.index).name
    body = str(crawled.pages["/docs"])
    crawled.validators = False
    crawled.pages["/docs"] = Answer(body, headers={"ETag": '"other"'})
    assert run(settings, crawled) == (before, 0)
    crawled.pages["/docs"] = Answer(body, headers={"Last-Modified": "Fri, 20 Nov 2026 08:00:00 GMT"})
    after, embedded = run(settings, crawled)
    assert (after != before, embedded) == (True, 0)
