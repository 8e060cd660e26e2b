import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ingest.core.records import Document
from ingest.text.markdown import (
    CODE_SPAN,
    blocks_of,
    fenced_code,
    open_fence,
    plain,
    sections_of,
    slug,
    without_fenced_code,
)


def kinds(body: str) -> list[tuple[str, str]]:
    return [(block.kind, body[block.start : block.end]) for block in blocks_of(body)]


def test_a_page_is_cut_into_its_blocks_in_order() -> None:
    body = (
        "# Title\n\nOne\ntwo.\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\n"
        "~~~py\n# no heading\n\n| no | table |\n~~~\n- item\n## Next\nend"
    )
    assert kinds(body) == [
        ("heading", "# Title"),
        ("text", "One\ntwo."),
        ("table", "| a | b |\n|---|:-:|\n| 1 | 2 |"),
        ("fence", "~~~py\n# no heading\n\n| no | table |\n~~~"),
        ("text", "- item"),
        ("heading", "## Next"),
        ("text", "end"),
    ]


@pytest.mark.parametrize(
    ("body", "fence"),
    [
        pytest.param("````md\n```\nx\n```\n````\nafter", "````md\n```\nx\n```\n````", id="longer-mark-holds-shorter"),
        pytest.param("```py\nx = 1\n~~~\n# y", "```py\nx = 1\n~~~\n# y", id="unclosed-runs-to-the-end"),
        pytest.param("- ```sh\n  ls\n  ```\n- b", "- ```sh\n  ls\n  ```", id="in-a-list"),
        pytest.param("> ```sh\n> ls\n> ```\n> b", "> ```sh\n> ls\n> ```", id="in-a-quote"),
    ],
)
def test_a_fence_ends_with_its_own_mark(body: str, fence: str) -> None:
    assert kinds(body)[0] == ("fence", fence)


def test_inline_code_in_three_backticks_opens_no_fence() -> None:
    assert kinds("```pip install x``` does it.\n\n## Next") == [
        ("text", "```pip install x``` does it."),
        ("heading", "## Next"),
    ]


def test_a_row_without_a_delimiter_row_is_text() -> None:
    assert kinds("| a | b |\n| 1 | 2 |") == [("text", "| a | b |\n| 1 | 2 |")]


@pytest.mark.parametrize(
    ("line", "level", "title"),
    [
        ("## Errors and `max_tokens`  ", 2, "Errors and max_tokens"),
        ('### [Models](/docs/models "all") **now** ###', 3, "Models now"),
        ("# C#", 1, "C#"),
        ("## `__call__` and **`*args`**", 2, "__call__ and *args"),
        ("## snake_case_name of _this_", 2, "snake_case_name of this"),
        ("## ##", 2, ""),
    ],
)
def test_headings_give_their_level_and_the_words_a_reader_sees(line: str, level: int, title: str) -> None:
    [block] = blocks_of(line)
    assert (block.kind, block.level, block.title) == ("heading", level, title)


def test_seven_hashes_or_none_behind_them_are_no_heading() -> None:
    assert [kind for kind, _ in kinds("####### x\n\n#hashtag")] == ["text", "text"]


def test_sections_know_their_path_and_the_nearest_anchor_that_the_page_has() -> None:
    body = "# T\n\nintro\n\n## A\n\na\n\n### B\n\nb\n\n## C\n\nc\n\n# D\n\nd"
    page = Document("https://h.org", "T", "", body, anchors=("", "a-id", "", "", "d-id"))
    assert [(section.headings, section.anchor) for section in sections_of(page)] == [
        ((), ""),
        (("A",), "a-id"),
        (("A", "B"), "a-id"),
        (("C",), ""),
        (("D",), "d-id"),
    ]


def test_after_an_edit_only_anchors_that_fit_a_heading_are_given() -> None:
    body = "# T\n\n## New part\n\nx\n\n## Getting started\n\ny\n\n## Renamed\n\nz"
    page = Document("https://h.org", "T", "", body, anchors=("", "getting-started", "old-name"))
    assert [section.anchor for section in sections_of(page)] == ["", "getting-started", ""]


def test_plain_and_slug() -> None:
    assert plain("![logo](a.png) see [`x`](y) *now* 2*3*4") == "logo see x now 2*3*4"
    assert slug("What's the `max_tokens` limit?") == "whats-the-max_tokens-limit"


@pytest.mark.parametrize(
    "line",
    [
        "# a" + " " * 50_000 + "b",
        "# a" + "#" * 50_000 + "b",
        "| a |\n|-|" + " " * 50_000 + "x",
        "| a |\n" + " " * 50_000 + "x",
        "# " + "[" * 50_000,
        "# " + "[a](" * 20_000,
        "> " * 30_000 + "x",
    ],
    ids=["spaces", "hashes", "delimiter", "indented", "brackets", "links", "quotes"],
)
def test_no_line_makes_the_reader_slow(line: str) -> None:
    started = time.perf_counter()
    assert list(blocks_of(line))
    assert time.perf_counter() - started < 2


_LINES = st.sampled_from(["```", "````", "~~~", "~~~~~", "```py", "~~~ sh", "``` a `b`", "words", "", "# x", "`` ` ``"])


@given(st.lists(_LINES, max_size=12).map("\n".join))
def test_fenced_code_is_where_a_commonmark_parser_finds_it(text: str) -> None:
    parsed = [token for token in MarkdownIt("commonmark").parse(text) if token.type == "fence"]
    found = list(fenced_code(text))
    assert ["\n".join(line.text for line in code.code).rstrip("\n") for code in found] == [
        token.content.rstrip("\n") for token in parsed
    ]
    assert [code.mark for code in found] == [token.markup for token in parsed]
    left = len([code for code in found if not code.closed])
    assert left == bool(open_fence(text))


@given(st.text(alphabet="`a \n", max_size=14))
def test_code_spans_are_where_a_commonmark_parser_finds_them(text: str) -> None:
    paragraph = "a" + text.replace("\n ", "\n").replace("\n`", "\na`") + "a"
    parsed = [
        child.content
        for token in MarkdownIt("commonmark").parse(paragraph)
        for child in token.children or ()
        if child.type == "code_inline"
    ]
    assert [len(found[2].split()) for found in CODE_SPAN.finditer(paragraph)] == [len(code.split()) for code in parsed]


def test_text_without_its_fenced_code_keeps_its_lines_apart() -> None:
    assert without_fenced_code("one\n- ```sh\n  ls\n  ```\ntwo\n~~~\nnever closed") == "one\n\ntwo\n"


def test_code_that_a_broken_page_leaves_open_can_be_told_from_the_code_of_the_next() -> None:
    text = "```\nleft open\n\n# Next\n\n```py\nx = 1\n```\nend"
    assert [code.start for code in fenced_code(text)] == [0]
    assert [(code.start, code.closed) for code in fenced_code(text, stop_at_next=True)] == [(text.index("```py"), True)]
