"""A source -> the pages that it has now: crawled, or read from disk."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from ingest.clean.learned import says_something, without_recurring
from ingest.clean.page import clean_page
from ingest.local_pages import local_pages, tidied
from ingest.own_pages import with_its_past
from ingest.progress import Progress, counting
from ingest.records import Cleaned, CrawlReport, Document, Page, Problem
from ingest.twins import Arrival, lists_itself, merge_equal, merge_twins
from ingest.urls import identity, normalise
from ingest.web.collapse import Validators
from ingest.web.crawl import Crawl, CrawlOptions, crawl
from ingest.web.fetch import Fetcher, FetchOptions
from ingest.web.variants import Choice
from ingest.web.workers import read_safely


@dataclass(slots=True)
class Gathered:
    """Pages that came (unchanged ones included), addresses that are gone for good, and the counts."""

    documents: list[Document] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    report: CrawlReport = field(default_factory=CrawlReport)
    choices: dict[str, Choice] = field(default_factory=dict)
    """By source: whether its `.md` variants were read, where that was a question."""

    def add(self, other: "Gathered") -> None:
        """Take in what another source gave."""
        self.documents += other.documents
        self.gone |= other.gone
        self.choices |= other.choices
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
    options = replace(options, together=without_recurring)
    known = {document.url: document for document in at_hand}
    with Fetcher(fetching) as fetcher:
        for source in sources:
            running, came = _crawled(source, fetcher, options, known, progress, full=full)
            if not came and options.markdown == "auto" and any(p.reason == "empty" for p in running.report.problems):
                other = replace(options, markdown="check")  # its HTML needs a browser; its .md variants may not
                running, came = _crawled(source, fetcher, other, known, progress, full=full)
            aliases = running.aliases()
            documents = [
                replace(document, aliases=_aliases(known.get(url), aliases.get(url, ()), came), source=source)
                for url, document in came.items()
            ]
            gathered.documents += merge_equal(filter(None, _stripped(documents, running.report)))
            if running.choice:
                gathered.choices[source] = running.choice
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
    """Run one crawl: its pages by address, those that have not changed as they are at hand."""
    whole = full or options.markdown == "check"  # validators are those of one form
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
        progress=counting(progress, "crawl"),
    )
    return running, {crawled.url: crawled.document or known[crawled.url] for crawled in running}


def _stripped(documents: list[Document], report: CrawlReport) -> list[Document | None]:
    """Take off what recurs on a site by no known generator; None, and a problem noted, where nothing is left."""
    out: list[Document | None] = []
    for before, document in zip(documents, without_recurring(documents), strict=True):
        empty = bool(before.whole) and not says_something(document)
        if empty:
            report.problems.append(Problem(document.url, "empty", "all on it recurs on the pages of its site"))
        out.append(None if empty else document)
    return out


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
    """Clean the files at `path`; a page that stands twice is kept once.

    Pages that askdocs wrote keep their aliases and dates (see `own_pages`).
    Pages at hand that came from a folder and did not come again are gone. Those that a joined file
    no longer lists are kept, with a problem: such files hold what a site chooses to put into them.
    Raises UsageError when there is nothing to read.
    """
    gathered = Gathered()
    source = str(path.resolve())
    now = datetime.now(UTC)
    arrivals: list[Arrival] = []
    pages = list(local_pages(path))
    for at, (page, tidy) in enumerate(zip(pages, tidied(pages), strict=True), 1):
        progress("clean", at, len(pages))
        cleaned = _cleaned(tidy, gathered.report)
        if cleaned and isinstance(page, Page):
            text = page.body.decode("utf-8", "replace")
            document = with_its_past(replace(cleaned.document, source=source), text, now)
            arrivals.append(Arrival(document, cleaned.canonical, lists_itself(document.url, text)))
    stripped = _stripped([arrival.document for arrival in arrivals], gathered.report)
    kept = merge_twins(
        replace(arrival, document=document) for arrival, document in zip(arrivals, stripped, strict=True) if document
    )
    urls = {document.url for document in kept}
    gathered.documents = [replace(d, aliases=tuple(name for name in d.aliases if name not in urls)) for d in kept]
    came = {url for d in gathered.documents for url in (d.url, *d.aliases)}
    broken = {problem.url for problem in gathered.report.problems}
    absent = {d.url for d in at_hand if d.source == source} - came - broken
    if path.is_file():
        detail = f"{path.name} does not list it"
        gathered.report.problems += [Problem(url, "not-listed", detail, kept_old=True) for url in sorted(absent)]
    else:
        gathered.gone = absent
    return gathered


def _cleaned(page: Page | Problem, report: CrawlReport) -> Cleaned | None:
    """The page, at its own address; None, and a problem noted, when it has no content."""
    cleaned = page if isinstance(page, Problem) else read_safely(clean_page, page)
    if isinstance(cleaned, Problem):
        report.problems.append(cleaned)
        return None
    document = cleaned.document
    own = isinstance(page, Page) and page.content_type == "text/markdown"  # its front matter's `url`
    if cleaned.canonical and (own or document.url.startswith("/")):
        document = replace(document, url=cleaned.canonical)
    return replace(cleaned, document=replace(document, url=normalise(document.url) or document.url))
