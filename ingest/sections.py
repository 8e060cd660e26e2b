"""Two versions of a page -> which of its sections were added, changed and removed. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from ingest.blocks import sections_of
from ingest.records import Document

What = Literal["added", "changed", "removed"]

_Key = tuple[tuple[str, ...], int]
"""The path of headings of a section (none: what is above the first one), and which of those with that path it is."""


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
    page = new or old
    names = _names([*after, *removed], page.title if page else "")
    found = [
        SectionChange(names[key], "added" if key in added else "changed", before.get(key, ""), text)
        for key, text in after.items()
        if key in added or (key in before and before[key] != text)
    ]
    return (*found, *(SectionChange(names[key], "removed", before[key]) for key in removed))


def _sections(document: Document | None) -> Mapping[_Key, str]:
    if document is None:
        return {}
    found: dict[_Key, str] = {}
    seen: Counter[tuple[str, ...]] = Counter()
    for section in sections_of(document):
        path = section.headings
        found[path, seen[path]] = document.body[section.blocks[0].start : section.blocks[-1].end]
        seen[path] += 1
    return found


def _drop_moved(
    added: dict[_Key, None], removed: dict[_Key, None], before: Mapping[_Key, str], after: Mapping[_Key, str]
) -> None:
    """Take out of both what has only another place, or other headings above it."""
    places: defaultdict[tuple[tuple[str, ...], str], list[_Key]] = defaultdict(list)
    for key in reversed(removed):
        places[key[0][-1:], before[key]].append(key)
    for key in list(added):
        if gone := places[key[0][-1:], after[key]]:
            del added[key], removed[gone.pop()]


def _names(keys: Iterable[_Key], title: str) -> dict[_Key, str]:
    """The own heading of each section; its whole path where another one has the same heading."""
    paths = {key: key[0] or (title,) for key in keys}
    count = Counter(path[-1] for path in set(paths.values()))
    return {key: path[-1] if count[path[-1]] == 1 else " › ".join(path) for key, path in paths.items()}
