"""Remove links from an answer that do not lead to pages that it cites. Pure.

A link or picture that a page smuggled into an answer could send words of the prompt to an attacker's server, by a click
or by being rendered. So all pictures are removed. A link, whose text hides its target, is kept if it leads to the page
of a cited passage; a visible address is kept if it is on the site of such a page; any other address is broken so that
it is not a link. Code is not changed.

Regular expressions remove the links; a CommonMark parser then reads the answer so far as a renderer would, with HTML
and without. If it still finds a forbidden link, all link syntax and addresses are removed from the text.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ingest.text.markdown import CODE_SPAN, fenced_code
from rag.records import Hit

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_PICTURE_OR_LINK = re.compile(r"(!?)\[([^\[\]\n]*)\][ ]?\(\s*<?([^()\s<>]*(?:\([^()\s]*\)[^()\s<>]*)?)>?[^()\n]*\)")
_LOOSE = re.compile(r"\]\((?=([^()\s]*))|!(\[)")
"""Remains of broken links and pictures: renderers differ in which of them they repair."""

_DEFINITION = re.compile(r"(?m)^((?:[ \t>]|[-*+][ \t]|\d{1,3}[.)][ \t])*)\[([^\]\n]*)\]:")
"""What may define a link: `[label]: address` at the start of a line."""

_HTML = re.compile(r"</?[a-zA-Z][^<>\n]*>|<[!?][^<>]*>?")
_DANGEROUS = re.compile(
    r"/?(?:a|img|iframe|script|svg|video|audio|object|embed|form|input|link|meta|style|base)\b|[!?]", re.IGNORECASE
)
_ADDRESS = re.compile(
    r"\b([a-z][a-z0-9+.-]{1,20}:)//([^\s<>()\[\]`\"']+)|\b(?:mailto|javascript|data|file|vbscript):(?=\S)",
    re.IGNORECASE,
)
_LINKABLE = re.compile(
    r"\]\(|\]\[|\]:|!\[|<[a-zA-Z/!?]|://|\b(?:mailto|javascript|data|file|vbscript):\S", re.IGNORECASE
)
"""A text without any of these cannot contain a link."""

_LONGEST_CONTEXT: Final = 12_000
"""Characters before a piece that are parsed with it, some ten milliseconds. In a longer block, links and addresses are
removed from code as well."""

Page = tuple[str, str]
"""Host and path."""


class LinkTargets:
    """The pages of the passages, and which of them the answer cites so far."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        self._pages = [_page(hit.chunk.url) for hit in hits]
        self._cited: set[Page] = set()

    def cite(self, numbers: Collection[int]) -> None:
        """Allow the pages of the passages with these numbers, from 1."""
        self._cited.update(self._pages[number - 1] for number in numbers if 1 <= number <= len(self._pages))

    def allow(self, target: str, *, in_sight: bool) -> bool:
        """Whether a link may lead there; `in_sight`: the reader sees the address, so that its site is enough."""
        if "[" in target or "]" in target:  # which urlsplit refuses
            return False
        parts = urlsplit(target)
        if parts.scheme.lower() not in ("http", "https"):
            return False
        if in_sight:
            return any(parts.netloc.lower() == host for host, _ in self._cited)
        return not parts.query and _page(target) in self._cited


def _page(url: str) -> Page:
    parts = urlsplit(url)
    return parts.netloc.lower(), parts.path.rstrip("/")


@dataclass(frozen=True, slots=True)
class Sanitized:
    """A text without foreign links, and how many links, pictures and addresses it lost."""

    text: str
    removed: int


def sanitize_links(text: str, targets: LinkTargets, before: str = "", *, is_code: bool = False) -> Sanitized:
    """Remove from `text` the links that lead to no cited page; `before` is the text that a reader sees before it.

    `is_code`: the text is assumed to be a block of code, which is not changed if the parser agrees.
    """
    cleaned = Sanitized(text, 0) if is_code else _Cleaner(targets).clean(text)
    if not _LINKABLE.search(cleaned.text):
        return cleaned
    if len(before) > _LONGEST_CONTEXT:
        return _flatten(text)
    if _is_safe(before + cleaned.text, targets):
        return cleaned
    undefined = _DEFINITION.sub(_undefine, cleaned.text)
    if undefined != cleaned.text and not is_code and _is_safe(before + undefined, targets):
        return Sanitized(undefined, cleaned.removed)
    return _flatten(text)


def strip_links(text: str, hit: Hit) -> str:
    """Return a passage's words for plain text: addresses outside its site are broken, so that they are not links."""
    return _Cleaner(_targets_of(hit)).clean(text).text


def sanitize_quote(text: str, hit: Hit) -> str:
    """Return a passage's words for markdown, with links to its own page or site only: pages smuggle links as well."""
    return sanitize_links(text, _targets_of(hit)).text


def _targets_of(hit: Hit) -> LinkTargets:
    targets = LinkTargets([hit])
    targets.cite([1])
    return targets


def trim_context(shown: str) -> str:
    """Return the end of a text that determines how the text after it is rendered; less of a long text.

    A text can be cut before a paragraph that no list, quote or block of code reaches into.
    """
    if len(shown) <= _LONGEST_CONTEXT // 2:
        return shown
    for found in re.finditer(r"\n\n(?=[A-Za-z])", shown[len(shown) // 2 :]):
        at = len(shown) // 2 + found.end()
        if _ends_at_top_level(shown[:at]):
            return shown[at:]
    return shown


def _undefine(found: re.Match[str]) -> str:
    """Disable a link definition: a citation keeps its mark, any other label loses its brackets."""
    return f"{found[1]}[{found[2]}] :" if found[2].isdecimal() else f"{found[1]}{found[2]}:"


class _Cleaner:
    """Takes links out of one text, outside its code."""

    def __init__(self, targets: LinkTargets) -> None:
        self._targets = targets
        self._removed = 0

    def clean(self, text: str) -> Sanitized:
        parts, at = [], 0
        for start, end in _code_places(text):
            parts += [self._prose(text[at:start]), text[start:end]]
            at = end
        return Sanitized("".join([*parts, self._prose(text[at:])]), self._removed)

    def _prose(self, text: str) -> str:
        text = _PICTURE_OR_LINK.sub(self._link, text)
        text = _HTML.sub(self._tag, text)
        text = _LOOSE.sub(self._loose, text)
        return _ADDRESS.sub(self._address, text)

    def _link(self, found: re.Match[str]) -> str:
        picture, words, target = found.groups()
        if not picture and self._targets.allow(target, in_sight=False):
            return found[0]
        self._removed += 1
        return words

    def _tag(self, found: re.Match[str]) -> str:
        inside = found[0][1:-1]
        if re.match(r"https?://", inside):
            return f"<{inside}>" if self._targets.allow(inside, in_sight=True) else inside
        if not _DANGEROUS.match(inside):
            return found[0]  # <key> is a placeholder of docs
        self._removed += 1
        return ""

    def _loose(self, found: re.Match[str]) -> str:
        return found[0] if self._targets.allow(found[1] or "", in_sight=False) else found[2] or "] ("

    def _address(self, found: re.Match[str]) -> str:
        if self._targets.allow(found[0], in_sight=True):
            return found[0]
        self._removed += 1
        return found[2] or ""


def _code_places(text: str) -> Iterator[tuple[int, int]]:
    """Where a text shows code: blocks, and spans without a cell's border, which would end them in a table."""
    at = 0
    blocks = [(code.start, code.end) for code in fenced_code(text)]
    for start, end in [*blocks, (len(text), len(text))]:
        spans = CODE_SPAN.finditer(text, at, start)
        yield from ((span.start(), span.end()) for span in spans if "|" not in span[0])
        if end > start:
            yield start, end
        at = end


def _flatten(text: str) -> Sanitized:
    """Return the text without any link syntax or addresses, in code as well."""
    flat = _PICTURE_OR_LINK.sub(r"\2", text)
    flat = re.sub(r"<(?=[a-zA-Z/!?])", "‹", flat)
    flat = re.sub(r"!(?=\[)", "", flat)
    flat = re.sub(r"\](?=[(\[:])", "] ", flat)
    while _ADDRESS.search(flat):
        flat = _ADDRESS.sub(lambda found: found[2] or "", flat)
    return Sanitized(flat, max(1, len(_LINKABLE.findall(text)) - len(_LINKABLE.findall(flat))))


def _is_safe(text: str, targets: LinkTargets) -> bool:
    """Whether no renderer finds a forbidden link, picture or address in the text."""
    variants = [text, re.sub(r"(?<!\\)\|", "\n\n", text)] if "|" in text and "`" in text else [text]
    return all(_has_allowed_links(parser, variant, targets) for parser in _parsers() for variant in variants)


def _has_allowed_links(parser: "MarkdownIt", text: str, targets: LinkTargets) -> bool:
    env: dict[str, Any] = {}
    tokens = parser.parse(text, env)
    if env.get("references"):
        return False
    for token in tokens:
        if token.type == "html_block" and _has_dangerous_tag(token.content):
            return False
        if not all(_is_allowed(child, targets) for child in token.children or ()):
            return False
    return True


def _is_allowed(token: "Token", targets: LinkTargets) -> bool:
    if token.type == "image":
        return False
    if token.type == "link_open":
        return targets.allow(str(token.attrs.get("href", "")), in_sight=token.markup == "autolink")
    if token.type == "html_inline":
        return not _has_dangerous_tag(token.content)
    if token.type == "text":
        return all(targets.allow(found[0], in_sight=True) for found in _ADDRESS.finditer(token.content))
    return True


def _has_dangerous_tag(html: str) -> bool:
    return any(_DANGEROUS.match(found[0][1:]) for found in re.finditer(r"<[^\s<>]+", html))


def _ends_at_top_level(text: str) -> bool:
    tokens = _parsers()[0].parse(f"{text}end", {})
    return len(tokens) > 2 and tokens[-3].type == "paragraph_open" and tokens[-2].content == "end"


@cache
def _parsers() -> "tuple[MarkdownIt, ...]":
    """Parsers as renderers use them: with HTML, and with HTML shown as text. Both read tables."""
    from markdown_it import MarkdownIt

    class Reader(MarkdownIt):
        """Returns every link, with its address as written, because this module decides which are allowed."""

        def normalizeLink(self, url: str) -> str:  # noqa: N802 - the library's name
            return url

        def validateLink(self, url: str) -> bool:  # noqa: N802, ARG002 - the same
            return True

    return tuple(Reader("commonmark", {"html": html}).enable(["table", "strikethrough"]) for html in (True, False))
