"""One fetched page -> one clean markdown document, with the links and the address it names."""

from typing import Final

from ingest.clean.block import Block, block_text, join_blocks
from ingest.clean.decode import decode, kind_of
from ingest.clean.html import PageParts, read_html
from ingest.clean.markdown import read_markdown
from ingest.clean.safe import without_controls, without_references
from ingest.clean.verdict import judge
from ingest.errors import CleanError
from ingest.records import Cleaned, Document, Page

# Raised whenever the same bytes may give another document, so that stored pages are cleaned anew.
CLEANER_VERSION: Final[int] = 4


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
    parts = _read_html(page) if kind == "html" else _read_markdown(page)
    verdict = judge(parts.title, "\n".join([parts.description, *map(block_text, parts.blocks)]), parts.index)
    if verdict:
        raise CleanError(page.url, *verdict)
    return Cleaned(_document(page, parts), parts.links, parts.canonical)


def _read_html(page: Page) -> PageParts:
    return read_html(without_references(decode(page.body, page.content_type, html=True)), page.url)


def _read_markdown(page: Page) -> PageParts:
    got = read_markdown(without_controls(decode(page.body, page.content_type, html=False)), page.url)
    return PageParts(got.title, "", got.description, got.blocks, got.links, got.canonical, None)


def _document(page: Page, parts: PageParts) -> Document:
    title = parts.title or "Untitled"
    top = [Block(title, "heading", level=1, anchor=parts.anchor)]
    blocks = [*top, *([Block(parts.description)] if parts.description else []), *parts.blocks]
    whole = [top[0] if block.kind == "title" else block for block in parts.whole]
    return Document(
        url=page.url,
        title=title,
        description=parts.description,
        body=_text(blocks),
        anchors=tuple(block.anchor for block in blocks if block.kind == "heading"),
        fetched_at=page.fetched_at,
        last_modified=page.last_modified,
        etag=page.etag,
        whole=_text(whole) if whole else "",
    )


def _text(blocks: list[Block]) -> str:
    return "\n".join(line.rstrip() for line in join_blocks(blocks).split("\n")).rstrip() + "\n"
