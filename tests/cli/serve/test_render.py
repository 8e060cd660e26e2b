"""Markdown of pages and models as HTML."""

from cli.serve.web.render import answer_html, safe_html
from ingest.core.records import Chunk
from rag.records import Citation, Hit

PAGE = "https://docs.example.org/guide"


def cite(marker: int = 1, url: str = PAGE, quote: str = "A quote.") -> Citation:
    chunk = Chunk("id", url, "part", "Guide", ("Part",), quote, "", 0, len(quote), 3)
    return Citation(marker, Hit(1, 1.0, 1.0, 1.0, chunk), quote, 0, len(quote))


def test_markers_become_links_to_their_source_card_but_not_in_code() -> None:
    shown = answer_html("True [1]. Unknown [7]. Code `a[1]`.\n\n```\nx[1]\n```", [cite(1)])
    assert shown.count('class="cite"') == 1
    assert 'href="#source-1"' in shown
    assert "Unknown [7]" in shown
    assert "<code>a[1]</code>" in shown
    assert "x[1]" in shown


def test_lists_tables_and_code_are_shown_as_such() -> None:
    shown = safe_html("1. one\n2. two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nx = 1\n```")
    for tag in ("<ol>", "<table>", "<th>", '<pre tabindex="0"><code>'):
        assert tag in shown
