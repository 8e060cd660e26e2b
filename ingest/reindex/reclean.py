"""Clean existing pages again with the current cleaner, from their kept responses, without the network."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from ingest.clean.boilerplate.recurring import finish_drafts
from ingest.clean.page import clean_page
from ingest.core.records import Document, Problem, Progress
from ingest.crawl.worker_pool import CleanerPool
from ingest.reindex.response_cache import ResponseCache

PROCESSES = 2  # both cores of a small machine
_THREADS = 2
_NOT_KEPT = "not-kept"
_SECONDS = 60.0  # for one page; the largest need about five


@dataclass(slots=True)
class Recleaned:
    """`documents`: all existing pages, in order; `updated`: those that were cleaned again; and the failures."""

    documents: list[Document] = field(default_factory=list)
    updated: list[Document] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def reclean(
    at_hand: Iterable[Document],
    responses: ResponseCache,
    progress: Progress,
    *,
    keep: bool,
    crawling: bool = False,
) -> Recleaned:
    """Clean again the pages made by another version of the cleaner; `keep` the responses under this version.

    Before a crawl, pages from which recurring chrome was removed are returned as drafts, because the crawl may
    change what is learned as chrome. Without a crawl all of them are cleaned as soon as one of them must be.

    A page without a usable response, or by an unknown version of the cleaner, loses its validators: only
    a response with its content can bring it up to date.
    """
    out = Recleaned(list(at_hand))
    states = [responses.state(document) for document in out.documents]
    for place, state in enumerate(states):
        if state == "unknown":
            out.documents[place] = replace(out.documents[place], etag=None, last_modified=None)
    wanted = {"stale", "draft"} if crawling or "stale" in states else set()
    places = [place for place, state in enumerate(states) if state in wanted]
    if places:
        with CleanerPool(clean_page, PROCESSES, _SECONDS) as cleaners, ThreadPoolExecutor(_THREADS) as threads:

            def clean(place: int) -> Document | Problem:
                return _clean(out.documents[place], responses, cleaners, keep=keep and states[place] == "stale")

            for done, (place, got) in enumerate(zip(places, threads.map(clean, places), strict=True), 1):
                progress("clean", done, len(places))
                _take(out, place, got)
    if not crawling:
        out.documents, out.updated = finish_drafts(out.documents), finish_drafts(out.updated)
    return out


def _clean(old: Document, responses: ResponseCache, cleaners: CleanerPool, *, keep: bool) -> Document | Problem:
    page = responses.answer_for(old)
    if page is None:
        return Problem(old.url, _NOT_KEPT)
    got = cleaners(page)
    if isinstance(got, Problem):
        return replace(got, url=old.url, kept_old=True)
    new = got.document
    # Neither the address nor the fetch date has changed.
    document = replace(new, url=old.url, aliases=old.aliases, source=old.source, fetched_at=old.fetched_at)
    if keep:
        responses.keep(page, document)
    return document


def _take(out: Recleaned, place: int, got: Document | Problem) -> None:
    old = out.documents[place]
    if isinstance(got, Document):
        out.documents[place] = got
        out.updated.append(got)
    elif got.reason == _NOT_KEPT:
        out.documents[place] = replace(old, etag=None, last_modified=None)
    else:
        out.problems.append(got)
