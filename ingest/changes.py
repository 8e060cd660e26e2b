"""Pages that came, against pages at hand -> what to write, keep and remove. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from ingest.blocks import sections_of
from ingest.corpus import STARTER, PageFile
from ingest.records import Document

What = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One page that is not as it was, and the headings of the sections that differ."""

    url: str
    what: What
    sections: tuple[str, ...] = ()


@dataclass(slots=True)
class Plan:
    """What an update does to the docs folder."""

    write: list[Document] = field(default_factory=list)
    remove: list[PageFile] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    own: list[PageFile] = field(default_factory=list)
    """Files of the user that stand for a page which came."""
    unchanged: int = 0
    lost: int = 0
    """Pages removed although this run's source had them before; starter pages never count."""
    before: int = 0
    """Pages of this run's sources that were at hand."""


def plan_update(
    files: Iterable[PageFile],
    came: Iterable[Document],
    *,
    replaced: Collection[str],
    dropped: Collection[str] = (),
    gone: Collection[str],
) -> Plan:
    """Compare pages by address.

    `replaced` are the sources whose pages this run is about. Of those, a page that did not come is
    removed when its address is in `gone`, and moved when its new address took over the old one as
    alias; otherwise it stays. Pages of the `dropped` sources and starter pages always go, those of
    all others stay. A page without a source is the user's own: it is never written over.
    """
    plan = Plan()
    at_hand = {file.document.url: file for file in files}
    new = {document.url: document for document in came}
    moved = {alias for document in new.values() for alias in document.aliases}
    for url, document in new.items():
        old = at_hand.get(url)
        if old and not old.document.source:
            plan.own.append(old)
        else:
            _compare(plan, old, document)
    for url, file in at_hand.items():
        source = file.document.source
        plan.before += source in replaced
        if url in new:
            continue
        vanished = source in replaced and (url in moved or url in gone)
        if vanished or source == STARTER or source in dropped:
            plan.remove.append(file)
            plan.changes.append(Change(url, "removed"))
            plan.lost += source in replaced and url not in moved
    return plan


def _compare(plan: Plan, old: PageFile | None, document: Document) -> None:
    if old is None:
        plan.write.append(document)
        plan.changes.append(Change(document.url, "added", tuple(_sections(document))))
        return
    before = old.document
    if _content(before) == _content(document) and before.source == document.source:
        plan.unchanged += 1
        same = (before.etag, before.last_modified) == (document.etag, document.last_modified)
        if not same:  # validators moved, the text did not: the page keeps the day it was fetched
            plan.write.append(replace(document, fetched_at=before.fetched_at))
        return
    plan.write.append(document)
    plan.changes.append(Change(document.url, "changed", _differing(before, document)))


def _content(document: Document) -> tuple[object, ...]:
    d = document
    return (d.sha256, d.title, d.description, d.anchors if any(d.anchors) else (), d.aliases)


def _sections(document: Document) -> Mapping[str, str]:
    """Heading -> text of its section; the title stands for what is above the first heading."""
    found: dict[str, str] = {}
    for section in sections_of(document):
        name = section.headings[-1] if section.headings else document.title
        text = document.body[section.blocks[0].start : section.blocks[-1].end]
        found[name] = found.get(name, "") + text
    return found


def _differing(old: Document, new: Document) -> tuple[str, ...]:
    before, after = _sections(old), _sections(new)
    return tuple(name for name in {**after, **before} if before.get(name) != after.get(name))
