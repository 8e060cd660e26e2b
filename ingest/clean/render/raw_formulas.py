r"""Formulas that a page has as text, between `\(` and `\)` and the like, for a script to set: MathJax, KaTeX.

Only the script makes them formulas: on a page that does not load it, the same signs are text.
"""

import re
from collections.abc import Iterable
from typing import Final

from bs4.element import PageElement, Tag

from ingest.clean.dom.tree import Index, attr, normalize_spaces, tokens

_SOURCE = re.compile(r"mathjax|auto-render(?:\.min)?\.m?js|katex-?auto", re.IGNORECASE)
_PROGRAMS: Final = ("MathJax", "renderMathInElement")
_NOWHERE = re.compile(r"ignoreHtmlClass[\"']?\s*:\s*[\"']\.\*")
"""Material for MkDocs has this setting: only elements of a class are set."""
_IGNORED: Final = frozenset(("tex2jax_ignore", "mathjax_ignore", "no-mathjax", "nomath"))
_PROCESSED: Final = frozenset(("tex2jax_process", "mathjax_process", "math"))
_SIGNS: Final = ("\\(", "\\[", "$$", "\\begin{")
_FORMULA = re.compile(
    r"(?<!\\)\\\((?P<inline>(?:(?!\\[()\[\]]).){1,2000}?)\\\)"
    r"|(?<!\\)\\\[(?P<display>(?:(?!(?<!\\)\\[\[\]]).){1,8000}?)\\\]"
    r"|(?<!\\)\$\$(?P<dollars>[^$]{1,8000})\$\$"
    r"|(?P<environment>\\begin\{(?P<name>[a-zA-Z]+\*?)\}(?:(?!\\begin\{(?P=name)\}).){1,8000}?\\end\{(?P=name)\})",
    re.DOTALL,
)


def sets_raw_formulas(index: Index) -> bool:
    """Whether a script of the page turns TeX in its text into formulas."""
    scripts = index.names.get("script", ())
    texts = (str(text) for tag in scripts for text in tag.contents)
    programs = [text for text in texts if any(name in text for name in _PROGRAMS)]
    if any(_NOWHERE.search(program) for program in programs):
        return False
    return bool(programs) or any(_SOURCE.search(attr(tag, "src")) for tag in scripts if "src" in tag.attrs)


def write_raw_formulas(text: str, node: PageElement) -> str:
    """Write the formulas of a text node as `$x$`, those with a line of their own as `$$x$$` between line breaks."""
    if not any(sign in text for sign in _SIGNS) or _is_ignored(node.parents):
        return text
    return _FORMULA.sub(_written, text)


def _is_ignored(parents: Iterable[Tag]) -> bool:
    for parent in parents:
        names = tokens(parent)
        if not _PROCESSED.isdisjoint(names):
            return False
        if not _IGNORED.isdisjoint(names):
            return True
    return False


def _written(match: re.Match[str]) -> str:
    if match["inline"]:
        return f"${normalize_spaces(match['inline'])}$" if match["inline"].strip() else match[0]
    tex = normalize_spaces(match["display"] or match["dollars"] or match["environment"])
    return f"\n$${tex}$$\n" if tex else match[0]
