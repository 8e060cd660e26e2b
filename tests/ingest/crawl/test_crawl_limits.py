import os
import time
from collections.abc import Callable

import pytest

from ingest.core.records import Cleaned, Document, Page
from ingest.core.urls import site_path
from ingest.crawl.crawler import CrawlOptions, crawl
from ingest.crawl.fetch import Fetcher, FetchOptions
from tests.ingest.crawl.site import Answer, Handler, Run, Site, aliases, html, problems, read

TEXT = {"Content-Type": "text/plain"}
HERE = CrawlOptions(processes=0)


def test_a_limit_of_pages_is_kept_and_told(site: Site, run: Run) -> None:
    site.pages |= {"/docs": html("Start", *(f"/docs/p{n}x" for n in range(9)))}
    site.pages |= {f"/docs/p{n}x": html(f"P{n}") for n in range(9)}
    work, pages = run(options=CrawlOptions(max_pages=4, processes=0))
    assert not work.complete
    assert list(pages) == ["/docs", "/docs/p0x", "/docs/p1x", "/docs/p2x"]
    assert [(p.reason, p.detail) for p in work.report.problems] == [("max-pages", "at least 6 pages were left out")]


def test_a_calendar_without_end_ends(site: Site, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.crawl.frontier.MAX_ALIKE", 20)

    class Endless(dict[str, str | Answer | object]):
        def get(self, path: str, default: object = None) -> object:
            if not path.startswith("/docs/20"):
                return super().get(path, default)
            year = int(path.rpartition("/")[2])
            return html(f"Year {year}", f"/docs/{year + 1}", f"/docs/{year + 2}")

    site.pages = Endless({"/docs": html("Start", "/docs/2000", "/docs/api/v2"), "/docs/api/v2": html("Version 2")})
    work, pages = run()
    assert len(pages) == 22
    assert "/docs/api/v2" in pages
    assert work.report.skipped == 2


def test_a_page_with_a_hundred_thousand_links(site: Site, run: Run) -> None:
    site.pages["/docs"] = html("Start", *(f"/docs/{n:x}/y" for n in range(100_000)))
    start = time.process_time()
    work, pages = run(options=CrawlOptions(max_pages=5, processes=0))
    assert len(pages) == 1
    assert len(site.log) == 10  # robots.txt, four lists, five pages
    assert time.process_time() - start < 30
    assert problems(work)["/docs"] == "max-pages"


def jitter(path: str) -> Callable[[Handler], Answer]:
    links = [f"{path}/{name}" for name in "abc"] if path.count("/") < 4 else ["/docs/a", "/docs/shared"]

    def hook(_handler: Handler) -> Answer:
        time.sleep(hash((path, time.time_ns())) % 20 / 1000)
        return Answer(html(path if path != "/docs/c/b" else "/docs/a/b", *links))

    return hook


def test_the_order_of_threads_does_not_matter(site: Site, run: Run) -> None:
    level = ["/docs"]
    for _ in range(3):
        site.pages |= {path: jitter(path) for path in level}
        level = [f"{path}/{name}" for path in level for name in "abc"]
    site.pages["/docs/shared"] = html("/docs/shared")
    results = []
    for jobs in (1, 8, 8, 3):
        work, pages = run(options=CrawlOptions(jobs=jobs, processes=0))
        results.append((list(pages), work.aliases(), problems(work)))
    assert len(results[0][0]) == 12
    assert aliases(work) == {"/docs/a/b": ["/docs/c/b"]}
    assert all(result == results[0] for result in results)


def test_a_site_that_goes_down_is_left_alone(site: Site, run: Run) -> None:
    names = [f"/docs/p{n}x" for n in range(60)]
    site.pages |= {"/docs": html("Start", *names), "/docs/p0x": html("P")} | dict.fromkeys(
        names[1:], Answer(status=503)
    )
    work, pages = run(options=CrawlOptions(processes=0, jobs=2))
    assert list(pages) == ["/docs", "/docs/p0x"]
    last = work.report.problems[-1]
    assert (last.reason, last.detail) == ("site-down", "20 pages in a row failed, the last with http-503")
    assert not work.complete
    assert len(set(site.paths()) & set(names)) < 30


def test_progress(site: Site, fetcher: Fetcher) -> None:
    site.pages |= {"/docs": html("Start", "/docs/a", "/docs/b"), "/docs/a": html("A"), "/docs/b": html("B")}
    seen: list[tuple[int, int]] = []
    list(crawl(site.url("/docs"), fetcher, read, HERE, progress=lambda done, known: seen.append((done, known))))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def awkward(page: Page) -> Cleaned:
    """Clean a page, unless its name says how to fail."""
    kind = page.url.rpartition("/")[2]
    if kind == "crash":
        os._exit(3)
    if kind == "hang":
        time.sleep(200)
    if kind == "bug":
        return Cleaned(Document(page.url, "T", "", str(1 // 0)))
    return read(page)


def test_cleaning_in_processes_that_hang_and_crash(site: Site, fetcher: Fetcher) -> None:
    names = ["a", "crash", "b", "hang", "c", "bug", "untitled", "d"]
    site.pages |= {"/docs": html("Start", *(f"/docs/{name}" for name in names))}
    site.pages |= {f"/docs/{name}": html(name) for name in names} | {"/docs/untitled": "<p>No heading</p>"}
    work = crawl(site.url("/docs"), fetcher, awkward, CrawlOptions(processes=2, clean_seconds=20.0))
    assert [site_path(page.url) for page in work] == ["/docs", "/docs/a", "/docs/b", "/docs/c", "/docs/d"]
    assert problems(work) == {
        "/docs/crash": "clean-crash",
        "/docs/hang": "clean-timeout",
        "/docs/bug": "clean-failed",
        "/docs/untitled": "no-title",
    }


def test_a_crawl_that_is_given_up_leaves_nothing_behind(site: Site) -> None:
    site.pages |= {"/docs": html("Start", "/docs/a", "/docs/b"), "/docs/a": html("A")}
    site.pages["/docs/b"] = Answer(status=503, headers={"Retry-After": "100"})
    start = time.monotonic()
    with Fetcher(FetchOptions((site.origin,))) as fetcher:
        pages = iter(crawl(site.url("/docs"), fetcher, read, CrawlOptions(processes=1)))
        next(pages)
        pages.close()  # type: ignore[attr-defined]  # it is a generator
    assert time.monotonic() - start < 60
