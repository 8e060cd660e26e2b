"""Choose one to three excerpts that answer a question best, each a citation, from hits. No model, no network. Pure.

An excerpt is a contiguous piece of one section: sentences in page order, a list with the sentence that leads it in, a
table below its head, or code. Of a long list or table only the items and rows that matter are shown; the quote still
runs from the lead or head to the last of them, so that it is verbatim and what is shown is part of it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Protocol

from ingest.core.records import Chunk, Document
from ingest.text.terms import terms
from rag.generate.excerpt_scores import Question, is_dangling
from rag.generate.excerpt_text import Piece, excerpt_text
from rag.generate.section_units import Group, Unit, section_groups
from rag.records import Citation, Hit, Retrieved

_HITS: Final = 5
"""Hits whose sections are read: further down hardly anything answers."""

_WORDS: Final = (80, 80, 40)
"""Target length in words of the first, second and third excerpt; a list or table that is the answer may exceed it."""

_PASSAGE: Final = 6.0
"""Weight of the passage's own score against the words of the question in the piece (1) and its form (0.4)."""

_NEAR: Final = 0.7
"""A further excerpt must score at least this share of the best one."""
_ADDS: Final = 0.12
"""Share of the question that a third excerpt, or one of the same page, must cover in addition to those before it."""
_SAME: Final = 0.7
"""Common share of the words of the shorter of two excerpts that makes them duplicates: pages repeat each other."""

_MEANING: Final = 2.0
"""Weight of how well the tokens of a piece meet those of the question. All facts in the answer, on 90 development
questions and 236 others: .79 and .65 without, .82 and .67 with 1, .84 and .69 with 2, .82 and .68 with 4."""

_OPENS: Final = 0.25
"""Bonus for the first piece of a passage: it introduces the subject that the others detail."""
_FOLLOWS: Final = 0.1
"""Bonus for the piece after an excerpt over the piece before it: readers read on rather than back."""
_WANTED_CODE: Final = 0.4
_UNWANTED_CODE: Final = 0.5
"""Bonus for code if the question asks for it, and penalty if it does not."""

_WHOLE: Final = 80
"""Words of a list or table that is shown whole."""
_ROWS: Final = 6
_WORTH: Final = 0.6
"""Rows or items of a long table or list that are shown at most; each has this share of the best one's score."""
_SHORT_CODE: Final = 12
"""Lines of code that are shown to those who ask how to do something and do not mention code."""
_HOW = re.compile(r"\bhow (?:do|does|can|to|would|should|could)\b|\bwhat do I\b|\bshow me\b", re.IGNORECASE)
_ELSEWHERE = re.compile(r"(?:related|see also|next steps?|learn more|further reading|resources)\b.*", re.IGNORECASE)
"""Headings of sections that only refer the reader to other pages."""


@dataclass(frozen=True)
class Excerpt:
    """Pieces of a hit's section that follow each other; `score` compares the excerpts of one question."""

    hit: Hit
    pieces: tuple[Piece, ...]
    score: float

    @property
    def start(self) -> int:
        """Offset of the first character in the page's body."""
        return self.pieces[0].start

    @property
    def end(self) -> int:
        """Offset after the last character in the page's body."""
        return self.pieces[-1].end

    @cached_property
    def text(self) -> str:
        """Its words, below the headings that are shown above it."""
        return "\n".join((_headings(self.hit), *(piece.text for piece in self.pieces)))

    @cached_property
    def terms(self) -> frozenset[str]:
        """The terms of its words, headings left out."""
        return frozenset(terms(" ".join(piece.text for piece in self.pieces)))


@dataclass(frozen=True, slots=True)
class _Section:
    """The section of a hit: its pieces in page order, and which of them are in the hit's own chunk."""

    hit: Hit
    pieces: tuple[Piece, ...]
    inside: tuple[int, ...]


class Match(Protocol):
    """Where a passage matches a question in meaning."""

    def score(self, start: int, end: int) -> float:
        """How well this part of the page matches it, about 0..1."""


class Docs(Protocol):
    """The source of the excerpts. All methods but `idf` raise IndexDamaged."""

    def idf(self, term: str) -> float:
        """How rare a term is."""

    def token_matches(self, retrieved: Retrieved, hits: Sequence[Hit]) -> Sequence[Match | None]:
        """For each hit, where it matches the question; None if the embedder does not provide this."""

    def neighbours(self, hits: Sequence[Hit]) -> list[tuple[Chunk, ...]]:
        """For each hit the chunks of its section around it, its own included, in page order."""

    def pages(self, urls: Iterable[str]) -> Mapping[str, Document]:
        """Return the pages at these addresses; slow, because it opens a database."""


def answer_from_excerpts(retrieved: Retrieved, docs: Docs) -> tuple[tuple[str, ...], tuple[Citation, ...]]:
    """Return the texts of the best excerpts and their citations, in the same order; empty if no hit yields one."""
    excerpts = find_excerpts(retrieved, docs)
    citations = tuple(
        Citation(marker, found.hit, _quote(found, docs), found.start, found.end)
        for marker, found in enumerate(excerpts, 1)
    )
    return tuple(excerpt_text(found.pieces) for found in excerpts), citations


def _quote(excerpt: Excerpt, docs: Docs) -> str:
    """Return the words of the page; a piece within one chunk is read without opening the page."""
    chunk = excerpt.hit.chunk
    if chunk.start <= excerpt.start and excerpt.end <= chunk.end:
        return chunk.text[excerpt.start - chunk.start : excerpt.end - chunk.start]
    return docs.pages([chunk.url])[chunk.url].body[excerpt.start : excerpt.end]


def find_excerpts(retrieved: Retrieved, docs: Docs) -> list[Excerpt]:
    """The best excerpts, best first.

    A page's description states the subject of the page and answers nothing: it is used only if there is nothing else.
    """
    question, hits = Question(retrieved.query or retrieved.question, docs.idf), retrieved.hits
    sections = list(_sections(question, retrieved, docs))
    chosen = _choose(question, sections, hits)
    described = {found.hit.chunk.url: found.hit for found in chosen if _is_top_of_page(found)}
    if not described:
        return chosen
    pages = docs.pages(described)
    without = [_without_description(section, pages.get(section.hit.chunk.url)) for section in sections]
    return _choose(question, [section for section in without if section.inside], hits) or chosen


def _choose(question: Question, sections: Sequence[_Section], hits: Sequence[Hit]) -> list[Excerpt]:
    chosen: list[Excerpt] = []
    for size in _WORDS:
        windows = (_best_window(question, section, size, hits[0].score) for section in sections)
        found = [window for window in windows if window and _adds(question, window, chosen)]
        best = max(found, key=lambda window: (window.score, -window.hit.rank), default=None)
        if best is None or (chosen and best.score < _NEAR * chosen[0].score):
            break
        chosen.append(best)
    return chosen


def _is_top_of_page(excerpt: Excerpt) -> bool:
    """Whether an excerpt begins where a page's description is: right below its title."""
    chunk = excerpt.hit.chunk
    return not chunk.headings and excerpt.start <= len(chunk.title) + len("# \n\n")


def _without_description(section: _Section, page: Document | None) -> _Section:
    if page is None or not page.description or section.hit.chunk.headings:
        return section
    said = " ".join(page.description.split())
    end = page.body.find("\n\n", section.pieces[0].start)
    first = " ".join(page.body[section.pieces[0].start : end if end >= 0 else None].split())
    if first != said:
        return section
    skipped = sum(piece.end <= (end if end >= 0 else len(page.body)) for piece in section.pieces)
    inside = tuple(at - skipped for at in section.inside if at >= skipped)
    return replace(section, pieces=section.pieces[skipped:], inside=inside)


def _sections(question: Question, retrieved: Retrieved, docs: Docs) -> Iterator[_Section]:
    """The sections of the best hits, each once."""
    best, seen = retrieved.hits[:_HITS], set()
    matches = docs.token_matches(retrieved, best)
    for hit, chunks, match in zip(best, docs.neighbours(best), matches, strict=True):
        chunk = hit.chunk
        key = (chunk.url, chunk.headings)
        elsewhere = _ELSEWHERE.fullmatch((chunk.headings or ("",))[-1]) and hit is not best[0]
        if key in seen or elsewhere:
            continue
        pieces = tuple(_pieces(_Rating(question, _headings(hit), match), section_groups(chunks)))
        inside = tuple(at for at, piece in enumerate(pieces) if piece.start < chunk.end and piece.end > chunk.start)
        if inside:
            seen.add(key)
            yield _Section(hit, pieces, inside)


def _headings(hit: Hit) -> str:
    return " ".join((hit.chunk.title, *hit.chunk.headings))


@dataclass(frozen=True, slots=True)
class _Rating:
    """How well parts of one section answer: by the words of the question, and by its meaning."""

    question: Question
    above: str
    match: Match | None

    def meaning(self, start: int, end: int) -> float:
        return _MEANING * self.match.score(start, end) if self.match else 0.0

    def unit(self, unit: Unit) -> float:
        """A row or item among its like, whose headings are the same."""
        return self.question.score(unit.text, "") + self.meaning(unit.start, unit.end)

    def group(self, group: Group, units: Sequence[Unit]) -> float:
        """What is shown of a group as a whole."""
        words = max(self.question.score(f"{group.lead} {unit.text}", self.above) for unit in units)
        if group.kind == "code":
            words += _WANTED_CODE if self.question.wants_code else -_UNWANTED_CODE
        return words + self.meaning(group.start, units[-1].end)


def _pieces(rating: _Rating, groups: Sequence[Group]) -> Iterator[Piece]:
    """What can be shown of a section."""
    for group in groups:
        if group.kind == "paragraph":
            for unit in group.units:
                words = rating.question.score(unit.text, rating.above)
                yield Piece(group, (unit,), words + rating.meaning(unit.start, unit.end))
        else:
            units = group.units if group.kind == "code" else _wanted_units(rating, group)
            yield Piece(group, units, rating.group(group, units))


def _wanted_units(rating: _Rating, group: Group) -> tuple[Unit, ...]:
    """The rows or items that matter: all of a short table or list, else those that have most of the question."""
    if group.words <= _WHOLE:
        return group.units
    scores = {unit.start: rating.unit(unit) for unit in group.units}
    ranked = sorted(group.units, key=lambda unit: (-scores[unit.start], unit.start))
    wanted, words = [ranked[0]], ranked[0].words
    for unit in ranked[1:_ROWS]:
        if scores[unit.start] < _WORTH * scores[ranked[0].start] or words + unit.words > _WORDS[0]:
            break
        wanted.append(unit)
        words += unit.words
    return tuple(sorted(wanted, key=lambda unit: unit.start))


def _best_window(question: Question, section: _Section, size: int, best: float) -> Excerpt | None:
    """The piece of the hit's chunk that answers best, with its neighbours up to `size` words."""
    pieces, inside = section.pieces, section.inside

    def score(at: int) -> float:
        return pieces[at].score + (_OPENS if at == inside[0] else 0.0)

    seed = max(inside, key=lambda at: (score(at), -at))
    start, end = _with_what_it_refers_to(pieces, seed), seed + 1
    words = sum(piece.words for piece in pieces[start:end])
    while True:
        ways = [
            (pieces[at].score + (_FOLLOWS if at == end else 0.0), at)
            for at in (start - 1, end)
            if 0 <= at < len(pieces) and _may_be_shown(question, section, at) and words + pieces[at].words <= size
        ]
        if not ways:
            break
        at = max(ways)[1]
        start, end, words = min(start, at), max(end, at + 1), words + pieces[at].words
    start = _with_what_it_refers_to(pieces, start)
    passage = section.hit.score / best if best else 0.0
    return Excerpt(section.hit, pieces[start:end], _PASSAGE * passage + score(seed))


def _with_what_it_refers_to(pieces: Sequence[Piece], start: int) -> int:
    """Return where an excerpt begins: not with a pronoun if one of the one or two sentences before it explains it."""
    at = start
    while at > 0 and at > start - 2 and is_dangling(pieces[at].text) and pieces[at - 1].group.kind != "code":
        at -= 1
    return at


def _may_be_shown(question: Question, section: _Section, at: int) -> bool:
    """Whether a piece may be shown next to a better one: text of the hit's own chunk, and code to those who want it."""
    piece, chunk = section.pieces[at], section.hit.chunk
    if piece.group.kind != "code":
        return chunk.start <= piece.start and piece.end <= chunk.end
    return question.wants_code or (bool(_HOW.search(question.text)) and piece.text.count("\n") <= _SHORT_CODE)


def _adds(question: Question, excerpt: Excerpt, chosen: Sequence[Excerpt]) -> bool:
    """Whether an excerpt adds to the chosen ones: it is of another page, or covers more of the question."""
    if not chosen:
        return True
    if any(excerpt.hit is other.hit for other in chosen):
        return False
    known = [question.found(other.text) for other in chosen]
    more = question.coverage([*known, question.found(excerpt.text)]) - question.coverage(known)
    is_of_another_page = all(excerpt.hit.chunk.url != other.hit.chunk.url for other in chosen)
    repeats = any(_is_same(excerpt, other) for other in chosen)
    return more >= _ADDS or (is_of_another_page and len(chosen) == 1 and not repeats)


def _is_same(excerpt: Excerpt, other: Excerpt) -> bool:
    """Whether one excerpt adds little to the other."""
    one, two = excerpt.terms, other.terms
    return len(one & two) >= _SAME * min(len(one), len(two))
