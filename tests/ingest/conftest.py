from collections.abc import Iterator

import pytest

from ingest.urls import site_path
from ingest.web.collapse import Crawled, Validators
from ingest.web.crawl import Crawl, CrawlOptions, crawl
from ingest.web.fetch import Fetcher, FetchOptions
from tests.ingest.site import Run, Site, read

HERE = CrawlOptions(processes=0)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site({}) as site:
        yield site


@pytest.fixture
def fetcher(site: Site) -> Iterator[Fetcher]:
    with Fetcher(FetchOptions(sources=(site.origin,), backoff=0.01, deadline=5.0)) as fetcher:
        yield fetcher


@pytest.fixture
def run(site: Site, fetcher: Fetcher) -> Run:
    """Crawl the site to the end: the crawl, and the pages by path, in order."""

    def run(
        source: str = "/docs", options: CrawlOptions = HERE, validators: dict[str, Validators] | None = None
    ) -> tuple[Crawl, dict[str, Crawled]]:
        work = crawl(site.url(source), fetcher, read, options, validators=validators)
        return work, {site_path(page.url): page for page in work}

    return run
