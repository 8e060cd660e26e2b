"""Crawl the sources of a run and return their current pages."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ingest.clean.boilerplate.recurring import Draft, finish_drafts, has_content
from ingest.clean.page import clean_page
from ingest.core.records import CrawlReport, Document, Problem, Progress, of_stage
from ingest.core.urls import identity
from ingest.crawl.aliases import Validators
from ingest.crawl.crawler import Crawl, CrawlOptions, crawl
from ingest.crawl.fetch import Fetcher, FetchOptions
from ingest.crawl.markdown_variants import MarkdownPolicy
from ingest.reindex.dedupe import merge_identical


@dataclass(slots=True)
class SourcePages:
    """The pages read (unchanged ones included), the addresses that are permanently gone, and the counts."""

    documents: list[Document] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    report: CrawlReport = field(default_factory=CrawlReport)
    markdown: dict[str, MarkdownPolicy] = field(default_factory=dict)
    """By source that was crawled: the form in which its pages were read."""

    def add(self, other: "SourcePages") -> None:
        """Add the pages of another source."""
        self.documents += other.documents
        self.gone |= other.gone
        self.markdown |= other.markdown
        self.report.requests += other.report.requests
        self.report.not_modified += other.report.not_modified
        self.report.bytes += other.report.bytes
        self.report.skipped += other.report.skipped
        self.report.problems += other.report.problems
        self.report.notes += other.report.notes


def crawl_sources(
    sources: Sequence[str],
    at_hand: Iterable[Document],
    fetching: FetchOptions,
    options: CrawlOptions,
    progress: Progress,
    *,
    full: bool = False,
) -> SourcePages:
    """Crawl each source; existing pages are requested conditionally, unless `full`.

    An existing page that answers 404 or 410 is gone; one that fails otherwise is a problem with
    `kept_old`. Raises UsageError for a source that is not a URL.
    """
    gathered = SourcePages()
    options = replace(options, together=finish_drafts)
    known = {document.url: document for document in at_hand}
    with Fetcher(fetching) as fetcher:
        for source in sources:
            running, came = _crawled(source, fetcher, options, known, progress, full=full)
            again = options.markdown.after_blank()
            if again and not came and any(problem.reason == "empty" for problem in running.report.problems):
                # Its HTML needs a browser; its .md variants may not.
                running, came = _crawled(source, fetcher, replace(options, markdown=again), known, progress, full=full)
            aliases, pages = running.aliases(), {identity(url) for url in came}
            old = {identity(url): document for url, document in known.items()}
            documents = [
                replace(document, aliases=_aliases(old.get(identity(url)), aliases.get(url, ()), pages), source=source)
                for url, document in came.items()
            ]
            gathered.documents += merge_identical(filter(None, _stripped(documents, running.report)))
            gathered.markdown[source] = running.markdown
            _add(gathered, running, known)
    return gathered


def _crawled(
    source: str,
    fetcher: Fetcher,
    options: CrawlOptions,
    known: Mapping[str, Document],
    progress: Progress,
    *,
    full: bool,
) -> tuple[Crawl, dict[str, Document]]:
    """Run one crawl and return its pages by address; an unchanged page is the existing document."""
    whole = full or options.markdown.refetches
    validators = {
        url: Validators(None if whole else d.etag, None if whole else d.last_modified, d.sha256, d.title)
        for url, d in known.items()
    }
    running = crawl(
        source,
        fetcher,
        clean_page,
        options,
        validators=validators,
        progress=of_stage(progress, "crawl"),
    )
    return running, {crawled.url: crawled.document or known[crawled.url] for crawled in running}


def _stripped(documents: list[Document], report: CrawlReport) -> list[Document | None]:
    """Remove recurring chrome from pages by unknown generators; None, and a problem in `report`, if nothing is left."""
    out: list[Document | None] = []
    for before, document in zip(documents, finish_drafts(documents), strict=True):
        empty = isinstance(before, Draft) and not has_content(document)
        if empty:
            report.problems.append(Problem(document.url, "empty", "all on it recurs on the pages of its site"))
        out.append(None if empty else document)
    return out


def _aliases(old: Document | None, found: Iterable[str], pages: Collection[str]) -> tuple[str, ...]:
    """Merge old and new aliases: a 304 response has no links, so a crawl does not meet every alias again.

    An address that has become a page itself is no longer an alias; `pages` are identities.
    """
    names = {*(old.aliases if old else ()), *found}
    return tuple(sorted(name for name in names if identity(name) not in pages))


def _add(gathered: SourcePages, running: Crawl, known: dict[str, Document]) -> None:
    """Add one crawl's counts, and separate pages that are gone from pages whose old version is kept."""
    total, part = gathered.report, running.report
    total.requests += part.requests
    total.not_modified += part.not_modified
    total.bytes += part.bytes
    total.skipped += part.skipped
    total.notes += part.notes
    at_hand = {identity(url): url for url in known}
    gone = {at_hand.get(identity(url), url) for url in running.gone}
    gathered.gone |= gone
    kept = at_hand.keys() - {identity(document.url) for document in gathered.documents} - {identity(u) for u in gone}
    total.problems += [replace(problem, kept_old=identity(problem.url) in kept) for problem in part.problems]
