"""Reading what lists pages: sitemaps and llms.txt. Pure; both are untrusted."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import ParseError  # only the exception: defusedxml parses

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from ingest.web.inflate import inflate

MAX_BYTES = 50_000_000  # sitemaps.org: 50 MB uncompressed
MAX_URLS = 50_000  # sitemaps.org: per file
MAX_DEPTH = 16  # elements within elements; a sitemap has three
STEP = 64 * 1024

_LINK = re.compile(r"\]\(\s*<?([^)<>\s]+)|(?<![(\w\"'=])(https?://[^\s)<>\]\"']+)")


def read_sitemap(body: bytes) -> tuple[list[str], list[str]]:
    """Read a sitemap or a sitemap index, gzipped or not: page URLs, URLs of further sitemaps.

    At most MAX_URLS of each are read. Raises ValueError where it is no sitemap: entities, a DTD,
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
    """Give the targets of the links of an llms.txt, in order, as they are written there."""
    for match in _LINK.finditer(text):
        yield match[1] or match[2].rstrip(".,;:")


class _Locations:
    """Collect `loc` elements while the parser runs: no tree, so no memory for what is not wanted."""

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
