"""Markdown as HTML that is safe to open: raw HTML stays text, pictures are not fetched, links lead to http(s). Pure."""

from functools import cache
from typing import Final

from markdown_it import MarkdownIt

from ingest.text.unsafe import UNSAFE

_HEADINGS_BELOW: Final = 2
"""A passage's own headings go below those of the report that shows it."""


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable(["image"])
    parser.validateLink = lambda url: url.lower().startswith(("http://", "https://"))  # type: ignore[method-assign] # its documented hook
    return parser


def markdown_html(text: str) -> str:
    """Render `text`; what is unsafe in it is shown as text or left out."""
    parser = _parser()
    tokens = parser.parse(UNSAFE.sub("", text))
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + _HEADINGS_BELOW)}"
    return str(parser.renderer.render(tokens, parser.options, {}))
