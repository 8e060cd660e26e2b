"""Find gold evidence: look it up in the indexed pages, and find where in a ranking it is complete. Pure.

Gold with a quote is found where the quote's words are in a passage, on any page: the same words say
the same. Gold without one is found where a passage overlaps its section; where the section contains
facts of the question, as soon as the passages of the section read so far contain all of them. A
section is the text between its heading and the next one, with its subsections where it has no text
of its own or only they contain the facts. Texts are compared by letters and digits alone.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from eval.dataset import Gold, Question
from ingest.core.records import Document
from ingest.core.urls import names_of_file, site_path
from ingest.index.base import StoredPage
from ingest.text.markdown import Block, blocks_of
from rag.records import Hit

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
        """The URL of a page that gold names; "" when the index has no such page.

        A file may be named with the folders above it, as citations of local docs show it.
        """
        key = page_key(page)
        keys = names_of_file(key) if _EXTENSION.search(page) else iter((key,))
        return next((self._names[one] for one in keys if one in self._names), "")

    def says(self, url: str, quote: str) -> bool:
        """Whether the page, or else any page, contains the words of a quote."""
        wanted = normalize_text(quote)
        if url and wanted in normalize_text(self.pages[url].body):
            return True
        return any(wanted in normalize_text(document.body) for document in self.pages.values())

    def spans(self, url: str, section: str, *, deep: bool = False) -> tuple[Span, ...]:
        """Find the section's places on the page: from its heading to the next one, `deep` with its subsections.

        A heading that occurs twice gives two places; the title's place is the text above the first heading.
        """
        if not url:
            return ()
        body, headings, wanted = self.pages[url].body, self._headings_of(url), normalize_text(section)
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
            self._headings[url] = [(normalize_text(block.title), block) for block in blocks if block.kind == "heading"]
        return self._headings[url]

    def text(self, url: str, spans: Iterable[Span]) -> str:
        """The text of these places."""
        return "\n".join(self.pages[url].body[start:end] for start, end in spans)


@dataclass(frozen=True, slots=True)
class Passage:
    """A ranked passage as it is read: headings, then text. `start` and `end` are its place in the page body."""

    url: str
    start: int
    end: int
    text: str

    @classmethod
    def of(cls, hit: Hit) -> "Passage":
        """The passage that a reader sees of a hit."""
        chunk = hit.chunk
        return cls(chunk.url, chunk.start, chunk.end, " ".join(chunk.headings) + "\n" + chunk.text)

    @property
    def words(self) -> int:
        """How many words there are to read."""
        return len(self.text.split())


@dataclass(frozen=True, slots=True)
class Target:
    """One gold entry, looked up in the docs. `present`: whether the docs still contain it."""

    page: str
    url: str
    present: bool
    quote: str = ""
    spans: tuple[Span, ...] = ()
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Position:
    """The rank (from 1) of the passage that completes the evidence, and the words read until then."""

    rank: int
    words: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a question's evidence is complete, and where each of its parts is; None: not in what was read.

    With `need` "any" the gold entries are alternatives and there is one part; with "all", one part
    per gold page, and the evidence is complete with the last of them.
    """

    complete: Position | None
    parts: tuple[Position | None, ...]


def find_targets(question: Question, docs: Docs) -> tuple[Target, ...]:
    """The gold of a question, looked up."""
    return tuple(_target(gold, question.facts, docs) for gold in question.gold)


def _target(gold: Gold, facts: Sequence[str], docs: Docs) -> Target:
    url = docs.url_of(gold.page)
    page = url or page_key(gold.page)
    if gold.quote:
        return Target(page, url, docs.says(url, gold.quote), quote=normalize_text(gold.quote))
    spans, held = _section(gold, facts, docs, url, deep=False)
    whole, all_held = _section(gold, facts, docs, url, deep=True)
    if not spans or len(all_held) > len(held):  # an empty section, or one whose subsections say it
        spans, held = whole, all_held
    return Target(page, url, bool(spans), spans=spans, facts=held)


def _section(
    gold: Gold, facts: Sequence[str], docs: Docs, url: str, *, deep: bool
) -> tuple[tuple[Span, ...], tuple[str, ...]]:
    spans = docs.spans(url, gold.section, deep=deep)
    text = docs.text(url, spans) if spans else ""
    return spans, tuple(fact for fact in facts if has_fact(text, fact))


def is_stale(question: Question, targets: Sequence[Target]) -> bool:
    """Whether the docs no longer contain enough of the gold to answer the question."""
    if question.need == "any":
        return not any(target.present for target in targets)
    return {target.page for target in targets} > {target.page for target in targets if target.present}


def find_evidence(question: Question, targets: Sequence[Target], passages: Sequence[Passage]) -> Evidence:
    """Find where in the ranking the evidence is complete."""
    groups: dict[str, list[Target]] = {}
    for target in targets:
        groups.setdefault(target.page if question.need == "all" else "", []).append(target)
    parts = tuple(_find_earliest(group, passages) for group in groups.values())
    found = [part for part in parts if part is not None]
    complete = max(found, key=lambda part: part.words) if found and len(found) == len(parts) else None
    return Evidence(complete, parts)


def page_rank(targets: Sequence[Target], passages: Sequence[Passage]) -> int | None:
    """The place, from 1, of the first gold page among the distinct pages in their order."""
    gold = {target.url for target in targets}
    pages = dict.fromkeys(passage.url for passage in passages)
    return next((rank for rank, url in enumerate(pages, 1) if url in gold), None)


def _find_earliest(targets: Sequence[Target], passages: Sequence[Passage]) -> Position | None:
    found = [at for target in targets if (at := _find_target(target, passages))]
    return min(found, key=lambda at: at.words) if found else None


def _find_target(target: Target, passages: Sequence[Passage]) -> Position | None:
    read = 0
    missing = set(target.facts)
    for rank, passage in enumerate(passages, 1):
        if target.quote:
            if target.quote in normalize_text(passage.text):
                return Position(
                    rank, read + _shortest_prefix_words(passage.text, lambda text: target.quote in normalize_text(text))
                )
        elif passage.url == target.url and _overlaps(passage, target.spans):
            wanted = set(missing)
            missing -= {fact for fact in missing if has_fact(passage.text, fact)}
            if not missing:
                holds = _all_facts(wanted)
                return Position(rank, read + (_shortest_prefix_words(passage.text, holds) if wanted else passage.words))
        read += passage.words
    return None


def _all_facts(facts: set[str]) -> Callable[[str], bool]:
    """A test whether a text contains all of these facts."""
    return lambda text: all(has_fact(text, fact) for fact in facts)


def _overlaps(passage: Passage, spans: Sequence[Span]) -> bool:
    return any(passage.start < end and start < passage.end for start, end in spans)


def _shortest_prefix_words(text: str, holds: Callable[[str], bool]) -> int:
    """Count the words of the shortest beginning of `text` for which `holds` is true, as it is for all of it."""
    words = text.split()
    low, high = 1, len(words)
    while low < high:
        middle = (low + high) // 2
        if holds(" ".join(words[:middle])):
            high = middle
        else:
            low = middle + 1
    return low


_LINK_TARGET: Final = re.compile(r"\]\([^)]*\)")
_URL: Final = re.compile(r"https?://\S+")
_MARKS: Final = re.compile(r"[^\w]+|_")
_HOST: Final = re.compile(r"^https?://[^/]+")
_EXTENSION: Final = re.compile(r"\.(?:md|mdx|html?)$")


@lru_cache(maxsize=50_000)  # the same chunks come up for many questions
def normalize_text(text: str) -> str:
    """`text` in lower case without link targets, addresses, spaces and punctuation.

    Links become plain, so that a quote reads the same in HTML, MDX and markdown.
    """
    return _MARKS.sub("", _URL.sub(" ", _LINK_TARGET.sub(" ", text.lower())))


def page_key(name: str) -> str:
    """What a page is known by in a question file: its site path or file name without case, host and extension."""
    path = _HOST.sub("", name).split("#")[0].split("?")[0].rstrip("/")
    return _EXTENSION.sub("", path).lower().lstrip("/")


@lru_cache(maxsize=10_000)
def _fact_pattern(fact: str) -> re.Pattern[str]:
    letters = [re.escape(letter) for letter in fact.lower() if letter.isalnum()]
    if not letters:
        return re.compile(r"(?!)")
    # A number is found whole: 20 is neither in 200 nor in 1.20. A word may go on: suffix is in suffixes.
    before = r"(?<!\d)(?<!\d[.,])" if letters[0].isdigit() else r"(?<![a-z])" if letters[0].isascii() else ""
    after = r"(?!\d|[.,]\d)" if letters[-1].isdigit() else ""
    return re.compile(before + r"[\W_]*".join(letters) + after)


def has_fact(text: str, fact: str) -> bool:
    """Whether `text` contains a fact, whatever the case and punctuation; numbers only as whole numbers."""
    return bool(_fact_pattern(fact).search(text.lower()))
