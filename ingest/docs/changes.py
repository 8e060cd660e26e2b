"""Compare fetched pages with the docs folder, plan which files to write, keep and remove, and write them.

Planning, and comparing the sections of two versions of a page, are pure; only `write_pages` writes files.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from ingest.core.records import Document
from ingest.core.urls import identity
from ingest.docs.folder import STARTER, PageFile, file_name, write_document
from ingest.text.markdown import sections_of

What = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class SectionChange:
    """A section that differs. `heading` is its own heading, or the page's title above the first heading.

    If two sections of a page have the same heading, `heading` also names the headings above it.
    """

    heading: str
    what: What
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class PageChange:
    """One page that differs, and its changes.

    `other` is the page's other address if it moved: the new one of a page that was removed, the old
    one of a page that was added, whose sections are then compared with those it had there.
    `facts` names the differences other than sections.
    """

    url: str
    what: What
    title: str = ""
    sections: tuple[SectionChange, ...] = ()
    other: str = ""
    facts: tuple[str, ...] = ()


@dataclass(slots=True)
class UpdatePlan:
    """The changes that an update makes to the docs folder."""

    write: list[Document] = field(default_factory=list)
    remove: list[PageFile] = field(default_factory=list)
    changes: list[PageChange] = field(default_factory=list)
    own: list[PageFile] = field(default_factory=list)
    """Files of the user that stand for a page which came."""
    unchanged: int = 0
    lost: int = 0
    """Pages removed although this run's source had them before; starter pages never count."""
    before: int = 0
    """Pages of this run's sources that were at hand."""

    @property
    def rewritten(self) -> list[Document]:
        """Return the pages that are rewritten for more than new validators."""
        changed = {change.url for change in self.changes}
        return [document for document in self.write if document.url in changed]


def plan_update(
    files: Iterable[PageFile],
    came: Iterable[Document],
    *,
    replaced: Collection[str],
    dropped: Collection[str] = (),
    gone: Collection[str],
) -> UpdatePlan:
    """Plan an update. Pages are compared by the identity of their addresses, so a final slash makes no difference.

    `replaced` are the sources that this run updates. A page of theirs that was not fetched is removed
    if its address is in `gone`, and moved if its new address has the old one as an alias; otherwise it
    stays. Pages of the `dropped` sources and starter pages are always removed, pages of all other
    sources stay. A page without a source is the user's own and is never overwritten.
    """
    plan = UpdatePlan()
    at_hand = {identity(file.document.url): file for file in files}
    new = {identity(document.url): document for document in came}
    moved = _by_alias(new)
    gone = {identity(url) for url in gone}
    for key, document in new.items():
        old = at_hand.get(key)
        if old and not old.document.source:
            plan.own.append(old)
        elif old:
            _compare(plan, old.document, document)
        else:
            names = map(identity, document.aliases)
            _add(plan, document, [at_hand[name].document for name in names if name in at_hand])
    for key, file in at_hand.items():
        source = file.document.source
        plan.before += source in replaced
        if key in new:
            continue
        vanished = source in replaced and (key in moved or key in gone)
        if vanished or source == STARTER or source in dropped:
            plan.remove.append(file)
            plan.changes.append(_removal(file.document, moved.get(key)))
            plan.lost += source in replaced and key not in moved
    return plan


def differences(before: Iterable[Document], after: Iterable[Document]) -> UpdatePlan:
    """Return the differences between two states of the same pages, whoever wrote them."""
    plan = UpdatePlan()
    old, new = ({identity(document.url): document for document in documents} for documents in (before, after))
    moved = _by_alias(new)
    for key, document in new.items():
        if key in old:
            _compare(plan, old[key], document)
        else:
            names = map(identity, document.aliases)
            _add(plan, document, [old[name] for name in names if name in old and name not in new])
    for key in [key for key in old if key not in new]:
        plan.changes.append(_removal(old[key], moved.get(key)))
    return plan


def _by_alias(pages: Mapping[str, Document]) -> dict[str, Document]:
    """Index pages by the identities of their aliases, except aliases that are pages themselves."""
    names = {identity(alias): document for document in pages.values() for alias in document.aliases}
    return {name: document for name, document in names.items() if name not in pages}


def _add(plan: UpdatePlan, document: Document, before: list[Document]) -> None:
    plan.write.append(document)
    old = before[0] if before else None
    sections = section_changes(old, document)
    plan.changes.append(PageChange(document.url, "added", document.title, sections, old.url if old else ""))


def _removal(old: Document, new: Document | None) -> PageChange:
    if new:
        return PageChange(old.url, "removed", old.title, other=new.url)
    return PageChange(old.url, "removed", old.title, section_changes(old, None))


def _compare(plan: UpdatePlan, before: Document, document: Document) -> None:
    if _content(before) == _content(document) and before.source == document.source:
        plan.unchanged += 1
        same = (before.etag, before.last_modified) == (document.etag, document.last_modified)
        if not same:  # only the validators changed, not the text: the page keeps the day it was fetched
            plan.write.append(replace(document, fetched_at=before.fetched_at))
        return
    plan.write.append(document)
    sections = section_changes(before, document)
    plan.changes.append(PageChange(document.url, "changed", document.title, sections, facts=_facts(before, document)))


def _facts(before: Document, after: Document) -> tuple[str, ...]:
    """Return the names of the facts that differ, apart from the text."""
    pairs = {
        "address": (before.url, after.url),
        "title": (before.title, after.title),
        "description": (before.description, after.description),
        "addresses of headings": (_known(before.anchors), _known(after.anchors)),
        "other addresses": (before.aliases, after.aliases),
        "source": (before.source, after.source),
    }
    return tuple(name for name, (old, new) in pairs.items() if old != new)


def _known(anchors: Sequence[str]) -> tuple[str, ...]:
    """The anchors of a page; a page whose headings have none stores none."""
    return tuple(anchors) if any(anchors) else ()


def _content(document: Document) -> tuple[object, ...]:
    d = document
    return (d.url, d.sha256, d.title, d.description, _known(d.anchors), d.aliases)


_Key = tuple[tuple[str, ...], int]
"""The path of headings of a section (none: what is above the first one), and which of those with that path it is."""


def section_changes(old: Document | None, new: Document | None) -> tuple[SectionChange, ...]:
    """Return the sections that differ, in the order of the new page, then of the old one.

    A section that only moved, with the same heading and text, is not a change.
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
    """Remove from both the sections that only moved, or that only have other headings above them."""
    places: defaultdict[tuple[tuple[str, ...], str], list[_Key]] = defaultdict(list)
    for key in reversed(removed):
        places[key[0][-1:], before[key]].append(key)
    for key in list(added):
        if gone := places[key[0][-1:], after[key]]:
            del added[key], removed[gone.pop()]


def _names(keys: Iterable[_Key], title: str) -> dict[_Key, str]:
    """Return the heading of each section, or its whole path if another section has the same heading."""
    paths = {key: key[0] or (title,) for key in keys}
    count = Counter(path[-1] for path in set(paths.values()))
    return {key: path[-1] if count[path[-1]] == 1 else " › ".join(path) for key, path in paths.items()}


def pages_after(plan: UpdatePlan, files: Sequence[PageFile]) -> list[Document]:
    """Return the pages that the docs folder will contain after the plan is carried out."""
    gone = {identity(file.document.url) for file in plan.remove}
    pages = {identity(file.document.url): file.document for file in files}
    kept = {key: document for key, document in pages.items() if key not in gone}
    return list((kept | {identity(document.url): document for document in plan.write}).values())


def write_pages(folder: Path, plan: UpdatePlan, files: Sequence[PageFile]) -> None:
    """Write new pages first and remove last: a crash in between leaves a page too many, never one too few."""
    written: set[Path] = set()
    names = {identity(file.document.url): file.path.relative_to(folder).as_posix() for file in files}
    for document in plan.write:
        name = names.get(identity(document.url)) or _free_name(folder, document.url)
        written.add(write_document(folder, name, document))
    for file in plan.remove:
        if file.path not in written:
            file.path.unlink(missing_ok=True)


def _free_name(folder: Path, url: str) -> str:
    """Return an unused file name for a new page; a page whose address is a path gets the host `local`."""
    name = file_name(url if "://" in url else f"http://local/{quote(url.lstrip('/'))}")
    while (folder / name).is_file():
        name = f"{name.removesuffix('.md')}--.md"
    return name
