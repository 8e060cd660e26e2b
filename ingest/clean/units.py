"""Lines of a markdown page as another program converted it: what kind each is, and what it says. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["title", "heading", "links", "short", "text", "fixed"]

SHORT: Final = 8
"""Words up to which a line without a sentence's end is a label: menus, buttons, and captions have one to six."""

_MAX_LINK_LINES: Final = 12  # a linked card holds a title and a sentence; what stays open longer is no link
_MAX_KEY: Final = 120
_FENCE = re.compile(r"[ \t>]*+(?:(?:[-*+]|\d{1,3}[.)])[ \t]++)*+(`{3,}(?=[^`]*$)|~{3,})")
_HEADING = re.compile(r"[ \t]{0,3}(#{1,6})(?:[ \t]+(.*))?$")
_UNDERLINE = re.compile(r"(?:=+|-{2,})[ \t]*$")
_MARKER = re.compile(r"^[ \t]*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)*")
_IMAGE = re.compile(r"!\[([^\[\]]*)\]\([^()\s]*\)")
_LINK = re.compile(r"\[([^\[\]]*)\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)?)(?:[ ]\"[^\"]*\")?\)")
_PUNCTUATION = re.compile(r"[\s|/·•›»→←,:>*_-]+")


@dataclass(frozen=True, slots=True)
class Unit:
    """Lines `start` to `end` of a page (a link may run over several) and what they say.

    `keys` are its words in one spelling; of a line that holds only links, the label of each link, and
    none for a link into the page itself. Kind `fixed` (code, tables, quotes) is never taken for chrome.
    """

    start: int
    end: int
    kind: Kind
    keys: tuple[str, ...]


def units_of(lines: list[str]) -> list[Unit]:
    """Give the units of a page in order; empty lines belong to none."""
    return list(_units(lines))


def _units(lines: list[str]) -> Iterator[Unit]:
    at = 0
    while at < len(lines):
        start, text = at, lines[at].strip()
        fence = _FENCE.match(lines[at])
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
    while at < len(lines) and not re.fullmatch(rf"[ \t>]*{re.escape(mark)}[`~]*[ \t]*", lines[at]):
        at += 1
    return min(at + 1, len(lines))


def _behind_link(lines: list[str], start: int) -> int:
    """Give the line behind the link that line `start` opens and does not close, and behind those that follow in it."""
    end, last = start + 1, start
    at = start + 1
    while _opens_link(lines[last]) and at < min(last + _MAX_LINK_LINES, len(lines)) and not _FENCE.match(lines[at]):
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
    """Give words in one spelling: no marks, small letters, every number alike; "" where there is no word."""
    text = re.sub(r"[`*_#\\]+", "", _LINK.sub(r"\1", words)).casefold()
    return " ".join(re.sub(r"\d+", "0", text).split())[:_MAX_KEY] if re.search(r"\w", text) else ""
