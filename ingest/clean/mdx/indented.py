"""Find indented code with a CommonMark parser: indented lines in a list item or after a paragraph are not code.

The only file that imports markdown-it-py. Code spans and fenced code must be marks by now.
"""

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt

_MAY_BE_CODE = re.compile(
    r"^(?:[ ]{4}|[ ]{0,3}\t|[ ]{0,3}>[ ]?(?:[ ]{4}|\t)|[ ]{0,3}(?:[-*+]|\d{1,9}[.)])(?:[ ]{5}|\t))", re.MULTILINE
)
_TAG = re.compile(r"[ \t>]*</?[A-Za-z][^<>]*>")
_TAG_END = re.compile(r"</?[A-Za-z][^<>]*>[ \t]*$")
_BLOCKS = "code fence blockquote hr list reference html_block heading lheading".split()


@dataclass(frozen=True, slots=True)
class IndentedCode:
    """Lines `start` to `end` of a text; `lead` is the indent or quote sign of what the code is in."""

    start: int
    end: int
    lead: str
    lines: tuple[str, ...]


def find_indented_code(text: str) -> list[IndentedCode]:
    """Find the indented code of a text, in order."""
    if not _MAY_BE_CODE.search(text):
        return []
    parser = MarkdownIt("zero", {"html": True}).enable(_BLOCKS).disable("inline")
    lines = text.split("\n")
    found: list[IndentedCode] = []
    for token in parser.parse(text):
        if token.type == "code_block" and token.map:
            code = _code(lines, token.map[0], token.content.split("\n"))
            if not _is_html(lines, code):
                found.append(code)
    return found


def _code(lines: list[str], start: int, content: list[str]) -> IndentedCode:
    while content and not content[-1].strip():
        content.pop()
    raw, first = lines[start], content[0].lstrip(" \t")
    before = raw[: len(raw) - len(first)].expandtabs(4)
    own = len(content[0][: len(content[0]) - len(first)].expandtabs(4))
    lead = before[: max(0, len(before) - own - 4)]
    # The parser shows NUL as U+FFFD; marks are taken from the text itself.
    real = [line[len(line) - len(got.lstrip(" \t")) :] for line, got in zip(lines[start:], content, strict=False)]
    pads = [got[: len(got) - len(got.lstrip(" \t"))] for got in content]
    code = tuple(pad + text if got.strip() else "" for pad, text, got in zip(pads, real, content, strict=True))
    return IndentedCode(start, start + len(content), lead, code)


def _is_html(lines: list[str], code: IndentedCode) -> bool:
    """Whether the lines are tags within tags, which their author indented: more HTML, not code."""
    if not _TAG.match(code.lines[0]):
        return False
    above = next((lines[at] for at in range(code.start - 1, -1, -1) if lines[at].strip()), "")
    return bool(_TAG_END.search(above))
