"""Cut an excerpt out of a section: the piece that answers best, with its neighbours. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from ingest.text.markdown import CODE_SPAN
from ingest.text.terms import terms
from rag.generate.excerpts.scores import Question, is_announcement, is_dangling
from rag.generate.excerpts.sections import Section, headings_above
from rag.generate.excerpts.text import Piece
from rag.generate.excerpts.units import is_contents
from rag.records import Hit

_PASSAGE: Final = 6.0
"""Weight of the passage's own score against the words of the question in the piece (1) and its form (0.4)."""
_COVERS: Final = 2.0
"""Weight of the share of the question that the whole excerpt covers, headings included."""
_OPENS: Final = 0.25
"""Bonus for the first piece of a passage: it introduces the subject that the others detail."""
_FOLLOWS: Final = 0.1
"""Bonus for the piece after an excerpt over the piece before it: readers read on rather than back."""
_SHORT_CODE: Final = 24
"""Lines of code that are shown to those who ask how to do something and do not mention code."""
_BEGINS: Final = 0.4
"""Share of the best piece's score that a sentence must have to open an excerpt. At .6 answers have 3 % fewer words,
but 3 of 416 questions lose a fact."""
_HELPS: Final = 0.5
"""Bonus for an excerpt that says what to do, if the question asks how to do something."""
_FEW: Final = 25
"""Words of an excerpt below which the code after it belongs to it."""
_MATTERS: Final = 0.2
"""Share of the question that an item or row must cover to be shown out of a list or table that does not fit."""
_NAMED_CODE: Final = 30
"""Lines of code that is shown after few words because it uses a name of theirs."""
_NAME = re.compile(r"[^\W\d][\w-]{3,}")
_LED_CODE: Final = 16
"""Lines of code that is shown because the sentence before it leads it in, or there is little else."""
_LONG_CODE: Final = 24
"""Lines of code from which on only those who ask for code want it."""
_UNASKED: Final = 2.0
"""Penalty for an excerpt around code that nobody asked for and that is long or not explained by a sentence."""
_ELSEWHERE: Final = 3.0
"""Penalty for an excerpt around a list of nothing but links: it says where an answer may be, and is none itself."""
_OUTDATED: Final = 1.0
"""Penalty for an excerpt of a section that the docs call outdated."""
_OLD = re.compile(r"\b(?:deprecated|legacy|obsolete|outdated|removed)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Excerpt:
    """Pieces of a hit's section that follow each other; `score` compares the excerpts of one question.

    `matches` is how well it matches each token of the question in meaning; empty if the embedder does not provide this.
    """

    hit: Hit
    pieces: tuple[Piece, ...]
    score: float
    matches: Sequence[float] = ()

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
        return "\n".join((headings_above(self.hit), *(piece.text for piece in self.pieces)))

    @cached_property
    def terms(self) -> frozenset[str]:
        """The terms of its words, headings left out."""
        return frozenset(terms(" ".join(piece.text for piece in self.pieces)))


def best_window(question: Question, section: Section, size: int, best: float) -> Excerpt | None:
    """The piece of the hit's chunk that answers best, with its neighbours up to `size` words."""
    pieces, inside = section.pieces, section.inside

    def score(at: int) -> float:
        return pieces[at].score + (_OPENS if at == inside[0] else 0.0)

    kept = [at for at in inside if not _is_unasked(question, pieces[at])]
    candidates = [at for at in kept if not _leads_elsewhere(pieces[at])] or kept or inside
    seed = max(candidates, key=lambda at: (score(at), -at))
    pieces, start, end = _grown(question, section, seed, size)
    start, end = _trimmed(question, pieces, seed, range(start, end))
    passage = section.hit.score / best if best else 0.0
    loss = _OUTDATED if _is_outdated(question, section.hit) else 0.0
    loss += _UNASKED if _is_unasked(question, pieces[seed]) else 0.0
    loss += _ELSEWHERE if _leads_elsewhere(pieces[seed]) else 0.0
    gain = _HELPS if any(question.is_instruction(piece.text) for piece in pieces[start:end]) else 0.0
    shown = pieces[start:end]
    matches = section.match.shares(shown[0].start, shown[-1].end) if section.match else ()
    excerpt = Excerpt(section.hit, shown, _PASSAGE * passage + score(seed) + gain - loss, matches)
    return replace(excerpt, score=excerpt.score + _COVERS * question.coverage([question.found(excerpt.text)]))


def _grown(question: Question, section: Section, seed: int, size: int) -> tuple[tuple[Piece, ...], int, int]:
    """The pieces of the section, and from which to which of them are shown: the seed and the best next to it.

    Of a list or table that is too long for the words that are left, the items or rows that fit are shown.
    """
    pieces = list(section.pieces)
    start, end = with_what_it_refers_to(pieces, seed), seed + 1
    words = sum(piece.words for piece in pieces[start:end])
    while True:
        near = [at for at in (start - 1, end) if 0 <= at < len(pieces) and may_be_shown(question, section, at)]
        if start - 1 in near and not _may_come_first(question, pieces, start, end):
            near.remove(start - 1)
        fitting = {at: _fitting(question, pieces[at], size - words) for at in near}
        ways = [(piece.score + (_FOLLOWS if at == end else 0.0), at) for at, piece in fitting.items() if piece]
        if not ways:
            break
        at = max(ways)[1]
        pieces[at] = fitting[at] or pieces[at]
        start, end, words = min(start, at), max(end, at + 1), words + pieces[at].words
    if words < _FEW and not question.wants_yes_or_no:
        start, end = _with_code(question, pieces, start, end)
    return tuple(pieces), start, end


def _with_code(question: Question, pieces: Sequence[Piece], start: int, end: int) -> tuple[int, int]:
    """Which pieces are shown where those from `start` to `end` say little: with the code after or before them."""
    shown = "\n".join(piece.text for piece in pieces[start:end])
    if end < len(pieces):
        longest = _NAMED_CODE if _uses_name(pieces[end], shown) else _LED_CODE
        if _is_short_code(question, pieces[end], longest):
            return start, end + 1
    if start and _is_short_code(question, pieces[start - 1]):
        code, prose = (question.coverage([question.found(text)]) for text in (pieces[start - 1].text, shown))
        if code > prose:
            return start - 1, end
    return start, end


def _uses_name(piece: Piece, prose: str) -> bool:
    """Whether code contains what is a code span in the prose, or a word of it such as the class in `type=Class`."""
    names = {name for span in CODE_SPAN.finditer(prose) for name in _NAME.findall(span[2])}
    return any(name in piece.units[0].text for name in names)


def _may_come_first(question: Question, pieces: Sequence[Piece], start: int, end: int) -> bool:
    """Whether the piece before an excerpt may open it: code only if it is asked for or has a name of the prose."""
    before = pieces[start - 1]
    if before.group.kind != "code" or question.wants_code:
        return True
    return _uses_name(before, "\n".join(piece.text for piece in pieces[start:end] if piece.group.kind != "code"))


def _fitting(question: Question, piece: Piece, room: int) -> Piece | None:
    """The piece, or the items or rows of it that have much of the question and fit in so many words."""
    if piece.words <= room:
        return piece
    if piece.group.kind not in {"list", "table"} or len(piece.units) == 1:
        return None
    left = room - len(piece.group.lead.split()) - len(piece.group.head.split())
    kept = []
    for unit in sorted(piece.units, key=lambda unit: (-question.score(unit.text, ""), unit.start)):
        if unit.words > left or question.coverage([question.found(unit.text)]) < _MATTERS:
            break
        kept.append(unit)
        left -= unit.words
    return replace(piece, units=tuple(sorted(kept, key=lambda unit: unit.start))) if kept else None


def _is_short_code(question: Question, piece: Piece, longest: int = _LED_CODE) -> bool:
    is_short = piece.group.kind == "code" and piece.text.count("\n") <= longest
    return is_short and question.accepts_language(piece.units[0].text)


def _trimmed(question: Question, pieces: Sequence[Piece], seed: int, shown: range) -> tuple[int, int]:
    """Which pieces are shown: no introduction before the answer, no announcements, and what both ends refer to."""
    start, end = shown.start, shown.stop
    while start < seed and _is_introduction(pieces[start], pieces[seed]):
        start += 1
    while end - 1 > seed and is_announcement(pieces[end - 1].text):
        end -= 1
    start = with_what_it_refers_to(pieces, start)
    return start, _with_what_it_leads_in(question, pieces, start, end)


def _is_introduction(piece: Piece, best: Piece) -> bool:
    """Whether a piece before the best one says little of what was asked, or only what the page will show."""
    is_weak = piece.group.kind == "paragraph" and piece.score < _BEGINS * max(0.0, best.score)
    return is_weak or is_announcement(piece.text)


def _is_unasked(question: Question, piece: Piece) -> bool:
    """Whether a piece is code that the question does not want, and that is long or that no sentence explains."""
    if piece.group.kind != "code" or wants_code(question, piece):
        return False
    return not piece.group.lead or piece.text.count("\n") > _LONG_CODE


def _leads_elsewhere(piece: Piece) -> bool:
    """Whether a piece is a list of links or topics, without a sentence that says what they are."""
    return is_contents(piece.group)


def _is_outdated(question: Question, hit: Hit) -> bool:
    """Whether the docs themselves call the section outdated and the question does not ask for that."""
    return bool(_OLD.search(headings_above(hit)) and not _OLD.search(question.text))


def with_what_it_refers_to(pieces: Sequence[Piece], start: int) -> int:
    """Return where an excerpt begins: not with a pronoun if one of the one or two sentences before it explains it."""
    at = start
    while at > 0 and at > start - 2 and is_dangling(pieces[at].text) and pieces[at - 1].group.kind != "code":
        at -= 1
    return at


def _with_what_it_leads_in(question: Question, pieces: Sequence[Piece], start: int, end: int) -> int:
    """Return where an excerpt ends: not with a sentence or item that leads in what is not shown, if that is short."""
    if not pieces[end - 1].text.rstrip(" *_`").endswith((":", "：", "...", "…")) or end == len(pieces):
        return end
    if _is_short_code(question, pieces[end]):
        return end + 1
    return end - 1 if end - 1 > start else end


def may_be_shown(question: Question, section: Section, at: int) -> bool:
    """Whether a piece may be shown next to a better one: code to those who want it, no lists of links.

    Text of the section beyond the passage that was found must have a good part of the question, or say what to do.
    """
    piece, chunk = section.pieces[at], section.hit.chunk
    if piece.group.kind == "code":
        return wants_code(question, piece)
    is_found = chunk.start <= piece.start and piece.end <= chunk.end
    return not is_contents(piece.group) and (
        is_found or question.is_instruction(piece.text) or question.coverage([question.found(piece.text)]) >= _MATTERS
    )


def wants_code(question: Question, piece: Piece) -> bool:
    """Whether a block of code may be shown: those who ask how to do something want a short one."""
    if not question.accepts_language(piece.units[0].text):
        return False
    return question.wants_code or (question.wants_steps and piece.text.count("\n") <= _SHORT_CODE)
