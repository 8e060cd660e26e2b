"""Records passed between the stages of ingest/: Page -> Document -> Chunk, and the types that report progress.

Imports the standard library only.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Page:
    """One HTTP response (or one file) that may contain a page, unprocessed.

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
    is one, then the content. `anchors` has, for each heading of `body` in order (the title
    included), the id that the page gives it, or "" if it gives none.
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
    """Return the key that identifies a page: its address without scheme and `www.`."""
    return re.sub(r"^https?://(?:www\.)?", "", url)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Result of cleaning one page: its content, its links (absolute), and its canonical address.

    `notes` describes the parts that could not be read as the author of the page meant them.
    """

    document: Document
    links: tuple[str, ...] = ()
    canonical: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage that is embedded and ranked on its own.

    `text` is exactly `body[start:end]` of its page, in characters. `context` is added for reading and
    embedding: title and heading path, a repeated table header, the opening line of a code fence
    that was cut. `tokens` counts word pieces of context and text together.
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
        """Return the lines repeated before a table or code block that was cut; "" for a chunk that begins whole."""
        return self.context.partition("\n")[2]


@dataclass(frozen=True, slots=True)
class Problem:
    """A page that could not be used, and why: `reason` is a stable word, `detail` is for people.

    For the reason `redirect`, `target` is the address that the page leads to. For the reason `empty`, `links`
    are the links on the page, because a start page of pictures and menus still leads to pages below it.
    """

    url: str
    reason: str
    detail: str = ""
    kept_old: bool = False
    target: str = ""
    links: tuple[str, ...] = ()


@dataclass(slots=True)
class CrawlReport:
    """Counts of a crawl (requests sent, 304 responses, bytes read off the wire), its problems and its notes."""

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
    """Return `progress` bound to `stage`, for callees that know only their own stage."""
    return lambda done, total: progress(stage, done, total)
