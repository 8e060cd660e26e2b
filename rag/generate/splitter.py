"""Split streamed text into finished pieces: a sentence, list item, table row, heading or code block each. Pure.

The end of a piece is decided character by character, from the text up to that character only. So the pieces do not
depend on how the text was divided when it arrived.
"""

import re
from typing import Final

from ingest.text.markdown import CODE_SPAN, FENCE, LIST_ITEM, LIST_MARKER, closes_fence
from ingest.text.sentences import sentences

_LONGEST_SENTENCE: Final = 4_000
"""Characters; the end of a longer piece is searched only at line ends, which takes time linear in their number."""

_HEADING = re.compile(r"[ \t>]*#{1,6}(?:[ \t]|$)")
_ROW = re.compile(r"[ \t>]*\|")
_DELIMITER = re.compile(r"[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-*:?[ \t]*)*$")
_NEW_ITEM = re.compile(rf"[ \t>]*{LIST_MARKER}[ \t]+$")
_STOPS: Final = (".", "!", "?", "…", "。", "！", "？")
_WIDE_STOPS: Final = "。！？"
"""Full stops of scripts that put no space after them."""
_CLOSERS: Final = "\"'”’)]*_`»」』）"
_MARKS = re.compile(r"(?:[ \t\n]{0,9}[\[【][^\[\]【】\n]{1,80}[\]】]){1,9}$")
"""Citation marks at the end of a text; they belong to the sentence before them."""
_LONGEST_MARKS: Final = 400
"""Characters at the end of a text that are read for such marks."""
_OPEN_TAG = re.compile(r"<[A-Za-z/!?][^<>]*$")
_OPEN_TARGET = re.compile(r"\]\([^()]*(?:\([^()]*)?$")


class PieceSplitter:
    """Cuts a text that is fed in parts. The pieces joined, with the rest that `end` gives, are the text."""

    def __init__(self) -> None:
        self._text = ""
        self._next = 0
        self._line = 0
        """Start of the current line."""
        self._first = -1
        """Start of the first line with words; -1 before it."""
        self._fence = ""
        self._quote_depth = 0
        self._indent = 0
        self._in_table = False

    def feed(self, text: str) -> list[str]:
        """Take in the next part; return the pieces that are finished. White space before a piece is part of it."""
        self._text += text
        found = []
        while self._next < len(self._text):
            cut = self._cut_at(self._next)
            self._next += 1
            if cut:
                found.append(self._text[:cut])
                self._text, self._next, self._line, self._first, self._fence = self._text[cut:], 0, 0, -1, ""
        return found

    def end(self) -> list[str]:
        """The pieces of what is left when the text is over."""
        if not self._text.strip():
            return []
        found = self.feed("\n\n")
        left = self._text.removesuffix("\n\n")
        return [*found, left] if left.strip() else found

    def _cut_at(self, at: int) -> int:
        """Return where the piece ends, given the character at `at`; 0 while this is undecided."""
        text = self._text
        if text[at] == "\n":
            cut = self._end_of_line(self._line, at)
            self._line = at + 1
            return cut
        if text[at].isspace():
            return 0
        if self._first < 0:
            self._first = self._line
        if self._fence or not at:
            return 0
        if text[at - 1].isspace() or text[at - 1] in _WIDE_STOPS:
            return self._start_of_word(at)
        return 0

    def _end_of_line(self, start: int, at: int) -> int:
        line = self._text[start:at]
        if self._fence:
            return self._end_of_code(line, start, at)
        first = self._first in (-1, start)
        if not line.strip():
            self._in_table = False
            return 0 if first else max(0, start - 1)
        opening = FENCE.match(line)
        if opening or _HEADING.match(line):
            if not first:
                return start - 1
            if opening:
                self._open_code(opening)
            return 0 if opening else at
        if _ROW.match(line) or (self._is_row() and not first):
            return self._end_of_row(line, start, at, first=first)
        self._in_table = self._in_table and not first
        return at if not self._is_item() and self._ends_sentence(at) else 0

    def _open_code(self, opening: re.Match[str]) -> None:
        """Remember what ends the block: its mark, or the end of the quote or list that it is in."""
        before = opening[0][: opening.start(1)]
        self._fence = opening[1]
        self._quote_depth = before.count(">")
        self._indent = len(before) if LIST_ITEM.search(before) else 0

    def _end_of_code(self, line: str, start: int, at: int) -> int:
        if not line.strip():
            return 0
        depth = len(re.match(r"[ \t>]*", line)[0].replace(" ", "").replace("\t", ""))  # type: ignore[index] # always matches
        outside = depth < self._quote_depth or (
            not self._quote_depth and len(line) - len(line.lstrip()) < self._indent and self._indent > 0
        )
        if outside and not closes_fence(line, self._fence):
            return start - 1
        return at if closes_fence(line, self._fence) else 0

    def _end_of_row(self, line: str, start: int, at: int, *, first: bool) -> int:
        """Return the end of a row. A row is a piece; the head of a table and the line below it are one piece."""
        if self._in_table and first:
            return at
        if first:
            return 0  # the next line says whether this is the head of a table
        if _DELIMITER.match(line):
            self._in_table = True
            return at
        return start - 1

    def _start_of_word(self, at: int) -> int:
        line = self._line
        head = self._text[line:at] if at - line < _LONGEST_SENTENCE else ""
        if not head.strip():
            return 0
        if _NEW_ITEM.match(head):
            return line - 1 if self._first < line and _is_closed(self._text[:line]) else 0
        if self._is_row() or self._is_item() or _ROW.match(head) or _HEADING.match(head):
            return 0
        return self._end_of_sentence(at)

    def _end_of_sentence(self, at: int) -> int:
        """Where the sentence before the word at `at` ends, with its marks; 0 where the word is part of it."""
        if self._text[at] in "[【" or at > _LONGEST_SENTENCE:
            return 0
        head = self._text[:at].rstrip()
        core = head[: len(head) - _length_of_marks(head)] or head
        if not core.rstrip(_CLOSERS).endswith(_STOPS) or not _is_closed(head):
            return 0
        follows = self._text[at] if self._text[at].isalnum() else "A"
        space = "" if self._text[at - 1] in _WIDE_STOPS else " "
        bounds = list(sentences(f"{core}{space}{follows}"))
        return len(head) if bounds and bounds[-1][0] == len(core) + len(space) else 0

    def _ends_sentence(self, at: int) -> bool:
        """Whether the line that ends at `at` ends its sentence as well."""
        tail = self._text[max(0, at - _LONGEST_MARKS) : at].rstrip()
        core = tail[: len(tail) - _length_of_marks(tail)].rstrip(_CLOSERS)
        return (core.endswith(_STOPS) or tail.endswith((":", "]"))) and _is_closed(self._text[:at])

    def _is_item(self) -> bool:
        return bool(LIST_ITEM.match(self._text, max(0, self._first)))

    def _is_row(self) -> bool:
        return bool(_ROW.match(self._text, max(0, self._first)))


def _length_of_marks(text: str) -> int:
    """How many characters at the end of the text are citation marks, with the space before them."""
    found = _MARKS.search(text, max(0, len(text) - _LONGEST_MARKS))
    return len(text) - found.start() if found else 0


def _is_closed(text: str) -> bool:
    """Whether no code span, link or tag is open at the end of a text whose paragraph may continue."""
    if len(text) > _LONGEST_SENTENCE:
        return True
    prose = CODE_SPAN.sub("", text)
    if "`" in prose or _OPEN_TAG.search(prose) or _OPEN_TARGET.search(prose):
        return False
    depth = 0
    for bracket in re.findall(r"(?<!\\)[\[\]]", prose):
        depth = depth + 1 if bracket == "[" else max(0, depth - 1)
    return not depth
