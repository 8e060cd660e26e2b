"""Build links that open a page at the cited words (text fragments, WICG Scroll To Text Fragment). Pure.

A browser looks for the words that it shows, so a quote's markdown is read first. Two parts of our markdown are not on
the page: the label of a callout, and the name and types of an API's parameter, which a site sets apart from each other.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol
from urllib.parse import quote as percent
from urllib.parse import urlsplit

from ingest.text.markdown_html import display_parser

_AT_ENDS: Final = 5
"""Words of the beginning and of the end that find a long quote; shorter ones may be on a page twice."""

_LONG: Final = 12
"""Words from which on a quote is named by its beginning and end."""

_RUN: Final = (4, 8)
"""Least and most words of the run that is looked for where the beginning and end are not found."""

_LABEL_WORDS: Final = 3
_TYPES: Final = re.compile(r" \([^()]*(?:\([^()]*\)[^()]*)*\)(?::\s*|$)")
_PUNCTUATION: Final = re.compile(r"^[\s,;:.)]+")
_CODE_LINE: Final = re.compile(r"\w.*\w")


class _Token(Protocol):
    """What is read of a token of the markdown parser."""

    type: str
    content: str

    @property
    def nesting(self) -> int:
        """1 opens, -1 closes, 0 does neither."""

    @property
    def children(self) -> "Sequence[_Token] | None":
        """The inline parts of a block."""


@dataclass(frozen=True, slots=True)
class _Block:
    """A paragraph, item or heading as a reader sees it, and its parts between changes of style."""

    words: list[str]
    runs: list[list[str]]


@lru_cache(maxsize=256)  # a citation's link is in the document, in its card and in the stream; a quarter of a megabyte
def fragment_url(url: str, quote: str) -> str:
    """A link that opens the page at the quoted words; "" for an address that is not http or https.

    A second directive names words within the quote: a browser goes there if it does not find the first.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        return ""
    base, _, anchor = url.partition("#")
    directives = "&".join(f"text={directive}" for directive in _directives(quote))
    return f"{base}#{anchor}:~:{directives}" if directives else url


def _directives(quote: str) -> Iterator[str]:
    tokens = display_parser().parse(quote)
    blocks = list(_blocks(tokens))
    if not blocks:
        yield from _rare_words(tokens)
        return
    first, last = blocks[0].words, blocks[-1].words
    if len(blocks) == 1 and len(first) <= _LONG:
        yield _escape(first)
    else:
        yield f"{_escape(first[:_AT_ENDS])},{_escape(last[-_AT_ENDS:])}"
    run = max((run for block in blocks for run in block.runs), key=len, default=[])
    if len(run) >= _RUN[0] and sum(len(block.words) for block in blocks) > len(run):
        yield _escape(run[: _RUN[1]])


def _blocks(tokens: "Sequence[_Token]") -> Iterator[_Block]:
    """The blocks of prose; tables have a cell for each, and code is not prose."""
    in_table = in_quote = 0
    for token in tokens:
        in_table += token.nesting * (token.type == f"table_{'open' if token.nesting > 0 else 'close'}")
        in_quote += token.nesting * token.type.startswith("blockquote_")
        if token.type != "inline" or in_table:
            continue
        block = _read_block(token.children or [])
        is_label = in_quote and len(block.words) <= _LABEL_WORDS and not block.runs
        if block.words and not is_label:
            yield block


def _read_block(children: "Sequence[_Token]") -> _Block:
    parts: list[tuple[str, str]] = []
    bold = 0
    for child in children:
        bold += child.nesting * child.type.startswith("strong_")
        content = " " if child.type in ("softbreak", "hardbreak") else child.content
        parts.append(("bold" if bold else child.type, content))
    if len(parts) > 1 and parts[0][0] == "code_inline" and (types := _TYPES.match(parts[1][1])):
        parts = [("text", parts[1][1][types.end() :]), *parts[2:]]
    runs = [_PUNCTUATION.sub("", content).split() for kind, content in parts if kind == "text"]
    return _Block("".join(content for _, content in parts).split(), [run for run in runs if run])


def _rare_words(tokens: "Sequence[_Token]") -> Iterator[str]:
    """What to look for in a table, the longest cell of its last row, or in code, its longest line."""
    row: list[str] = []
    for token in tokens:
        if token.type == "tr_open":
            row = []
        elif token.type == "inline":
            row.append("".join(child.content for child in token.children or ()))
        elif token.type in ("fence", "code_block"):
            row = [found[0] for line in token.content.split("\n") if (found := _CODE_LINE.search(line))]
    words = max(row, key=len, default="").split()
    if len(words) > 1:
        yield _escape(words[: _RUN[1]])


def _escape(words: Sequence[str]) -> str:
    """Percent-encoded, the characters that the syntax of text fragments uses included."""
    return percent(" ".join(words), safe="").replace("-", "%2D")
