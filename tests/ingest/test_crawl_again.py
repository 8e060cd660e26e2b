from ingest.web.collapse import Crawled, Validators
from ingest.web.crawl import CrawlOptions
from tests.ingest.site import Answer, Run, Site, aliases, html, problems

TEXT = {"Content-Type": "text/plain"}
HERE = CrawlOptions(processes=0)


def validators_of(pages: dict[str, Crawled]) -> dict[str, Validators]:
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
