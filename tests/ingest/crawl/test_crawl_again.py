from ingest.core.urls import site_path
from ingest.crawl.aliases import CrawledPage, Validators
from ingest.crawl.crawler import CrawlOptions
from ingest.crawl.fetch import FetchOptions
from ingest.reindex.crawl_source import crawl_sources
from tests.ingest.crawl.site import Answer, Run, Site, aliases, html, problems
from tests.ingest.made import quiet

TEXT = {"Content-Type": "text/plain"}
HERE = CrawlOptions(processes=0)


def validators_of(pages: dict[str, CrawledPage]) -> dict[str, Validators]:
    documents = [page.document for page in pages.values() if page.document]
    return {document.url: Validators(document.etag, document.last_modified, document.sha256) for document in documents}


def test_the_second_crawl_asks_conditionally(site: Site, run: Run) -> None:
    site.pages |= {
        "/docs": html("Start", "/docs/a", "/docs/b"),
        "/docs/a": html("A", "/docs/deep"),
        "/docs/b": html("B"),
        "/docs/deep": html("Deep"),
    }
    _, before = run()
    site.pages["/docs/b"] = html("B", text="New words.")
    site.pages["/docs/deep"] = Answer(status=410)
    site.log.clear()
    work, after = run(validators=validators_of(before))
    assert {path: page.document is None for path, page in after.items()} == {
        "/docs": True,
        "/docs/a": True,
        "/docs/b": False,
    }
    assert work.report.not_modified == 2
    assert problems(work) == {}
    assert site.paths().count("/docs/deep") == 1


def test_a_copy_of_an_unchanged_page_stays_its_alias(site: Site, run: Run) -> None:
    site.pages |= {"/docs": html("Start", "/docs/b", "/docs/a"), "/docs/a": html("A"), "/docs/b": html("A")}
    _, before = run()
    assert list(before) == ["/docs", "/docs/b"]
    site.pages["/docs"] = html("Start", "/docs/a", "/docs/b", text="New words.")
    work, after = run(validators=validators_of(before))
    assert {path: page.document is None for path, page in after.items()} == {"/docs": False, "/docs/b": True}
    assert aliases(work) == {"/docs/b": ["/docs/a"]}


def test_an_alias_stays_one_while_its_page_has_not_changed(site: Site) -> None:
    head = f'<link rel="canonical" href="{site.url("/docs/start")}">'
    start = (
        f"<html><head>{head}</head><body><main><h1>Start</h1><p>See <a href='#one'>one</a>.</p></main></body></html>"
    )
    site.pages |= {
        "/docs": html("Home", "/docs/start"),
        "/docs/start": start,
        "/docs/intro": start.replace("#one", "/docs/intro#one"),
    }
    sources, fetching = (site.url("/docs"),), FetchOptions((site.origin,))
    first = crawl_sources(sources, [], fetching, HERE, quiet).documents
    site.pages["/docs"] = html("Home", "/docs/start", "/docs/intro")
    second = crawl_sources(sources, first, fetching, HERE, quiet)
    assert second.report.not_modified == 1
    assert {
        site_path(document.url): [site_path(name) for name in document.aliases] for document in second.documents
    } == {
        "/docs": [],
        "/docs/start": ["/docs/intro"],
    }
