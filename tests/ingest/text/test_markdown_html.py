"""Markdown of pages in a report: rendered, and safe to open."""

import re

import pytest

from ingest.text.markdown_html import markdown_html


def test_it_is_rendered() -> None:
    html = markdown_html("## Limits\n\n- `a` **b**\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n```python\nf(<x>)\n```")
    assert "<h4>Limits</h4>" in html
    assert "<code>a</code> <strong>b</strong>" in html
    assert "<td>1</td>" in html
    assert "f(&lt;x&gt;)" in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://evil.test/pixel.png)",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<b>)",
        "<javascript:alert(1)>",
        '[x](https://a.test "x" onclick="alert(1))',
        '[x](https://a.test/"onmouseover="alert(1))',
        "[x]: javascript:alert(1)\n\n[x]",
        "\x1b[31m\u202e<b>",
    ],
)
def test_nothing_runs_and_nothing_is_fetched(text: str) -> None:
    html = markdown_html(text)
    assert set(re.findall(r"<(\w+)", html)) <= {"p", "a"}
    assert re.findall(r"<\w+[^>]*\son\w+=", html) == []
    assert all(
        re.fullmatch(r'<a href="https?://[^"]*"(?: title="[^"]*")?>', tag) for tag in re.findall("<a[^>]*>", html)
    )
    assert not re.search("[\x1b\u202e]", html)
