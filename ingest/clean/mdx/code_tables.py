"""Code that another program converted to a table of line numbers -> fenced code. Pure.

Such a table is inside a fence (made of a `<pre>` with a table in it) or outside of one. Its first
column counts the lines, or shows the prompts `$` and `>` of a shell. If the program trimmed the cells,
the indent of each line is lost and can't be restored.
"""

import html
import re
from typing import Final

from ingest.clean.mdx.fences import fence_info
from ingest.clean.render.blocks import Block, fence
from ingest.clean.render.languages import guess_language, language_of_label
from ingest.text.markdown import FENCE, closes_fence

_RULE = re.compile(r"[ \t]*\|(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*$")
_ROW = re.compile(r"[ \t]*\|[ ]?(?P<mark>\d{1,6}|[$>#%]|[ ]*)[ ]?\|[ ]?(?P<code>.*?)[ ]?\|[ \t]*$")
_ONE_CELL = re.compile(r"[ \t]*\|[ ]?(?P<code>.*?)[ ]?\|[ \t]*$")
_BLANK_HEAD = re.compile(r"[ \t]*\|(?:[ \t]*\|){1,2}[ \t]*$")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!|<>~-])")
_CODE_SIGNS = re.compile(r"[{}()\[\];=<>$\"'/]")
_EMPTY_HEADING = re.compile(r"[ \t]{0,3}#{1,6}[ \t]*$")
_NAMES: Final = (
    r"typescript|javascript|python|curl|shell|bash|node(?:\.?js)?|npm|pnpm|yarn|bun|deno|pip|uv|poetry|golang|go|"
    r"rust|kotlin|java|swift|ruby|php|c#|\.net|json|yaml|http|powershell"
)
# The labels of a code group's tabs without the separators between them: `PythonTypeScript (fetch)cURL`.
_TABS = re.compile(rf"(?:(?:{_NAMES})(?: SDK| \([^()]{{1,30}}\))*){{1,12}}", re.IGNORECASE)
_TAB = re.compile(rf"(?:{_NAMES})(?: SDK| \([^()]{{1,30}}\))*", re.IGNORECASE)


def mend_code(text: str) -> str:
    """Return a page with its code tables as fences, and without empty headings.

    A line above such a table with nothing but names of languages is the row of its tabs:
    the first names the code's language, or is its title where there are several.
    """
    lines = text.split("\n")
    out: list[str] = []
    at = 0
    while at < len(lines):
        opened = FENCE.match(lines[at])
        end = _block_end(lines, at, opened)
        code = _fenced(lines[at + 1 : end - 1]) if opened else _bare(lines[at:end])
        if code is not None:
            pad = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
            block = _code_block("\n".join(code).strip("\n"), _labels(out), lines[at][opened.end() :] if opened else "")
            out += [(pad + line).rstrip() for line in fence(block).split("\n")]
        elif opened or not _EMPTY_HEADING.match(lines[at]):
            out += lines[at:end]
        at = end
    return "\n".join(out)


def _block_end(lines: list[str], at: int, opened: re.Match[str] | None) -> int:
    """Return the line after the fence or the table that begins at line `at`."""
    end = at + 1
    if opened:
        while end < len(lines) and not closes_fence(lines[end], opened[1]):
            end += 1
        return min(end + 1, len(lines))
    if end < len(lines) and lines[at].lstrip().startswith("|") and _RULE.match(lines[end]):
        while end < len(lines) and lines[end].lstrip().startswith("|"):
            end += 1
    return end


def _fenced(lines: list[str]) -> list[str] | None:
    """Return the code lines of a table that fills a fence; None if the fence contains anything else."""
    if len(lines) < 3 or not _RULE.match(lines[1]) or not (_BLANK_HEAD.match(lines[0]) or _ROW.match(lines[0])):
        return None
    rows = lines[2:] if _BLANK_HEAD.match(lines[0]) else [lines[0], *lines[2:]]
    if lines[1].count("|") == 2:
        return [_cell(row, _ONE_CELL) for row in rows]
    marks = [found["mark"].strip() for row in rows if (found := _ROW.match(row))]
    return [_cell(row, _ROW) for row in rows] if marks and _counts(marks) else None


def _cell(row: str, shape: re.Pattern[str]) -> str:
    """The code of a row. A cell with line breaks continues on lines that are not rows."""
    found = shape.match(row)
    return (found["code"] if found else row.strip(" |")).rstrip()


def _counts(marks: list[str]) -> bool:
    """Return whether the cells are prompts, or count upwards by one."""
    if all(mark in "$>#%" for mark in marks):
        return any(marks)
    numbers = [int(mark) for mark in marks if mark.isdigit()]
    return len(numbers) > len(marks) / 2 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _bare(lines: list[str]) -> list[str] | None:
    """The code lines of a table outside a fence, without the converter's escapes; None where it is a real table.

    People number rows as well: it must have no head, and look like code.
    """
    if len(lines) < 3 or not _RULE.match(lines[1]):
        return None
    code = _fenced(lines) if lines[1].count("|") == 3 else None
    if code is None:
        return None
    code = [html.unescape(_ESCAPED.sub(r"\1", line)) for line in code]
    full = [line for line in code if line.strip()]
    telling = sum(bool(_CODE_SIGNS.search(line)) for line in full)
    return code if guess_language("\n".join(code)) or telling > len(full) / 2 else None


def _labels(out: list[str]) -> list[str]:
    """Take the labels of tabs off the end of the text above a code block."""
    last = next((at for at in range(len(out) - 1, -1, -1) if out[at].strip()), None)
    if last is None or not _TABS.fullmatch(out[last].strip()):
        return []
    labels = _TAB.findall(out[last].strip())
    del out[last:]
    return labels


def _code_block(code: str, labels: list[str], info: str) -> Block:
    """A code block with the language and title of its fence; the first label supplies what the fence lacks."""
    language, title = fence_info(info)
    first = labels[0] if labels else ""
    language = language or guess_language(code, first) or language_of_label(first)
    return Block(code, "code", language=language, title=title or (first if len(labels) > 1 else ""))
