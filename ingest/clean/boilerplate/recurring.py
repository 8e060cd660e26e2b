"""Remove chrome that recurs around the content of a site's pages; learned from the pages, not from labels. Pure.

For pages whose HTML gives no clue: markdown that another program converted from whole HTML pages, and
pages by unknown generators. Three places are distinguished, because the same words may be a menu in
one and content in another: above the page's title, right below it, and at the end. Recurring code,
tables, quotes and headings within the content are never removed, nor is any line in the middle of a page.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal

from ingest.core.records import Document
from ingest.core.urls import host_of
from ingest.text import front_matter
from ingest.text.markdown import FENCE, LIST_MARKER, closes_fence

MIN_PAGES: Final = 5
"""Pages with different titles below which nothing is learned: of fewer, content may recur by chance."""

_TEXT_SHARE: Final = 0.5  # a site's own text recurs on most of its pages
_LINK_SHARE: Final = 0.2  # its menus differ by section
_BELOW: Final = 10  # units below the title that may be its buttons
_GAP: Final = 6  # units of one page only (previous, next, a date) between two that recur


@dataclass(frozen=True, slots=True)
class Chrome:
    """Chrome learned from a site: the keys (`key_of`) that recur above the title, below it, at the end.

    `names` are titles that most pages share: the site's own. If `pages` is 0, nothing was learned.
    """

    pages: int = 0
    names: frozenset[str] = frozenset()
    top: frozenset[str] = frozenset()
    below: frozenset[str] = frozenset()
    end: frozenset[str] = frozenset()


def learn(texts: Iterable[str]) -> Chrome:
    """Learn a site's chrome from the markdown of its pages; learn nothing from fewer than MIN_PAGES.

    Pages with the same title count once, so that copies and versions of a page do not count as evidence.
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
    """Split a page into its front matter, unchanged, and the rest."""
    rest = front_matter.split(text)[1]
    return text[: len(text) - len(rest)], rest


Kind = Literal["title", "heading", "links", "short", "text", "fixed"]


@dataclass(frozen=True, slots=True)
class Unit:
    """Lines `start` to `end` of a page (a link may run over several) and their normalized words.

    `keys` are its words in one spelling; for a line that contains only links, the label of each link,
    except links into the page itself. Kind `fixed` (code, tables, quotes) is never taken for chrome.
    """

    start: int
    end: int
    kind: Kind
    keys: tuple[str, ...]


def _site_names(pages: list[list[Unit]]) -> frozenset[str]:
    """Return titles on at least half of the pages, if those pages have another title too."""
    titles = [{key for unit in units if unit.kind == "title" for key in unit.keys} for units in pages]
    count = Counter(key for keys in titles if len(keys) > 1 for key in keys)
    return frozenset(key for key, pages_with in count.items() if pages_with >= _TEXT_SHARE * len(pages))


def _title_at(units: list[Unit], names: frozenset[str]) -> int | None:
    return next((at for at, u in enumerate(units) if u.kind == "title" and u.keys and u.keys[0] not in names), None)


def _parts(units: list[Unit], title: int | None) -> tuple[list[Unit], list[Unit], list[Unit]]:
    """Return units above the title, right below it, and all below it; without a title, all are in both."""
    if title is None:
        return units, [], units
    return units[:title], units[title + 1 : title + 1 + _BELOW], units[title + 1 :]


def _frequent(pages: Iterable[set[str]], links: set[str], total: int) -> frozenset[str]:
    count = Counter(key for keys in pages for key in keys)
    least = {share: max(MIN_PAGES - 1, math.ceil(share * total)) for share in (_TEXT_SHARE, _LINK_SHARE)}
    return frozenset(k for k, n in count.items() if k and n >= least[_LINK_SHARE if k in links else _TEXT_SHARE])


def strip(text: str, chrome: Chrome) -> str:
    """Return a page without the chrome that `learn` found on its site."""
    if not chrome.pages:
        return text
    head, body = _body(text)
    lines = body.split("\n")
    gone = recurring_units(units_of(lines), chrome)
    for unit in gone:
        lines[unit.start : unit.end] = [""] * (unit.end - unit.start)
    return head + "\n".join(lines) if gone else text


def recurring_units(units: list[Unit], chrome: Chrome) -> set[Unit]:
    """Return the units of a page that are chrome of its site."""
    if not chrome.pages:
        return set()
    title = _title_at(units, chrome.names)
    gone = _end(units, title, chrome.end)
    gone |= _top(units, chrome.top) if title is None else _above(units[:title], chrome)
    if title is not None:
        gone |= _buttons(units[title + 1 : title + 1 + _BELOW], chrome.below)
    return gone


def _above(units: list[Unit], chrome: Chrome) -> set[Unit]:
    """Find chrome above the title of a page with a menu: all but sentences, code etc. that only this page has."""
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
    """Find chrome at the top of a page without a title: up to the last unit that recurs, across links and labels."""
    reach = 0
    for at, unit in enumerate(units):
        if not keys.isdisjoint(unit.keys):
            reach = at + 1
        elif unit.kind not in {"links", "short"}:
            break
    return set(units[:reach])


def _end(units: list[Unit], title: int | None, keys: frozenset[str]) -> set[Unit]:
    """Find chrome at the end: back to the first unit that recurs, across a few units that only this page has.

    A heading is chrome if it recurs and everything below it recurs. Any other heading ends the search, and the
    links right below it are its content, even if other pages end with the same links.
    """
    behind = units[0 if title is None else title + 1 :][::-1]
    reach = 0
    own = False  # whether the units below, up to the next heading, include one that only this page has
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
    """Find chrome below the title, up to the next heading: links and labels that recur."""
    stop = next((at for at, unit in enumerate(units) if unit.kind in {"title", "heading"}), len(units))
    return {unit for unit in units[:stop] if unit.kind in {"links", "short"} and not keys.isdisjoint(unit.keys)}


@dataclass(frozen=True, slots=True)
class Draft(Document):
    """A page by an unknown generator, before the chrome that recurs on its site is removed.

    `blocks` is its markdown in the page's own order: the title where the page has it, no description.
    `body`, which begins with title and description, is not enough, because chrome is recognised by the
    place of a block.
    """

    blocks: str = ""


def draft_of(document: Document, blocks: str) -> Draft:
    """Return the draft of a page: its document with the chrome, and its blocks in the page's own order."""
    return Draft(**_facts(document), blocks=blocks)


def _facts(document: Document) -> dict[str, Any]:
    return {field.name: getattr(document, field.name) for field in fields(Document)}


def finish_drafts(documents: Sequence[Document]) -> list[Document]:
    """Remove the recurring chrome from the drafts among `documents`; the order stays, other pages are returned as is.

    A site is the pages of one source on one host. The result does not depend on the order of the pages.
    If there are too few pages to learn from, a draft keeps its body.
    """
    sites: dict[tuple[str, str], list[str]] = {}
    for document in documents:
        if isinstance(document, Draft):
            sites.setdefault(_site(document), []).append(document.blocks)
    chromes = {site: learn(pages) for site, pages in sites.items()}
    return [_finish(d, chromes[_site(d)]) if isinstance(d, Draft) else d for d in documents]


def _site(document: Document) -> tuple[str, str]:
    return document.source, host_of(document.url) if "://" in document.url else ""


def _finish(draft: Draft, chrome: Chrome) -> Document:
    document = Document(**_facts(draft))
    lines = draft.blocks.split("\n")
    units = units_of(lines)
    gone = recurring_units(units, chrome)
    if not gone:
        return document
    heads = [unit for unit in units if lines[unit.start].startswith("#") and unit.kind in ("title", "heading")]
    title = next((unit for unit in heads if unit.kind == "title"), None)
    rest = [unit for unit in heads if unit is not title]
    anchors = dict(zip(rest, document.anchors[1:], strict=False)) if len(rest) == len(document.anchors) - 1 else {}
    kept: list[str] = []
    at = 0
    for unit in units:
        if unit in gone or unit is title:
            kept += lines[at : unit.start]
            at = unit.end
            while at < len(lines) and not lines[at]:
                at += 1
    top = [f"# {document.title}", *([document.description] if document.description else [])]
    content = "\n".join([*kept, *lines[at:]]).strip("\n")
    return replace(
        document,
        body="\n\n".join([*top, *([content] if content else [])]) + "\n",
        anchors=(document.anchors[0], *(anchors.get(unit, "") for unit in rest if unit not in gone)),
    )


def has_content(document: Document) -> bool:
    """Return whether a page has more than its title and its description."""
    body = document.body.removeprefix(f"# {document.title}").strip()
    return bool(body.removeprefix(document.description).strip())


SHORT: Final = 8
"""Words up to which a line without a sentence's end is a label: menus, buttons, and captions have one to six."""

_MAX_LINK_LINES: Final = 12  # a linked card contains a title and a sentence; a bracket open for longer is not a link
_MAX_KEY: Final = 120
_HEADING = re.compile(r"[ \t]{0,3}(#{1,6})(?:[ \t]+(.*))?$")
_UNDERLINE = re.compile(r"(?:=+|-{2,})[ \t]*$")
_MARKER = re.compile(rf"^[ \t]*(?:{LIST_MARKER}[ \t]+)*")
_IMAGE = re.compile(r"!\[([^\[\]]*)\]\([^()\s]*\)")
_LINK = re.compile(r"\[([^\[\]]*)\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)?)(?:[ ]\"[^\"]*\")?\)")
_PUNCTUATION = re.compile(r"[\s|/·•›»→←,:>*_-]+")


def units_of(lines: list[str]) -> list[Unit]:
    """Return the units of a page in order; empty lines belong to no unit."""
    return list(_units(lines))


def _units(lines: list[str]) -> Iterator[Unit]:
    at = 0
    while at < len(lines):
        start, text = at, lines[at].strip()
        fence = FENCE.match(lines[at])
        at += 1
        if fence:
            at = _behind_fence(lines, at, fence[1])
            yield Unit(start, at, "fixed", ())
        elif text.startswith(("|", ">")):
            yield Unit(start, at, "fixed", ())
        elif text:
            at = _behind_link(lines, start)
            at += (
                at < len(lines) and bool(_UNDERLINE.match(lines[at])) and _MARKER.sub("", lines[start]) == lines[start]
            )
            yield _unit(lines, start, at)


def _behind_fence(lines: list[str], at: int, mark: str) -> int:
    while at < len(lines) and not closes_fence(lines[at], mark):
        at += 1
    return min(at + 1, len(lines))


def _behind_link(lines: list[str], start: int) -> int:
    """Return the line after the link that line `start` opens and does not close, and after links that follow in it."""
    end, last = start + 1, start
    at = start + 1
    while _opens_link(lines[last]) and at < min(last + _MAX_LINK_LINES, len(lines)) and not FENCE.match(lines[at]):
        if "](" in lines[at]:
            end, last = at + 1, at
        at += 1
    return end


def _opens_link(line: str) -> bool:
    rest = _LINK.sub("", _IMAGE.sub("", line.replace("[ ]", "").replace("[x]", "")))
    return rest.rfind("[") > rest.rfind("]")


def _unit(lines: list[str], start: int, end: int) -> Unit:
    heading = _HEADING.match(lines[start])
    if heading or (end > start + 1 and _UNDERLINE.match(lines[end - 1])):
        top = heading[1] == "#" if heading else lines[end - 1].startswith("=")
        words = heading[2] or "" if heading else lines[start]
        return Unit(start, end, "title" if top else "heading", tuple(filter(None, [key_of(words)])))
    text = _MARKER.sub("", _IMAGE.sub(r"\1", " ".join(line.strip() for line in lines[start:end])))
    links = _LINK.findall(re.sub(r"\[\[([^\[\]]*)\]\]", r"[\1]", text))
    if links and not _PUNCTUATION.sub("", _LINK.sub("", text)):
        labels = (key_of(label) for label, target in links if not target.startswith("#"))
        return Unit(start, end, "links", tuple(dict.fromkeys(label for label in labels if label)))
    words = _LINK.sub(r"\1", text)
    return Unit(start, end, "short" if _is_label(words) else "text", tuple(filter(None, [key_of(words)])))


def _is_label(words: str) -> bool:
    return len(words.split()) <= SHORT and not re.search(r"[.!:;…][\"'”’)]*$", words)


def key_of(words: str) -> str:
    """Normalize words: no markdown marks, lower case, all numbers alike; "" if there is no word."""
    text = re.sub(r"[`*_#\\]+", "", _LINK.sub(r"\1", words)).casefold()
    return " ".join(re.sub(r"\d+", "0", text).split())[:_MAX_KEY] if re.search(r"\w", text) else ""
