"""One page of a crawl: fetch it at the first of its addresses that answers, and clean it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from ingest.core.errors import FetchError
from ingest.core.records import Cleaned, Document, Page, Problem
from ingest.crawl.aliases import Validators
from ingest.crawl.fetch import Fetcher, Guard
from ingest.crawl.frontier import Target
from ingest.crawl.response import media_type_of

GONE = frozenset({"http-404", "http-410"})

Keep = Callable[[Page, Document], None]
Resume = Callable[[str], Page | None]

_NO_VARIANT = GONE | {"not-text", "empty", "soft-404"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one target: a cleaned page, "not modified" (nothing is set), or a problem."""

    cleaned: Cleaned | None = None
    page: Page | None = None  # without its body
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Visitor:
    """Fetches and cleans pages. May be shared between threads.

    `keep` is told of every answer that gave a document. `resume` gives the answer that an interrupted
    crawl left for an address: it counts as fetched where the site says that it still holds. With
    `markdown`, the `.md` variant of a page is asked for first.
    """

    fetcher: Fetcher
    clean: Callable[[Page], Cleaned | Problem]
    keep: Keep | None = None
    markdown: bool = False
    resume: Resume | None = None

    def visit(self, target: Target, known: Validators, guard: Guard) -> Outcome:
        """Fetch and clean one page; never raises for what a site does.

        Only where an address is not found is the next one tried.
        """
        variant = markdown_address(target.url) if self.markdown else ""
        outcome = Outcome(problem=Problem(target.url, "bad-url"))
        for address in (variant, *target.addresses) if variant else target.addresses:
            outcome = self._fetch_and_clean(address, target.url, known, guard)
            if not outcome.problem:
                break
            if outcome.problem.reason not in (_NO_VARIANT if address == variant else GONE):
                break
        return outcome

    def _fetch_and_clean(self, address: str, url: str, known: Validators, guard: Guard) -> Outcome:
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
            return Outcome(problem=replace(cleaned, url=url))
        if self.keep:
            self.keep(page, cleaned.document)
        return Outcome(cleaned, replace(page, body=b""))


def markdown_address(url: str) -> str:
    """Where a page's `.md` variant stands (Mintlify and Fern: below the same name); "" for a root or a query."""
    parts = urlsplit(url)
    return f"{url}.md" if parts.path.strip("/") and not parts.query else ""


def _kind(page: Page) -> str:
    return media_type_of(page.content_type)
