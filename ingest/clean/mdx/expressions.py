"""JavaScript in the prose of MDX pages -> the words that it shows.

Strings, template literals, numbers and constants of the page give their text, elements of JSX within an expression
stay; everything else gives nothing, because only running the program would tell. Code must be marks by now.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Final

from ingest.clean.mdx.source import Protected

_NEXT = re.compile(r"\\|<(?=/?[A-Za-z>])|\{")
_TAG_PART = re.compile(r"\"[^\"]*\"|'[^']*'|>|\{")
_INNER = re.compile(r"[{}]|//[^\n]*|/\*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`", re.DOTALL)
_OTHER = re.compile(r"\{[#.:%{]")
"""Braces of other dialects: attribute lists, shortcodes, placeholders."""
_COMMENTS = re.compile(r"/\*.*?\*/", re.DOTALL)
_STRING = re.compile(r"(?P<quote>['\"])(?P<text>(?:\\.|(?!(?P=quote))[^\\\n])*)(?P=quote)")
_TEMPLATE = re.compile(r"`(?P<text>(?:[^`\\]|\\.)*)`", re.DOTALL)
_MARK = re.compile("\x00S(\\d+)\x00")
_NUMBER = re.compile(r"-?\d[\d_]*(?:\.\d+)?")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_PROGRAM = re.compile(r"=>|&&|\|\||\?|[\w$)\]]\(|^[\w$]+(?:\.[\w$]+)+$|\[[\w$'\"]+\]|\breturn\b")
"""What only a program has; of a page that may not be MDX, braces around anything else are its author's."""
_SUBSTITUTION = re.compile(r"\$\{\s*([^{}]*?)\s*\}")
_CONSTANT = re.compile(
    r"^export[ \t]+const[ \t]+(\w+)[ \t]*(?::[ \t]*\w+[ \t]*)?=[ \t]*([^\n]+?);?[ \t]*$", re.MULTILINE
)
_ATTRIBUTE = re.compile(r"(?<=\s)([\w:-]+)=\{")
_ELEMENT = re.compile(r"<(?=[A-Za-z>])")
_ELEMENT_TAG = re.compile(r"<(?P<close>/?)(?P<name>[A-Za-z][\w.-]*)?")
_ESCAPES: Final = {"n": "\n", "t": " ", "r": "", "b": "", "f": "", "v": ""}
_VOID: Final = frozenset("br hr img input source wbr".split())
_LONGEST: Final = 20_000  # characters of an expression
_DEEPEST: Final = 8  # expressions within elements within expressions
_EFFORT: Final = 30  # characters looked at for each character of the page


def read_constants(text: str, kept: Protected) -> dict[str, str]:
    """Read the constants of a page that are strings or numbers: `export const VERSION = "1.2"`."""
    reader = _Reader(kept, {}, strict=True, effort=len(text))
    values = ((name, reader.literal(value.strip())) for name, value in _CONSTANT.findall(text))
    return {name: value for name, value in values if value is not None}


def write_expressions(text: str, kept: Protected, constants: Mapping[str, str], *, strict: bool) -> str:
    """Replace the expressions of a page by what they show. `strict`: the page is MDX, so every `{…}` is one."""
    if "{" not in text:
        return text
    return _Reader(kept, constants, strict=strict, effort=_EFFORT * len(text) + _LONGEST).prose(text, 0)


@dataclass(slots=True)
class _Reader:
    """Reads prose and the expressions in it; `effort` bounds the characters that are looked at for ends of braces."""

    kept: Protected
    constants: Mapping[str, str]
    strict: bool = field(kw_only=True)
    effort: int = field(kw_only=True)

    def prose(self, text: str, depth: int) -> str:
        """Return the text with what its expressions show."""
        out: list[str] = []
        at = 0
        while found := _NEXT.search(text, at):
            out.append(text[at : found.start()])
            at, piece = self._piece(text, found.start(), depth)
            out.append(piece)
        return "".join(out) + text[at:]

    def _piece(self, text: str, at: int, depth: int) -> tuple[int, str]:
        """Return where an escape, a tag or an expression at `at` ends, and what is shown of it."""
        if text[at] == "\\":
            return at + 2, text[at : at + 2]
        if text[at] == "<":
            end = self._tag_end(text, at)
            return (end, self._tag(text[at:end], depth)) if end else (at + 1, "<")
        end = 0 if _OTHER.match(text, at) else self._brace_end(text, at)
        if not end:
            width = 2 if text.startswith("{{", at) else 1
            return at + width, text[at : at + width]
        shown = self._value(text[at + 1 : end - 1], depth)
        return end, text[at:end] if shown is None else shown

    def _brace_end(self, text: str, at: int) -> int:
        """Return where the expression that begins at `at` ends; 0 if it does not."""
        depth = 0
        begin, limit = at, min(len(text), at + _LONGEST, at + max(0, self.effort))
        while found := _INNER.search(text, at, limit):
            at, sign = found.end(), found[0]
            if sign == "/*":
                at = text.find("*/", at, limit) + 2
                if at < 2:
                    break
            depth += (sign == "{") - (sign == "}")
            if not depth:
                self.effort -= at - begin
                return at
        self.effort -= limit - begin
        return 0

    def _tag_end(self, text: str, at: int) -> int:
        """Return where a tag ends, attributes in braces included; 0 if it does not."""
        begin = at
        while found := _TAG_PART.search(text, at, begin + _LONGEST):
            at = found.end()
            if found[0] == ">":
                self.effort -= at - begin
                return at
            if found[0] == "{":
                at = self._brace_end(text, found.start())
                if not at:
                    return 0
            if self.effort < 0:
                return 0
        self.effort -= _LONGEST
        return 0

    def _tag(self, tag: str, depth: int) -> str:
        """Write the attributes of a tag that are expressions as plain ones; functions and elements are dropped."""
        if tag in ("<>", "</>"):
            return ""
        out: list[str] = []
        at = 0
        while found := _ATTRIBUTE.search(tag, at):
            begin = found.end() - 1
            end = self._brace_end(tag, begin)
            if not end:
                break
            inner = tag[begin + 1 : end - 1]
            words = self.literal(inner.strip())
            if words is None and "<" in inner and depth < _DEEPEST:
                words = " ".join(re.sub(r"<[^<>]*>", " ", self._elements(inner, depth + 1)).split())
            out.append(tag[at : found.start()])
            if words is not None:
                escaped = words.replace('"', "&quot;").replace("\n", " ")
                out.append(f'{found[1]}="{escaped}"' if words else "")
            elif "=>" not in inner:
                out.append(tag[found.start() : end])
            at = end
        return "".join(out) + tag[at:]

    def literal(self, words: str) -> str | None:
        """Return the text of a string, template literal, number or constant; None for anything else."""
        mark = _MARK.fullmatch(words)
        words = self.kept.spans[int(mark[1])] if mark else words
        found = _STRING.fullmatch(words)
        if found:
            return _unescape(found["text"])
        found = _TEMPLATE.fullmatch(words)
        if found:
            filled = _SUBSTITUTION.sub(lambda match: self.literal(match[1]) or "", found["text"])
            return _unescape(filled)
        if _NUMBER.fullmatch(words):
            return words
        return self.constants.get(words) if _NAME.fullmatch(words) else None

    def _value(self, inner: str, depth: int) -> str | None:
        """Return what an expression shows; None if it is none."""
        words = _COMMENTS.sub("", inner).strip() if "/*" in inner else inner.strip()
        if not words:
            return "" if inner.strip() or self.strict else None
        text = self.literal(words)
        if text is not None:
            return text
        if _ELEMENT.search(words):
            return self._elements(inner, depth + 1) if depth < _DEEPEST else ""
        return "" if self.strict or _PROGRAM.search(words) else None

    def _elements(self, inner: str, depth: int) -> str:
        """Return the elements of JSX in an expression, without the program around them."""
        out: list[str] = []
        at = 0
        while found := _ELEMENT.search(inner, at):
            end = self._element_end(inner, found.start())
            if not end:
                at = found.end()
                continue
            lead = inner[inner.rfind("\n", 0, found.start()) + 1 : found.start()]
            element = dedent((lead if not lead.strip() else "") + inner[found.start() : end])
            out.append(self.prose(element, depth))
            at = end
        is_block = any("\n" in element for element in out)
        return ("\n\n{}\n\n" if is_block else "{}").format(("\n\n" if is_block else " ").join(out))

    def _element_end(self, text: str, at: int) -> int:
        """Return where the element that begins at `at` ends; 0 if it does not."""
        depth = 0
        while found := _NEXT.search(text, at):
            at = found.start()
            if text[at] == "{":
                at = self._brace_end(text, at)
            elif text[at] == "\\":
                at += 2
            else:
                end = self._tag_end(text, at)
                tag = _ELEMENT_TAG.match(text, at)
                if end and tag and tag["close"]:
                    depth -= 1
                elif end and tag and text[end - 2] != "/" and tag["name"] not in _VOID:
                    depth += 1
                at = end
            if not at or not depth or self.effort < 0:
                return at
        return 0


def _unescape(text: str) -> str:
    return (
        re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text, flags=re.DOTALL)
        if "\\" in text
        else text
    )
