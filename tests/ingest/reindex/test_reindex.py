import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.core.errors import CorpusError, CrawlFailed, IndexMissing, UsageError
from ingest.core.settings import Settings
from ingest.docs.folder import STARTER, read_corpus, read_sources, write_document
from ingest.index.folder.database import Store
from ingest.index.folder.generations import current_generation
from ingest.reindex.pipeline import ReindexOptions, ReindexReport, reindex
from tests.ingest.crawl.site import Answer, Site
from tests.ingest.made import WordEmbedder, document, quiet

Run = Callable[..., ReindexReport]


@pytest.fixture
def run(settings: Settings, embedder: WordEmbedder) -> Run:
    def run(*sources: str, **options: object) -> ReindexReport:
        return reindex(settings, ReindexOptions(sources, allow_private=True, **options), quiet)  # type: ignore[arg-type]  # options by name

    return run


def urls(settings: Settings) -> list[str]:
    return sorted(page.url for page in read_corpus(settings.docs).documents)


def paths(settings: Settings, site: Site) -> list[str]:
    return [url.removeprefix(site.origin) for url in urls(settings)]


NOTES = {"lock", "checked.json"}  # the second: when the pages were last held against their source


def snapshot(*folders: Path) -> dict[str, str]:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.name not in NOTES]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def whats(report: ReindexReport) -> dict[str, int]:
    return {what: report.count(what) for what in ("added", "changed", "removed")}


def text(title: str, said: str = "", *links: str) -> str:
    shown = "".join(f'<p>See <a href="{link}">{link}</a>.</p>' for link in links)
    words = said or f"All there is to know about {title}, in one sentence."
    return f"<html><body><main><h1>{title}</h1><p>{words}</p>{shown}</main></body></html>"


@pytest.fixture
def pages(site: Site) -> Iterator[Site]:
    """A start page and four others."""
    names = ["a", "b", "c", "d"]
    site.pages["/docs"] = text("Start", "", *(f"/docs/{name}" for name in names))
    site.pages |= {f"/docs/{name}": text(f"Page {name}") for name in names}
    return site


def test_a_folder_of_files_becomes_pages_and_an_index(tmp_path: Path, settings: Settings, run: Run) -> None:
    folder = tmp_path / "files"
    (folder / "guides").mkdir(parents=True)
    (folder / "own.md").write_text("---\nurl: https://h.org/own\n---\n\n# Own\n\nIts address is in its front matter.")
    (folder / "guides" / "plain.md").write_text("# Plain\n\nIts address is its path.")
    (folder / "guides" / "other.md").write_text("# Other\n\nIts address is a path as well.")
    (folder / "listed.html").write_text(text("Listed"))
    link = '<link rel="canonical" href="https://h.org/canonical">'
    (folder / "page.html").write_text(text("Canonical").replace("<body>", f"<head>{link}</head><body>"))
    (folder / "empty.md").write_text("")
    (folder / "binary.html").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 20)
    lines = [{"url": "https://h.org/listed", "file": "listed.html"}, {"url": "https://h.org/no", "file": "own.md"}]
    (folder / "manifest.jsonl").write_text("\n".join(map(json.dumps, lines)))
    report = run(from_path=folder)
    addresses = [
        "/guides/other",
        "/guides/plain",
        *(f"https://h.org/{name}" for name in ("canonical", "listed", "own")),
    ]
    assert urls(settings) == addresses
    assert len(list(settings.docs.glob("*.md"))) == 5
    assert {problem.url for problem in report.problems} == {"/empty", "/binary"}
    assert (report.seen, whats(report)) == (5, {"added": 5, "changed": 0, "removed": 0})
    assert [page.document.url for page in Store(current_generation(settings.index)).pages()] == addresses
    (folder / "own.md").unlink()
    (folder / "guides" / "plain.md").write_text("# Plain\n\nIts address is still its path.")
    again = run()
    assert whats(again) == {"added": 0, "changed": 1, "removed": 1}, "the recorded folder is read again"


def test_joined_files_become_pages(tmp_path: Path, settings: Settings, run: Run) -> None:
    joined = tmp_path / "llms-full.txt"
    joined.write_text("# One\nSource: https://h.org/1\n\nText one.\n\n# Two\nSource: https://h.org/2\n\nText two.\n")
    run(from_path=joined)
    assert urls(settings) == ["https://h.org/1", "https://h.org/2"]
    other = tmp_path / "all.md"
    other.write_text(
        "---\nurl: https://h.org/3\n---\n\n# Three\n\nText.\n\n---\nurl: https://h.org/4\n---\n\n# Four\n\nx y.\n"
    )
    run(from_path=other, replace=True)
    assert urls(settings) == ["https://h.org/3", "https://h.org/4"]


def test_a_crawl_is_recorded_and_the_next_one_changes_nothing(
    pages: Site, settings: Settings, run: Run, embedder: WordEmbedder
) -> None:
    pages.pages["/docs/moved"] = Answer(status=301, headers={"Location": "/docs/a"})
    pages.pages["/docs"] = text("Start", "", *(f"/docs/{name}" for name in ("moved", "b", "c", "d")))
    first = run(pages.url("/docs"))
    assert whats(first) == {"added": 5, "changed": 0, "removed": 0}
    assert (first.aliases, read_sources(settings.docs)) == (1, (pages.url("/docs"),))
    before = snapshot(settings.docs, settings.index)
    embedder.embedded.clear()
    second = run()
    assert (second.unchanged, second.crawl.not_modified, whats(second)) == (5, 5, dict.fromkeys(whats(first), 0))
    assert second.aliases == 1, "an unchanged page keeps the addresses that led to it"
    assert snapshot(settings.docs, settings.index) == before
    assert (embedder.embedded, second.index and second.index.published) == ([], False)


def test_changes_of_the_site_arrive_and_only_they_are_embedded(
    pages: Site, settings: Settings, run: Run, embedder: WordEmbedder
) -> None:
    run(pages.url("/docs"))
    pages.pages["/docs/a"] = text("Page a", "Another sentence now.")
    pages.pages["/docs/new"] = text("New page")
    pages.pages["/docs"] = text("Start", "", "/docs/a", "/docs/b", "/docs/c", "/docs/new")
    del pages.pages["/docs/d"]
    embedder.embedded.clear()
    report = run()
    assert {change.url.rpartition("/")[2]: change.what for change in report.changes} == {
        "a": "changed",
        "docs": "changed",
        "new": "added",
        "d": "removed",
    }
    assert len(embedder.embedded) == 3
    assert paths(settings, pages) == ["/docs", "/docs/a", "/docs/b", "/docs/c", "/docs/new"]


def test_a_page_that_fails_keeps_its_old_version(pages: Site, settings: Settings, run: Run) -> None:
    run(pages.url("/docs"))
    pages.pages["/docs/a"] = Answer("broken", 403)
    report = run()
    assert [(problem.url, problem.kept_old) for problem in report.problems] == [(pages.url("/docs/a"), True)]
    assert len(urls(settings)) == 5


def test_another_source_must_be_added_or_replace_the_first(
    tmp_path: Path, pages: Site, settings: Settings, run: Run
) -> None:
    joined = tmp_path / "llms-full.txt"
    joined.write_text("# One\nSource: https://h.org/1\n\nText one.\n")
    run(pages.url("/docs"))
    before = snapshot(settings.docs, settings.index)
    with pytest.raises(UsageError, match=r"contains the pages of http://127") as caught:
        run(from_path=joined)
    assert "--replace" in caught.value.hint
    assert "--add" in caught.value.hint
    assert snapshot(settings.docs, settings.index) == before
    run(from_path=joined, add=True)
    assert len(urls(settings)) == 6
    assert read_sources(settings.docs) == (pages.url("/docs"), str(joined))
    asked = len(pages.log)
    assert run().unchanged == 6, "both sources are used from then on"
    assert len(pages.log) > asked
    run(from_path=joined, replace=True)
    assert urls(settings) == ["https://h.org/1"]
    assert read_sources(settings.docs) == (str(joined),)


def test_too_many_vanishing_pages_change_nothing(pages: Site, settings: Settings, run: Run) -> None:
    run(pages.url("/docs"))
    before = snapshot(settings.docs, settings.index)
    for name in ("a", "b"):
        del pages.pages[f"/docs/{name}"]
    with pytest.raises(CrawlFailed, match="2 of 5 pages would vanish") as caught:
        run()
    assert (caught.value.exit_status, "--allow-shrink" in caught.value.hint) == (1, True)
    assert snapshot(settings.docs, settings.index) == before
    assert whats(run(allow_shrink=True))["removed"] == 2


def test_a_site_that_is_down_changes_nothing(pages: Site, settings: Settings, run: Run) -> None:
    run(pages.url("/docs"))
    before = snapshot(settings.docs, settings.index)
    pages.pages = dict.fromkeys(pages.pages, Answer("closed", 403))
    with pytest.raises(CrawlFailed, match="no page came"):
        run(full=True)
    assert snapshot(settings.docs, settings.index) == before


def test_a_dry_run_writes_nothing(pages: Site, settings: Settings, run: Run) -> None:
    report = run(pages.url("/docs"), dry_run=True)
    assert (whats(report)["added"], report.index) == (5, None)
    assert not settings.docs.exists()
    assert not settings.index.exists()
    run(pages.url("/docs"))
    before = snapshot(settings.docs, settings.index)
    pages.pages["/docs/a"] = text("Page a", "Another sentence now.")
    assert whats(run(dry_run=True)) == {"added": 0, "changed": 1, "removed": 0}
    assert snapshot(settings.docs, settings.index) == before


def test_starter_pages_go_and_files_of_the_user_stay(pages: Site, settings: Settings, run: Run) -> None:
    write_document(settings.docs, "starter.md", document("x", "https://h.org/starter", source=STARTER))
    (settings.docs / "mine.md").write_text("# Mine\n\nWritten by hand.")
    run(crawl=False)
    assert urls(settings) == ["/mine", "https://h.org/starter"]
    run(pages.url("/docs"))
    run(replace=True, full=True)
    assert paths(settings, pages) == ["/mine", "/docs", "/docs/a", "/docs/b", "/docs/c", "/docs/d"]
    assert (settings.docs / "mine.md").read_text() == "# Mine\n\nWritten by hand."


def test_without_pages_there_is_no_index(settings: Settings, run: Run) -> None:
    with pytest.raises(CorpusError, match="no docs folder"):
        run(crawl=False)
    with pytest.raises(IndexMissing):
        current_generation(settings.index)


def test_files_of_the_user_are_never_written_over(pages: Site, settings: Settings, run: Run) -> None:
    settings.docs.mkdir(parents=True)
    mine = settings.docs / "mine.md"
    mine.write_text(f"---\nurl: {pages.url('/docs/a')}\n---\n\n# My own notes on a\n", encoding="utf-8")
    run(pages.url("/docs"))
    taken = next(path for path in settings.docs.glob("*__b.md"))
    taken.write_text("# A file of mine that has the name of a page\n", encoding="utf-8")
    report = run(full=True)
    assert mine.read_text(encoding="utf-8").endswith("# My own notes on a\n")
    assert taken.read_text(encoding="utf-8") == "# A file of mine that has the name of a page\n"
    assert [problem.reason for problem in report.problems] == ["own-file"]
    assert pages.url("/docs/b") in urls(settings)


def test_a_site_that_is_down_is_told_from_one_that_refuses(pages: Site, settings: Settings, run: Run) -> None:
    run(pages.url("/docs"))
    before = snapshot(settings.docs, settings.index)
    for answer, hint in [(Answer("", 503), "try again later"), (Answer("User-agent: *\nDisallow: /"), "does not want")]:
        pages.pages["/robots.txt"] = answer
        with pytest.raises(CrawlFailed) as caught:
            run()
        assert hint in caught.value.hint
        assert snapshot(settings.docs, settings.index) == before
