"""Pages at hand, as the cleaner of today gives them: from their kept answers, without the network."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from ingest.clean.page import clean_page
from ingest.progress import Progress
from ingest.records import Document, Problem
from ingest.responses import Responses
from ingest.web.workers import Cleaners

PROCESSES = 2  # both cores of a small machine
_THREADS = 2
_NOT_KEPT = "not-kept"
_SECONDS = 60.0  # for one page; the largest need about five


@dataclass(slots=True)
class Recleaned:
    """`documents`: all pages at hand, in order; `anew`: those that the cleaner gave anew; and what failed."""

    documents: list[Document] = field(default_factory=list)
    anew: list[Document] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def reclean(at_hand: Iterable[Document], responses: Responses, progress: Progress, *, keep: bool) -> Recleaned:
    """Clean again what another version of the cleaner made; `keep` the answers under this version.

    A page of which it is not known what made it, or whose answer is not at hand, loses its
    validators: only an answer with its content can bring it up to date.
    """
    out = Recleaned(list(at_hand))
    states = [responses.state(document) for document in out.documents]
    for place, state in enumerate(states):
        if state == "unknown":
            out.documents[place] = replace(out.documents[place], etag=None, last_modified=None)
    stale = [place for place, state in enumerate(states) if state == "stale"]
    if stale:
        with Cleaners(clean_page, PROCESSES, _SECONDS) as cleaners, ThreadPoolExecutor(_THREADS) as threads:
            old = [out.documents[place] for place in stale]
            cleaned = threads.map(lambda document: _clean(document, responses, cleaners, keep=keep), old)
            for done, (place, got) in enumerate(zip(stale, cleaned, strict=True), 1):
                progress("clean", done, len(stale))
                _take(out, place, got)
    return out


def _clean(old: Document, responses: Responses, cleaners: Cleaners, *, keep: bool) -> Document | Problem:
    page = responses.answer_for(old)
    if page is None:
        return Problem(old.url, _NOT_KEPT)
    got = cleaners(page)
    if isinstance(got, Problem):
        return replace(got, url=old.url, kept_old=True)
    new = got.document
    # Neither the address nor the day it was fetched have changed.
    document = replace(old, title=new.title, description=new.description, body=new.body, anchors=new.anchors)
    if keep:
        responses.keep(page, document)
    return document


def _take(out: Recleaned, place: int, got: Document | Problem) -> None:
    old = out.documents[place]
    if isinstance(got, Document):
        out.documents[place] = got
        out.anew.append(got)
    elif got.reason == _NOT_KEPT:
        out.documents[place] = replace(old, etag=None, last_modified=None)
    else:
        out.problems.append(got)
