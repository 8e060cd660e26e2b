"""Find the excerpt that defines the term which a question asks about. Pure but for its `docs`.

The passages that mention a term most take it for known, so that more of them are read than for other questions.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from rag.generate.excerpts.definitions import DEFINES, Term, asked_term, is_heading_of, rate_definition, with_long_form
from rag.generate.excerpts.scores import Question
from rag.generate.excerpts.sections import WHOLE, Docs, Section, sections, without_description
from rag.generate.excerpts.text import Piece
from rag.generate.excerpts.units import section_groups
from rag.generate.excerpts.windows import Excerpt, may_be_shown, with_what_it_refers_to
from rag.records import Hit, Retrieved

_DEFINING: Final = 8
"""Passages that may define the term of a question and are read closely."""
_HEADED: Final = 0.2
"""Bonus for a definition below a heading that is the term."""
_FIRST: Final = 0.45
"""Rating of the first sentence below such a heading, whatever its form."""
_SAYS: Final = 5
"""Words of a sentence that may define a term by its place below the heading alone."""
_DEFINITION: Final = 60
"""Target length in words of an excerpt that defines a term."""


def find_definition(question: Question, retrieved: Retrieved, docs: Docs) -> Excerpt | None:
    """The excerpt that defines the term which the question asks about; None if it asks for none or none does."""
    term = asked_term(question.text)
    if term is None:
        return None
    mentions = docs.mentions(retrieved, term.text)
    hits = {hit.chunk.id: hit for hit in (*retrieved.hits, *mentions)}
    term = with_long_form(term, [hit.chunk.text for hit in hits.values()])
    if term.long_form:
        hits |= {hit.chunk.id: hit for hit in docs.mentions(retrieved, term.query) if hit.chunk.id not in hits}
    rated = _best_rated(term, list(hits.values()))
    best: tuple[float, Excerpt] | None = None
    for section in sections(question, retrieved, docs, rated):
        first = _first_sentence(section, docs) if _rate_headings(term, section.hit) else -1
        for at in section.inside:
            rating, piece = _rate_piece(term, section, at, is_first=at == first)
            if rating >= DEFINES and (best is None or rating > best[0]):
                best = rating, _defining_excerpt(question, section, at, piece, rating)
    return best[1] if best else None


def _best_rated(term: Term, hits: Sequence[Hit]) -> list[Hit]:
    """The passages that are most likely to define the term; of a section, the earlier first."""
    order = {(hit.chunk.url, hit.chunk.headings): -at for at, hit in reversed(list(enumerate(hits)))}

    def key(hit: Hit) -> tuple[float, int, int]:
        return _rate_passage(term, hit), order[hit.chunk.url, hit.chunk.headings], -hit.chunk.start

    return sorted(hits, key=key, reverse=True)[:_DEFINING]


def _rate_passage(term: Term, hit: Hit) -> float:
    headed = _rate_headings(term, hit)
    if not term.may_be_in(f"{hit.chunk.lead} {hit.chunk.text}"):
        return _FIRST + headed if headed else 0.0
    groups = section_groups((hit.chunk,))
    ratings = [rate_definition(term, unit.text, group.kind) for group in groups for unit in group.units]
    ratings += [rate_definition(term, group.lead) for group in groups if group.lead]
    return max(*ratings, _FIRST if headed else 0.0, 0.0) + headed


def _rate_headings(term: Term, hit: Hit) -> float:
    return _HEADED if is_heading_of(term, (hit.chunk.headings or (hit.chunk.title,))[-1]) else 0.0


def _rate_piece(term: Term, section: Section, at: int, *, is_first: bool) -> tuple[float, Piece]:
    """How well a piece defines the term, with what should be shown of it."""
    piece = section.pieces[at]
    group, headed = piece.group, _rate_headings(term, section.hit)
    led = rate_definition(term, group.lead) if group.kind == "list" and group.words <= WHOLE else 0.0
    if led >= DEFINES:
        return led + headed, replace(piece, units=group.units)
    ratings = {unit: rate_definition(term, unit.text, group.kind) for unit in group.units}
    shown = piece.units if group.kind == "paragraph" else group.units
    best = max(shown, key=lambda unit: ratings[unit])
    rating = ratings[best]
    if rating >= DEFINES and group.kind == "list":
        piece = replace(piece, group=replace(group, start=best.start, units=(best,), lead=""), units=(best,))
    elif rating >= DEFINES and best not in piece.units:
        piece = replace(piece, units=(best,))
    elif is_first:
        rating = max(rating, _FIRST)
    return (rating + headed if rating >= DEFINES or is_first else 0.0), piece


def _first_sentence(section: Section, docs: Docs) -> int:
    """The first sentence of a section, at most a list or table below the heading; -1 if there is none.

    A page's description is not counted: it says what the page is about.
    """
    start = 0
    if not section.hit.chunk.headings:
        page = docs.pages([section.hit.chunk.url]).get(section.hit.chunk.url)
        start = len(section.pieces) - len(without_description(section, page).pieces)
    near = range(start, min(start + 2, len(section.pieces)))
    said = (at for at in near if section.pieces[at].group.kind == "paragraph" and section.pieces[at].words >= _SAYS)
    return next(said, -1)


def _defining_excerpt(question: Question, section: Section, at: int, piece: Piece, rating: float) -> Excerpt:
    """The piece with what follows it, up to the size of a definition."""
    pieces, words = [piece], piece.words
    start = with_what_it_refers_to(section.pieces, at)
    for after in range(at + 1, len(section.pieces)):
        more = section.pieces[after]
        if piece.group.kind != "paragraph" or more.group.kind != "paragraph" or words + more.words > _DEFINITION:
            break
        if not may_be_shown(question, section, after):
            break
        pieces.append(more)
        words += more.words
    return Excerpt(section.hit, (*section.pieces[start:at], *pieces), rating)
