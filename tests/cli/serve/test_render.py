"""Markdown of pages and models as HTML, and links to the very sentence."""

import pytest

from cli.serve.render import answer_html, fragment_url, safe_html
from ingest.core.records import Chunk
from rag.records import Citation, Hit

PAGE = "https://docs.example.org/guide"


def cite(marker: int = 1, url: str = PAGE, quote: str = "A quote.") -> Citation:
    chunk = Chunk("id", url, "part", "Guide", ("Part",), quote, "", 0, len(quote), 3)
    return Citation(marker, Hit(1, 1.0, 1.0, 1.0, chunk), quote, 0, len(quote))


@pytest.mark.parametrize(
    ("quote", "link"),
    [
        ("A short quote.", "#part:~:text=A%20short%20quote."),
        ("Use `max_tokens`, **always**.", "#part:~:text=Use%20max_tokens%2C%20always."),
        ("See [the guide](https://x.example) & more", "#part:~:text=See%20the%20guide%20%26%20more"),
        ("built-in", "#part:~:text=built%2Din"),
        (
            "one two three four five six seven eight nine ten eleven twelve thirteen",
            "#part:~:text=one%20two%20three%20four%20five,nine%20ten%20eleven%20twelve%20thirteen",
        ),
        (
            "First, this is a start.\n\n- one\n- the last item here now",
            "#part:~:text=First%2C%20this%20is%20a%20start.,the%20last%20item%20here%20now",
        ),
        ("```python\nprint(1)\n```", "#part"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "#part"),
        ("日本語の文。", "#part:~:text=%E6%97%A5%E6%9C%AC%E8%AA%9E%E3%81%AE%E6%96%87%E3%80%82"),
    ],
)
def test_a_citation_opens_the_page_at_its_words(quote: str, link: str) -> None:
    assert fragment_url(f"{PAGE}#part", quote) == PAGE + link


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "/docs/a", "data:text/html,x", ""])
def test_only_http_is_linked(url: str) -> None:
    assert fragment_url(url, "words") == ""


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
