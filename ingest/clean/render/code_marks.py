"""Marks of authors in code (removed lines, annotations, focus): apply them, so that only usable code is kept."""

import re
from typing import Final

from bs4.element import Tag

from ingest.clean.dom.tree import elements, tokens

CUT: Final = "\x00"
"""Stands for a removed line until the lines are joined, so that the newline after it goes as well."""

# Class tokens of highlighters: `diff remove` (Shiki), `ec-line del` (Expressive Code), `code-block-removed-line`.
_REMOVED = re.compile(
    r"(?:(?:code-block|blob|code|line|diff|highlight|highlighted|hl)[-_]+)*"
    r"(?:removed?|del|deleted?|deletion)(?:[-_]+(?:line|diff))*"
)
_TOKENS = frozenset(("token", "gd", "hljs-deletion"))  # words that a highlighter coloured in a diff

_OPEN = r"[ \t]*(?:#|//|--|;+|%|<!--|/\*|\{/\*)[ \t]*"
_CLOSE = r"[ \t]*(?:-->|\*/\}?)?[ \t]*$"
_REMOVED_LINE = re.compile(rf"^.*{_OPEN}\[!code[ ]--(?::\d+)?\]{_CLOSE}\n?", re.MULTILINE)
_INSTRUCTION = re.compile(rf"{_OPEN}\[!code[ ][^\]\n]{{1,40}}\]{_CLOSE}", re.MULTILINE)
_ANNOTATION = re.compile(rf"{_OPEN}\(\d{{1,2}}\)!{_CLOSE}", re.MULTILINE)
_SHOWN_ANNOTATION = re.compile(rf"{_OPEN}\(\d{{1,2}}\){_CLOSE}", re.MULTILINE)


def removed_lines(pre: Tag) -> set[int]:
    """Return the `id()` of elements below a code block that are marked as removed."""
    return {id(node) for node in elements(pre) if node.name == "del" or (node.attrs and _is_removed(tokens(node)))}


def _is_removed(names: list[str]) -> bool:
    return any(map(_REMOVED.fullmatch, names)) and _TOKENS.isdisjoint(names)


def without_marks(code: str, *, annotated: bool) -> str:
    """Return code without removed lines and comments to the highlighter. `annotated`: notes for `# (1)` follow it."""
    if CUT in code:
        code = re.sub(rf"^[ \t]*{CUT}+[ \t]*\n?", "", code, flags=re.MULTILINE).replace(CUT, "")
    if "[!code" in code:
        code = _INSTRUCTION.sub("", _REMOVED_LINE.sub("", code))
    if ")!" in code:
        code = _ANNOTATION.sub("", code)
    return _SHOWN_ANNOTATION.sub("", code) if annotated else code
