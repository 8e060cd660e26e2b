"""A source -> the pages that it has now: crawled, or read from disk."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from ingest.clean.page import clean_page
from ingest.local_pages import local_pages
from ingest.records import CrawlReport, Document, Page, Problem
from ingest.urls import identity, normalise
from ingest.web.collapse import Validators
from ingest.web.crawl import Crawl, CrawlOptions, crawl
from ingest.web.fetch import Fetcher, FetchOptions
from ingest.web.workers import read_safely

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Gathered:
    """Pages that came (unchanged ones included), addresses that are gone for good, and the counts."""

    documents: list[Document] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    report: CrawlReport = field(default_factory=CrawlReport)

    def add(self, other: "Gathered") -> None:
        """Take in what another source gave."""
        self.documents += other.documents
        self.gone |= other.gone
        self.report.requests += other.report.requests
        self.report.not_modified += other.report.not_modified
        self.report.bytes += other.report.bytes
        self.report.skipped += other.report.skipped
        self.report.problems += other.report.problems


def gather_crawl(
    sources: Sequence[str],
    at_hand: Iterable[Document],
    fetching: FetchOptions,
    options: CrawlOptions,
    progress: Progress,
    *,
    full: bool = False,
) -> Gathered:
    """Crawl each source; pages at hand are asked for conditionally, unless `full`.

    A page at hand that answers 404 or 410 is gone; one that fails otherwise is a problem with
    `kept_old`. Raises UsageError for a source that is no URL.
    """
    gathered = Gathered()
    known = {document.url: document for document in at_hand}
    validators = {
        url: Validators(None if full else d.etag, None if full else d.last_modified, d.sha256)
        for url, d in known.items()
    }
    with Fetcher(fetching) as fetcher:
        for source in sources:
            running = crawl(
                source,
                fetcher,
                clean_page,
                options,
                validators=validators,
                progress=lambda done, total: progress("crawl", done, total),
            )
            came = {crawled.url: crawled.document or known[crawled.url] for crawled in running}
            aliases = running.aliases()
            gathered.documents += [
                replace(document, aliases=_aliases(known.get(url), aliases.get(url, ()), came), source=source)
                for url, document in came.items()
            ]
            _add(gathered, running, known)
    return gathered


def _aliases(old: Document | None, found: Iterable[str], pages: Collection[str]) -> tuple[str, ...]:
    """Old and new ones: an unchanged page shows no links, so not every alias is met in every crawl.

    An address that has become a page of its own is no alias any more.
    """
    return tuple(sorted({*(old.aliases if old else ()), *found}.difference(pages)))


def _add(gathered: Gathered, running: Crawl, known: dict[str, Document]) -> None:
    """Add one crawl's counts; tell pages that are gone from pages whose old version is kept."""
    total, part = gathered.report, running.report
    total.requests += part.requests
    total.not_modified += part.not_modified
    total.bytes += part.bytes
    total.skipped += part.skipped
    at_hand = {identity(url): url for url in known}
    gone = {at_hand.get(identity(url), url) for url in running.gone}
    gathered.gone |= gone
    kept = at_hand.keys() - {identity(document.url) for document in gathered.documents} - {identity(u) for u in gone}
    total.problems += [replace(problem, kept_old=identity(problem.url) in kept) for problem in part.problems]


def gather_local(path: Path, at_hand: Iterable[Document], progress: Progress) -> Gathered:
    """Clean the files at `path`. Pages at hand that came from it and did not come again are gone.

    Raises UsageError when there is nothing to read.
    """
    gathered = Gathered()
    source = str(path.resolve())
    now = datetime.now(UTC).isoformat(timespec="seconds")
    by_address: dict[str, Document] = {}
    by_content: dict[str, str] = {}
    pages = list(local_pages(path))
    for at, page in enumerate(pages, 1):
        progress("clean", at, len(pages))
        document = _cleaned(page, gathered.report)
        if document is None:
            continue
        first = by_content.setdefault(document.sha256, document.url)
        if first != document.url and first in by_address:
            by_address[first] = replace(by_address[first], aliases=(*by_address[first].aliases, document.url))
        else:
            by_address[document.url] = replace(document, fetched_at=now, source=source)
    gathered.documents = list(by_address.values())
    broken = {problem.url for problem in gathered.report.problems}
    gathered.gone = {d.url for d in at_hand if d.source == source} - by_address.keys() - broken
    return gathered


def _cleaned(page: Page | Problem, report: CrawlReport) -> Document | None:
    """The page's document at its own address; None, and a problem noted, when it has no content."""
    cleaned = page if isinstance(page, Problem) else read_safely(clean_page, page)
    if isinstance(cleaned, Problem):
        report.problems.append(cleaned)
        return None
    document = cleaned.document
    own = isinstance(page, Page) and page.content_type == "text/markdown"  # its front matter's `url`
    if cleaned.canonical and (own or document.url.startswith("/")):
        document = replace(document, url=cleaned.canonical)
    return replace(document, url=normalise(document.url) or document.url)
