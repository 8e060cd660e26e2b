"""One fetched page -> one clean markdown document, with its links and its canonical address.

Also detects pages with status 200 that are not documentation: empty, not found, log in, robot check.
"""

import re
from dataclasses import replace
from typing import Final

from ingest.clean.asciidoc import asciidoc_markdown
from ingest.clean.boilerplate.recurring import draft_of
from ingest.clean.decode import declared_kind, decode, kind_of, media_type
from ingest.clean.dom.tree import Index, attr, join_url
from ingest.clean.html import PageParts, read_html
from ingest.clean.includes.asciidoc import expand_asciidoc_includes
from ingest.clean.includes.directives import expand_directives
from ingest.clean.includes.expand import refuse
from ingest.clean.markdown import read_markdown
from ingest.clean.redirects import redirect_target
from ingest.clean.render.blocks import Block, block_text, join_blocks
from ingest.core.errors import CleanError
from ingest.core.records import Cleaned, Document, Page
from ingest.core.urls import identity
from ingest.text.unsafe import without_controls, without_references

# Increased whenever the same bytes may give another document, so that stored pages are cleaned again.
CLEANER_VERSION: Final[int] = 9


def clean_page(page: Page) -> Cleaned:
    """Clean one page: HTML or markdown bytes to a document, its links and its canonical address.

    Raises CleanError with one of these reasons: `not-text` (neither HTML nor markdown), `empty` (no
    content in it), `soft-404`, `login`, `challenge` (a check for robots), `redirect` (it only leads on).
    """
    kind = kind_of(page.body, page.content_type, page.url)
    if kind == "other":
        raise CleanError(page.url, "not-text", page.content_type)
    if not page.body.strip():
        raise CleanError(page.url, "empty", "the answer has no bytes")
    parts = _read(page, kind)
    text = "\n".join([parts.description, *map(block_text, parts.blocks)])
    if parts.index and len(text.split()) < FEW_WORDS:
        target = redirect_target(parts.index, page.url, f"{parts.title}\n{text}")
        if target:
            raise CleanError(page.url, "redirect", f"the page only leads to {target}", target=target)
    verdict = judge(parts.title, text, parts.index, answered="://" in page.url)
    if parts.index and is_search_page(parts.index, page.url):
        verdict = "empty", "the search page of the site"
    if verdict:
        raise CleanError(page.url, *verdict, links=parts.links if verdict[0] == "empty" else ())
    return Cleaned(_document(page, parts), parts.links, parts.canonical, parts.notes)


def _read(page: Page, kind: str) -> PageParts:
    """Read a page in the form that its bytes have, else in the other one, with a note that says why."""
    declared = declared_kind(page.content_type)
    notes = [f"declared as {declared}, read as {kind}"] if declared not in ("", kind) else []
    first, second = (_read_html, _read_markdown) if kind == "html" else (_read_markdown, _read_html)
    if kind == "markdown" and (source := _SOURCES.get(media_type(page.content_type)[0])):
        (kind, first), second = source, _read_markdown
    try:
        parts = first(page)
    except Exception as exc:  # noqa: BLE001 - pages are untrusted, and a parser may trip over one in any way
        notes.append(f"could not be read as {kind} ({type(exc).__name__}: {exc})"[:200])
        parts = second(page)
    return replace(parts, notes=(*notes, *parts.notes))


def _read_html(page: Page) -> PageParts:
    return read_html(without_references(decode(page.body, page.content_type, html=True)), page.url)


def _read_markdown(page: Page) -> PageParts:
    text = without_controls(decode(page.body, page.content_type, html=False))
    got = read_markdown(text, page.url, mdx=media_type(page.content_type)[0] == "text/mdx")
    return PageParts(got.title, "", got.description, got.blocks, got.links, got.canonical, None, notes=got.notes)


def _read_restructuredtext(page: Page) -> PageParts:
    from ingest.clean.restructuredtext import restructuredtext_html

    text = without_controls(decode(page.body, page.content_type, html=False))
    expanded = expand_directives(text, page.url, refuse)
    html, notes = restructuredtext_html(expanded.text)
    return replace(read_html(html, page.url), index=None, notes=(*expanded.notes, *notes))


def _read_asciidoc(page: Page) -> PageParts:
    text = without_controls(decode(page.body, page.content_type, html=False))
    expanded = expand_asciidoc_includes(text, page.url, refuse)
    got = read_markdown(asciidoc_markdown(expanded.text), page.url)
    notes = (*expanded.notes, *got.notes)
    return PageParts(got.title, "", got.description, got.blocks, got.links, got.canonical, None, notes=notes)


_SOURCES: Final = {
    "text/x-rst": ("reStructuredText", _read_restructuredtext),
    "text/asciidoc": ("AsciiDoc", _read_asciidoc),
}


def _document(page: Page, parts: PageParts) -> Document:
    title = parts.title or "Untitled"
    top = [Block(title, "heading", level=1, anchor=parts.anchor)]
    blocks = [*top, *([Block(parts.description)] if parts.description else []), *parts.blocks]
    document = Document(
        url=page.url,
        title=title,
        description=parts.description,
        body=_text(blocks),
        anchors=tuple(block.anchor for block in blocks if block.kind == "heading"),
        fetched_at=page.fetched_at,
        last_modified=page.last_modified,
        etag=page.etag,
    )
    if not parts.whole:
        return document
    in_order = [top[0] if block.kind == "title" else block for block in parts.whole]
    return draft_of(document, _text(in_order))


def _text(blocks: list[Block]) -> str:
    return "\n".join(line.rstrip() for line in join_blocks(blocks).split("\n")).rstrip() + "\n"


# Below this many words the title alone decides: such pages have one sentence and a link.
FEW_WORDS = 80

_MISSING = r"(?:not found|does(?:n.t| not) exist|could(?:n.t| not) be found|is missing|no longer exists)"
# At its beginning or behind a separator: "Index page not found" may be an error that a page describes.
_NOT_FOUND = re.compile(
    r"(?:^|[|·•—–:»!-][ ]*|\b404[ ]*)"
    r"(?:(?:sorry|oops|error|the|this|that|your|our|requested|help|docs?)\b[ ,:!.-]*){0,4}"
    rf"(?:page|document|article|url|resource)\b.{{0,20}}\b{_MISSING}|^(?:nothing (?:found|here)|oops)\b",
    re.IGNORECASE,
)
# A page of an API reference may be called "404 Not Found"; one that says this as well is missing itself.
_ERROR_TITLE = re.compile(r"\b404\b|^not found$", re.IGNORECASE)
_SORRY = re.compile(
    r"(?:can.?t|cannot|could not|couldn.t|unable to) find|looking for|no longer (?:exists|available)|"
    r"has (?:been )?moved|does(?:n.t| not) exist|(?:return|back|go) (?:to )?(?:the )?home|page (?:was )?not found",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"^(?:please )?(?:sign|log) ?in\b|^login\b|authentication required|^(?:restricted|members) ", re.IGNORECASE
)
_CHALLENGE = re.compile(
    r"^just a moment|attention required|checking your browser|are you (?:a )?(?:human|robot)|verify you are human|"
    r"^access denied|enable javascript and cookies|security check",
    re.IGNORECASE,
)
_NEEDS_SCRIPT = re.compile(r"(?:activate|enable|requires?|need) (?:to enable )?javascript", re.IGNORECASE)
_INDEXES = ("genindextable", "modindextable")  # Sphinx: a page of all names, each a link to where it is described


def judge(title: str, text: str, index: Index | None = None, *, answered: bool = True) -> tuple[str, str] | None:
    """Return (reason, detail) when a page can't be used, else None. `text` is its content without the title.

    `answered`: a server answered with it; a file of a folder is never the answer to a wrong address.
    """
    words = len(text.split())
    if words < FEW_WORDS and answered:
        if _NOT_FOUND.search(title) or (_ERROR_TITLE.search(title) and _SORRY.search(text)):
            return "soft-404", f"the page says {title!r}"
        if _CHALLENGE.search(title) or _CHALLENGE.search(text[:300]):
            return "challenge", "a check for robots came instead of the page"
        if _LOGIN.search(title) or _password(index):
            return "login", "the page asks to log in"
    if index and any(index.classes.get(name) for name in _INDEXES):
        return "empty", "an index that only links to other pages"
    if not text.strip() or (words < 40 and _NEEDS_SCRIPT.search(text)):
        return "empty", "no content in the HTML; it may need a browser to appear"
    return None


def is_search_page(index: Index, url: str) -> bool:
    """Whether the page is the one that its head names as the site's search."""
    links = (attr(tag, "href") for tag in index.names.get("link", []) if attr(tag, "rel").lower() == "search")
    return any(href and identity(join_url(url, href)) == identity(url) for href in links)


def _password(index: Index | None) -> bool:
    inputs = index.names.get("input", []) if index else []
    return any(attr(tag, "type").lower() == "password" for tag in inputs)
