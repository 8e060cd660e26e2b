"""The indexed pages as gold refers to them: by name, by what they say, by the place of a section. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from eval.words import normal, page_key
from ingest.blocks import Block, blocks_of
from ingest.records import Document
from ingest.store import StoredPage
from ingest.urls import site_path

Span = tuple[int, int]
"""Start and end in the body, in characters."""


@dataclass(slots=True)
class Docs:
    """All pages of an index. Bodies are compared only when gold asks for them."""

    pages: dict[str, Document] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _headings: dict[str, list[tuple[str, Block]]] = field(default_factory=dict)

    @classmethod
    def of(cls, stored: Iterable[StoredPage]) -> "Docs":
        """The pages by every name they have: site path, address, alias, file."""
        docs = cls()
        for page in stored:
            document = page.document
            docs.pages[document.url] = document
            for name in (document.url, site_path(document.url), page.file, *document.aliases):
                docs._names.setdefault(page_key(name), document.url)
        return docs

    def url_of(self, page: str) -> str:
        """The address of a page that gold names; "" where there is none."""
        return self._names.get(page_key(page), "")

    def says(self, url: str, quote: str) -> bool:
        """Whether the page, or else any page, holds the words of a quote."""
        wanted = normal(quote)
        if url and wanted in normal(self.pages[url].body):
            return True
        return any(wanted in normal(document.body) for document in self.pages.values())

    def spans(self, url: str, section: str, *, deep: bool = False) -> tuple[Span, ...]:
        """Where the section stands on the page: from its heading to the next one, `deep` with its subsections.

        A heading that occurs twice gives two places; the title's is what stands above the first heading.
        """
        if not url:
            return ()
        body, headings, wanted = self.pages[url].body, self._headings_of(url), normal(section)
        found: list[Span] = []
        for at, (title, heading) in enumerate(headings):
            if title == wanted:
                later = (other.start for _, other in headings[at + 1 :] if not deep or other.level <= heading.level)
                end = next(later, len(body))
                if deep or body[heading.end : end].strip():
                    found.append((heading.start, end))
        return tuple(found)

    def _headings_of(self, url: str) -> list[tuple[str, Block]]:
        """A page's headings by their normal titles; parsed once, since many questions are about one page."""
        if url not in self._headings:
            blocks = blocks_of(self.pages[url].body)
            self._headings[url] = [(normal(block.title), block) for block in blocks if block.kind == "heading"]
        return self._headings[url]

    def text(self, url: str, spans: Iterable[Span]) -> str:
        """The text of these places."""
        return "\n".join(self.pages[url].body[start:end] for start, end in spans)
