"""What recurs on the pages of a site, around their content, is chrome: learned from the pages, not from labels.

For pages whose structure is lost: markdown that another program made of whole HTML pages. Three
places are told apart, as the same words may be a menu's in one and content in another: above the
page's title, right below it, and at the end. Recurring code, tables, quotes and headings within the
content are never touched, nor is any line in the middle of a page.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ingest import front_matter
from ingest.clean.units import Unit, units_of

MIN_PAGES: Final = 5
"""Pages with different titles below which nothing is learned: of fewer, content may recur by chance."""

_TEXT_SHARE: Final = 0.5  # a site's text stands on most of its pages
_LINK_SHARE: Final = 0.2  # its menus differ by section
_BELOW: Final = 10  # units below the title where its buttons stand
_GAP: Final = 6  # units of one page only (previous, next, a date) between two that recur


@dataclass(frozen=True, slots=True)
class Chrome:
    """What was learned of a site: the spellings (`units.key_of`) that recur above the title, below it, at the end.

    `names` are titles that most pages share: the site's own. Without any, nothing was learned.
    """

    pages: int = 0
    names: frozenset[str] = frozenset()
    top: frozenset[str] = frozenset()
    below: frozenset[str] = frozenset()
    end: frozenset[str] = frozenset()


def learn(texts: Iterable[str]) -> Chrome:
    """Learn a site's chrome from the markdown of its pages; nothing below MIN_PAGES.

    Pages with the same title count once, so that copies and versions of a page are no evidence.
    Linear in the size of the pages; their order does not matter.
    """
    pages = [units_of(_body(text)[1].split("\n")) for text in dict.fromkeys(texts)]
    names = _site_names(pages)
    places: dict[str, tuple[set[str], set[str], set[str]]] = {}
    links: set[str] = set()
    for number, units in enumerate(pages):
        title = _title_at(units, names)
        page = units[title].keys[0] if title is not None else f"\n{number}"
        for keys, part in zip(places.setdefault(page, (set(), set(), set())), _parts(units, title), strict=True):
            keys.update(key for unit in part for key in unit.keys)
            links.update(key for unit in part if unit.kind == "links" for key in unit.keys)
    if len(places) < MIN_PAGES:
        return Chrome()
    top, below, end = (_frequent((place[n] for place in places.values()), links, len(places)) for n in range(3))
    return Chrome(len(places), names, top, below, end)


def _body(text: str) -> tuple[str, str]:
    """Split a page into its front matter, as it stands, and the rest."""
    rest = front_matter.split(text)[1]
    return text[: len(text) - len(rest)], rest


def _site_names(pages: list[list[Unit]]) -> frozenset[str]:
    """Titles on at least half of the pages, where those have another one too."""
    titles = [{key for unit in units if unit.kind == "title" for key in unit.keys} for units in pages]
    count = Counter(key for keys in titles if len(keys) > 1 for key in keys)
    return frozenset(key for key, pages_with in count.items() if pages_with >= _TEXT_SHARE * len(pages))


def _title_at(units: list[Unit], names: frozenset[str]) -> int | None:
    return next((at for at, u in enumerate(units) if u.kind == "title" and u.keys and u.keys[0] not in names), None)


def _parts(units: list[Unit], title: int | None) -> tuple[list[Unit], list[Unit], list[Unit]]:
    """The units above the title, right below it, and all below it; without a title, all are above and below."""
    if title is None:
        return units, [], units
    return units[:title], units[title + 1 : title + 1 + _BELOW], units[title + 1 :]


def _frequent(pages: Iterable[set[str]], links: set[str], total: int) -> frozenset[str]:
    count = Counter(key for keys in pages for key in keys)
    least = {share: max(MIN_PAGES - 1, math.ceil(share * total)) for share in (_TEXT_SHARE, _LINK_SHARE)}
    return frozenset(k for k, n in count.items() if k and n >= least[_LINK_SHARE if k in links else _TEXT_SHARE])


def strip(text: str, chrome: Chrome) -> str:
    """Give a page without the chrome that `learn` found on its site."""
    if not chrome.pages:
        return text
    head, body = _body(text)
    lines = body.split("\n")
    gone = recurring_units(units_of(lines), chrome)
    for unit in gone:
        lines[unit.start : unit.end] = [""] * (unit.end - unit.start)
    return head + "\n".join(lines) if gone else text


def recurring_units(units: list[Unit], chrome: Chrome) -> set[Unit]:
    """Give those units of a page that are chrome of its site."""
    if not chrome.pages:
        return set()
    title = _title_at(units, chrome.names)
    gone = _end(units, title, chrome.end)
    gone |= _top(units, chrome.top) if title is None else _above(units[:title], chrome)
    if title is not None:
        gone |= _buttons(units[title + 1 : title + 1 + _BELOW], chrome.below)
    return gone


def _above(units: list[Unit], chrome: Chrome) -> set[Unit]:
    """Above the title of a page with a menu: all but sentences, code and the like that stand on this page only."""
    if not any(not chrome.top.isdisjoint(unit.keys) for unit in units):
        return set()
    gone: set[Unit] = set()
    for at in reversed(range(len(units))):
        unit = units[at]
        recurs = not chrome.top.isdisjoint(unit.keys) or not chrome.names.isdisjoint(unit.keys)
        followed = at + 1 < len(units) and units[at + 1] not in gone
        if recurs or unit.kind in {"links", "short"} or (unit.kind == "heading" and not followed):
            gone.add(unit)
    return gone


def _top(units: list[Unit], keys: frozenset[str]) -> set[Unit]:
    """At the top of a page without a title: up to the last unit that recurs, across links and labels."""
    reach = 0
    for at, unit in enumerate(units):
        if not keys.isdisjoint(unit.keys):
            reach = at + 1
        elif unit.kind not in {"links", "short"}:
            break
    return set(units[:reach])


def _end(units: list[Unit], title: int | None, keys: frozenset[str]) -> set[Unit]:
    """At the end: up to the first unit that recurs, across a few of this page's own.

    A heading is chrome where it recurs, and all below it does. Any other ends the search, and the
    links right below it are its content, though other pages end with the same.
    """
    behind = units[0 if title is None else title + 1 :][::-1]
    reach = 0
    own = False  # has what stands below, up to the next heading, anything of this page's own?
    for at, unit in enumerate(behind):
        recurs = not keys.isdisjoint(unit.keys)
        heading = unit.kind in {"heading", "title"}
        if heading and (own or not recurs or not at):
            return set(behind[: _below_links(behind, reach) if reach == at else reach])
        if recurs:
            reach = at + 1
        elif unit.kind not in {"links", "short"} or at - reach >= _GAP:
            break
        own = not heading and (own or not recurs)
    return set(behind[:reach])


def _below_links(behind: list[Unit], reach: int) -> int:
    while reach and behind[reach - 1].kind == "links":
        reach -= 1
    return reach


def _buttons(units: list[Unit], keys: frozenset[str]) -> set[Unit]:
    """Below the title, up to the next heading: links and labels that recur."""
    stop = next((at for at, unit in enumerate(units) if unit.kind in {"title", "heading"}), len(units))
    return {unit for unit in units[:stop] if unit.kind in {"links", "short"} and not keys.isdisjoint(unit.keys)}
