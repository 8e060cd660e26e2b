"""Read the sections of hits as pieces that can be shown, each with a score for the question. Pure but for its `docs`.

Of a long list or table only the items and rows that matter are shown.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from ingest.core.records import Chunk, Document
from rag.generate.excerpts.scores import Question
from rag.generate.excerpts.text import Piece
from rag.generate.excerpts.units import Group, Unit, section_groups
from rag.records import Hit, Retrieved

_HITS: Final = 5
"""Hits whose sections are read: further down hardly anything answers."""
_MEANING: Final = 2.0
"""Weight of how well the tokens of a piece meet those of the question. All facts in the answer, on 90 development
questions and 236 others: .79 and .65 without, .82 and .67 with 1, .84 and .69 with 2, .82 and .68 with 4."""
_WANTED_CODE: Final = 0.4
_UNWANTED_CODE: Final = 0.5
"""Bonus for code if the question asks for it, and penalty if it does not."""
_INTRODUCTION: Final = 40
"""Words of a passage below a page's title that only introduces the page."""
_INTRODUCED: Final = 1.0
"""Share of the score of such a passage that the section after it gets."""
_VARIANT: Final = 0.3
"""How much better than the first of several blocks of code in a row another one must be to be shown in its place."""
WHOLE: Final = 80
"""Words of a list or table that is shown whole."""
_ROWS: Final = 6
_WORTH: Final = 0.6
"""Rows or items of a long table or list that are shown at most; each has this share of the best one's score, and of
what that covers of the question."""
_ELSEWHERE = re.compile(r"(?:related|see also|next steps?|learn more|further reading|resources)\b.*", re.IGNORECASE)
"""Headings of sections that only refer the reader to other pages."""


class Match(Protocol):
    """Where a passage matches a question in meaning."""

    def score(self, start: int, end: int) -> float:
        """How well this part of the page matches it, about 0..1."""

    def shares(self, start: int, end: int) -> Sequence[float]:
        """What each token of the question adds to the score of this part of the page."""


class Docs(Protocol):
    """The source of the excerpts. All methods but `idf` raise IndexDamaged."""

    def idf(self, term: str) -> float:
        """How rare a term is."""

    def mentions(self, retrieved: Retrieved, text: str) -> Sequence[Hit]:
        """Passages that mention the words of a text, best first, from the pages that were searched."""

    def token_matches(self, retrieved: Retrieved, hits: Sequence[Hit]) -> Sequence[Match | None]:
        """For each hit, where it matches the question; None if the embedder does not provide this."""

    def neighbours(self, hits: Sequence[Hit]) -> list[tuple[Chunk, ...]]:
        """For each hit the chunks of its section around it, its own included, in page order."""

    def next_section(self, hit: Hit) -> Hit | None:
        """The first passage of the section after the hit's, with the hit's score; None where there is none."""

    def pages(self, urls: Iterable[str]) -> Mapping[str, Document]:
        """Return the pages at these addresses."""


@dataclass(frozen=True, slots=True)
class Section:
    """The section of a hit: its pieces in page order, and which of them are in the hit's own chunk.

    `match` is where that chunk matches the question in meaning; None if the embedder does not provide this.
    """

    hit: Hit
    pieces: tuple[Piece, ...]
    inside: tuple[int, ...]
    match: Match | None = None


def sections(question: Question, retrieved: Retrieved, docs: Docs, hits: Sequence[Hit] = ()) -> Iterator[Section]:
    """The sections of these hits, by default of the best of the question, each once."""
    best, seen = hits or _with_first_sections(retrieved.hits[:_HITS], docs), set()
    matches = docs.token_matches(retrieved, best)
    for hit, chunks, match in zip(best, docs.neighbours(best), matches, strict=True):
        chunk = hit.chunk
        key = (chunk.url, chunk.headings)
        elsewhere = _ELSEWHERE.fullmatch((chunk.headings or ("",))[-1]) and hit is not best[0]
        if key in seen or elsewhere:
            continue
        pieces = tuple(_pieces(_Rating(question, headings_above(hit), match), section_groups(chunks)))
        inside = tuple(at for at, piece in enumerate(pieces) if piece.start < chunk.end and piece.end > chunk.start)
        if inside:
            seen.add(key)
            yield Section(hit, pieces, inside, match)


def _with_first_sections(hits: Sequence[Hit], docs: Docs) -> list[Hit]:
    """The hits; after one that only introduces its page, the first section of that page, which has the substance."""
    found: list[Hit] = []
    for hit in hits:
        found.append(hit)
        if not hit.chunk.headings and len(hit.chunk.text.split()) <= _INTRODUCTION:
            after = docs.next_section(hit)
            if after is not None and all(after.row != other.row for other in hits):
                found.append(replace(after, score=_INTRODUCED * hit.score))
    return found


def without_description(section: Section, page: Document | None) -> Section:
    """The section without the description of its page, which is the first paragraph below the title."""
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


def headings_above(hit: Hit) -> str:
    """The words of the headings that are shown above an excerpt."""
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
            wanted = self.question.wants_code and self.question.accepts_language(units[0].text)
            words += _WANTED_CODE if wanted else -_UNWANTED_CODE
        return words + self.meaning(group.start, units[-1].end)


def _pieces(rating: _Rating, groups: Sequence[Group]) -> Iterator[Piece]:
    """What can be shown of a section; of several blocks of code in a row, which are variants or files, only one."""
    for group in _without_variants(rating, groups):
        if group.kind == "paragraph":
            for unit in group.units:
                words = rating.question.score(unit.text, rating.above)
                yield Piece(group, (unit,), words + rating.meaning(unit.start, unit.end))
        else:
            units = group.units if group.kind == "code" else _wanted_units(rating, group)
            yield Piece(group, units, rating.group(group, units))


def _without_variants(rating: _Rating, groups: Sequence[Group]) -> Iterator[Group]:
    run: list[Group] = []
    for group in groups:
        if run and (group.kind != "code" or group.lead):
            yield _variant(rating, run)
            run = []
        if group.kind == "code":
            run.append(group)
        else:
            yield group
    if run:
        yield _variant(rating, run)


def _variant(rating: _Rating, run: Sequence[Group]) -> Group:
    """The block of code to show of several in a row: the first, or a much better one."""
    accepted = [group for group in run if rating.question.accepts_language(group.units[0].text)] or run
    scores = [rating.group(group, group.units) for group in accepted]
    best = max(range(len(accepted)), key=lambda at: scores[at])
    return accepted[best if scores[best] - scores[0] > _VARIANT else 0]


def _wanted_units(rating: _Rating, group: Group) -> tuple[Unit, ...]:
    """The rows or items that matter: all of a short table or list, else those that have most of the question."""
    if group.words <= WHOLE:
        return group.units
    scores = {unit.start: rating.unit(unit) for unit in group.units}
    covers = {unit.start: rating.question.coverage([rating.question.found(unit.text)]) for unit in group.units}
    ranked = sorted(group.units, key=lambda unit: (-scores[unit.start], unit.start))
    best = ranked[0].start
    wanted, words = [ranked[0]], ranked[0].words
    for unit in ranked[1:_ROWS]:
        is_worth = scores[unit.start] >= _WORTH * scores[best] and covers[unit.start] >= _WORTH * covers[best]
        if not is_worth or words + unit.words > WHOLE:
            break
        wanted.append(unit)
        words += unit.words
    return tuple(sorted(wanted, key=lambda unit: unit.start))
