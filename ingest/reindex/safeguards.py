"""Checks before an update replaces the existing pages. Pure.

`refuse_loss` stops an update without usable pages, from a site that is down, or with too many pages gone.
`new_hosts` lists the hosts that only the newer pages name, because tampered pages link to other hosts.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from ingest.core.errors import CrawlFailed
from ingest.core.records import Document, Problem
from ingest.core.urls import identity
from ingest.docs.changes import UpdatePlan
from ingest.docs.folder import STARTER

SHRINK_LIMIT: Final = 0.3
"""The share of known pages that may vanish in one run before it counts as the site's failure."""

_LATER: Final = "see whether the site is up, and try again later"
_SAVE: Final = "save its pages with a browser, and read them with --from FOLDER"
_ADVICE: Final = {
    "dns": "check the spelling of the host, and your network",
    "tls": "check the address, this machine's clock and its CA certificates",
    "private-address": "if you trust that address, allow it with --allow-private",
    "robots": f"the site does not want to be crawled; ask its owner, or {_SAVE}",
    "login": f"the site asks to log in; {_SAVE}",
    "http-401": f"the site asks to log in; {_SAVE}",
    "http-403": f"the site refuses us; {_SAVE}",
    "off-site-redirect": "name the address that it leads to, if that is the documentation",
    "challenge": f"the site lets only browsers in; {_SAVE}",
    "empty": f"pages that a browser has to build can't be read; {_SAVE}",
    "not-text": "name the address of a page of the documentation",
    **dict.fromkeys(("refused", "unreachable", "timeout", "reset", "http-429", "http-503"), _LATER),
}


def refuse_loss(
    plan: UpdatePlan, problems: Sequence[Problem], sources: Collection[str], *, came: bool, allow_shrink: bool
) -> None:
    """Raise CrawlFailed if an update would replace good pages because of a failure of the site."""
    if not came:
        main = _main(problems, sources)
        detail = f" ({main.detail})" if main and main.detail else ""
        why = f": {main.url}: {main.reason}{detail}" if main else ""
        advice = _advice(main) if main else "check the address"
        raise CrawlFailed(f"no page came{why}", f"{advice}; the old pages and index are unchanged")
    down = next((problem for problem in problems if problem.reason == "site-down"), None)
    if down:
        raise CrawlFailed(f"{down.url}: {down.detail}; nothing was changed", "try again when the site is up")
    if plan.before and plan.lost > SHRINK_LIMIT * plan.before and not allow_shrink:
        raise CrawlFailed(
            f"{plan.lost} of {plan.before} pages would vanish; nothing was changed",
            "check the source, or allow it with --allow-shrink",
        )


def _advice(problem: Problem) -> str:
    if problem.reason == "robots" and "can't be read" in problem.detail:  # the site is down, it does not refuse
        return _LATER
    return _ADVICE.get(problem.reason, "check the address")


def _main(problems: Sequence[Problem], sources: Collection[str]) -> Problem | None:
    """Return the problem that explains an empty crawl: that of a source, else the first of the most frequent kind."""
    named = {identity(source) for source in sources}
    counts = Counter(problem.reason for problem in problems)
    rank = {id(problem): (identity(problem.url) in named, counts[problem.reason]) for problem in problems}
    return max(problems, key=lambda problem: rank[id(problem)], default=None)


_HOST: Final = re.compile(r"https?://(?:[^\s/?#@]{0,200}@)?(\w[\w.-]*\.\w+)", re.IGNORECASE)


def new_hosts(before: Iterable[Document], after: Iterable[Document]) -> dict[str, str]:
    """Return {host: first page that is on it or links to it} for hosts that no page in `before` names.

    Empty if `before` has no pages apart from starter pages, because then every host is new.
    """
    old = {document.url: document for document in before if document.source != STARTER}
    found: dict[str, str] = {}
    if not old:
        return found
    known = {host for document in old.values() for host in _hosts(document)}
    for document in after:
        if document.url not in old or document.sha256 != old[document.url].sha256:
            for host in _hosts(document) - known:
                found.setdefault(host, document.url)
    return dict(sorted(found.items()))


def _hosts(document: Document) -> set[str]:
    return {host.lower() for host in _HOST.findall(f"{document.url}\n{document.body}")}
