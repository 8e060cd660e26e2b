"""Streamed text -> the same, each sentence judged when it ends: marked or dropped where nothing supports it. Pure."""

import re
from collections.abc import Callable
from typing import Final

from ingest.text.markdown import FENCE, LIST_MARKER, closes_fence
from ingest.text.sentences import sentences

MARK: Final = " [unsupported]"
"""Behind a sentence that no cited passage supports, where people read it."""

_MARKERS = re.compile(r"(?:\s*\[\d{1,3}\])+[.!?]?")

Judge = Callable[[str], bool]


class Release:
    """Shows text as it comes and marks unsupported sentences; `strict` holds each back and drops those.

    `text` is what is left, without marks. Headings, heads of tables and code are never judged.
    """

    def __init__(self, show: Callable[[str], None], judge: Judge, *, strict: bool) -> None:
        self._show, self._judge, self._strict = show, judge, strict
        self._open = ""
        self._shown = 0
        self._fence = ""
        self._in_table = False
        self._begun = False
        self._kept: list[str] = []
        self.unsupported: list[str] = []

    @property
    def text(self) -> str:
        """All text that was let through."""
        return "".join(self._kept).strip()

    def feed(self, piece: str) -> None:
        """Take in the next piece."""
        self._open += piece
        while cut := self._end_of_first(ended=False):
            self._close(cut)
        if not self._strict:
            self._pass_on(len(self._open.rstrip()))

    def end(self, *, broken: bool = False) -> None:
        """The text is over; `broken`: in the middle of a sentence, which is then no statement yet."""
        if broken and not self._strict and not self._open.rstrip().endswith((".", "!", "?", "]", "|")):
            self._pass_on(len(self._open))
            self._kept.append(self._open)
            self._open, self._shown = "", 0
        while self._open.strip():
            self._close(self._end_of_first(ended=True) or len(self._open))
        self._keep(self._open)

    def _end_of_first(self, *, ended: bool) -> int:
        """Where the first sentence, row or line of code ends; 0 while that is not known."""
        lead = len(self._open) - len(self._open.lstrip())
        body = self._open[lead:]
        line, whole, _ = body.partition("\n")
        opens = self._fence or (self._at_line_start(lead) and body[:1] in ("#", "|", "`", "~"))
        if not body or (not (whole or ended) and opens):
            return 0
        if self._fence or (self._at_line_start(lead) and (body[0] in "#|" or FENCE.match(line))):
            return lead + len(line)
        return lead + _end_of_sentence(body, ended=ended) if _end_of_sentence(body, ended=ended) else 0

    def _close(self, cut: int) -> None:
        part, rest = self._open[:cut], self._open[cut:]
        lead = len(part) - len(part.lstrip())
        judged = self._is_statement(part.strip("\n"), opens=self._at_line_start(lead))
        self._begun = True
        good = not judged or self._judge(part.strip())
        if not good:
            self.unsupported.append(_bare(part))
        if good or not self._strict:
            self._pass_on(cut)
            self._kept.append(part)
            if not good:
                self._show(MARK)
        self._open, self._shown = rest, 0

    def _at_line_start(self, lead: int) -> bool:
        return not self._begun or "\n" in self._open[:lead]

    def _is_statement(self, part: str, *, opens: bool) -> bool:
        line = part.strip()
        fence = FENCE.match(self._open.lstrip().partition("\n")[0]) if opens else None  # of its whole line
        table, self._in_table = self._in_table, line.startswith("|")
        if self._fence:
            if closes_fence(line, self._fence):
                self._fence = ""
            return False
        if fence:
            self._fence = fence.group(1)
            return False
        if line.startswith("|"):
            return table and bool(re.search(r"\w", line))
        return not line.startswith("#") and not _bare(line).endswith(":")

    def _pass_on(self, until: int) -> None:
        if until > self._shown:
            self._show(self._open[self._shown : until])
            self._shown = until

    def _keep(self, rest: str) -> None:
        self._kept.append(rest)
        self._open = ""


def _end_of_sentence(body: str, *, ended: bool) -> int:
    """The end of the first sentence with the markers behind it; 0 while more of it may come."""
    paragraph = re.search(
        rf"\n[ \t]*\n|\n(?=[ \t>]*(?:{LIST_MARKER}[ \t]|#{{1,6}}[ \t]|\||`{{3}}|~{{3}}))|\n(?<=[.!?:\]|]\n)", body
    )
    text = body[: paragraph.start()] if paragraph else body
    for start, end in list(sentences(text)):
        if start == 0 and _MARKERS.fullmatch(text[:end].strip()):
            continue
        behind = _MARKERS.match(text, end)
        stop = behind.end() if behind else end
        rest = text[stop:].strip()
        if rest:
            return 0 if re.fullmatch(r"\[\d{0,3}", rest) and not (ended or paragraph) else stop
        if paragraph or ended:
            return len(text.rstrip()) or 1
        return 0
    return len(body) if ended or paragraph else 0


def _bare(part: str) -> str:
    return re.sub(r"\s{0,9}\[\d{1,3}\]", "", re.sub(rf"^[\s>]*{LIST_MARKER}[ \t]+", "", part)).strip()
