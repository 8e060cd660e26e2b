"""What the front matter of a page that askdocs once wrote tells of its past: untrusted, so checked. Pure."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from ingest import front_matter
from ingest.blocks import blocks_of
from ingest.records import Document
from ingest.urls import host_of, normalise

_MAX_ALIASES: Final = 500
_ANCHOR = re.compile(r"[^\s\x00-\x1f\x7f-\x9f]{0,300}")


def with_its_past(document: Document, markdown: str, now: datetime) -> Document:
    """Give the page aliases, dates and anchors of the front matter that `markdown` begins with.

    Aliases are addresses of the page's own host, dates none that is still to come, and anchors fit
    the headings one by one; what is not so is left out. Without a day it was fetched, that is `now`.
    """
    matter = _matter(markdown)
    anchors = _anchors(matter.get("anchors"), document)
    return replace(
        document,
        aliases=_aliases(matter.get("aliases"), document.url),
        fetched_at=_fetched(matter.get("fetched_at"), now) or now.isoformat(timespec="seconds"),
        last_modified=_changed(matter.get("last_modified"), now) or document.last_modified,
        anchors=document.anchors if any(document.anchors[1:]) else anchors or document.anchors,
    )


def _matter(markdown: str) -> Mapping[str, Any]:
    block, _ = front_matter.split(markdown)
    try:
        return front_matter.parse(block) if block else {}
    except ValueError:
        return {}


def _aliases(told: object, url: str) -> tuple[str, ...]:
    if not isinstance(told, list) or "://" not in url:
        return ()
    names = (normalise(name) for name in told[:_MAX_ALIASES] if isinstance(name, str) and "://" in name)
    return tuple(dict.fromkeys(name for name in names if name and name != url and host_of(name) == host_of(url)))


def _fetched(told: object, now: datetime) -> str | None:
    try:
        day = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None
    return str(told) if day and _aware(day) <= now else None


def _changed(told: object, now: datetime) -> str | None:
    """The date as an HTTP header has it, which is how it is kept."""
    try:
        day = parsedate_to_datetime(told) if isinstance(told, str) else None
    except ValueError:
        return None
    return str(told) if day and _aware(day) <= now else None


def _aware(day: datetime) -> datetime:
    return day if day.tzinfo else day.replace(tzinfo=UTC)


def _anchors(told: object, document: Document) -> tuple[str, ...]:
    if not isinstance(told, list) or not all(isinstance(name, str) and _ANCHOR.fullmatch(name) for name in told):
        return ()
    headings = sum(block.kind == "heading" for block in blocks_of(document.body))
    return tuple(told) if len(told) == headings else ()
