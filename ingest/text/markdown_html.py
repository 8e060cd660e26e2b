"""Markdown as HTML that is safe to open: raw HTML stays text, pictures are not fetched, links lead to http(s). Pure."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from ingest.text.unsafe import visible

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


def display_parser() -> "MarkdownIt":
    """A new parser of CommonMark with tables, for text that is shown to people."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable(["image"])
    parser.validateLink = lambda url: url.lower().startswith(("http://", "https://"))  # type: ignore[method-assign] # its documented hook
    return parser


@cache
def _parser() -> "MarkdownIt":
    return display_parser()


def markdown_html(
    text: str, below: int = 2, parser: "MarkdownIt | None" = None, env: Mapping[str, Any] | None = None
) -> str:
    """Render `text`; what is unsafe in it is shown as text or left out.

    Its headings go `below` levels down, under those of the page that shows it. `parser`, from `display_parser`, may
    have render rules of its own, which get `env`.
    """
    used = parser or _parser()
    values = dict(env or {})
    tokens = used.parse(visible(text), values)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + below)}"
    return str(used.renderer.render(tokens, used.options, values))
