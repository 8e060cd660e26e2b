"""Crawl one source: fetch, clean, follow links, until every page of the source was seen once.

A crawl stops early if the site is down, or if its pages are empty without a browser.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain

from ingest.core.records import Cleaned, Count, CrawlReport, Page, Problem
from ingest.core.urls import absolute, identity, normalise, other_slash, site_path
from ingest.crawl.aliases import AliasResolver, CrawledPage, FetchedPage, Validators
from ingest.crawl.discover import Seeds, discover
from ingest.crawl.fetch import Fetcher
from ingest.crawl.frontier import Frontier, Target
from ingest.crawl.markdown_variants import MarkdownPolicy, Together, compare_sample
from ingest.crawl.robots import Robots, read_robots, why_not
from ingest.crawl.scope import Scope
from ingest.crawl.visit import GONE, Keep, Outcome, Resume, Visitor
from ingest.crawl.worker_pool import CleanerPool, Read

_LAST_CRAWL = "the last crawl"
_NOT_PAGES = frozenset({"not-text", "excluded", "robots"})  # links that lead to no page of this source


@dataclass(frozen=True, slots=True)
class CrawlOptions:
    """How much to crawl.

    `include`, `exclude`: patterns as in Scope. `max_pages`: pages at most. `jobs`: threads that fetch.
    `processes`: processes that clean (0: the threads do it); cleaning one page may take `clean_seconds`
    there, and the largest need about five. `markdown`: HTML, or the `.md` variants of pages. `keep` is
    called with every response that gave a document, in the thread that fetched it. `resume` returns the
    response that an interrupted crawl stored for an address. `together` removes the chrome that can only
    be recognised by comparing a site's pages; it runs before the two forms are compared.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_pages: int = 5_000
    jobs: int = 4
    processes: int = 2
    clean_seconds: float = 60.0
    markdown: MarkdownPolicy = field(default_factory=MarkdownPolicy)
    keep: Keep | None = None
    resume: Resume | None = None
    together: Together = tuple


@dataclass(slots=True)
class Crawl:
    """A crawl that runs while it is iterated over; iterate only once.

    Yields each page as soon as it is certain, in an order that depends only on the site, and fills
    `report` meanwhile. More aliases of a page may be found after it was yielded: `aliases()` has all of
    them at the end. `complete` is true at the end if every page was requested; if it is false, a page
    that was not yielded may still exist. `gone` contains the addresses that answered 404 or 410, linked
    or known from the last crawl. `markdown` is the policy, with the decision of its sample once made.
    """

    source: str
    fetcher: Fetcher
    read: Read
    options: CrawlOptions
    validators: Mapping[str, Validators] = field(default_factory=dict)
    progress: Count | None = None
    report: CrawlReport = field(default_factory=CrawlReport)
    seeds: Seeds = field(default_factory=Seeds)
    complete: bool = False
    gone: set[str] = field(default_factory=set)
    markdown: MarkdownPolicy = field(init=False)
    _resolver: AliasResolver = field(init=False)
    _frontier: Frontier = field(init=False)
    _scope: Scope = field(init=False)
    _robots: Robots = field(init=False)

    def __post_init__(self) -> None:
        self.markdown = self.options.markdown
        self._scope = Scope.of(self.source, self.options.include, self.options.exclude)
        self._resolver = AliasResolver(self._known_pages())

    def aliases(self) -> dict[str, tuple[str, ...]]:
        """Return the aliases of each page that has any, by the URL of the page."""
        return self._resolver.aliases()

    def __iter__(self) -> Iterator[CrawledPage]:
        requests, read = self.fetcher.requests, self.fetcher.bytes
        try:
            if self._prepare():
                yield from self._pages()
        finally:
            self.report.requests += self.fetcher.requests - requests
            self.report.bytes += self.fetcher.bytes - read

    def _prepare(self) -> bool:
        """Read robots.txt and queue the source; return whether it may be fetched."""
        robots = read_robots(self.source, self.fetcher)
        self._frontier = Frontier(self._scope, robots, self.options.max_pages)
        if not self._frontier.start(self.source):
            self._note(self.source, *why_not(robots))
            return False
        if robots.delay:
            self.fetcher.slow_down(self.source, robots.delay)
        self._robots = robots
        return True

    def _start(self, clean: CleanerPool) -> tuple[Visitor, tuple[Target, Outcome]]:
        """Visit the source itself, which decides the scope; then read the site's lists and choose HTML or `.md`."""
        html = Visitor(self.fetcher, clean, self.options.keep, resume=self.options.resume)
        first = replace(html, markdown=self.markdown.reads_markdown)
        target = self._frontier.next()
        if target is None:
            raise AssertionError("the source was queued")
        outcome = self._visit(target, first)
        if outcome.page and not self._scope.contains(outcome.page.url):
            self._move_to(outcome.page.url)
        self.seeds = discover(self.source, self.fetcher, self._scope, self._robots)
        self.report.problems.extend(self.seeds.problems)
        for url in self.seeds.urls:
            self._frontier.add(url, "the site's own list", listed=True)
        visitor = self._visitor(html)
        if visitor.markdown != first.markdown:
            outcome = self._visit(target, visitor)
        return visitor, (target, outcome)

    def _move_to(self, url: str) -> None:
        """Extend the scope after the source redirected to another path on its host: the pages there belong to it."""
        self._scope = self._scope.moved(url)
        self._frontier.move(self._scope)
        self._resolver = AliasResolver(self._known_pages())
        self.report.notes.append(f"{self.source} leads to {url}: the pages below {self._scope.prefix} are read as well")

    def _known_pages(self) -> dict[str, Validators]:
        return {url: validators for url, validators in self.validators.items() if self._scope.admits(url)}

    def _pages(self) -> Iterator[CrawledPage]:
        """Fetch ahead in threads; take results in the order of the queue, so that the order is always the same."""
        jobs = max(1, self.options.jobs)
        streak = FailureStreak(self.markdown.max_blank)
        threads = ThreadPoolExecutor(jobs, thread_name_prefix="fetch")
        try:
            with CleanerPool(self.read, self.options.processes, self.options.clean_seconds) as clean:
                visitor, start = self._start(clean)
                rest = self._outcomes(threads, visitor, ahead=2 * jobs)
                for done, (target, outcome) in enumerate(chain([start], rest), 1):
                    yield from self._take(target, outcome)
                    if self.progress:
                        self.progress(done, self._frontier.admitted)
                    if end := streak.ended(outcome):
                        self._note(self.source, *end)
                        break
                else:
                    self.complete = self._frontier.left_out == 0
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
        yield from self._resolver.rest()
        self.report.skipped += self._frontier.skipped
        if self._frontier.left_out:
            self._note(self.source, "max-pages", f"at least {self._frontier.left_out} pages were left out")

    def _visitor(self, html: Visitor) -> Visitor:
        """Return the visitor for the form to read (HTML or `.md`); compare a sample if the policy needs one."""
        markdown = replace(html, markdown=True)
        if self.markdown.needs_sample:
            silent = (replace(html, keep=None, resume=None), replace(markdown, keep=None, resume=None))
            listed = [url for url in self.seeds.urls if not self._frontier.may_follow(url)]
            sample = compare_sample(listed, *silent, self._frontier.may_follow, self.options.together)
            self.markdown = replace(self.markdown, sample=sample)
        return markdown if self.markdown.reads_markdown else html

    def _outcomes(self, threads: ThreadPoolExecutor, visitor: Visitor, ahead: int) -> Iterator[tuple[Target, Outcome]]:
        window: deque[tuple[Target, Future[Outcome]]] = deque()
        known = list(self._known_pages())
        while True:
            while len(window) < ahead and (target := self._next()):
                window.append((target, threads.submit(self._visit, target, visitor)))
            if window:
                target, future = window.popleft()
                yield target, future.result()
            elif known:  # an unchanged page shows no links, so what it links to may not have been found
                for url in known:
                    self._frontier.add(url, _LAST_CRAWL, listed=True)
                known = []
            else:
                return

    def _next(self) -> Target | None:
        """Return the next target that no redirect has led to already."""
        while target := self._frontier.next():
            if not self._resolver.settled(target.url):
                return target
        return None

    def _visit(self, target: Target, visitor: Visitor) -> Outcome:
        """Visit one target. Runs in a thread, so it must not change the state of the crawl."""
        guard = self._frontier.may_follow if target.found_on else self._frontier.may_start
        known = self._resolver.known(target.key)
        if known is None:
            return visitor.visit(target, Validators(), guard)
        url, validators = known
        # The address that answered the last time comes first. Should it be gone, the page may have moved to the
        # other of the two that differ in the final slash, which nothing links to where all pages are unchanged.
        addresses = dict.fromkeys((url, *target.addresses, *filter(None, [other_slash(url)])))
        return visitor.visit(replace(target, addresses=tuple(addresses)), validators, guard)

    def _take(self, target: Target, outcome: Outcome) -> Iterator[CrawledPage]:
        """Process one result, in the order of the queue."""
        if outcome.problem:
            for link in outcome.problem.links:
                self._frontier.add(link, site_path(target.url))
            self._fail(target, outcome.problem)
            return self._resolver.failed(target.key)
        if outcome.cleaned is None or outcome.page is None:
            self.report.not_modified += 1
            return self._resolver.unchanged(target.key)
        final = absolute(outcome.page.url) or target.url
        for link in outcome.cleaned.links:
            self._frontier.add(link, site_path(final))
        if not self._scope.admits(final):  # the source itself may be read for its links only
            return self._resolver.failed(target.key)
        return self._arrive(target, final, outcome.page, outcome.cleaned)

    def _arrive(self, target: Target, final: str, page: Page, cleaned: Cleaned) -> Iterator[CrawledPage]:
        self.report.notes += [f"{final}: {note}" for note in cleaned.notes]
        document = replace(
            cleaned.document,
            url=final,
            source=self.source,
            fetched_at=page.fetched_at,
            etag=page.etag,
            last_modified=page.last_modified,
        )
        redirected_from = (normalise(url) or url for url in page.redirected_from)
        names = tuple(
            dict.fromkeys(name for name in (target.url, *redirected_from) if identity(name) != identity(final))
        )
        canonical = normalise(cleaned.canonical, page.url) if cleaned.canonical else None
        arrival = FetchedPage(document, names, canonical if canonical and self._scope.admits(canonical) else None)
        wanted = self._resolver.wants(arrival)
        if wanted and self._frontier.add(wanted, site_path(final), first=True):
            self._resolver.park(arrival, wanted)
            return iter(())
        return self._resolver.settle(arrival)

    def _fail(self, target: Target, problem: Problem) -> None:
        if problem.reason in GONE:
            self.gone.add(target.url)
        if problem.reason in _NOT_PAGES and target.found_on and not self._resolver.known(target.key):
            self.report.skipped += 1
        elif problem.reason not in GONE or target.found_on != _LAST_CRAWL:
            found = f"found on {target.found_on}" if target.found_on else ""
            self._note(problem.url, problem.reason, "; ".join(text for text in (problem.detail, found) if text))

    def _note(self, url: str, reason: str, detail: str) -> None:
        self.report.problems.append(Problem(url, reason, detail))


def crawl(
    source: str,
    fetcher: Fetcher,
    read: Read,
    options: CrawlOptions | None = None,
    *,
    validators: Mapping[str, Validators] | None = None,
    progress: Count | None = None,
) -> Crawl:
    """Prepare the crawl of `source`; iterating over the result runs it.

    `read` cleans a page; with `options.processes` it must be importable by name. `validators` contains
    the data of the last crawl on each page, by URL: those pages are requested conditionally, even if
    nothing links to them any more. `progress` receives the pages done and the pages known so far.
    Raises UsageError for a bad source or pattern; network failures go into `report`.
    """
    return Crawl(source, fetcher, read, options or CrawlOptions(), validators or {}, progress)


_DOWN = frozenset({"dns", "refused", "unreachable", "timeout", "reset", "http-429", "http-502", "http-503", "http-504"})
_MAX_DOWN = 20  # failures of that kind in a row after which the site counts as down


class FailureStreak:
    """Counts consecutive failures. `max_blank` pages without content end a crawl that has no other pages (0: never)."""

    def __init__(self, max_blank: int) -> None:
        self._max_blank = max_blank
        self._failures = self._blank = 0

    def ended(self, outcome: Outcome) -> tuple[str, str] | None:
        """Record one more outcome; return a reason and a detail once all further pages would fail the same way."""
        reason = outcome.problem.reason if outcome.problem else ""
        self._max_blank = self._max_blank if reason else 0
        self._blank += reason == "empty"
        self._failures = self._failures + 1 if reason in _DOWN else 0
        if self._failures >= _MAX_DOWN:
            return "site-down", f"{_MAX_DOWN} pages in a row failed, the last with {reason}"
        if 0 < self._max_blank <= self._blank:
            return "empty", f"the first {self._blank} pages have no content; they may need a browser to appear"
        return None
