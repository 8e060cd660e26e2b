"""One page of a crawl: fetch it at the first of its addresses that answers, and clean it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ingest.errors import FetchError
from ingest.records import Cleaned, Page, Problem
from ingest.web.collapse import Validators
from ingest.web.fetch import Fetcher, Guard
from ingest.web.frontier import Target

GONE = frozenset({"http-404", "http-410"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one target: a cleaned page, "not modified" (nothing is set), or a problem."""

    cleaned: Cleaned | None = None
    page: Page | None = None  # without its body
    problem: Problem | None = None


def visit(
    target: Target,
    fetcher: Fetcher,
    clean: Callable[[Page], Cleaned | Problem],
    known: Validators,
    guard: Guard,
) -> Outcome:
    """Fetch and clean one page; never raises for what a site does.

    Only where an address is not found is the next one tried.
    """
    problem = Problem(target.url, "bad-url")
    for address in target.addresses:
        try:
            answer = fetcher.fetch(address, etag=known.etag, last_modified=known.last_modified, guard=guard)
        except FetchError as exc:
            problem = Problem(target.url, exc.reason, exc.detail)
            if exc.reason in GONE:
                continue
            break
        if answer.page is None:
            return Outcome()
        cleaned = clean(answer.page)
        if isinstance(cleaned, Problem):
            return Outcome(problem=replace(cleaned, url=target.url))
        return Outcome(cleaned, replace(answer.page, body=b""))
    return Outcome(problem=problem)
