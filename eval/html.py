"""Text -> HTML that is safe to open: everything escaped, no scripts, nothing fetched. Pure."""

import html
import re
from collections.abc import Iterable, Sequence
from importlib.resources import files
from string import Template
from typing import Final

# C0 without tab and line feed, DEL, C1, bidi and zero-width controls, lone surrogates, tag characters.
_CONTROLS: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def escaped(text: object) -> str:
    """Text for element content and quoted attributes."""
    return html.escape(_CONTROLS.sub("", str(text)), quote=True)


def link(url: str, text: str) -> str:
    """A link to a web address; anything else, such as `javascript:`, stays text."""
    if not re.match(r"https?://[^\s]+\Z", url):
        return escaped(text)
    return f'<a href="{escaped(url)}" rel="noreferrer">{escaped(text)}</a>'


def rows(table: Iterable[Sequence[str]], cell: str = "td") -> str:
    """Table rows of cells that are HTML already; columns of figures carry their class in the stylesheet."""
    return "\n".join("<tr>" + "".join(f"<{cell}>{one}</{cell}>" for one in row) + "</tr>" for row in table)


def page(title: str, body: str) -> str:
    """A whole page around `body`, which is HTML already."""
    template = Template(files("eval").joinpath("page.html").read_text(encoding="utf-8"))
    return template.substitute(title=escaped(title), body=body)
