"""Join pieces of a page into the text of an excerpt: the page's words without links and emphasis. Pure.

The text is markdown: code spans, lists, tables and fenced code are as on the page, so that names such as `__init__`
come out as they are.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ingest.text.markdown import CODE_SPAN
from rag.generate.excerpts.units import Group, Unit

LEFT_OUT: Final = "…"

_LINK = re.compile(r"(!?)\[((?:[^\[\]\n]|\[[^\[\]\n]*\])*)\]\((?:[^()\s]|\([^()\s]*\))*(?:[ ]\"[^\"\n]*\")?\)")
_EMPHASIS = re.compile(
    r"(?<!\\)(\*\*|__)(?=\S)(.+?)(?<=\S)\1|(?<![\\\w*])([*_])(?=[^\s*_])(.+?)(?<=[^\s*_])\3(?![\w*])", re.DOTALL
)
_QUOTE = re.compile(r"(?m)^[ \t]*>[ ]?")
_LABEL = re.compile(r"\A\s*([^\n.:!?`]{1,20}?)[ \t]*\n\s*\n\s*")
_PAGE_MARK = re.compile(r"\[(\d{1,3})\](?!\()")
_COLUMNS = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Piece:
    """The shown part of a group: one sentence of a paragraph, some units of a list or table, or a whole code block.

    `score` compares the pieces of one question.
    """

    group: Group
    units: tuple[Unit, ...]
    score: float

    @property
    def start(self) -> int:
        """Offset of the first character in the body, the lead and the head of a table included."""
        return self.units[0].start if self.group.kind == "paragraph" else self.group.start

    @property
    def end(self) -> int:
        """Offset after the last unit."""
        return self.units[-1].end

    @property
    def text(self) -> str:
        """All words of it, as on the page."""
        parts = (self.group.lead, self.group.head, *(unit.text for unit in self.units))
        return "\n".join(part for part in parts if part)

    @property
    def words(self) -> int:
        """How much there is to read."""
        return len(self.text.split())


def excerpt_text(pieces: Sequence[Piece]) -> str:
    """The text of an excerpt, without its marker."""
    return "\n\n".join(_paragraphs(pieces))


def marked_text(excerpts: Sequence[str]) -> str:
    """Return excerpts as one text, each with its marker at the end; after a table or code, on a separate line."""
    return "\n\n".join(f"{text}{_before_marker(text)}[{marker}]" for marker, text in enumerate(excerpts, 1))


def _before_marker(text: str) -> str:
    last = text[text.rfind("\n") + 1 :].strip()
    if last.startswith("|"):
        return "\n\n"
    return "\n" if last.startswith(("```", "~~~")) else " "


def _paragraphs(pieces: Sequence[Piece]) -> Iterator[str]:
    sentences: list[str] = []
    for piece, after in pairwise([*pieces, None]):
        assert piece is not None  # noqa: S101 - only the last of the pairs is
        if piece.group.kind == "paragraph":
            sentences.append(piece.units[0].text)
            if after is None or after.group is not piece.group:
                yield plain_line(" ".join(sentences))
                sentences = []
        else:
            yield _block(piece)


def _block(piece: Piece) -> str:
    group = piece.group
    lines = [plain_line(group.lead)] if group.lead else []
    if group.kind == "code":
        return "\n".join([*lines, *(unit.text for unit in piece.units)])
    show = _row if group.kind == "table" else _item
    if group.kind == "table":
        lines += ["", *map(_row, group.head.split("\n"))] if lines else [_row(line) for line in group.head.split("\n")]
    left_out = f"| {LEFT_OUT} |" if group.kind == "table" else LEFT_OUT
    known = {unit.start: at for at, unit in enumerate(group.units)}
    before = -1
    for unit in piece.units:
        at = known[unit.start]
        if at > before + 1:
            lines.append(left_out)
        lines.append(show(unit.text))
        before = at
    return "\n".join(lines)


def _row(line: str) -> str:
    """A table row; its cells without links and emphasis."""
    return _outside_code(_QUOTE.sub("", line).strip(), _without_marks)


def _item(text: str) -> str:
    """Return a list item with its bullet or number; text below the item stays on separate lines."""
    return "\n".join(_outside_code(line.rstrip(), _without_marks) for line in _QUOTE.sub("", text).split("\n"))


def plain_line(text: str) -> str:
    """Return prose as one line without quote marks, links, pictures and emphasis. A label line becomes its lead-in."""
    text = _outside_code(_QUOTE.sub("", text), _without_marks)
    return " ".join(_LABEL.sub(r"\1: ", text).split())


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    """Apply `change` outside code spans. A placeholder replaces each span, so that marks around it are seen."""
    spans: list[str] = []

    def keep(found: re.Match[str]) -> str:
        spans.append(found.group())
        return f"\x00{len(spans) - 1}\x00"

    changed = change(CODE_SPAN.sub(keep, text))
    return re.sub(r"\x00(\d+)\x00", lambda found: spans[int(found[1])], changed)


def _without_marks(text: str) -> str:
    """Prose without links, pictures and emphasis; a page's own `[1]` must not pass for a citation."""
    text = _LINK.sub(lambda found: "" if found[1] else found[2], text)
    for _ in range(2):  # bold within italics
        text = _EMPHASIS.sub(lambda found: found[2] or found[4], text)
    return _PAGE_MARK.sub(r"(\1)", text)
