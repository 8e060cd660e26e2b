from collections.abc import Callable
from pathlib import Path

import pytest

import ingest.reindex.pipeline
from ingest.core.records import Document
from ingest.core.settings import Settings
from ingest.core.urls import site_path
from ingest.docs.folder import read_corpus
from ingest.reindex.pipeline import ReindexOptions, ReindexReport, reindex
from tests.ingest.clean.plain_site import PAGES, content, plain_page
from tests.ingest.crawl.site import Site
from tests.ingest.made import WordEmbedder, quiet, settings_of

Run = Callable[..., ReindexReport]


@pytest.fixture
def run(settings: Settings, embedder: WordEmbedder, site: Site) -> Run:
    site.pages |= {f"/docs/{slug}": plain_page(slug) for slug in PAGES} | {"/docs": plain_page("kites")}

    def run(where: Settings = settings, **options: object) -> ReindexReport:
        chosen = ReindexOptions((site.url("/docs"),), jobs=1, **options)  # type: ignore[arg-type]  # options by name
        return reindex(where, chosen, quiet)

    return run


def pages(settings: Settings) -> dict[str, Document]:
    return {site_path(document.url): document for document in read_corpus(settings.docs).documents}


def bodies(settings: Settings) -> dict[str, str]:
    return {path: document.body for path, document in pages(settings).items()}


def test_only_the_content_of_an_unknown_site_is_left(settings: Settings, run: Run) -> None:
    run()
    found = pages(settings)
    assert {path: page.body for path, page in found.items()} == {
        "/docs" if slug == "kites" else f"/docs/{slug}": content(slug) for slug in PAGES
    }
    assert [site_path(alias) for alias in found["/docs"].aliases] == ["/docs/kites"]
    assert found["/docs/knots"].anchors == ("knots-top", "tie")


def test_a_second_crawl_gives_what_a_full_one_does(site: Site, settings: Settings, run: Run, tmp_path: Path) -> None:
    run()
    site.pages["/docs/tail"] = plain_page("tail", said="Four metres of tail are enough.")
    again = run()
    assert (again.count("changed"), again.unchanged, again.crawl.not_modified) == (1, 11, 11)
    assert pages(settings)["/docs/tail"].body == content("tail", said="Four metres of tail are enough.")
    other = settings_of(tmp_path / "other")
    run(other)
    assert bodies(other) == bodies(settings)


def test_what_is_learned_anew_reaches_pages_that_did_not_change(
    site: Site, settings: Settings, run: Run, tmp_path: Path
) -> None:
    """A sentence at the end of half of the pages is content until more of them have it."""
    notice = "<p>Kitebook moves to a new home in May.</p></body>"

    def with_notice(*slugs: str) -> None:
        site.pages |= {f"/docs/{slug}": plain_page(slug).replace("</body>", notice) for slug in slugs}

    with_notice("sail", "spars", "bridle", "line")
    run()
    assert pages(settings)["/docs/sail"].body.endswith("Kitebook moves to a new home in May.\n")
    with_notice("knots", "tail", "launch", "wind")
    again = run()
    assert again.crawl.not_modified == 8
    assert bodies(settings) == {path: body for path, body in bodies(settings).items() if "new home" not in body}
    other = settings_of(tmp_path / "other")
    run(other)
    assert bodies(other) == bodies(settings)
    site.pages |= {f"/docs/{slug}": plain_page(slug) for slug in ("spars", "bridle", "line", "knots", "tail")}
    run()
    assert [path for path, body in bodies(settings).items() if "new home" in body] == [
        "/docs/launch",
        "/docs/sail",
        "/docs/wind",
    ]


def test_a_folder_of_such_pages_is_read_the_same_way(settings: Settings, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    for slug in PAGES:
        (folder / f"{slug}.html").write_text(plain_page(slug), encoding="utf-8")
    run(from_path=folder)
    assert bodies(settings) == {f"/{slug}": content(slug) for slug in PAGES}


def test_a_newer_cleaner_learns_again_without_the_network(
    site: Site, settings: Settings, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    before = bodies(settings)
    site.log.clear()
    monkeypatch.setattr(ingest.reindex.pipeline, "CLEANER_VERSION", 99)
    report = run(crawl=False)
    assert (report.changes, report.problems, site.paths()) == ([], [], [])
    assert bodies(settings) == before


def test_without_kept_answers_pages_are_fetched_again(site: Site, settings: Settings, run: Run) -> None:
    run()
    before = bodies(settings)
    for path in (settings.index / "responses").iterdir():
        path.unlink()
    again = run()
    assert again.crawl.not_modified == 0
    assert bodies(settings) == before


def test_a_page_of_menus_only_is_dropped_and_says_why(site: Site, settings: Settings, run: Run) -> None:
    site.pages["/docs/all"] = plain_page("all").replace("<p>All about all.</p>", "")
    site.pages["/docs/rules"] = plain_page("rules").replace("</h1>", '</h1><p>See <a href="/docs/all">this</a>.</p>')
    report = run()
    assert [(site_path(p.url), p.reason) for p in report.problems] == [("/docs/all", "empty")]
    assert "/docs/all" not in pages(settings)
