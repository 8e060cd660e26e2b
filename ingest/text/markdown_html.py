"""Markdown as HTML that is safe to open: raw HTML stays text, pictures are not fetched, links lead to http(s). Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from ingest.text.unsafe import visible

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

Spans = Callable[[str], Iterable[tuple[int, int]]]
"""A text to the parts of it, (start, end), that are to be marked."""


@cache
def display_parser() -> "MarkdownIt":
    """The parser of CommonMark with tables for text that is shown to people."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable(["image"])
    parser.validateLink = lambda url: url.lower().startswith(("http://", "https://"))  # type: ignore[method-assign] # its documented hook
    parser.add_render_rule("text", _text_html)
    return parser


def markdown_html(text: str, below: int = 2, marks: Spans | None = None) -> str:
    """Render `text`; what is unsafe in it is shown as text or left out.

    Its headings go `below` levels down, under those of the page that shows it. Outside of code, the parts that `marks`
    names are in <mark>.
    """
    parser, env = display_parser(), {"marks": marks}
    tokens = parser.parse(visible(text), env)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + below)}"
    return str(parser.renderer.render(tokens, parser.options, env))


def _text_html(_self: object, tokens: "Sequence[Token]", at: int, _options: object, env: Mapping[str, Any]) -> str:
    text, marks = tokens[at].content, env.get("marks")
    parts, end = [], 0
    for start, stop in marks(text) if marks else ():
        parts += [escape(text[end:start]), "<mark>", escape(text[start:stop]), "</mark>"]
        end = stop
    return "".join([*parts, escape(text[end:])])
