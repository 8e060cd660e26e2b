import os
import sys
from pathlib import Path
from urllib.parse import urljoin

import pytest
from bs4 import BeautifulSoup

from ingest.core.records import Cleaned, Document, Page
from ingest.core.urls import site_path
from ingest.crawl.crawler import CrawlOptions, crawl
from ingest.crawl.fetch import Fetcher, FetchOptions
from ingest.reindex.crawl_source import crawl_sources
from tests.ingest.made import quiet

TEXT = {"Content-Type": "text/plain"}
HERE = CrawlOptions(processes=0)


def whole(page: Page) -> Cleaned:
    """Take a page with all its text: enough for telling pages apart."""
    soup = BeautifulSoup(page.body, "lxml")
    links = tuple(urljoin(page.url, str(a["href"])) for a in soup.find_all("a", href=True))
    return Cleaned(Document(page.url, "", "", soup.get_text()), links)


DATA = os.environ.get("ASKDOCS_TEST_DATA")


@pytest.mark.skipif(not DATA, reason="needs the docs site that ASKDOCS_TEST_DATA points to")
@pytest.mark.parametrize(
    ("lists", "layout"),
    [("sitemap", "mintlify-2026"), ("llms", "fern-2025"), ("links", "fern-2026"), ("links", "mintlify-2026")],
)
def test_every_page_of_a_real_site(lists: str, layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(Path(DATA or "") / "docsite"), *sys.path])
    from serve import DocSite  # type: ignore[import-not-found]  # test data, not a package

    has = {"llms": lists == "llms", "md": lists == "llms", "sitemap": lists == "sitemap"}
    with DocSite(layout=layout, **has) as site, Fetcher(FetchOptions((site.origin,))) as fetcher:
        linked = {path for path, page in site.pages().items() if page["nav"]}  # no page links to the others
        listed = {path for path, page in site.pages().items() if lists != "links" and page[lists]}
        work = crawl(site.url("/docs"), fetcher, whole, CrawlOptions(processes=2))
        found = {site_path(page.url) for page in work}
        hidden = set(site.pages()) - found
    assert len(linked) > 300
    assert (linked | listed) - found == set()
    assert len(hidden) <= {"sitemap": 0, "llms": 1, "links": 18}[lists]
    assert {problem.reason for problem in work.report.problems} == {"http-404"}


@pytest.mark.skipif(not DATA, reason="needs the docs site that ASKDOCS_TEST_DATA points to")
@pytest.mark.parametrize("layout", ["fern-2025", "fern-2026", "mintlify-2026"])
def test_a_cleaned_site_has_its_pages_and_no_others(layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(Path(DATA or "") / "docsite"), *sys.path])
    from serve import DocSite

    with DocSite(layout=layout, llms=False, md=False) as site:
        options = FetchOptions((site.origin,))
        gathered = crawl_sources((site.url("/docs"),), [], options, CrawlOptions(), quiet)
        wanted = set(site.pages())
    pages = {site_path(document.url): document for document in gathered.documents}
    assert set(pages) == wanted
    assert len(pages) == len(gathered.documents) == 329
    assert {problem.reason for problem in gathered.report.problems} == {"http-404", "soft-404"}
    names = {site_path(name): path for path, document in pages.items() for name in document.aliases}
    assert {name: names.get(name) for name in ("/docs/intro", "/docs/latest/faq", "/docs/variants/exacto")} == {
        "/docs/intro": "/docs/quickstart",
        "/docs/latest/faq": "/docs/faq",
        "/docs/variants/exacto": "/docs/guides/routing/model-variants/exacto",
    }
