from collections.abc import Iterator
from pathlib import Path

import pytest

import ingest.reindex.pipeline
from ingest.core.settings import Settings
from ingest.core.urls import site_path
from ingest.crawl.aliases import CrawledPage, Validators
from ingest.crawl.crawler import Crawl, CrawlOptions, crawl
from ingest.crawl.fetch import Fetcher, FetchOptions
from tests.ingest.crawl.site import Run, Site, read
from tests.ingest.made import WordEmbedder, settings_of

HERE = CrawlOptions(processes=0)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Docs and index stand in a folder of this test's own."""
    return settings_of(tmp_path)


@pytest.fixture
def embedder(monkeypatch: pytest.MonkeyPatch) -> WordEmbedder:
    """The embedder that every reindex of this test uses."""
    made = WordEmbedder()
    monkeypatch.setattr(ingest.reindex.pipeline, "get_embedder", lambda _settings: made)
    return made


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
    ) -> tuple[Crawl, dict[str, CrawledPage]]:
        work = crawl(site.url(source), fetcher, read, options, validators=validators)
        return work, {site_path(page.url): page for page in work}

    return run
