"""Fetch one page of a crawl at the first of its addresses that answers, and clean it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from ingest.core.errors import FetchError
from ingest.core.records import Cleaned, Document, Page, Problem
from ingest.core.urls import absolute, identity, without_markdown_suffix
from ingest.crawl.aliases import Validators
from ingest.crawl.fetch import MAX_HOPS, Fetcher, Guard
from ingest.crawl.frontier import Target
from ingest.crawl.response import media_type_of

GONE = frozenset({"http-404", "http-410"})

Keep = Callable[[Page, Document], None]
Resume = Callable[[str], Page | None]

_NO_VARIANT = GONE | {"not-text", "empty", "soft-404"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of visiting one target: a cleaned page, "not modified" (nothing is set), or a problem.

    `page` is the response without its body; its URL is the one to cite.
    """

    cleaned: Cleaned | None = None
    page: Page | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Visitor:
    """Fetches and cleans pages. May be shared between threads.

    `keep` is called with every response that gave a document. `resume` returns the response that an interrupted
    crawl stored for an address; it is used if the site answers that the page has not changed. With `markdown`,
    the `.md` variant of a page is requested first.
    """

    fetcher: Fetcher
    clean: Callable[[Page], Cleaned | Problem]
    keep: Keep | None = None
    markdown: bool = False
    resume: Resume | None = None

    def visit(self, target: Target, known: Validators, guard: Guard) -> Outcome:
        """Fetch and clean one page; failures of the site never raise.

        The next address is tried only if the one before was not found.
        """
        variant = markdown_address(target.url) if self.markdown else ""
        outcome = Outcome(problem=Problem(target.url, "bad-url"))
        for address in (variant, *target.addresses) if variant else target.addresses:
            outcome = self._follow(address, target.url, known, guard)
            if not outcome.problem:
                return self._at_html_address(outcome, target) if address == variant else outcome
            if outcome.problem.reason not in (_NO_VARIANT if address == variant else GONE):
                break
        return outcome

    def _follow(self, address: str, url: str, known: Validators, guard: Guard) -> Outcome:
        """Fetch and clean the page that an address leads to.

        A page that only redirects (by `refresh`, by a script) is followed like an HTTP redirect: the guard is
        called for its target, and no address is visited twice.
        """
        passed: list[str] = []
        while True:
            outcome = self._fetch_and_clean(address, url, Validators() if passed else known, guard)
            page, problem = outcome.page, outcome.problem
            if page is None:
                return outcome
            if problem is None:
                return replace(outcome, page=replace(page, redirected_from=(*passed, *page.redirected_from)))
            passed += [*page.redirected_from, page.url]
            target = absolute(problem.target, page.url)
            if target is None:
                return Outcome(problem=Problem(url, "bad-redirect", f"to {problem.target[:200]!r}"))
            if target in passed or len(passed) > MAX_HOPS:
                return Outcome(problem=Problem(url, "redirect-loop", f"{len(passed)} redirects"))
            if reason := guard(target):
                return Outcome(problem=Problem(url, reason, f"to {target}"))
            address = target

    def _fetch_and_clean(self, address: str, url: str, known: Validators, guard: Guard) -> Outcome:
        """Fetch and clean one address of `url`. If the page only redirects, the outcome has a page and a problem."""
        left = self.resume(address) if self.resume else None
        with_validators = left if left and (left.etag or left.last_modified) else known
        etag, last_modified = with_validators.etag, with_validators.last_modified
        try:
            answer = self.fetcher.fetch(address, etag=etag, last_modified=last_modified, guard=guard)
        except FetchError as exc:
            return Outcome(problem=Problem(url, exc.reason, exc.detail))
        page = answer.page or (left if with_validators is left else None)
        if page is None:
            return Outcome()
        if self.markdown and address == markdown_address(url) and _kind(page) != "text/markdown":
            return Outcome(problem=Problem(url, "not-text", f"{_kind(page)} came for the .md variant"))
        cleaned = self.clean(page)
        if isinstance(cleaned, Problem):
            return Outcome(page=replace(page, body=b"") if cleaned.target else None, problem=replace(cleaned, url=url))
        if self.keep:
            self.keep(page, cleaned.document)
        return Outcome(cleaned, replace(page, body=b""))

    def _at_html_address(self, outcome: Outcome, target: Target) -> Outcome:
        """Replace the address of a page that was read as `.md` by that of its HTML, which people open."""
        if outcome.page is None:
            return outcome
        html = without_markdown_suffix(outcome.page.url)
        same = next((address for address in target.addresses if identity(address) == identity(html)), html)
        return replace(outcome, page=replace(outcome.page, url=same))


def markdown_address(url: str) -> str:
    """Return the address of a page's `.md` variant (as Mintlify and Fern name it); "" for a root or a query."""
    parts = urlsplit(url)
    return f"{url}.md" if parts.path.strip("/") and not parts.query else ""


def _kind(page: Page) -> str:
    return media_type_of(page.content_type)
