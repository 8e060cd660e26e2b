"""Address of a cited page for people: its URL, or the file that it was read from; and the age of the docs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ingest.docs.folder import STARTER
from ingest.index.base import IndexReader, StoredPage
from rag.open import Opened
from rag.records import Hit

_SUFFIXES: Final = ("", ".md", ".markdown", ".mdx", ".html", ".htm", "/index.md", "/index.html")


@dataclass(frozen=True, slots=True)
class PageAddresses:
    """The addresses of the pages of one index, whose markdown is in the folder `docs`."""

    store: IndexReader
    docs: Path

    def of(self, hit: Hit) -> str:
        """The address of a hit, with its anchor; of a page without an address, the file that it was read from."""
        return hit.url if "://" in hit.url else self.of_page(hit)

    def of_page(self, hit: Hit) -> str:
        """The same of a hit's page, without an anchor."""
        if "://" in hit.chunk.url:
            return hit.chunk.url
        found = self.store.pages([hit.chunk.url])
        return _file(found[0], self.docs) if found else hit.url


def _file(page: StoredPage, docs: Path) -> str:
    """The file below the folder that was indexed; where it is gone, the markdown that was made of it."""
    path = page.document.url.lstrip("/")
    source = Path(page.document.source)
    if source.is_file():
        return _short(source)
    candidates = [source / f"{path}{suffix}" for suffix in _SUFFIXES] if page.document.source else []
    return _short(next((file for file in candidates if file.is_file()), docs / page.file))


def _short(file: Path) -> str:
    """The path as one would type it from here."""
    try:
        return str(file.resolve().relative_to(Path.cwd()))
    except (OSError, ValueError):
        return str(file)


def docs_line(opened: Opened) -> str:
    """A sentence that says how old the docs are."""
    manifest = opened.generation.manifest
    date = opened.assistant.docs_date
    if manifest["sources"] == [STARTER]:
        return "From the starter pages that ship with askdocs; `askdocs reindex` fetches the real docs."
    return f"From the docs as of {date}." if date else "From docs without a date."
