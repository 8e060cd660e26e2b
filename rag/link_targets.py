"""Where links of an answer may lead: to the pages of passages that it cites. Pure."""

import re
from collections.abc import Collection, Sequence
from typing import Final
from urllib.parse import urlsplit

from rag.markup import CODE
from rag.records import Hit

_MARKER: Final = re.compile(r"\[(\d{1,3})\](?! ?\()")
_LAST_MARKER: Final = re.compile(r"\[\d{1,3}\] ?\Z")
"""It may still become a link's words."""

Page = tuple[str, str]
"""Host and path."""


class LinkTargets:
    """The pages of the passages, and which of them the answer cites so far."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        self._pages = [_page(hit.chunk.url) for hit in hits]
        self._cited: set[Page] = set()

    def cite(self, text: str) -> None:
        """Take in the markers of a text; what stands in code is none."""
        numbers = map(int, _MARKER.findall(CODE.sub(" ", text)))
        self._cited.update(self._pages[number - 1] for number in numbers if 1 <= number <= len(self._pages))

    def cite_so_far(self, text: str) -> None:
        """The same for a text that may go on."""
        self.cite(_LAST_MARKER.sub("", text))

    def allows(self, target: str, *, in_sight: bool) -> bool:
        """Whether a link may lead there; `in_sight`: the reader sees the address, so that its site is enough."""
        return _leads(target, self._cited, in_sight=in_sight)

    def may_allow(self, target: str, *, in_sight: bool) -> bool:
        """Whether it may once the right passage is cited."""
        return _leads(target, self._pages, in_sight=in_sight)


def _leads(target: str, pages: Collection[Page], *, in_sight: bool) -> bool:
    if "[" in target or "]" in target:  # which urlsplit refuses
        return False
    parts = urlsplit(target)
    if parts.scheme not in ("http", "https"):
        return False
    if in_sight:
        return any(parts.netloc.lower() == host for host, _ in pages)
    return not parts.query and _page(target) in pages


def _page(url: str) -> Page:
    parts = urlsplit(url)
    return parts.netloc.lower(), parts.path.rstrip("/")
