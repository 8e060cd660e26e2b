"""Chrome of sites that nobody listed, where no second page of the site helps."""

import time

import pytest

from ingest.core.errors import CleanError
from tests.ingest.clean.pages_of_one import LONG, bare, body, clean

TEA = f"# Tea\n\n{LONG.strip()}\n"
CONTENT = f"<h1>Tea</h1><p>{LONG}</p>"
MENU = "".join(f"<li><a href='/{n}'>Item {n}</a></li>" for n in range(6))


@pytest.mark.parametrize(
    "markup",
    [
        "<div>Versions: <a href='/v3/a/page'>3</a> <a href='/v2/a/page'>2</a> <a href='/v1/a/page'>1</a></div>",
        "<ul><li><a href='/de/a/page'>Deutsch</a><li><a href='/fr/a/page'>Français</a><li><a href='/es/a/page'>Es</a>",
        "<p><a href='#a'>Alpha</a> | <a href='#b'>Beta</a> | <a href='#c'>Gamma</a></p>",
        "<div>API<ul><li><a href='page#a'>One</a><li><a href='page#b'>Two</a><li><a href='page#c'>Three</a></ul></div>",
        "<div class='box'>You are viewing the docs of an older version. <a href='/new'>See the latest</a>.</div>",
        "<p>This documentation is for an unreleased version of Kettle.</p>",
        "<div>This website uses cookies to make your visit better. <button>Accept</button></div>",
        "<div class='site-footer'><p>Kettle Works, 1 Tea Street</p><a href='/jobs'>Jobs</a></div>",
        "<p>page.txt · Last modified: 2026/01/20 04:32 by <b>anna</b></p>",
        "<p><i>This page was last updated on 2026-01-26</i></p>",
        "<p><button onclick='fold()'>hide</button></p>",
    ],
)
def test_chrome_is_told_by_its_kind(markup: str) -> None:
    assert body(f"<p>{LONG}</p>{markup}") == LONG.strip()


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>In the <a href='/x'>previous article</a>, water was boiled.", "In the [previous article]"),
        ("<p>Releases: <a href='/3'>3.0</a>, <a href='/2'>2.0</a>, <a href='/1'>1.0</a>", "3.0"),
        ("<p>Kettle 3 sets no cookies at all, and needs none.", "no cookies"),
        ("<h2>Copy</h2><p>Copies a pot.", "## Copy"),
        ("<h2>Need help?</h2><p>Call us.", "Call us."),
        ("<p>Press <button>Show</button> to see it.", "Press Show to see it."),
        ("<div><p>Yes</p><p>No</p></div>", "Yes\n\nNo"),
        ("<div class='card-footer'><p>Costs a cup.</p></div>", "Costs a cup."),
    ],
)
def test_content_that_looks_like_chrome_is_kept(markup: str, text: str) -> None:
    assert text in body(f"<p>{LONG}</p>{markup}")


def test_a_list_of_the_pages_below_is_content_and_a_menu_is_not() -> None:
    toc = "<div class='toc'><dl><dt><a href='one.html'>One</a></dt><dt><a href='two.html'{}>Two</a></dt></dl></div>"
    assert "[One]" in body(f"<p>{LONG}</p>{toc.format('')}")
    assert body(f"<p>{LONG}</p>{toc.format(' aria-current=page')}") == LONG.strip()


@pytest.mark.parametrize(
    "page",
    [
        "<div><img alt=Kettle><div>Small. Fast. Reliable.</div><ul>{menu}</ul></div>{content}",
        "<table><tr><td colspan=2><p>PO Box 1</p></td></tr><tr><td><ul>{menu}</ul></td><td>{content}</td></tr></table>",
        "<div class='fixed top-0'><p>A new release is out.</p></div><div>{content}</div>",
        "<div><div>{content}</div><div><p>Hosting by Pots Ltd.</p></div></div>",
        "<header><a href='/'>Kettle</a></header>{content}<ul>{menu}</ul>",
        "{content}<h2>Submit correction</h2><p>If something is wrong, use <a href='/form'>this form</a>.</p>",
        "{content}<h2>Related articles</h2><ul>{menu}</ul>",
    ],
)
def test_what_is_around_the_content_of_a_page_without_structure(page: str) -> None:
    assert bare(page.format(menu=MENU, content=CONTENT)) == TEA


def test_lists_of_links_between_paragraphs_are_content() -> None:
    got = bare(f"{CONTENT}<h2>Pots</h2><ul>{MENU}</ul><p>{LONG}</p>")
    assert "- [Item 5](https://kettle.example/5)" in got


def test_a_title_in_the_header_of_the_page_is_kept() -> None:
    assert bare(f"<header><h1>Tea</h1><p>How to make it.</p></header><div><p>{LONG}</p></div>").startswith("# Tea")


def test_a_title_that_was_never_closed_comes_from_the_head() -> None:
    html = "<title>Tea</title><main><h1 Tea<div><ul><li>Copy page<li>Ask</ul></div><p>" + LONG
    assert clean(html).document.title == "Tea"


def test_the_docbook_page_is_found_without_its_name() -> None:
    page = (
        "<div>Home &gt; Docs</div><div class='chapter'><div class='titlepage'><h2 class='title'>Tea</h2></div>"
        f"<p>{LONG}</p></div><div><h2>Submit correction</h2><p>Use this form.</p></div>"
    )
    assert bare(page) == TEA


@pytest.mark.parametrize("level", [2, 3, 4])
def test_a_page_that_begins_with_a_lower_heading_has_its_title_once(level: int) -> None:
    head = "<title>Hot tea - The Kettle Book</title>"
    page = f"<h{level} id='hot'>Hot tea</h{level}><p>Pour it.</p><h{level} id='cold'>Cold tea</h{level}><p>Wait.</p>"
    got = clean(f"<html><head>{head}</head><body><main>{page}</main></body></html>").document
    assert got.body == f"# Hot tea\n\nPour it.\n\n{'#' * level} Cold tea\n\nWait.\n"
    assert got.anchors == ("hot", "cold")


def test_the_home_page_of_vitepress_is_its_words_not_its_bar() -> None:
    bar = "<div class='VPNavBar'><div class='content'><button>Search</button><span>English</span></div></div>"
    hero = "<div class='VPHero'><h1>Kettle</h1><p class='tagline'>Hot water in a minute</p></div>"
    tea = "<div class='VPFeatures'><article><h2>Quick</h2><p>It boils while you wait.</p></article></div>"
    got = clean(
        "<html><head><meta name='generator' content='VitePress v1.6'></head><body>"
        f"{bar}<div id='VPContent'><div class='VPHome'>{hero}{tea}</div></div></body></html>"
    )
    assert got.document.body == "# Kettle\n\nHot water in a minute\n\n## Quick\n\nIt boils while you wait.\n"


def test_the_dialog_of_a_page_is_never_its_content() -> None:
    dialog = f"<div role='dialog' aria-hidden='true'><div><h4>Search</h4><p>{LONG}</p></div></div>"
    with pytest.raises(CleanError, match="empty"):
        bare(f"<div role='main'></div>{dialog}")
    assert bare(f"<div><h1>Tea</h1><div><p>Pour.</p></div></div>{dialog}") == "# Tea\n\nPour.\n"


@pytest.mark.slow
def test_boxes_in_boxes_named_like_chrome_cost_no_more_than_others() -> None:
    named, plain = (f"<p>Tea.</p>{f'<div class={name}>' * 4000}deep{'</div>' * 4000}" for name in ("nav", "box"))
    times = []
    for page in (plain, named):
        started = time.process_time()
        assert body(page).endswith("deep")
        times.append(time.process_time() - started)
    assert times[1] < 4 * times[0]
