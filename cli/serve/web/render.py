"""Render markdown of pages and models as safe HTML. Pure.

The input is untrusted: raw HTML is not read as HTML, and the renderer's output is filtered again by an allow list
(nh3, the Python binding of Rust's ammonia).
"""

import re
from collections.abc import Sequence
from functools import partial
from typing import Final

from ingest.text.markdown_html import markdown_html
from rag.generate.excerpts.emphasis import decisive_spans
from rag.records import Citation
from rag.verify.sentence_gate import MARK

_TAGS: Final = frozenset(
    "a p ul ol li pre code em strong s blockquote table thead tbody tr th td br hr h1 h2 h3 h4 h5 h6 mark sup".split()
)
_ATTRIBUTES: Final = {"a": {"href", "class"}, "ol": {"start"}, "th": {"align"}, "td": {"align"}}
_MARKER: Final = re.compile(r"\[(?:<mark>)?(\d{1,3})(?:</mark>)?\]")
_HEADINGS_BELOW: Final = 3
"""Above them are the page's name, the question, and the title of the passage."""

_WIDE: Final = '<div class="wide" tabindex="0" role="group" aria-label="Table">'


def safe_html(text: str, words: frozenset[str] = frozenset(), *, links: bool = True) -> str:
    """Markdown as safe HTML, with these words of a question marked. Pictures and raw HTML become text.

    What may be too wide, code and tables, can be scrolled with the keyboard.
    """
    import nh3

    html = nh3.clean(
        markdown_html(text, _HEADINGS_BELOW, partial(decisive_spans, words=words) if words else None),
        tags=set(_TAGS) if links else _TAGS - {"a"},
        attributes={name: set(names) for name, names in _ATTRIBUTES.items()},
        set_tag_attribute_values={"pre": {"tabindex": "0"}},
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer nofollow",
    )
    return html.replace("<table>", f"{_WIDE}<table>").replace("</table>", "</table></div>")


def answer_html(
    text: str, citations: Sequence[Citation], words: frozenset[str] = frozenset(), prefix: str = "source"
) -> str:
    """An answer as safe HTML: each marker [n] is a link to its source card, `#PREFIX-n`; markers in code stay text.

    `words` of the question are marked.
    """
    known = {citation.marker for citation in citations}
    parts = re.split(r"(<pre[ >].*?</pre>|<code>.*?</code>)", safe_html(text, words), flags=re.DOTALL)

    def chip(found: re.Match[str]) -> str:
        number = int(found.group(1))
        if number not in known:
            return found.group()
        return f'<a class="cite" href="#{prefix}-{number}" aria-label="source {number}">{number}</a>'

    shown = "".join(part if index % 2 else _MARKER.sub(chip, part) for index, part in enumerate(parts))
    return shown.replace(MARK, f' <span class="unsure">{MARK.strip(" []")}</span>')
