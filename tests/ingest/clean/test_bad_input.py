"""Pages that are not what they say, and pages made to cost much: read as far as that goes, with a note."""

import re

import pytest

from ingest.clean.page import clean_page
from ingest.core.records import Page
from tests.ingest.clean.pages_of_one import LONG, URL, body

MARKDOWN = f"# Tea\n\n- one\n- two\n\n{LONG}\n"
HTML = (
    f"<!DOCTYPE html><html><body><main><h1>Tea</h1><ul><li>one</li><li>two</li></ul><p>{LONG}</p></main></body></html>"
)


@pytest.mark.parametrize(
    ("content_type", "text", "notes"),
    [
        ("text/html", HTML, ()),
        ("text/markdown", MARKDOWN, ()),
        ("text/markdown", HTML, ("declared as markdown, read as html",)),
        ("text/plain", HTML, ("declared as markdown, read as html",)),
        ("text/html; charset=utf-8", MARKDOWN, ("declared as html, read as markdown",)),
        ("", HTML, ()),
    ],
)
def test_a_page_is_read_in_the_form_that_it_has(content_type: str, text: str, notes: tuple[str, ...]) -> None:
    got = clean_page(Page(url=URL, body=text.encode(), content_type=content_type))
    assert got.document.body == f"# Tea\n\n- one\n- two\n\n{LONG.strip()}\n"
    assert got.notes == notes


OPENINGS = (
    "<div> <span> <b> <ul><li> <blockquote> <table><tr><td> <table><tr><th>x<td> <details><summary>x</summary> <math> "
    "<dl><dd> <a> <section> <pre><span·class=line> <sub> <div·class=accordion> <div·class=admonition> <div·class=math> "
    "<div·role=tabpanel>"
)


@pytest.mark.slow
@pytest.mark.parametrize("opening", OPENINGS.split())
def test_ten_thousand_levels_lose_nothing_behind_them(opening: str) -> None:
    opening = opening.replace("·", " ")
    closing = "".join(f"</{name}>" for name in reversed(re.findall(r"<(\w+)", opening)) if name != "summary")
    got = body(f"<p>Before.</p>{opening * 10_000}deep{closing * 10_000}<p>After.</p>")
    assert got.startswith("Before.")
    assert "deep" in got
    assert "After." in got


def test_a_million_characters_in_one_element() -> None:
    word = "x" * 1_000_000
    assert body(f"<p>{word}</p><p><code>{word}</code></p><p>After.</p>") == f"{word}\n\n`{word}`\n\nAfter."


def test_ten_thousand_cells_spans_and_links() -> None:
    cells = "<td rowspan=60000 colspan=900>x" * 300
    assert "After." in body(f"<table><tr>{cells}</tr><tr><td>y</tr></table><p>After.</p>")
    links = "<a href='#x'>x</a> " * 10_000
    assert body(f"<p>Before.</p><div>{links}</div><p>After.</p>") == "Before.\n\nAfter."


def test_cells_beyond_the_limits_of_a_table_do_not_multiply() -> None:
    rows = "<tr><td rowspan=60000 colspan=900>x</td></tr>" * 3_000
    assert len(body(f"<table>{rows}</table>")) < 10 * 200 * 3_000


def test_below_ten_thousand_levels_words_stay_apart() -> None:
    assert "one two" in body("<div>" * 10_000 + "<p>one</p><p>two</p>").replace("\n", " ")


def test_a_refresh_of_a_million_spaces_is_no_address() -> None:
    page = (
        f'<html><head><meta http-equiv="refresh" content="{" " * 1_000_000}"></head><body><main><h1>Tea</h1><p>Hot.</p>'
    )
    assert clean_page(Page(url=URL, body=page.encode())).document.body == "# Tea\n\nHot.\n"
