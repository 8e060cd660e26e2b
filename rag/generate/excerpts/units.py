"""Split a passage's section into the units of an excerpt: sentences, list items, table rows, code. Pure.

A chunk may begin in the middle of a list, a table or fenced code; together with its neighbours the block is complete.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

from ingest.core.records import Chunk
from ingest.text.markdown import LIST_ITEM, Block, blocks_of, closes_fence, fence_mark, without_bullet
from ingest.text.sentences import runs, sentences
from rag.passage import joined_text

GroupKind = Literal["paragraph", "list", "table", "code"]

_QUOTE: Final = re.compile(r"(?m)^[ \t]*>[ ]?")
_PICTURE: Final = re.compile(r"!\[[^\]]*\]\([^)\s]*(?:[ ]\"[^\"]*\")?\)")
_LINK: Final = re.compile(r"(?<!!)\[[^\]\n]*\]\([^)\s]*(?:[ ]\"[^\"]*\")?\)")
_LABEL: Final = re.compile(r"[ \t>]*(?:\*\*|__)?[^\n.:!?。：！？؟।*_]{1,30}(?:\*\*|__)?[ \t]*")
_LONGEST_LABEL: Final = 4
"""Words of a line such as "**Note**" or "Python" that names what is below it."""


_WITH_NESTED: Final = 60
"""Words of an item together with the items nested below it; of a longer one each item is a unit of its own."""
_ASIDE: Final = re.compile(r"\s*(?:\*(?![*\s])[^*\n]+\*|_(?![_\s])[^_\n]+_)\s*")
"""A paragraph that is in italics as a whole: a caption, or a note about the page."""
_TOPIC: Final = re.compile(r"(?:How|What|Why|When|Where|Which|Whether)\b(?!.*[.:?]).*", re.DOTALL)
"""An item that says what the page explains, such as "How to add keys"."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, list item, table row or block of code: `text` is `body[start:end]` of the page."""

    start: int
    end: int
    text: str

    @property
    def words(self) -> int:
        """How much there is to read."""
        return len(self.text.split())


@dataclass(frozen=True, slots=True)
class Group:
    """A paragraph, list, table or block of code; `start` is where its lead sentence or table head begins.

    `lead` is the sentence that leads a list, table or code in, `head` the first two lines of a table; "" without.
    """

    kind: GroupKind
    start: int
    units: tuple[Unit, ...]
    lead: str = ""
    head: str = ""

    @property
    def end(self) -> int:
        """Offset after the last unit."""
        return self.units[-1].end

    @property
    def words(self) -> int:
        """How much there is to read, lead and head included."""
        return sum(unit.words for unit in self.units) + len(self.lead.split()) + len(self.head.split())


@lru_cache(maxsize=512)  # a server reads the same sections for many questions; about 2 MB
def is_only_a_link(item: str) -> bool:
    """Whether a list item is nothing but links to other places."""
    words, links = _LINK.subn("", without_bullet(item))
    return links > 0 and not re.search(r"\w", words)


def is_contents(group: Group) -> bool:
    """Whether a list only says what is somewhere else: links, or the topics of the page."""
    if group.kind != "list" or group.lead:
        return False
    items = [without_bullet(unit.text) for unit in group.units]
    return all(is_only_a_link(unit.text) for unit in group.units) or all(_TOPIC.fullmatch(item) for item in items)


def section_groups(chunks: tuple[Chunk, ...]) -> tuple[Group, ...]:
    """The groups of a section, from its chunks in page order; offsets are of the page's body.

    Left out: pictures, labels such as "**Note**", paragraphs in italics, and code of which these chunks contain only a
    part.
    """
    lead = f"{chunks[0].lead}\n" if chunks[0].lead else ""
    text, base = lead + joined_text(chunks), chunks[0].start - len(lead)
    groups: list[Group] = []
    for block in blocks_of(text):
        for group in _groups_of(text, block) if block.kind != "heading" else ():
            last = groups[-1] if groups else None
            if last and _continues_list(text, last, group):
                groups[-1] = _joined(text, last, group)
            else:
                groups.append(group)
    own = (_own_part(group, len(lead)) for group in _with_leads(text, groups))
    return tuple(_moved(group, base) for group in own if group)


def _own_part(group: Group, start: int) -> Group | None:
    """Return a group without the text before `start`, which the first chunk repeats from earlier in the page.

    Code begins before it and is left out, so that it is shown whole or not at all.
    """
    if group.start >= start:
        return group
    units = tuple(unit for unit in group.units if unit.start >= start)
    return replace(group, start=units[0].start, units=units) if units else None


def _moved(group: Group, base: int) -> Group:
    units = tuple(Unit(unit.start + base, unit.end + base, unit.text) for unit in group.units)
    return Group(group.kind, group.start + base, units, group.lead, group.head)


def _groups_of(body: str, block: Block) -> Iterator[Group]:
    if block.kind == "fence":
        if len(block.lines) > 1 and closes_fence(block.lines[-1].text, fence_mark(block)):
            yield Group("code", block.start, (_unit(body, block.start, block.end),))
    elif block.kind == "table":
        head = body[block.start : block.lines[1].end]
        rows = tuple(_unit(body, line.start, line.end) for line in block.lines[2:] if line.text.strip(" \t>|"))
        if rows:
            yield Group("table", block.start, rows, head=head)
    else:
        yield from _groups_of_text(body, block)


def _groups_of_text(body: str, block: Block) -> Iterator[Group]:
    """Paragraphs by sentences, and runs of list items, each item whole."""
    items: list[Unit] = []
    for start, end in runs(body[block.start : block.end], block.start):
        text = body[start:end]
        if LIST_ITEM.match(text):
            if items and _is_part_of(body, items[-1], start, end):
                items[-1] = _unit(body, items[-1].start, end)
            else:
                items.append(_unit(body, start, end))
            continue
        if items:
            yield Group("list", items[0].start, tuple(items))
            items = []
        if _is_label(text) or _ASIDE.fullmatch(text) or not _PICTURE.sub("", text).strip(" \t\n>*_[]()"):
            continue
        units = tuple(_unit(body, *place) for place in sentences(text, start))
        if units:
            yield Group("paragraph", units[0].start, units)
    if items:
        yield Group("list", items[0].start, tuple(items))


def _is_part_of(body: str, item: Unit, start: int, end: int) -> bool:
    """Whether the item at `start` is nested below another one and short enough to be read as part of it."""
    is_nested = _indent(body, start) > _indent(body, item.start)
    return is_nested and item.words + len(body[start:end].split()) <= _WITH_NESTED


def _unit(body: str, start: int, end: int) -> Unit:
    return Unit(start, end, body[start:end])


def _is_label(text: str) -> bool:
    """Whether a paragraph only names what is below it."""
    words = _QUOTE.sub("", text).split()
    return len(words) <= _LONGEST_LABEL and bool(_LABEL.fullmatch(text.strip()))


def _continues_list(body: str, last: Group, group: Group) -> bool:
    """Whether a group belongs to the list before it: further items, or what is indented below an item."""
    if last.kind != "list":
        return False
    if group.kind == "list":
        return _has_same_marker(last.units[0].text, group.units[0].text) or _indent(body, group.start) > 0
    return _indent(body, group.start) >= 2


def _has_same_marker(first: str, second: str) -> bool:
    one, two = (text.lstrip(" \t>")[:1] for text in (first, second))
    return one == two or (one.isdigit() and two.isdigit())


def _indent(body: str, start: int) -> int:
    line = body[body.rfind("\n", 0, start) + 1 : start + 1]
    return len(line) - len(line.lstrip(" \t")) if not line[:-1].strip() else 0


def _joined(body: str, last: Group, group: Group) -> Group:
    """A list with further items, or with more below its last item."""
    if group.kind == "list":
        return Group("list", last.start, (*last.units, *group.units))
    whole = _unit(body, last.units[-1].start, group.end)
    return Group("list", last.start, (*last.units[:-1], whole))


def _with_leads(body: str, groups: list[Group]) -> Iterator[Group]:
    """Give lists, tables and code the sentence before them that ends with a colon; it leaves its paragraph."""
    for at, group in enumerate(groups):
        before = groups[at - 1] if at else None
        after = groups[at + 1] if at + 1 < len(groups) else None
        if group.kind == "paragraph":
            leads = after is not None and after.kind != "paragraph" and _leads_in(group.units[-1].text)
            kept = group.units[:-1] if leads else group.units
            if kept:
                yield Group("paragraph", kept[0].start, kept)
        elif before and before.kind == "paragraph" and _leads_in(before.units[-1].text):
            lead = before.units[-1]
            yield Group(group.kind, lead.start, group.units, body[lead.start : lead.end], group.head)
        else:
            yield group


def _leads_in(sentence: str) -> bool:
    return sentence.rstrip(" *_`").endswith((":", "：")) and not LIST_ITEM.match(sentence)
