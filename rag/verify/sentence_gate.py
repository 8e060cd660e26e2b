"""Check a finished piece of an answer: its marks, its links and the support of each of its sentences. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ingest.text.markdown import FENCE, LIST_ITEM
from rag.records import Citation, Hit
from rag.verify.citations import cite, claim_of, marks_of, resolve_marks, sentences_with_marks, states_something
from rag.verify.links import LinkTargets, sanitize_links, trim_context

MARK: Final = " [unsupported]"
"""Appended to a sentence that no cited passage supports, in text for people."""

Judge = Callable[[str], bool]
"""Whether the passages that a sentence cites support it."""

Kind = Literal["code", "heading", "table head", "row", "prose"]

_HEADING = re.compile(r"[ \t>]*#{1,6}(?:[ \t]|$)")
_TABLE_HEAD = re.compile(r"[ \t>]*\|[^\n]*\n[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-*:?[ \t]*)*$")
_ROW = re.compile(r"[ \t>]*\|")
_CELL_END = re.compile(r"[ \t]*\|[ \t]*$")


@dataclass(frozen=True, slots=True)
class Checked:
    """A checked piece, with the white space before it. `text` is "" if nothing of it is left.

    `marked` is `text` with `MARK` after each unsupported sentence.
    """

    text: str
    marked: str
    unsupported: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    invalid_marks: int = 0
    removed_links: int = 0
    verified: int = 0
    """Sentences that state something and are supported."""


class SentenceGate:
    """Checks the pieces of one answer in their order; `strict` drops sentences that nothing supports.

    Between two pieces it keeps what a renderer keeps as well: the text so far, and the pages cited in it.
    Headings, heads of tables and code state nothing and are not checked for support.
    """

    def __init__(self, hits: Sequence[Hit], labels: Mapping[str, int], judge: Judge, *, strict: bool = False) -> None:
        self._hits, self._labels, self._judge, self._strict = hits, labels, judge, strict
        self._targets = LinkTargets(hits)
        self._shown = ""
        self._cited: set[int] = set()

    def check(self, piece: str, *, is_statement: bool = True) -> Checked:
        """Check the next piece. `is_statement` False: its end is missing, so nothing is judged."""
        body = piece.lstrip()
        lead = piece[: len(piece) - len(body)]
        kind = kind_of(piece)
        invalid = 0
        if kind != "code":
            resolved = resolve_marks(body, len(self._hits), self._labels)
            body, invalid = resolved.text, resolved.invalid
        self._targets.cite(marks_of(body))
        links = sanitize_links(f"{lead}{body}", self._targets, self._shown, is_code=kind == "code")
        lead, body = _split_lead(links.text)
        judged = self._judged(body, kind) if is_statement else _Judged(body, body)
        checked = Checked(
            text=lead + judged.text if judged.text else "",
            marked=lead + judged.marked if judged.text else "",
            unsupported=judged.unsupported,
            citations=tuple(self._new_citations(judged.text, kind)),
            invalid_marks=invalid,
            removed_links=links.removed,
            verified=judged.verified,
        )
        self._shown = trim_context(self._shown + checked.text)
        return checked

    def _judged(self, body: str, kind: Kind) -> "_Judged":
        if kind in ("code", "heading", "table head"):
            return _Judged(body, body)
        if kind == "row":
            if self._is_good(body):
                return _Judged(body, body, verified=int(states_something(claim_of(body))))
            if self._strict:
                return _Judged("", "", (claim_of(body),))
            end = _CELL_END.search(body)
            at = end.start() if end else len(body)
            return _Judged(body, body[:at] + MARK + body[at:], (claim_of(body),))
        return self._judged_prose(body)

    def _is_good(self, sentence: str) -> bool:
        return not states_something(claim_of(sentence)) or self._judge(sentence)

    def _judged_prose(self, body: str) -> "_Judged":
        bullet = LIST_ITEM.match(body)
        start = bullet.end() if bullet else 0
        text, marked, unsupported, verified = body[:start], body[:start], list[str](), 0
        at = start
        for first, last in sentences_with_marks(body[start:]):
            sentence = body[start + first : start + last]
            part = body[at : start + last]
            at = start + last
            good = self._is_good(sentence)
            verified += good and states_something(claim_of(sentence))
            if not good:
                unsupported.append(claim_of(sentence))
            if good or not self._strict:
                text += part
                marked += part if good else part + MARK
        if self._strict and unsupported:
            text = marked = body[:start] + text[start:].lstrip() if text[start:].strip() else ""
        return _Judged(text and text + body[at:], marked and marked + body[at:], tuple(unsupported), verified)

    def _new_citations(self, body: str, kind: Kind) -> list[Citation]:
        """Return the citations of passages that no earlier statement cited."""
        found = []
        if kind in ("row", "prose"):
            bounds = [(0, len(body))] if kind == "row" else sentences_with_marks(body)
            for start, end in bounds:
                sentence = body[start:end]
                if states_something(claim_of(sentence)):
                    found += [one for one in cite(sentence, self._hits) if one.marker not in self._cited]
                    self._cited.update(one.marker for one in found)
        return found


@dataclass(frozen=True, slots=True)
class _Judged:
    text: str
    marked: str
    unsupported: tuple[str, ...] = ()
    verified: int = 0


def kind_of(piece: str) -> Kind:
    """What a finished piece is, by its first line."""
    lines = piece.strip("\n")
    if FENCE.match(lines.partition("\n")[0]):
        return "code"
    if _HEADING.match(lines):
        return "heading"
    if _TABLE_HEAD.match(lines):
        return "table head"
    return "row" if _ROW.match(lines) else "prose"


def _split_lead(text: str) -> tuple[str, str]:
    body = text.lstrip()
    return text[: len(text) - len(body)], body
