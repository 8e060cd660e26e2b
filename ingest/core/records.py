"""The nouns that cross a stage of ingest/: Page -> Document -> Chunk. Standard library only.

How far a run is, for whoever shows it.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Page:
    """One HTTP answer (or one file) that may hold a page, as it came.

    `url` is the final address after redirects, `redirected_from` the addresses that led to it.
    """

    url: str
    body: bytes
    content_type: str = "text/html"
    redirected_from: tuple[str, ...] = ()
    etag: str | None = None
    last_modified: str | None = None
    fetched_at: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One cleaned page.

    `body` is markdown that begins with `# title`, then the description as a paragraph where there
    is one, then the content. `anchors` holds, for each heading of `body` in order (the title
    included), the id that the page gives it, "" where it gives none.
    """

    url: str
    title: str
    description: str
    body: str
    anchors: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    fetched_at: str = ""
    last_modified: str | None = None
    etag: str | None = None
    source: str = ""

    @property
    def sha256(self) -> str:
        """SHA-256 of the UTF-8 body, in hex: the identity of the content, whatever the HTML was."""
        return hashlib.sha256(self.body.encode("utf-8")).hexdigest()


def url_key(url: str) -> str:
    """What tells pages apart: their address without scheme and `www.`."""
    return re.sub(r"^https?://(?:www\.)?", "", url)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What one page gave: its content, the links it shows (absolute), and its canonical address.

    `notes` says in words what could not be read as the author of the page meant it.
    """

    document: Document
    links: tuple[str, ...] = ()
    canonical: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage that is embedded and ranked on its own.

    `text` is exactly `body[start:end]` of its page, in characters. `context` is what is added for
    reading and embedding: title and heading path, a repeated table header, the opening line of a
    code fence that was cut. `tokens` counts word pieces of context and text together.
    """

    id: str
    url: str
    anchor: str
    title: str
    headings: tuple[str, ...]
    text: str
    context: str
    start: int
    end: int
    tokens: int

    @property
    def path(self) -> str:
        """Title and heading path: the first line of the context."""
        return self.context.partition("\n")[0]

    @property
    def lead(self) -> str:
        """What is repeated before the text of a table or code block that was cut; "" for a chunk that begins whole."""
        return self.context.partition("\n")[2]


@dataclass(frozen=True, slots=True)
class Problem:
    """A page that could not be used, and why: `reason` is a stable word, `detail` is for people.

    `target` is the address that a page with the reason `redirect` leads to, `links` are those that a page
    with the reason `empty` shows: a start page of pictures and menus has pages below it.
    """

    url: str
    reason: str
    detail: str = ""
    kept_old: bool = False
    target: str = ""
    links: tuple[str, ...] = ()


@dataclass(slots=True)
class CrawlReport:
    """Counts of a crawl: requests sent, answers 304, bytes read off the wire; problems met, and what else to know."""

    requests: int = 0
    not_modified: int = 0
    bytes: int = 0
    skipped: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total); a stage's total may grow. The stages: crawl, clean, chunk, embed, index."""

Count = Callable[[int, int], None]
"""Called with (done, total) of one stage."""


def of_stage(progress: Progress, stage: str) -> Count:
    """`progress`, for those who know no more than their own stage."""
    return lambda done, total: progress(stage, done, total)
