"""Pages of sites by no known generator: what recurs around the content of a site's pages is taken off. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from ingest.clean.recurring import Chrome, learn, recurring_units
from ingest.clean.units import units_of
from ingest.records import Document
from ingest.urls import host_of


def without_recurring(documents: Sequence[Document]) -> list[Document]:
    """Give the pages as they are kept, in the same order: those that have a `whole` without their site's chrome.

    A site is what one source has of one host. The same pages give the same result, in any order;
    where too few are there to learn from, a page keeps what stands around its content.
    """
    sites: dict[tuple[str, str], list[str]] = {}
    for document in documents:
        if document.whole:
            sites.setdefault(_site(document), []).append(document.whole)
    chromes = {site: learn(wholes) for site, wholes in sites.items()}
    return [_stripped(d, chromes[_site(d)]) if d.whole else d for d in documents]


def _site(document: Document) -> tuple[str, str]:
    return document.source, host_of(document.url) if "://" in document.url else ""


def _stripped(document: Document, chrome: Chrome) -> Document:
    lines = document.whole.split("\n")
    units = units_of(lines)
    gone = recurring_units(units, chrome)
    if not gone:
        return replace(document, whole="")
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
        whole="",
    )


def says_something(document: Document) -> bool:
    """Tell whether a page has more than its title and its description."""
    body = document.body.removeprefix(f"# {document.title}").strip()
    return bool(body.removeprefix(document.description).strip())
