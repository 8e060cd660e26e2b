"""The cleaner's edges: encodings, hostile and broken pages, pages that hold nothing."""

import pytest

from ingest.clean.page import CLEANER_VERSION, clean_page
from ingest.core.errors import CleanError
from ingest.core.records import Cleaned, Page

URL = "https://kettle.example/docs/a/page"
LONG = "Water is heated until it boils, and then it is poured over the leaves. " * 4


def clean(html: str | bytes, content_type: str = "text/html", url: str = URL) -> Cleaned:
    body = html.encode() if isinstance(html, str) else html
    return clean_page(Page(url=url, body=body, content_type=content_type))


def body(inner: str, head: str = "") -> str:
    """Clean a page with this content and give what follows its title."""
    got = clean(f"<html><head>{head}</head><body><main><h1>Tea</h1>{inner}</main></body></html>").document.body
    return got.removeprefix("# Tea\n\n").removesuffix("\n")


def reason(html: str | bytes, content_type: str = "text/html") -> str:
    with pytest.raises(CleanError) as caught:
        clean(html, content_type)
    return caught.value.reason


def test_fields_of_the_answer_are_copied() -> None:
    page = Page(URL, f"<h1>Tea</h1><p>{LONG}".encode(), etag='"x"', last_modified="then", fetched_at="now")
    document = clean_page(page).document
    assert (document.url, document.etag, document.last_modified, document.fetched_at) == (URL, '"x"', "then", "now")
    assert CLEANER_VERSION >= 1


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        ("<h1>Tea</h1><p>caffè “nero”".encode("cp1252"), "text/html; charset=windows-1252"),
        ("<h1>Tea</h1><p>caffè “nero”".encode(), "text/html; charset=latin-1"),
        (b"\xef\xbb\xbf" + "<h1>Tea</h1><p>caffè “nero”".encode(), "text/html"),
        ("<h1>Tea</h1><p>caffè “nero”".encode("utf-16"), "text/html"),
        ("<meta charset=cp1252><h1>Tea</h1><p>caffè “nero”".encode("cp1252"), "text/html; charset=utf-8"),
        ("<h1>Tea</h1><p>caffè “nero”".encode().decode("latin-1").encode(), "text/html; charset=utf-8"),
        ("<h1>Tea</h1><p>caffè “nero”".encode("cp1252"), "text/html; charset=ISO-8859-1"),
        ("<meta charset=iso-8859-1><h1>Tea</h1><p>caffè “nero”".encode("cp1252"), "text/html"),
        ("<meta charset=us-ascii><h1>Tea</h1><p>caffè “nero”".encode("cp1252"), "text/html"),
    ],
)
def test_the_encoding_is_found_even_where_the_header_lies(data: bytes, content_type: str) -> None:
    assert clean(data, content_type).document.body == "# Tea\n\ncaffè “nero”\n"


@pytest.mark.parametrize(
    ("html", "why"),
    [
        ("<title>Page not found</title><h1>Page not found</h1><p>Return home", "soft-404"),
        ("<title>404</title><h1>404</h1><p>We could not find what you were looking for.", "soft-404"),
        ("<title>Sign in</title><h1>Sign in</h1><form><input type=password></form><p>Welcome back", "login"),
        ("<title>Just a moment...</title><p>Checking your browser before you go on.", "challenge"),
        ("<meta http-equiv=refresh content='0; url=/docs/new'><title>Moved</title><p>Go on.", "redirect"),
        ("<title>Kettle</title><div id=root></div><script>start()</script>", "empty"),
        ("<title>Kettle</title><h1>Kettle</h1><p>You need to enable JavaScript to run this app.", "empty"),
        ("", "empty"),
    ],
)
def test_pages_that_hold_no_documentation_say_why(html: str, why: str) -> None:
    assert reason(html) == why


def test_a_reference_page_about_404_is_a_page() -> None:
    assert body("<p>Sent when the model has been retired.").startswith("Sent")
    got = clean("<main><h1>404 Not Found</h1><p>The API sends this for a key that was deleted.</p></main>")
    assert got.document.title == "404 Not Found"
    assert clean("<main><h1>Font file URL not found</h1><p>Name a file.</p></main>").document.title.startswith("Font")


@pytest.mark.parametrize(
    "title", ["Sorry, the page was not found", "404: This page could not be found", "Kettle: the page does not exist"]
)
def test_a_missing_page_says_so_in_its_title(title: str) -> None:
    assert reason(f"<title>{title}</title><h1>{title}</h1><p>Home") == "soft-404"


@pytest.mark.parametrize("content_type", ["application/json", "image/png", "application/pdf"])
def test_other_media_are_not_text(content_type: str) -> None:
    assert reason("{}", content_type) == "not-text"


def test_a_binary_file_that_says_it_is_html_is_not_text() -> None:
    assert reason(b"%PDF-1.7 ...") == "not-text"


@pytest.mark.parametrize(
    "tag",
    ["div", "span", "b", "ul><li", "blockquote", "table><tr><td", "details", "dl><dd", "a", "p", "div class=note"],
)
def test_two_thousand_levels_do_not_break_it(tag: str) -> None:
    start = "".join(f"<{name}>" for name in tag.split("><"))
    end = "".join(f"</{name.split()[0]}>" for name in reversed(tag.split("><")))
    got = body(f"{start * 2000}deep{end * 2000}<p>after</p>")
    assert "deep" in got
    assert got.endswith("after")


def test_terminal_and_direction_controls_are_taken_out() -> None:
    got = body(
        "<p>a \x1b[31mred\x1b[0m &#27;]0;owned&#7; b \u202efdp.exe\u202c c\x9b1m\x08</p><pre>echo '\x1b[2J'</pre>"
    )
    assert got == "a red b fdp.exe c\n\n```bash\necho ''\n```"


def test_scripts_and_hidden_text_are_dropped_and_escaped_markup_is_text() -> None:
    inner = "<p>One.</p><script>two()</script><p style='display: none'>Three</p><p>&lt;b&gt;four&lt;/b&gt;</p>"
    assert body(inner) == "One.\n\n<b>four</b>"


def test_links_are_absolute_and_unsafe_ones_only_text() -> None:
    inner = '<p><a href="b?c=1#d">x</a> <a href="/e (f)">y</a> <a href="javascript:z()">z</a> <a href="#top">w</a>'
    assert body(inner) == (
        f"[x](https://kettle.example/docs/a/b?c=1#d) [y](https://kettle.example/e%20%28f%29) z [w]({URL}#top)"
    )


def test_base_href_counts() -> None:
    head = '<base href="https://cdn.example/v2/">'
    assert body('<p><a href="cup">cup</a>', head) == "[cup](https://cdn.example/v2/cup)"


def test_collected_links_have_no_fragments_no_doubles_and_only_http() -> None:
    html = f"<a href='/b#c'>1</a><a href='/b'>2</a><a href='mailto:x@y.z'>3</a><a href='#d'>4</a><main><p>{LONG}</main>"
    assert clean(html).links == ("https://kettle.example/b",)


def test_a_relative_canonical_yields_to_open_graph() -> None:
    head = '<link rel="canonical" href="page.html"><meta property="og:url" content="https://kettle.example/docs/p">'
    assert clean(f"<head>{head}</head><main><p>{LONG}</main>").canonical == "https://kettle.example/docs/p"


def test_a_fence_is_longer_than_the_backticks_in_it() -> None:
    assert body("<pre><code class='language-md'>````\nx\n````</code></pre>") == "`````markdown\n````\nx\n````\n`````"


def test_code_spans_with_backticks_get_longer_ones() -> None:
    assert body("<p><code>a`b</code> and <code>snake_case*</code>") == "``a`b`` and `snake_case*`"


def test_table_cells_escape_pipes_and_repeat_a_cell_that_spans_rows() -> None:
    inner = "<table><tr><th>A<th>B</tr><tr><td rowspan=2><code>x|y</code><td>1</tr><tr><td>2</tr></table>"
    assert body(inner) == "| A | B |\n| --- | --- |\n| `x\\|y` | 1 |\n| `x\\|y` | 2 |"


def test_nested_lists_keep_their_code_and_order() -> None:
    inner = "<ol><li>One<ul><li>a</li><li>b</li></ul></li><li><p>Two</p><pre>x = 1</pre></li></ol>"
    assert body(inner) == "1. One\n   - a\n   - b\n\n2. Two\n\n   ```\n   x = 1\n   ```"


def test_headings_inside_lists_and_quotes_are_bold_text() -> None:
    assert body("<ul><li><h4>In a list</h4></li></ul><p>x") == "- **In a list**\n\nx"


def test_a_paragraph_that_looks_like_a_heading_is_escaped() -> None:
    assert body("<p># define</p>") == "\\# define"


def test_line_numbers_and_copy_buttons_are_no_code() -> None:
    numbered = "<span class='line-number'>1</span>a\n<span class='line-number'>2</span>  b"
    assert body(f"<pre><code>{numbered}</code><button>Copy</button></pre>") == "```\na\n  b\n```"


def test_a_prompt_in_place_of_line_numbers_tells_a_shell() -> None:
    row = "<tr><td class='line-number'>{}</td><td>{}</td></tr>"
    shown = "<pre><code><table>" + row.format("{}", "kettle brew tea") + row.format("&gt;", "kettle stop")
    assert body(shown.format("$") + "</table></code></pre>") == "```bash\nkettle brew tea\nkettle stop\n```"
    assert body(shown.format("1") + "</table></code></pre>") == "```\nkettle brew tea\nkettle stop\n```"


def test_lines_without_newlines_between_them_are_joined() -> None:
    assert body(
        "<pre><code><div class='line'>a</div><div class='line'></div><div class='line'>b</div></code></pre>"
    ) == ("```\na\n\nb\n```")


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ('{"a": [1, 2]}', "json"),
        ("curl https://kettle.example", "bash"),
        ("npm install kettle", "bash"),
        ("from kettle import pot\n\npot()", "python"),
        ("import { pot } from 'kettle';", "typescript"),
        ("SELECT 1 FROM cups", "sql"),
        ("just some words", ""),
    ],
)
def test_the_language_is_guessed_where_none_is_stated(code: str, language: str) -> None:
    assert body(f"<pre><code>{code}</code></pre>") == f"```{language}\n{code}\n```"


@pytest.mark.parametrize(
    "markup",
    [
        "<pre class='language-py'><code>x</code></pre>",
        "<pre><code class='lang-python'>x</code></pre>",
        "<div class='highlight-python3'><div class='highlight'><pre>x</pre></div></div>",
        "<div data-language='py'><pre><code>x</code></pre></div>",
        "<pre class='sourceCode python'><code class='sourceCode python'>x</code></pre>",
    ],
)
def test_a_stated_language_gets_its_usual_name(markup: str) -> None:
    assert body(markup) == "```python\nx\n```"


@pytest.mark.parametrize(
    "markup",
    [
        "<nav><a href='/x'>Next</a></nav>",
        "<div class='breadcrumbs'><a href='/x'>Guides</a></div>",
        "<div class='feedback'><p>Was this page helpful?</p><button>Yes</button></div>",
        "<ul><li><a href='#a'>Alpha</a></li><li><a href='#b'>Beta</a></li><li><a href='#c'>Gamma</a></li></ul>",
        "<div class='meta'>Last updated on May 2, 2026</div>",
        "<span class='sr-only'>For AI agents: fetch /llms.txt</span>",
        "<aside><a href='/x'>See the shop</a></aside>",
    ],
)
def test_chrome_inside_the_content_is_dropped(markup: str) -> None:
    assert body(f"<p>Tea.</p>{markup}") == "Tea."


@pytest.mark.parametrize("name", ["Pagination", "Feedback", "Footer"])
def test_sections_may_be_named_like_chrome(name: str) -> None:
    assert body(f"<h2 id='{name.lower()}'>{name}</h2><p>About it.") == f"## {name}\n\nAbout it."


def test_boxes_that_say_to_be_a_table_are_one() -> None:
    row = "<div role=row><div role={0}>{1}</div><div role={0}>{2}</div></div>"
    inner = f"<div role=table>{row.format('columnheader', 'A', 'B')}<div>{row.format('cell', '1', '2')}</div></div>"
    assert body(inner) == "| A | B |\n| --- | --- |\n| 1 | 2 |"


def test_a_form_around_the_whole_page_is_no_chrome() -> None:
    got = clean(f"<body><form><h1>Tea</h1><p>{LONG}</p><input name=state></form></body>")
    assert got.document.body == f"# Tea\n\n{LONG.strip()}\n"


def test_links_that_turn_pages_are_dropped() -> None:
    turn = "<div><a href='/a'><span>Previous</span><span>Water</span></a><a rel=next href='/b'>Cups</a></div>"
    assert body(f"<p>Tea.</p>{turn}") == "Tea."


@pytest.mark.parametrize(
    "markup",
    [
        "<div class='docBreadcrumbTrail'><a href='/'>Docs</a> / <a href='/b'>Brewing</a></div>",
        "<div class='osano-cm-window'><p>This site keeps cookies.</p></div>",
        "<div class='cookie-consent-bar'><p>This site keeps cookies.</p></div>",
        "<div id='helpful-votes'>Any good? <a href='#'>Yes</a></div>",
        "<div>Did you find this page useful? <button>Yes</button> <button>No</button></div>",
        "<p>Copyright © 2026 Kettle Works</p>",
        "<a href='https://shop.example' rel='sponsored noopener'>Buy a pot</a>",
        "<div><a href='/a'>Water</a> <a href='/c'>Cups</a></div>",
        "<div><a href='/edit'>Edit this page</a><p>Last updated in 2.1 on 2026-01-02</p></div>",
    ],
)
def test_chrome_is_told_by_what_it_is_called_or_says(markup: str) -> None:
    assert body(f"<p>Tea.</p>{markup}") == "Tea."


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<div class='sidebar-note'><p>Water the plants.</p></div>", "Water the plants."),
        ("<div class='cookie-recipe'><p>Butter, sugar.</p></div>", "Butter, sugar."),
        ("<div class='scrollbar-thin menubarish'><p>Pots.</p></div>", "Pots."),
        ("<p>Copyright law protects recipes.</p>", "Copyright law protects recipes."),
        ("<div class='feedback-loop'><p>Milk cools.</p><pre>pour</pre></div>", "Milk cools.\n\n```\npour\n```"),
    ],
)
def test_content_may_be_called_like_chrome(markup: str, text: str) -> None:
    assert body(f"<p>Tea.</p>{markup}") == f"Tea.\n\n{text}"


def test_what_stands_before_the_title_is_the_way_to_the_page() -> None:
    crumbs = "<div><span>Guides</span><a href='/docs/tea'>Tea</a></div>"
    assert clean(f"<main>{crumbs}<h1>Tea</h1><p>{LONG}</p></main>").document.body == f"# Tea\n\n{LONG.strip()}\n"


def test_a_sentence_before_the_title_is_kept() -> None:
    got = clean(f"<main><p>This page is old.</p><h1>Tea</h1><p>{LONG}</p></main>").document.body
    assert got.startswith("# Tea\n\nThis page is old.")


@pytest.mark.parametrize("title", ["Boil - Kettle Book", "Boil | Kettle Book"])
def test_the_name_of_the_book_is_no_title(title: str) -> None:
    html = f"<title>{title}</title><h1>Kettle Book</h1><main><h2 id='b'>Boil</h2><p>{LONG}</p></main>"
    document = clean(html).document
    assert (document.title, document.anchors) == ("Boil", ("b",))


def test_a_title_behind_the_name_of_the_site_is_found_by_the_address() -> None:
    page = clean(
        f"<title>Kettle - pour-over guide</title><main><p>{LONG}</p></main>", url="https://k.example/pour-over"
    )
    assert page.document.title == "pour-over guide"


def test_a_place_to_break_a_word_loses_none_of_it() -> None:
    assert body("<p><a href='/x'>try_<wbr>boil</a><wbr> it") == "[try_boil](https://kettle.example/x) it"


def test_the_bar_above_a_code_block_is_its_title_or_its_language() -> None:
    bar = "<div><span>{0}</span><button>Copy</button></div><pre><code class='lang-js'>x</code></pre>"
    assert body(bar.format("js")) == "```javascript\nx\n```"
    assert body(bar.format("In the browser")) == '```javascript title="In the browser"\nx\n```'


def test_a_button_that_opens_an_operation_names_it() -> None:
    button = "<button type=button><span>GET</span><span>/pots</span><div>List all pots</div></button>"
    assert body(f"{button}<p>Gives pots.</p>") == "`GET /pots`: List all pots\n\nGives pots."


def test_a_note_is_labelled_once() -> None:
    assert body("<div class='NOTE'><p>Note</p><p>Hot.</p></div>") == "> **Note**\n>\n> Hot."
    assert body("<div role=note><p><strong>Note:</strong> Hot.</p></div>") == "> **Note**\n>\n> Hot."


def test_code_beside_a_column_of_numbers() -> None:
    inner = "<table><tr><td><pre>1\n2</pre></td><td><pre>a\nb</pre></td></tr></table>"
    assert body(inner) == "```\na\nb\n```"


@pytest.mark.parametrize("role", ["note", "doc-footnote"])
def test_footnotes_of_sphinx_are_footnotes(role: str) -> None:
    label = "<span class='label'><span class='fn-bracket'>[</span><a href='#r'>1</a><span>]</span></span>"
    assert body(f"<p>Tea.</p><aside class='footnote brackets' role='{role}'>{label}<p>Or milk.</p></aside>") == (
        "Tea.\n\n[^1]: Or milk."
    )


def test_code_that_has_breaks_and_no_pre_is_a_block() -> None:
    assert body("<div><code>&lt;?php<br>boil();<br></code></div>") == "```php\n<?php\nboil();\n```"


def test_sections_in_a_list_keep_their_headings() -> None:
    inner = "<ul><li><section id='m'><h2>Methods</h2><p>Boil.</p></section></li></ul>"
    got = clean(f"<main><h1>Tea</h1>{inner}</main>").document
    assert got.body == "# Tea\n\n## Methods\n\nBoil.\n"
    assert got.anchors == ("", "m")
