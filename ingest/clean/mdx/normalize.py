"""Normalize markdown: a paragraph or table row is one line, and of several spellings the one that HTML pages give.

Code must be marks by now (see `source.protect`).
"""

import html
import re
from dataclasses import dataclass, field
from typing import Final

from ingest.text.unsafe import without_controls

# A line that starts a block of its own and so does not continue the line before it.
_STARTS = re.compile(
    r"[-*+][ \t]|\d{1,9}[.)][ \t]|#{1,6}[ \t]|\||\x00F|```|~~~|\[[^\]]+\]:|(?:[-*_][ \t]*){3,}$|<|\$\$|"
    r":::|!!!|===|\?\?\?"
)
# A line that the next one never continues.
_ENDS = re.compile(r"#{1,6}[ \t]|\||(?:[-*_][ \t]*){3,}$|.*\x00F\d+\x00$|\*\*[^*]*\*\*$|\$\$|:::|!!!|\?\?\?|<")
_PREFIX = re.compile(r"[ \t]*(?:>[ \t]?)*[ \t]*")
_RULER = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?")
_PIPE = re.compile(r"(?<!\\)\|")
_CLOSED = re.compile(r"(?<!\\)\|$")
_BULLET = re.compile(r"^([ \t]*(?:>[ ]?)*[ \t]*)[*+]([ \t]+)(?=\S)", re.MULTILINE)

_ITEM_GAP = re.compile(r"^([ \t]*(?:>[ ]?)*[ \t]*(?:-|\d{1,9}[.)]))[ \t]{2,}(?=\S)", re.MULTILINE)
_STRONG = re.compile(r"(?<![\w/*_.:\\-])__(?=[^\s_])([^_\n]*(?:_[^_\n]+)*[^\s_])__(?![\w/_])")
_EMPHASIS = re.compile(r"(?<![\w/*_.:\\-])_(?=[^\s_])([^_\n]*[^\s_])_(?![\w/_])")
_QUOTE = re.compile(r"(?:^>.*(?:\n|\Z))+", re.MULTILINE)


def pipe_tables(text: str) -> str:
    """Write table rows that begin or end without a pipe with both; a row of dashes marks the table."""
    lines = text.split("\n")
    at = 1
    while at < len(lines):
        lead, rule = _split(lines[at])
        cells = rule.strip().strip("|").count("|") + 1
        head = _split(lines[at - 1])[1]
        if (
            "|" not in rule
            or not _RULER.fullmatch(rule.strip())
            or len(_PIPE.findall(head.strip().strip("|"))) + 1 != cells
        ):
            at += 1
            continue
        row = at - 1
        while row < len(lines) and (row <= at or _PIPE.search(lines[row])) and lines[row].strip():
            words = _split(lines[row])[1].strip()
            lines[row] = f"{lead}{'' if words.startswith('|') else '| '}{words}{'' if _CLOSED.search(words) else ' |'}"
            row += 1
        at = row + 1
    return "\n".join(lines)


def reflow(text: str) -> str:
    """Join wrapped lines, tighten tables, use one sign for list items. Code must be marks by now."""
    text = _EMPHASIS.sub(r"*\1*", _QUOTE.sub(_narrow, _BULLET.sub(r"\1-\2", text)))
    text = _STRONG.sub(r"**\1**", text)
    text = _ITEM_GAP.sub(r"\1 ", text)
    lines = _Lines()
    for raw in text.split("\n"):
        hard = raw.endswith(("  ", "\\"))
        line = raw.rstrip().removesuffix("\\").rstrip() if hard else raw.rstrip()
        lines.add(line, hard=hard)
    return "\n".join(lines.finished())


@dataclass(slots=True)
class _Lines:
    """Joins the lines of each paragraph: `pieces` are those of the last one, `lead` what is before its first word."""

    out: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    lead: str = ""
    hard: bool = False

    def add(self, line: str, *, hard: bool) -> None:
        lead, words = _split(line)
        if self.pieces and self._goes_on(lead, words):
            self.pieces.append(words)
        else:
            columns = _columns(self.pieces[0]) if self.pieces else 0
            self._close()
            first = lead + _row(words, columns) if words.startswith("|") else line
            self.pieces, self.lead = [first], _split(first)[0]
        self.hard = hard and bool(words)

    def finished(self) -> list[str]:
        self._close()
        return self.out

    def _close(self) -> None:
        if self.pieces:
            self.out.append(" ".join(self.pieces))
        self.pieces = []

    def _goes_on(self, lead: str, words: str) -> bool:
        """Return whether a line continues the paragraph of the line before it."""
        first = self.pieces[0][len(self.lead) :]
        if not words or not first or self.hard or _STARTS.match(words) or self._is_ended(first):
            return False
        # A quote may go on without its sign; a line with one more sign is a quote of its own.
        return lead.count(">") <= self.lead.count(">") and len(lead) - len(self.lead) < 8

    def _is_ended(self, first: str) -> bool:
        if len(self.pieces) == 1:
            return bool(_ENDS.match(first))
        last = self.pieces[-1]
        if first.startswith("**") and last.endswith("**"):
            return bool(_ENDS.match(" ".join([first, *self.pieces[1:]])))
        return last.endswith("\x00") and bool(_ENDS.match(last))


def _narrow(match: re.Match[str]) -> str:
    """Remove surplus space after quote signs; next to a list, only as much as all lines but labels have."""
    if re.search(r"^>[ \t]*(?:[-*+]|\d+[.)])[ \t]", match[0], re.MULTILINE):
        pads = [len(pad) for pad in re.findall(r"^>([ \t]*)(?!\*\*[^*\n]*\*\*$)(?=\S)", match[0], re.MULTILINE)]
        surplus = min(pads, default=0) - 1
        return re.sub(rf"^>[ \t]{{{surplus}}}", ">", match[0], flags=re.MULTILINE) if surplus > 0 else match[0]
    return re.sub(r"^>[ \t]{2,}(?=\S)", "> ", match[0], flags=re.MULTILINE)


def _split(line: str) -> tuple[str, str]:
    match = _PREFIX.match(line)
    end = match.end() if match else 0
    return line[:end], line[end:]


def _columns(line: str) -> int:
    """How many cells a row has, as `_row` writes it; 0 for another line."""
    return len(re.findall(r"(?<!\\)\|", line)) - 1 if line.lstrip(" \t>").startswith("|") else 0


def _row(words: str, columns: int) -> str:
    """Write a table row with one space around each cell, and no fewer cells than the row above it has."""
    cells = re.split(r"(?<!\\)\|", words.strip())
    cells = cells[1:-1] if words.rstrip().endswith("|") and len(cells) > 2 else cells[1:]
    if _RULER.fullmatch(words.strip()):
        cells = ["---"] * len(cells)
    cells += [""] * (columns - len(cells))
    return "| " + " | ".join(" ".join(cell.split()) for cell in cells) + " |"


_RULE = re.compile(r"^([ \t]*(?:>[ ]?)*)[ \t]*(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$", re.MULTILINE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ESCAPED = re.compile(r"\\([_*{}<>\[\]()~$.!+'\"&,:;=?@/^%-])")
_LABEL = r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\([^()\s]*\)"
# GFM, "Autolinks (extension)": up to white space or `<`, without the punctuation at its end.
_BARE = re.compile(
    rf"{_LABEL}|<https?://[^\s<>]+>|(?<![\w\"'=/@\[])(?<!\]: )https?://[^\s<>|\[\]\"'`\x00-\x1f]+", re.IGNORECASE
)
_TRAILING: Final = "?!.,:;*_~"
_UNLINKED: Final = "\x03"  # there are no control characters in the text itself
_MARKED = re.compile(r"(?<![\w*\\])(\*{1,3})(?=\S)([^*\n]*[^*\s])\1(?![\w*])")
_ITEM = re.compile(r"([ \t]*(?:>[ ]?)*[ \t]*)(\d{1,9})([.)][ \t]+)(.*)")


def without_rules(text: str) -> str:
    """Drop thematic breaks, which say nothing; underlined headings must be rewritten by now."""
    return _RULE.sub(r"\1", text)


def decode_entities(text: str) -> str:
    """Replace `&mdash;` and its like by their characters; in a table row `&#124;` does not end a cell."""
    return _ENTITY.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    said = without_controls(html.unescape(match[0]))
    return " " if said.isspace() else "\\|" if said == "|" else said


def without_escapes(text: str) -> str:
    """Drop the backslashes before punctuation."""
    return _ESCAPED.sub(r"\1", text)


def unlinked(text: str) -> str:
    """Mark the addresses in an image's alternative text: `link_bare` leaves them as they are."""
    return text.replace("://", f":{_UNLINKED}//")


def link_bare(text: str) -> str:
    """Make links of bare addresses in the text; link targets must have no parentheses by now."""
    return (_BARE.sub(_link, text) if "://" in text else text).replace(_UNLINKED, "")


def _link(match: re.Match[str]) -> str:
    found = match[0]
    if found.startswith("["):
        return found
    if found.startswith("<"):
        return f"[{found[1:-1]}]({found[1:-1]})"
    url = found.rstrip(_TRAILING)
    while url.endswith(")") and url.count(")") > url.count("("):
        url = url[:-1].rstrip(_TRAILING)
    target = url.replace("(", "%28").replace(")", "%29")
    return f"[{url}]({target}){found[len(url) :]}" if url.rpartition("//")[2] else found


def heading_words(text: str) -> str:
    """Return the words of a heading without links and emphasis, as for HTML headings."""
    return _MARKED.sub(r"\2", re.sub(_LABEL, r"\1", text))


def number_lists(text: str) -> str:
    """Count the items of lists that are all numbered `1.`, as a browser does."""
    out: list[str] = []
    lists: list[tuple[str, str, int]] = []  # what is before the number, the first number, the last one shown
    for line in text.split("\n"):
        item = _ITEM.fullmatch(line)
        lead = item[1] if item else line[: len(line) - len(line.lstrip(" \t>"))]
        while (
            lists and line.strip() and (len(lists[-1][0]) > len(lead) or (not item and len(lists[-1][0]) >= len(lead)))
        ):
            lists.pop()
        if item and lists and lists[-1][0] == lead and lists[-1][1] == item[2]:
            shown = lists[-1][2] + 1
            lists[-1] = (lead, item[2], shown)
            line = f"{lead}{shown}{item[3]}{item[4]}"  # noqa: PLW2901 - the line as it is written
        elif item:
            lists = [*(one for one in lists if one[0] != lead), (lead, item[2], int(item[2]))]
        out.append(line)
    return "\n".join(out)
