"""Two versions of a page -> which of its sections were added, changed and removed. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from ingest.blocks import sections_of
from ingest.records import Document

What = Literal["added", "changed", "removed"]

_Key = tuple[tuple[str, ...], int]
"""The headings above a section, and which of those with the same headings it is."""


@dataclass(frozen=True, slots=True)
class SectionChange:
    """A section that is not as it was. `heading` is its own, the page's title above the first heading.

    Where two sections of a page have the same heading, those above it are named as well.
    """

    heading: str
    what: What
    before: str = ""
    after: str = ""


def section_changes(old: Document | None, new: Document | None) -> tuple[SectionChange, ...]:
    """What differs, in the order of the new page, then of the old one.

    A section that stands elsewhere with the same heading and text is no change.
    """
    before, after = _sections(old), _sections(new)
    added = dict.fromkeys(key for key in after if key not in before)
    removed = dict.fromkeys(key for key in before if key not in after)
    _drop_moved(added, removed, before, after)
    names = _names([*after, *removed])
    found = [
        SectionChange(names[key], "added" if key in added else "changed", before.get(key, ""), text)
        for key, text in after.items()
        if key in added or (key in before and before[key] != text)
    ]
    return (*found, *(SectionChange(names[key], "removed", before[key]) for key in removed))


def _sections(document: Document | None) -> Mapping[_Key, str]:
    found: dict[_Key, str] = {}
    seen: Counter[tuple[str, ...]] = Counter()
    for section in sections_of(document) if document else ():
        path = section.headings or (document.title if document else "",)
        found[path, seen[path]] = _text(document, section.blocks[0].start, section.blocks[-1].end)
        seen[path] += 1
    return found


def _text(document: Document | None, start: int, end: int) -> str:
    return document.body[start:end] if document else ""


def _drop_moved(
    added: dict[_Key, None], removed: dict[_Key, None], before: Mapping[_Key, str], after: Mapping[_Key, str]
) -> None:
    """Take out of both what has only another place, or other headings above it."""
    places: defaultdict[tuple[str, str], list[_Key]] = defaultdict(list)
    for key in reversed(removed):
        places[key[0][-1], before[key]].append(key)
    for key in list(added):
        if gone := places[key[0][-1], after[key]]:
            del added[key], removed[gone.pop()]


def _names(keys: Iterable[_Key]) -> dict[_Key, str]:
    """The own heading of each section; its whole path where another one has the same heading."""
    paths = {key: key[0] for key in keys}
    count = Counter(path[-1] for path in set(paths.values()))
    return {key: path[-1] if count[path[-1]] == 1 else " › ".join(path) for key, path in paths.items()}
