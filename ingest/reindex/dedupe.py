"""Deduplicate pages: keep one and make the addresses of the others its aliases. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ingest.core.records import Document
from ingest.core.urls import identity

SAME_SHARE: Final = 0.9
"""Share of three-word sequences (Dice's coefficient) from which on two pages of one title are one page."""

_MAX_OF_TITLE: Final = 20  # more pages of one title (`Overview`) are not copies; keeps the comparison linear
_TARGET = re.compile(r"\]\([^()\s]*\)")
_LINKED = re.compile(r"\]\(<?(?:https?://[^/\s()]+)?(/[^()\s#?<>]*)")
_VERSION = re.compile(r"v?\d+(?:\.[\dx]+)*|latest|stable|next|dev|main|master", re.IGNORECASE)


def lists_itself(url: str, markdown: str) -> bool:
    """Return whether a page links to its own path; in a file name `_` may replace `/`."""
    path = _folded(url)
    return any(_folded(target) == path for target in _LINKED.findall(markdown))


@dataclass(frozen=True, slots=True)
class LocalPage:
    """A cleaned page, its canonical address, and whether its menus list its current address."""

    document: Document
    canonical: str | None = None
    lists_itself: bool = False


def _folded(url: str) -> str:
    return re.sub(r"[/_]+", "/", "/" + re.sub(r"^https?://[^/]+", "", url)).rstrip("/").lower()


def merge_duplicates(arrivals: Iterable[LocalPage]) -> list[Document]:
    """Keep one of the pages with the same content, in order of arrival; of two with the same address the last.

    Pages whose only address is their path also count as one if they share their title and SAME_SHARE
    of their text, unless their paths name two versions. A page that names its own URL is always a
    separate page. `_rank` decides which address is kept.
    """
    pages = list({identity(arrival.document.url): arrival for arrival in arrivals}.values())
    kept: list[Document] = []
    for twins in _near(_same(pages)):
        canonicals = {identity(twin.canonical) for twin in twins if twin.canonical}
        best = max(twins, key=lambda twin: _rank(twin, canonicals))
        others = (twin.document.url for twin in twins if twin is not best)
        aliases = tuple(dict.fromkeys((*best.document.aliases, *others)))
        kept.append(replace(best.document, aliases=aliases))
    return kept


def merge_identical(documents: Iterable[Document]) -> list[Document]:
    """Keep one of the pages with the same body: the one with the shortest address, whatever their order."""
    groups: dict[str, list[Document]] = {}
    for document in documents:
        groups.setdefault(document.sha256, []).append(document)
    kept: list[Document] = []
    for group in groups.values():
        best = min(group, key=lambda document: (len(document.url), document.url))
        names = {name for document in group for name in (document.url, *document.aliases)} - {best.url}
        kept.append(replace(best, aliases=tuple(sorted(names))) if len(group) > 1 else best)
    return kept


def _rank(twin: LocalPage, canonicals: set[str]) -> tuple[bool, bool, bool, int]:
    """Rank the addresses of one page; of equals, `max` takes the first.

    The canonical address wins; else a URL over a bare path; else an address that the page's own menus
    list, because the site serves it there; else the path with more parts: sites sort their pages into
    sections when they reorganize, so the deeper path is the newer.
    """
    url = twin.document.url
    path = url.startswith("/")
    parts = len(re.findall(r"[^/_]+", url)) if path else 0
    return identity(url) in canonicals, not path, twin.lists_itself, parts


def _same(pages: Iterable[LocalPage]) -> list[list[LocalPage]]:
    groups: dict[str, list[LocalPage]] = {}
    for page in pages:
        groups.setdefault(page.document.sha256, []).append(page)
    return list(groups.values())


def _near(groups: Sequence[list[LocalPage]]) -> list[list[LocalPage]]:
    """Join groups with the same title whose texts are nearly the same."""
    by_title: dict[str, list[list[LocalPage]]] = {}
    for group in groups:
        by_title.setdefault(group[0].document.title.casefold(), []).append(group)
    joined: dict[int, list[LocalPage]] = {}
    for same_title in by_title.values():
        for group in _joined(same_title) if 1 < len(same_title) <= _MAX_OF_TITLE else same_title:
            joined[id(group[0])] = group
    return [joined[id(group[0])] for group in groups if id(group[0]) in joined]


def _joined(groups: Sequence[list[LocalPage]]) -> list[list[LocalPage]]:
    out: list[tuple[list[LocalPage], frozenset[str]]] = []
    for group in groups:
        words = _sequences(group[0].document.body)
        other = next(
            (mine for mine, theirs in out if _are_one(mine, group) and _dice(words, theirs) >= SAME_SHARE), None
        )
        if other is None:
            out.append((list(group), words))
        else:
            other += group
    return [group for group, _ in out]


def _are_one(left: list[LocalPage], right: list[LocalPage]) -> bool:
    """Return whether two groups may be one page: neither names its URL, and their paths do not name two versions."""
    urls = [twin.document.url for twin in (*left, *right)]
    versions = {tuple(part for part in re.split(r"[/_]", url) if _VERSION.fullmatch(part)) for url in urls}
    return len(versions) == 1 and all(url.startswith("/") for url in urls)


def _sequences(body: str) -> frozenset[str]:
    words = re.findall(r"\w+", _TARGET.sub("]", body).casefold())
    return frozenset(" ".join(words[at : at + 3]) for at in range(max(1, len(words) - 2)))


def _dice(left: frozenset[str], right: frozenset[str]) -> float:
    return 2 * len(left & right) / (len(left) + len(right))
