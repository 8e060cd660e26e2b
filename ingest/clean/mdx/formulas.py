r"""Formulas in markdown: `$x$`, `$$x$$`, `\(x\)`, `\[x\]` and LaTeX environments, found in time linear in the text.

The pairs that may lie far apart are found by hand: a pattern would search for the end of each unclosed one again.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

_DOLLARS = re.compile(
    r"(?<![\\$])\$\$(?!\$)(?P<display>(?:[^$\\\n]|\\.|\$(?!\$)|\n(?![ \t]*\n))+)\$\$(?:[ \t]*\([\w:-]+\)[ \t]*$)?"
    r"|(?<![\\$\w])\$(?![\s$])(?P<inline>[^$\n]{0,999}[^\s$\\])\$(?![\w$])",
    re.MULTILINE,
)
_BRACKET = re.compile(r"(?<!\\)(?P<slashes>\\{1,2})(?P<sign>[\[\]()])")
_BEGIN = re.compile(r"^(?P<lead>[ \t]*)\\begin\{(?P<name>[a-z]+\*?)\}", re.MULTILINE)
_BLANK = re.compile(r"\n[ \t]*\n")
_TEX = re.compile(r"\\[a-zA-Z]+|\^|_\{|\{")
_LONGEST: Final = {"[": 2_000, "(": 300}  # characters between brackets; of an environment, see below
_LONGEST_ENVIRONMENT: Final = 20_000
_CLOSING: Final = {"[": "]", "(": ")"}


@dataclass(frozen=True, slots=True)
class _Formula:
    start: int
    end: int
    tex: str
    display: bool
    lead: str = ""


def replace_formulas(text: str, keep: Callable[[str], str]) -> str:
    """Replace each formula by what `keep` gives for it, written as `$x$` or, on lines of its own, as `$$x$$`."""
    for find in (_bracketed, _environments, _between_dollars):
        out: list[str] = []
        at = 0
        for found in find(text):
            out += [text[at : found.start], found.lead, keep(_written(found, text))]
            at = found.end
        text = "".join(out) + text[at:]
    return text


def _written(found: _Formula, text: str) -> str:
    if not found.display:
        return f"${found.tex.strip()}$"
    tex = " ".join(found.tex.replace(">", " ").split() if "\n>" in found.tex else found.tex.split())
    before = text[text.rfind("\n", 0, found.start) + 1 : found.start]
    line_end = text.find("\n", found.end)
    after = text[found.end : line_end if line_end >= 0 else len(text)]
    return f"$${tex}$$" if not before.strip(" \t>") and not after.strip() else f"${tex}$"


def _between_dollars(text: str) -> Iterator[_Formula]:
    for match in _DOLLARS.finditer(text) if "$" in text else ():
        tex = match["display"] or match["inline"]
        yield _Formula(match.start(), match.end(), tex, bool(match["display"]))


def _bracketed(text: str) -> Iterator[_Formula]:
    r"""Formulas between `\[` and `\]` or `\(` and `\)`, each with one or two backslashes.

    Markdown escapes brackets of words in the same way: only what looks like TeX is a formula.
    """
    marks = list(_BRACKET.finditer(text)) if "\\]" in text or "\\)" in text else []
    closers: dict[str, list[re.Match[str]]] = {sign: [m for m in marks if m["sign"] == sign] for sign in "])"}
    starts = {sign: [m.start() for m in found] for sign, found in closers.items()}
    at = 0
    for opened in marks:
        sign = _CLOSING.get(opened["sign"], "")
        if not sign or opened.start() < at:
            continue
        number = bisect_right(starts[sign], opened.start())
        if number == len(starts[sign]):
            continue
        closed = closers[sign][number]
        tex = text[opened.end() : min(closed.start(), opened.end() + _LONGEST[opened["sign"]] + 1)]
        fits = len(tex) <= _LONGEST[opened["sign"]] and not (_BLANK.search(tex) if sign == "]" else "\n" in tex)
        if fits and _TEX.search(tex):
            at = closed.end()
            yield _Formula(opened.start(), at, tex, sign == "]")


def _environments(text: str) -> Iterator[_Formula]:
    r"""Blocks from `\begin{name}` at the start of a line to `\end{name}`, without a blank line between."""
    ends: dict[str, list[int]] = {}
    at = 0
    for opened in _BEGIN.finditer(text) if "\\end{" in text else ():
        if opened.start() < at:
            continue
        closing = f"\\end{{{opened['name']}}}"
        if closing not in ends:
            ends[closing] = [m.end() for m in re.finditer(re.escape(closing), text)]
        number = bisect_right(ends[closing], opened.end())
        end = ends[closing][number] if number < len(ends[closing]) else len(text) + _LONGEST_ENVIRONMENT
        if end - opened.end() > _LONGEST_ENVIRONMENT or _BLANK.search(text, opened.end(), end):
            continue
        at = end
        start = opened.start() + len(opened["lead"])
        yield _Formula(opened.start(), end, text[start:end], display=True, lead=opened["lead"])
