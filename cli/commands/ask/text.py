"""An answer as people read it: excerpts below their section and address, or the sources of a written answer."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.commands.page_address import PageAddresses, docs_line
from cli.terminal import is_read_by_a_person, safe
from rag.assistant import HALF_REFUSED
from rag.generate.excerpts.emphasis import decisive_words
from rag.open import Opened
from rag.records import Answer, Citation
from rag.serialize import heading_path
from rag.verify.links import strip_links

_LONGEST_QUOTE: Final = 160
"""Characters of a source's quote: two lines of a terminal."""


@dataclass(frozen=True, slots=True)
class Source:
    """A section with all that is cited of it: markers in order, and the text that is shown below it."""

    markers: tuple[int, ...]
    title: str
    url: str
    text: str

    @property
    def marks(self) -> str:
        """Its markers as they are in the answer."""
        return "".join(f"[{marker}]" for marker in self.markers)


def print_text(answer: Answer, opened: Opened, docs: Path, *, short: bool) -> None:
    """Print an answer that says something, its sources and its date; the text of a model was printed before."""
    sources = list(sources_of(answer, PageAddresses(opened.store, docs), short=short))
    idf, date = opened.assistant.retriever.idf, docs_line(opened)
    words = decisive_words(answer.question, idf) if answer.excerpts else frozenset()
    note = HALF_REFUSED.format(answer.unanswered) if answer.unanswered else ""
    if is_read_by_a_person(sys.stdout):
        _print_wrapped(sources, note, date, words)
    else:
        blocks = ["\n".join(filter(None, (f"{one.marks} {one.title}", f"    {one.url}", one.text))) for one in sources]
        print(safe("\n\n".join(filter(None, [note, *blocks, date]))))


def sources_of(answer: Answer, addresses: PageAddresses, *, short: bool) -> Iterator[Source]:
    """The sections that an answer cites, each once, in the order of their first marker."""
    texts = {c.marker: text for c, text in zip(answer.citations, answer.excerpts, strict=False)}
    sections: dict[tuple[str, str], list[Citation]] = {}
    for citation in answer.citations:
        sections.setdefault((heading_path(citation.hit), addresses.of(citation.hit)), []).append(citation)
    for (title, url), citations in sections.items():
        shown = [texts[c.marker] if c.marker in texts else _quote(c) for c in citations]
        text = ("\n\n" if answer.excerpts else "\n").join(shown)
        yield Source(tuple(c.marker for c in citations), title, url, _first_line(text) if short else text)


def _quote(citation: Citation) -> str:
    """The quoted words of a written answer's source, shortened."""
    quote = " ".join(strip_links(citation.quote, citation.hit).split())
    return f"    “{quote if len(quote) <= _LONGEST_QUOTE else f'{quote[: _LONGEST_QUOTE - 3]}…'}”"


def _first_line(text: str) -> str:
    return next((line for line in text.split("\n") if line.strip()), "")


def _print_wrapped(sources: list[Source], note: str, date: str, words: frozenset[str]) -> None:
    from cli.markdown_view import MarkdownView

    view = MarkdownView(sys.stdout, words)
    if note:
        view.markdown(note)
        view.blank()
    for source in sources:
        view.heading(source.marks, source.title)
        view.link(source.url, len(source.marks) + 1)
        view.markdown(source.text)
        view.blank()
    view.dim(date)
