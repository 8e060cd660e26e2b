"""Inline marks of dialects -> plain words: roles and targets of MyST, attribute lists, icons, keys, abbreviations.

Code must be marks by now.
"""

import re
from dataclasses import dataclass
from typing import Final

from ingest.clean.mdx.source import Protected
from ingest.clean.render.inline import code_span

_ROLE = re.compile("\\{(?P<name>[A-Za-z][\\w:+.-]*)\\}\x00S(?P<span>\\d+)\x00")
_RST_ROLE = re.compile("(?<![\\w:`\x00]):(?P<name>[a-z][\\w:+-]{0,60}):\x00S(?P<span>\\d+)\x00")
_PROJECT_LINK = re.compile(r"<(?:project|path|inv|doc|myst|xref):[^<>\s]*>")
_TARGET = re.compile(r"^[ \t]*\([^()\n]{1,200}\)=[ \t]*$", re.MULTILINE)
_SUBSTITUTION = re.compile(r"\{\{[ ]*([\w-]+)[ ]*\}\}")
_FIELD = re.compile(r"^([ \t]*):([a-z][\w -]{0,40}):[ \t]+(?=\S)", re.MULTILINE)
_MYST_COMMENT = re.compile(r"^%(?:[ \t].*)?$", re.MULTILINE)
_BLOCK_BREAK = re.compile(r"^\+\+\+[ \t]*(?:\{.*\})?$", re.MULTILINE)
_SPAN_ATTRIBUTES = re.compile(r"(?<!\])\[([^\[\]\n]+)\]\{[.#:][^{}\n]*\}")
_EXPLICIT = re.compile(r"(?P<words>.*?)\s*<(?P<target>[^<>]*)>$", re.DOTALL)
_PLAIN_ROLES: Final = frozenset(
    "ref doc any term numref abbr abbreviation download eq emphasis strong sub sup subscript superscript guilabel "
    "menuselection title title-reference pep rfc index button-ref button-link dfn underline smallcaps u del "
    "external strike del ins s underlined align span text".split()
)
_REFERENCES: Final = frozenset(("ref", "any", "numref"))
_CODE_ROLES: Final = frozenset("code command samp file program literal kbd option envvar code-inline".split())
_EMPTY_ROLES: Final = ("octicon", "fa", "material", "cite", "bdg-icon", "counter", "raw")
_BADGES: Final = ("bdg", "badge")
_ARROW: Final = re.compile(r"\s*-->\s*")

_VALUE = r"(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s{}\"']+)"
_ATTRIBUTES = re.compile(
    rf"[ \t]?\{{:?[ \t]*(?:[#.][\w:-]+|[\w-]+={_VALUE})(?:[ \t]+(?:[#.][\w:-]+|[\w:-]+={_VALUE}|:[\w-]+:))*[ \t]*\}}"
    r"|\{:[^{}\n]*\}|[ \t]?\{[ \t]*data-[\w-]+[ \t]*\}"
)
_HEADING_ATTRIBUTES = re.compile(
    r"^([ \t]*#{1,6}[ \t].*?)[ \t]*\{:?[ \t]*[^{}\n]*?#([\w:.-]+)[^{}\n]*\}[ \t]*#*[ \t]*$", re.MULTILINE
)
_ICON = re.compile(
    r"[ ]?:(?:material|octicons|fontawesome|simple|lucide|fa|mdi|bi|heroicons)-[\w-]+:"
    r"(?:\{[^{}\n]*\})?(?:[ ]*&nbsp;)?"
)
_KEYS = re.compile(r"\+\+([\w\"-]+(?:\+[\w\"-]+)*)\+\+")
_ABBREVIATION = re.compile(r"^\*\[[^\]\n]+\]:[^\n]*$", re.MULTILINE)
_TOC = re.compile(
    r"^[ \t]*(?:\[\[?(?:toc|_toc_|[-_]*toc[-_]*)\]\]?|\{\{<[ ]*toc[ ]*>\}\}|\$toc\$)[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_NO_CHARACTER = re.compile(r"&#xNAN;")
"""What GitBook writes for a character that it can't name."""
_HIGHLIGHT = re.compile(r"(?<![=\w<>!])==(?=[^\s=])([^=\n]+?)(?<=[^\s=])==(?![=\w])")
_CRITIC = re.compile(r"\{--.*?--\}|\{>>.*?<<\}|\{(?:\+\+|==)(.*?)(?:\+\+|==)\}|\{~~[^~\n]*~>(.*?)~~\}")
_LEAF = re.compile(r"^[ \t]*::[a-z][\w-]*(?:\[([^\]\n]*)\])?(?:\{[^{}\n]*\})?[ \t]*$", re.MULTILINE)
_INLINE_NOTE = re.compile(r"\^\[([^\[\]\n]+)\]")


def plain_marks(text: str, kept: Protected) -> str:
    """Replace the inline marks of MyST, Python-Markdown and remark by the words that a reader sees."""
    text = _PROJECT_LINK.sub("", _RST_ROLE.sub(lambda match: _role(match, kept), text))
    if _ROLE.search(text) or _TARGET.search(text):
        text = _MYST_COMMENT.sub("", _TARGET.sub("", text))
        text = _ROLE.sub(lambda match: _role(match, kept), text)
        # What a project substitutes is in its settings; its name is the word that is left.
        text = _FIELD.sub(r"\1- \2: ", _SUBSTITUTION.sub(r"\1", text))
    text = _BLOCK_BREAK.sub("", _SPAN_ATTRIBUTES.sub(r"\1", _HEADING_ATTRIBUTES.sub("\\1 {\x04\\2}", text)))
    text = _ATTRIBUTES.sub("", text).replace("{\x04", "{#")
    text = _TOC.sub("", _NO_CHARACTER.sub("", _ABBREVIATION.sub("", _ICON.sub("", text))))
    text = _KEYS.sub(_keys, _CRITIC.sub(lambda m: m[1] or m[2] or "", text))
    return _INLINE_NOTE.sub(r" (\1)", _LEAF.sub(r"\1", _HIGHLIGHT.sub(r"\1", text)))


def _keys(match: re.Match[str]) -> str:
    return "+".join(key.strip('"').capitalize() for key in match[1].split("+"))


def _role(match: re.Match[str], kept: Protected) -> str:
    shown = read_role(match["name"], kept.spans[int(match["span"])].strip("`").strip())
    if match["name"].lower() == "math":
        return kept.span(f"${shown.words}$")
    if shown.is_code:
        return kept.span(code_span(shown.words)) if shown.words else ""
    return f"**{shown.words}**" if shown.is_badge else shown.words


@dataclass(frozen=True, slots=True)
class ShownRole:
    """What a reader sees of a role. `target` is what it leads to, where its own words do not say that better."""

    words: str
    is_code: bool = False
    is_badge: bool = False
    target: str = ""


def read_role(role: str, text: str) -> ShownRole:
    """Return the words of a role: of a reference its own words, else its target; code for what names code."""
    name = role.lower()
    explicit = _EXPLICIT.fullmatch(text)
    if name.startswith(_EMPTY_ROLES) and not explicit:
        return ShownRole("")
    if name == "math":
        return ShownRole(text)
    words = explicit["words"] if explicit else text
    words = re.sub(r"[ ]?(?:%s|\{number\})", "", words)
    if name.startswith(_BADGES):
        return ShownRole(words, is_badge=True)
    if name in _PLAIN_ROLES or (" " in words and ":" not in name and name not in _CODE_ROLES):
        plain = words if explicit else words.removeprefix("!").removeprefix("/")
        return ShownRole(_ARROW.sub(" > ", plain), target="" if explicit or name not in _REFERENCES else text)
    if words.startswith("~"):
        words = words[1:].rpartition(".")[2]
    return ShownRole(words.removeprefix("!").removeprefix("."), is_code=True)
