"""Choose one to three excerpts that answer a question best, each a citation, from hits. No model, no network. Pure.

A question for a definition gets the excerpt that defines the term, and nothing else where the docs have one.

An excerpt is a contiguous piece of one section: sentences in page order, a list with the sentence that leads it in, a
table below its head, or code. Of a long list or table only the items and rows that matter are shown; the quote still
runs from the lead or head to the last of them, so that it is verbatim and what is shown is part of it.
"""

from collections.abc import Sequence
from typing import Final

from rag.generate.excerpts.find_definition import find_definition
from rag.generate.excerpts.scores import Question
from rag.generate.excerpts.sections import Docs, Section, sections, without_description
from rag.generate.excerpts.text import excerpt_text
from rag.generate.excerpts.windows import Excerpt, best_window
from rag.records import Citation, Hit, Retrieved

_WORDS: Final = (100, 100, 60)
"""Target length in words of the first, second and third excerpt; a list or table that is the answer may exceed it.

All facts in the answer, on 90 development questions, 236 others and 90 about other sites: .87, .71 and .72 with 100
words in the first, .88, .72 and .73 with 120; readers dislike what surrounds the answer."""
_NEAR: Final = 0.7
"""A further excerpt must score at least this share of the best one."""
_AS_GOOD: Final = 0.8
_ENOUGH: Final = 0.7
"""A second excerpt of another page that covers nothing new must score this share of the first, unless the first covers
less than this share of the question. Without, 90 development questions get 98 words instead of 94 and as many facts."""
_ADDS: Final = 0.12
"""Share of the question that a third excerpt, or one of the same page, must cover in addition to those before it."""
_NEW: Final = (0.015, 0.05)
"""How much better a second and a third excerpt must match the question's tokens in meaning, 0..1. With .04 for the
second, half of the further excerpts go, and facts with them: .82 of the development questions keep all (.015: .87)."""
_SAME: Final = 0.7
"""Common share of the words of the shorter of two excerpts that makes them duplicates: pages repeat each other."""


def answer_from_excerpts(
    retrieved: Retrieved, docs: Docs, halves: Sequence[Retrieved] = ()
) -> tuple[tuple[str, ...], tuple[Citation, ...]]:
    """Return the texts of the best excerpts and their citations, in the same order; empty if no hit yields one.

    `halves` is what was found for each half of a question that asks two things: each gets an excerpt of its own.
    """
    excerpts = _for_halves(retrieved, halves, docs) or find_excerpts(retrieved, docs)
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


def _for_halves(retrieved: Retrieved, halves: Sequence[Retrieved], docs: Docs) -> list[Excerpt]:
    """The best excerpt, and the best one for the half that it says less about; none if it answers both."""
    whole = find_excerpts(retrieved, docs) if halves else []
    if not whole:
        return []
    covered = [_half_covered(half, whole[0], docs) for half in halves]
    least = min(range(len(halves)), key=lambda at: covered[at])
    found = find_excerpts(halves[least], docs)[:1]
    if not found or _is_of_one_section(whole[0], found[0]):
        return []
    return [whole[0], found[0]]


def _half_covered(half: Retrieved, excerpt: Excerpt, docs: Docs) -> float:
    question = Question(half.query or half.question, docs.idf)
    return question.coverage([question.found(excerpt.text)])


def _is_of_one_section(excerpt: Excerpt, other: Excerpt) -> bool:
    one, two = excerpt.hit.chunk, other.hit.chunk
    return (one.url, one.headings) == (two.url, two.headings)


def find_excerpts(retrieved: Retrieved, docs: Docs) -> list[Excerpt]:
    """The best excerpts, best first.

    A page's description states the subject of the page and answers nothing: it is used only if there is nothing else.
    Where it fits best, the page is the right one, and another piece of that page comes first.
    """
    question, hits = Question(retrieved.query or retrieved.question, docs.idf), retrieved.hits
    definition = find_definition(question, retrieved, docs)
    if definition:
        return [definition]
    parts = list(sections(question, retrieved, docs))
    chosen = _choose(question, parts, hits)
    described = {found.hit.chunk.url: found.hit for found in chosen if _is_top_of_page(found)}
    if not described:
        return chosen
    pages = docs.pages(described)
    without = [without_description(section, pages.get(section.hit.chunk.url)) for section in parts]
    described_best = chosen[0].hit.chunk.url if _is_top_of_page(chosen[0]) else ""
    return _choose(question, [section for section in without if section.inside], hits, described_best) or chosen


def _choose(question: Question, parts: Sequence[Section], hits: Sequence[Hit], preferred: str = "") -> list[Excerpt]:
    """The best excerpts; the first is of the `preferred` page, if that has one."""
    chosen: list[Excerpt] = []
    for size in _WORDS:
        windows = (best_window(question, section, size, hits[0].score) for section in parts)
        found = [window for window in windows if window and _adds(question, window, chosen)]
        if not chosen:
            found = [window for window in found if window.hit.chunk.url == preferred] or found
        best = max(found, key=lambda window: (window.score, -window.hit.rank), default=None)
        if best is None or (chosen and best.score < _NEAR * chosen[0].score):
            break
        chosen.append(best)
    return chosen


def _is_top_of_page(excerpt: Excerpt) -> bool:
    """Whether an excerpt begins where a page's description is: right below its title."""
    chunk = excerpt.hit.chunk
    return not chunk.headings and excerpt.start <= len(chunk.title) + len("# \n\n")


def _adds(question: Question, excerpt: Excerpt, chosen: Sequence[Excerpt]) -> bool:
    """Whether an excerpt adds to the chosen ones: it is of another page, or covers more of the question."""
    if not chosen:
        return True
    if any(excerpt.hit is other.hit for other in chosen):
        return False
    known = [question.found(other.text) for other in chosen]
    has_matches = all(other.matches for other in (excerpt, *chosen))
    if has_matches and _new_matches(excerpt, chosen) < _NEW[len(chosen) - 1]:
        return False
    more = question.coverage([*known, question.found(excerpt.text)]) - question.coverage(known)
    is_of_another_page = all(excerpt.hit.chunk.url != other.hit.chunk.url for other in chosen)
    is_needed = excerpt.score >= _AS_GOOD * chosen[0].score or question.coverage(known) < _ENOUGH
    if more >= _ADDS:
        return True
    return is_of_another_page and len(chosen) == 1 and is_needed and not _repeats(excerpt, chosen[0])


def _new_matches(excerpt: Excerpt, chosen: Sequence[Excerpt]) -> float:
    """How much better an excerpt matches the tokens of the question in meaning than the chosen ones do together."""
    known = [max(0.0, *of_token) for of_token in zip(*(other.matches for other in chosen), strict=True)]
    total: float = sum(max(0.0, match - best) for match, best in zip(excerpt.matches, known, strict=True))
    return total


def _repeats(excerpt: Excerpt, other: Excerpt) -> bool:
    """Whether an excerpt shows what another one shows; one example of code is enough."""
    return _is_same(excerpt, other) or (_has_code(excerpt) and _has_code(other))


def _has_code(excerpt: Excerpt) -> bool:
    return any(piece.group.kind == "code" for piece in excerpt.pieces)


def _is_same(excerpt: Excerpt, other: Excerpt) -> bool:
    """Whether one excerpt adds little to the other."""
    one, two = excerpt.terms, other.terms
    return len(one & two) >= _SAME * min(len(one), len(two))
