from itertools import pairwise

import pytest

from ingest.core.errors import UsageError
from ingest.core.urls import site_path
from ingest.crawl.crawler import CrawlOptions, crawl
from ingest.crawl.fetch import Fetcher
from tests.ingest.crawl.site import Answer, Run, Site, aliases, html, problems, read

TEXT = {"Content-Type": "text/plain"}
HERE = CrawlOptions(processes=0)


def test_links_are_followed_once_and_within_the_source(site: Site, run: Run) -> None:
    site.pages |= {
        "/docs": html(
            "Start", "/docs/a", "b/../docs/a#part", "/docs/a?utm_source=x", "/docs-old", "https://h.org/docs/x"
        ),
        "/docs/a": html("A", "b", "./", "mailto:x@h.org", "javascript:void(0)", "/docs/logo.PNG", "/docs/files.zip"),
        "/docs/b": html("B", "/docs", "/docs/a.md"),
    }
    work, pages = run()
    assert list(pages) == ["/docs", "/docs/a", "/docs/b"]
    assert [path for path in site.paths() if "." not in path] == ["/docs", "/docs/a", "/docs/b"]
    assert problems(work) == {}
    assert work.report.skipped == 2


def test_a_page_carries_what_its_answer_said(site: Site, run: Run) -> None:
    site.pages["/docs"] = Answer(html("Start"), headers={"Last-Modified": "Sat, 08 Aug 2026 19:04:24 GMT"})
    _, pages = run()
    document = pages["/docs"].document
    assert document is not None
    assert (document.url, document.source, document.title) == (site.url("/docs"), site.url("/docs"), "Start")
    assert document.last_modified == "Sat, 08 Aug 2026 19:04:24 GMT"
    assert document.etag
    assert document.fetched_at


def test_lists_and_links_together(site: Site, run: Run) -> None:
    site.pages |= {
        "/docs/llms.txt": Answer("[Listed](/docs/listed.md)", headers=TEXT),
        "/docs": html("Start", "/docs/linked", "/docs/llms.txt"),
        "/docs/linked": html("Linked"),
        "/docs/listed": html("Listed"),
    }
    work, pages = run()
    assert list(pages) == ["/docs", "/docs/listed", "/docs/linked"]
    assert [site_path(listing.url) for listing in work.seeds.listings] == ["/docs/llms.txt"]


def test_markdown_only_sites(site: Site, run: Run) -> None:
    site.pages |= {
        "/docs": html("Start", "/docs/a.md"),
        "/docs/a.md": Answer("<h1>A</h1><p>Text</p>", headers={"Content-Type": "text/markdown"}),
    }
    _, pages = run()
    assert list(pages) == ["/docs", "/docs/a"]
    assert pages["/docs/a"].url == site.url("/docs/a.md")
    assert site.paths()[-3:] == ["/docs/a", "/docs/a/", "/docs/a.md"]


@pytest.mark.parametrize("slash", ["wanted", "unwanted"])
def test_trailing_slashes(site: Site, run: Run, slash: str) -> None:
    end = "/" if slash == "wanted" else ""
    site.pages |= {
        "/docs": html("Start", "/docs/a/"),
        f"/docs/a{end}": html("A", "b"),
        "/docs/a/b": html("B"),
        "/docs/b": html("C"),
    }
    work, pages = run()
    assert list(pages) == ["/docs", "/docs/a", "/docs/a/b" if end else "/docs/b"]
    assert problems(work) == {}


def test_failures_are_reported_with_where_they_were_found(site: Site, run: Run) -> None:
    site.pages |= {
        "/docs": html("Start", "/docs/gone", "/docs/broken", "/docs/away", "/docs/data", "/docs/untitled", "/docs/ok"),
        "/docs/broken": Answer(status=500),
        "/docs/away": Answer(status=302, headers={"Location": "https://h.org/chat"}),
        "/docs/data": Answer("{}", headers={"Content-Type": "application/json"}),
        "/docs/untitled": "<p>No heading</p>",
        "/docs/ok": html("Fine"),
    }
    work, pages = run()
    assert list(pages) == ["/docs", "/docs/ok"]
    assert problems(work) == {
        "/docs/gone": "http-404",
        "/docs/broken": "http-500",
        "/docs/away": "off-site-redirect",
        "/docs/untitled": "no-title",
    }
    assert work.report.problems[0].detail == "found on /docs"
    assert work.report.skipped == 1
    assert work.report.requests == len(site.log)
    assert work.complete


def test_redirects_canonical_links_and_copies_are_aliases(site: Site, run: Run) -> None:
    site.pages |= {
        "/docs": Answer(status=307, headers={"Location": "/docs/start"}),
        "/docs/start": html("Start", "/docs/old", "/docs/copy", "/docs/twin", "/docs/start?x=1"),
        "/docs/old": Answer(status=308, headers={"Location": "/docs/new"}),
        "/docs/new": html("New"),
        "/docs/copy": html("Real", canonical="/docs/real"),
        "/docs/real": html("Real", canonical="/docs/real"),
        "/docs/twin": html("New"),
        "/docs/start?x=1": html("Start", canonical="/docs/start"),
    }
    work, pages = run()
    assert list(pages) == ["/docs/start", "/docs/new", "/docs/real"]
    assert aliases(work) == {
        "/docs/start": ["/docs", "/docs/start?x=1"],
        "/docs/new": ["/docs/old", "/docs/twin"],
        "/docs/real": ["/docs/copy"],
    }
    assert site.paths().count("/docs/new") == 1


def test_canonical_links_elsewhere_do_not_count(site: Site, run: Run) -> None:
    site.pages |= {
        "/docs": html("Start", "/docs/a", "/docs/b", canonical="https://h.org/docs"),
        "/docs/a": html("A", canonical="/blog/a"),
        "/docs/b": html("B", canonical="/docs/missing"),
    }
    work, pages = run()
    assert list(pages) == ["/docs", "/docs/a", "/docs/b"]
    assert "/blog/a" not in site.paths()
    assert problems(work) == {"/docs/missing": "http-404"}


def test_robots_are_obeyed(site: Site, run: Run) -> None:
    site.pages |= {
        "/robots.txt": Answer("User-agent: *\nDisallow: /docs/secret\nCrawl-delay: 0.2", headers=TEXT),
        "/docs": html("Start", "/docs/secret/a", "/docs/door", "/docs/b"),
        "/docs/door": Answer(status=302, headers={"Location": "/docs/secret/b"}),
        "/docs/b": html("B"),
    }
    work, pages = run()
    assert list(pages) == ["/docs", "/docs/b"]
    assert not [path for path in site.paths() if "secret" in path]
    assert site.paths().count("/robots.txt") == 1
    times = [asked.at for asked in site.log[1:]]
    assert min(later - sooner for sooner, later in pairwise(times)) >= 0.19
    assert (problems(work), work.report.skipped) == ({}, 2)


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (Answer("User-agent: *\nDisallow: /", headers=TEXT), "robots.txt forbids it"),
        (Answer(status=503), "robots.txt can't be read, so nothing may be: http-503"),
    ],
)
def test_a_site_that_forbids_everything(site: Site, run: Run, answer: Answer, detail: str) -> None:
    site.pages |= {"/robots.txt": answer, "/docs": html("Start")}
    work, pages = run()
    assert pages == {}
    assert [(problem.reason, problem.detail) for problem in work.report.problems] == [("robots", detail)]
    assert set(site.paths()) == {"/robots.txt"}
    assert not work.complete


def test_patterns(site: Site, run: Run) -> None:
    site.pages |= {
        "/docs": html("Start", "/docs/api/a", "/docs/guides/b", "/docs/hop"),
        "/docs/api/a": html("A"),
        "/docs/guides/b": html("B"),
        "/docs/hop": Answer(status=302, headers={"Location": "/docs/guides/b"}),
    }
    _, pages = run(options=CrawlOptions(exclude=("/docs/guides/**",), processes=0))
    assert list(pages) == ["/docs", "/docs/api/a"]
    _, pages = run(options=CrawlOptions(include=("/docs/guides",), processes=0))
    assert list(pages) == ["/docs/guides/b"]


def test_bad_sources_and_patterns(fetcher: Fetcher) -> None:
    with pytest.raises(UsageError):
        crawl("h.org/docs", fetcher, read)
    with pytest.raises(UsageError):
        crawl("https://h.org/docs", fetcher, read, CrawlOptions(include=("re:[",)))
