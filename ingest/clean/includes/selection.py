"""Which lines of a file are included: ranges, named sections, from one text to another, one Python definition."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import dedent

from ingest.text.front_matter import split_front_matter

_NAME = r"[\w.:-]+"
# Sections of pymdownx.snippets, mdBook, editors' regions (VitePress) and AsciiDoc; their marks are not shown.
_MARK = re.compile(
    rf"-*8<-+[ \t]*\[[ \t]*(?P<snippet>start|end)[ \t]*:[ \t]*(?P<a>{_NAME})[ \t]*\]"
    rf"|\bANCHOR(?P<anchor>_END)?:[ \t]*(?P<b>{_NAME})"
    rf"|(?:#[ ]?|//[ ]|@)(?:pragma[ ])?(?P<region>end)?region\b(?:[ \t]+(?P<c>{_NAME}))?[ \t]*(?:-->|\*/)?[ \t]*$"
    rf"|\b(?P<tag>tag|end)::(?P<d>{_NAME})\[\]"
)
_COMMENT = re.compile(r"[ \t]*(?://|#|--|;|%|<!--|/\*|\*|\"|'|rem\b|::|@)", re.IGNORECASE)
_RANGE = re.compile(r"(-?\d+)?(?:(-|:|\.\.)(-?\d+)?)?")
_LONGEST_FILE = 1_000_000
"""Lines; a range that ends further on ends there."""


class SelectionError(Exception):
    """The file does not have the lines that are asked for; the message says which."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The lines of a file that are included; all of them where nothing is set.

    `lines` are pairs of first and last line, counted from 1; 0 as last is the end of the file.
    """

    section: str = ""
    lines: tuple[tuple[int, int], ...] = ()
    start_after: str = ""
    start_at: str = ""
    end_before: str = ""
    end_at: str = ""
    definition: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether the whole file is included."""
        return self == Selection()


def parse_ranges(text: str) -> tuple[tuple[int, int], ...]:
    """Read `1,3-5,20-` (also with `:` or `..` between the numbers) as pairs of first and last line."""
    found: list[tuple[int, int]] = []
    for part in re.split(r"[,;]", text):
        match = _RANGE.fullmatch(part.strip())
        if match is None or not part.strip():
            continue
        first = int((match[1] or "1")[:7])
        last = int((match[3] or "0")[:7]) if match[2] else first
        found.append((max(1, first), max(0, last)))
    return tuple(found)


def select_lines(text: str, selection: Selection) -> str:
    """Return the selected lines, without common indent and marks of sections. Raises SelectionError."""
    lines = text.split("\n")
    if selection.section:
        lines = _section(lines, selection.section)
    if selection.definition:
        lines = _definition(lines, selection.definition)
    if selection.lines:
        lines = _ranges(lines, selection.lines)
    if selection.start_after or selection.start_at or selection.end_before or selection.end_at:
        lines = _between(lines, selection)
    if selection.is_whole:
        lines = split_front_matter(text)[1].split("\n") if text.startswith(("---", "+++")) else lines
    return dedent("\n".join(line for line in lines if not _is_mark(line))).strip("\n")


def _is_mark(line: str) -> bool:
    return _mark(line) is not None


def _mark(line: str) -> tuple[str, bool] | None:
    """Return (name, whether it begins) for a line that marks a section; None for any other."""
    if "8<" not in line and "ANCHOR" not in line and "region" not in line and "::" not in line:
        return None
    found = _MARK.search(line)
    if found is None or not (_COMMENT.match(line) or found["a"] or found["b"]):
        return None
    name = found["a"] or found["b"] or found["c"] or found["d"] or ""
    return name, not (found["snippet"] == "end" or found["anchor"] or found["region"] or found["tag"] == "end")


def _section(lines: Sequence[str], name: str) -> list[str]:
    """Return the lines between the marks of a section; one that does not end goes on to the end of the file."""
    out: list[str] = []
    inside = found = False
    for line in lines:
        mark = _mark(line)
        if mark is None:
            out += [line] if inside else []
        elif mark[0] == name:
            inside, found = mark[1], True
        elif inside and mark == ("", False):  # `#endregion` names nothing
            inside = False
    if not found:
        raise SelectionError(f"has no section {name}")
    return out


def _ranges(lines: Sequence[str], ranges: Iterable[tuple[int, int]]) -> list[str]:
    out: list[str] = []
    for first, last in ranges:
        out += lines[first - 1 : last or _LONGEST_FILE]
    if not out:
        raise SelectionError(f"has only {len(lines)} lines")
    return out


def _between(lines: Sequence[str], selection: Selection) -> list[str]:
    """Return the lines from the one that contains a text to the one that contains another."""
    first, last = 0, len(lines)
    opening = selection.start_after or selection.start_at
    if opening:
        first = next((n for n, line in enumerate(lines) if opening in line), -1)
        if first < 0:
            raise SelectionError(f"does not contain {opening!r}")
        first += bool(selection.start_after)
    closing = selection.end_before or selection.end_at
    if closing:
        begin = first + bool(selection.start_at)
        last = next((n for n in range(begin, len(lines)) if closing in lines[n]), len(lines))
        last += bool(selection.end_at)
    return list(lines[first:last])


def _definition(lines: Sequence[str], name: str) -> list[str]:
    """Return the lines of a Python function or class, such as `Kettle.boil`, with its decorators."""
    first, last, indent = 0, len(lines), ""
    for part in name.split("."):
        pattern = re.compile(rf"({indent}[ \t]*)(?:async[ \t]+)?(?:def|class)[ \t]+{re.escape(part)}\b")
        at = next((n for n in range(first, last) if pattern.match(lines[n])), -1)
        if at < 0:
            raise SelectionError(f"does not define {name}")
        found = pattern.match(lines[at])
        indent = found[1] if found else ""
        ends = (
            n
            for n in range(at + 1, last)
            if lines[n].strip() and not lines[n].startswith((f"{indent} ", f"{indent}\t"))
        )
        last = next((n for n in ends if not lines[n].lstrip().startswith((")", "]"))), last)
        first = at
    while first > 0 and lines[first - 1].startswith(f"{indent}@"):
        first -= 1
    return list(lines[first:last])
