"""Discover the pages that a site lists itself, in llms.txt files and sitemaps.

Both kinds of file are untrusted; the functions that parse them are pure.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import ParseError  # only the exception: defusedxml parses

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from ingest.core.errors import FetchError
from ingest.core.records import Page, Problem
from ingest.core.urls import absolute, host_of, identity, is_listing
from ingest.crawl.fetch import Fetcher
from ingest.crawl.response import Wanted, inflate, media_type_of
from ingest.crawl.robots import Robots
from ingest.crawl.scope import Scope

MAX_NESTING = 3  # an index of indexes of sitemaps
MAX_FILES = 100  # sitemaps and llms.txt files of one source

_LLMS = Wanted(accept="text/plain,text/markdown,*/*;q=0.1")

MAX_BYTES = 50_000_000  # sitemaps.org: 50 MB uncompressed
_SITEMAP = Wanted(accept="application/xml,text/xml,*/*;q=0.1", limit=MAX_BYTES)
_NESTED = re.compile(r"(?:/llms\.txt|/_llms/[^/]+\.(?:md|txt))$")


@dataclass(frozen=True, slots=True)
class Listing:
    """One file that lists pages, with the number of pages that it was the first to list."""

    url: str
    kind: str
    pages: int


@dataclass(slots=True)
class Seeds:
    """Result of discovery: page addresses in order of discovery (one per page), the files, the failures."""

    urls: list[str] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def discover(source: str, fetcher: Fetcher, scope: Scope, robots: Robots) -> Seeds:
    """Collect the pages within `scope` that the llms.txt files and sitemaps of `source` list.

    Reads `llms.txt` below the path of the source and at the root, with the further indexes that they
    link to; the Sitemap lines of robots.txt; `sitemap.xml` below the path and at the root. Reads only
    files on the host of the source. A file that can't be read is a problem, a missing one is not.
    """
    below = urljoin(source, f"{scope.prefix}/")
    walk = _Walk(fetcher, scope, robots)
    walk.visit("llms.txt", [urljoin(below, "llms.txt"), urljoin(source, "/llms.txt")])
    places = [*robots.sitemaps, urljoin(below, "sitemap.xml"), urljoin(source, "/sitemap.xml")]
    walk.visit("sitemap", places)
    return walk.seeds


class _Walk:
    """One discovery: the files to look at, those seen, the pages found."""

    def __init__(self, fetcher: Fetcher, scope: Scope, robots: Robots) -> None:
        self.seeds = Seeds()
        self._fetcher, self._scope, self._robots = fetcher, scope, robots
        self._files: set[str] = set()
        self._pages: set[str] = set()

    def visit(self, kind: str, places: Iterable[str]) -> None:
        """Read all files of one kind, breadth first."""
        read = self._read_llms if kind == "llms.txt" else self._read_sitemap
        queue = deque((place, 1) for place in places)
        while queue:
            place, depth = queue.popleft()
            page = self._fetch(place, kind)
            if page is None:
                continue
            before = len(self.seeds.urls)
            nested = read(page)
            self.seeds.listings.append(Listing(page.url, kind, len(self.seeds.urls) - before))
            if depth < MAX_NESTING:
                queue.extend((inner, depth + 1) for inner in nested)

    def _fetch(self, place: str, kind: str) -> Page | None:
        url = absolute(place)
        if url is None or url in self._files or len(self._files) >= MAX_FILES or self._refused(url):
            return None
        self._files.add(url)
        want = _LLMS if kind == "llms.txt" else _SITEMAP
        try:
            page = self._fetcher.fetch(url, guard=self._refused, want=want).page
        except FetchError as exc:
            if exc.reason not in {"http-404", "http-410", "empty"}:
                self.seeds.problems.append(Problem(url, exc.reason, exc.detail))
            return None
        if page is None or (page.url != url and page.url in self._files):
            return None
        self._files.add(page.url)
        wrong = {"text/html"} if kind == "llms.txt" else set()  # a page that says "not found" with status 200
        return None if media_type_of(page.content_type) in wrong else page

    def _refused(self, url: str) -> str:
        if host_of(url) != self._scope.host:
            return "off-site-redirect"
        return "" if self._robots.allows(url) else "robots"

    def _read_llms(self, page: Page) -> list[str]:
        links = _absolute(read_llms(page.body.decode("utf-8-sig", "replace")), page.url)
        self._add(links)
        return [link for link in links if _NESTED.search(urlsplit(link).path)]

    def _read_sitemap(self, page: Page) -> list[str]:
        try:
            pages, sitemaps = read_sitemap(page.body)
        except ValueError as exc:
            self.seeds.problems.append(Problem(page.url, "bad-sitemap", str(exc)))
            return []
        self._add(_absolute(pages, page.url))
        return _absolute(sitemaps, page.url)

    def _add(self, links: Iterable[str]) -> None:
        for link in links:
            if is_listing(link) or not self._scope.contains(link):
                continue
            if identity(link) not in self._pages and len(self._pages) < MAX_URLS:
                self._pages.add(identity(link))
                self.seeds.urls.append(link)


def _absolute(links: Iterable[str], base: str) -> list[str]:
    return [url for link in links if (url := absolute(link, base))]


MAX_URLS = 50_000  # sitemaps.org: per file
MAX_DEPTH = 16  # elements within elements; a sitemap has three
STEP = 64 * 1024

_LINK = re.compile(r"\]\(\s*<?([^)<>\s]+)|(?<![(\w\"'=])(https?://[^\s)<>\]\"']+)")


def read_sitemap(body: bytes) -> tuple[list[str], list[str]]:
    """Read a sitemap or a sitemap index, gzipped or not: page URLs, URLs of further sitemaps.

    Reads at most MAX_URLS of each. Raises ValueError if it is not a valid sitemap: entities, a DTD,
    deep nesting, damaged XML or gzip, or too large.
    """
    if body[:2] == b"\x1f\x8b":
        body = inflate(body, MAX_BYTES)
    target = _Locations()
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    try:
        for start in range(0, len(body), STEP):
            parser.feed(body[start : start + STEP])
            if target.full():
                break
        else:
            parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as exc:
        raise ValueError(f"no sitemap: {str(exc) or type(exc).__name__}") from exc
    if target.root not in {"urlset", "sitemapindex"}:
        raise ValueError(f"no sitemap: the root element is {target.root[:40]!r}")
    return target.pages[:MAX_URLS], target.sitemaps[:MAX_URLS]


def read_llms(text: str) -> Iterator[str]:
    """Yield the link targets of an llms.txt, in order, as they are written there."""
    for match in _LINK.finditer(text):
        yield match[1] or match[2].rstrip(".,;:")


class _Locations:
    """Collect `loc` elements while the parser runs; builds no tree, to save memory."""

    def __init__(self) -> None:
        self.pages: list[str] = []
        self.sitemaps: list[str] = []
        self.root = ""
        self._path: list[str] = []
        self._text: list[str] = []

    def full(self) -> bool:
        return max(len(self.pages), len(self.sitemaps)) >= MAX_URLS

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        self._path.append(tag.rpartition("}")[2])
        self._text.clear()
        if len(self._path) > MAX_DEPTH:
            raise ParseError("the elements are nested too deeply")
        self.root = self.root or self._path[0]

    def data(self, text: str) -> None:
        if self._path[-1] == "loc" and sum(map(len, self._text)) < 4096:
            self._text.append(text)

    def end(self, _tag: str) -> None:
        found = {"url": self.pages, "sitemap": self.sitemaps}.get("".join(self._path[-2:-1]))
        if self._path.pop() == "loc" and found is not None:
            found.append("".join(self._text).strip())

    def close(self) -> None:
        """The parser calls this at the end."""
