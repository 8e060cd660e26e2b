"""Links of an answer: only to pages that it cites, as a renderer reads it."""

import re
import time
from collections.abc import Collection, Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ingest.chunk import chunk_document
from ingest.embed.minilm import MiniLm
from rag.generate.prompt import Passages
from rag.generate.writer import write_answer
from rag.records import Completion, Hit
from rag.verify.links import LinkTargets, Sanitized, sanitize_links
from rag.verify.sentence_gate import SentenceGate
from tests.ingest.made import document

PAGES = (
    "https://docs.example/faq",
    "https://docs.example/limits",
    "https://poisoned.example/p",
    "https://docs.example/faq",
)
LINES = [
    'See [docs](https://docs.example/faq/#x) [1] and [evil](https://evil.example/x?k=1 "t"). ![p](https://docs.example/a)',
    'Bare [1] https://evil.example/y and https://docs.example/v1. <https://evil.example> <img src="https://e/x"> <key>',
    "[ref]: https://evil.example/z",
    "[click][ref] `[a](https://b.example)` [y](javascript:alert) javascript:alert mailto:a@b.c choices[0] [9] a ` tick",
    "Not [faq](https://docs.example/faq?steal=1), [p](https://poisoned.example/p) [4]",
    "and https://poisoned.example/p but [limits](https://docs.example/limits) and code `[3]` where cited [4][2].",
    "`a` https://poisoned.example/p and <https://docs.example/any> [1]",
    "end [1] [z](https://evil.example",
    "According to [1]: yes. [1]: A model is here.",
    "[1]: Twenty",
]
KEPT = [
    "See [docs](https://docs.example/faq/#x) [1] and evil. p",
    "Bare [1] evil.example/y and https://docs.example/v1. evil.example  <key>",
    "ref: evil.example/z",
    "[click][ref] `[a](https://b.example)` y alert a@b.c choices[0] [9] a ` tick",
    "Not faq, p [4]",
    "and poisoned.example/p but [limits](https://docs.example/limits) and code `[3]` where cited [4][2].",
    "`a` poisoned.example/p and <https://docs.example/any> [1]",
    "end [1] [z] (evil.example",
    "According to [1]: yes. [1]: A model is here.",
    "[1] : Twenty",
]


@cache
def made_hits() -> list[Hit]:
    model = MiniLm()
    chunks = [chunk_document(document("Some words.", url), model.count, model.max_tokens)[0] for url in PAGES]
    return [Hit(rank, 1.0, 1.0, 1.0, chunk) for rank, chunk in enumerate(chunks, 1)]


@pytest.fixture(scope="module")
def hits() -> list[Hit]:
    return made_hits()


def sanitize(text: str, hits: Sequence[Hit], cited: Collection[int] = (), before: str = "") -> Sanitized:
    targets = LinkTargets(hits)
    targets.cite(cited)
    return sanitize_links(text, targets, before)


@pytest.mark.parametrize(("line", "kept"), [*zip(LINES, KEPT, strict=True)])
def test_links_lead_to_cited_pages_and_pictures_nowhere(hits: list[Hit], line: str, kept: str) -> None:
    cited = [int(number) for number in re.findall(r"\[(\d)\]", re.sub("`.*?`", "", line))]
    assert sanitize(line, hits, cited).text == kept


@pytest.mark.parametrize("marker", ["[3]", "", "`[3]`", "[1]"])
def test_a_page_that_is_not_cited_is_not_linked_to(hits: list[Hit], marker: str) -> None:
    text = f"Read [this](https://poisoned.example/p) {marker}."
    gate = SentenceGate(hits, {}, lambda _: True)
    assert gate.check(text).text == (text if marker == "[3]" else f"Read this {marker}.")
    again = gate.check(" Once more, [this](https://poisoned.example/p).").text
    assert ("https" in again) == (marker == "[3]"), "it stays cited"


E = "[a](https://evil.example/x)"
LIVE = {
    "a backtick in the first line of a fence (CommonMark 4.5)": f"```x`{E}\nend",
    "the same behind the link": f"```x {E} `\nend",
    "three backticks are not closed by one (CommonMark 6.1)": f"so ```{E}`\nend",
    "words behind the fence": f"```\ncode\n```x\nstill code\n```\n{E}\nend",
    "a quote ends its code": f"> ```\n> code\n{E}\n",
    "a list item ends its code": f"- ```\n  code\n\n{E}\n",
    "a lazy line of a paragraph": f"para\n    {E}",
    "code that a cell ends": f"| a | b |\n|---|---|\n| `a | {E}` |",
    "a span that an earlier backtick takes the start of": f"a ` b. `{E}` d.",
    "the same over two lines": f"a ` b\nc `{E}` d.",
    "a heading ends a span": f"`a\n# b\n{E}`",
    "an HTML comment is not code": f"<!-- ` --> {E} `",
    "a tag's attribute is not code": f'<b title="`"> {E} `',
}
CODE = {
    "a fence": f"```\n{E}\n```",
    "a fence in a quote": f"> ```\n> {E}\n> ```",
    "a fence in a list": f"1. Do:\n   ```\n   {E}\n   ```",
    "a fence in a list in a quote": f"> - ```\n>   {E}\n>   ```",
    "an unclosed fence": f"```\n{E}\n",
    "a span": f"See `{E}` there.",
    "a span of two backticks": f"See ``a`{E}`` there.",
    "a span over two lines": f"See `a\n{E}` there.",
    "a span over two sentences": f"See `a. B {E}` there.",
}


@pytest.mark.parametrize("name", LIVE)
def test_what_only_looks_like_code_is_no_way_round(hits: list[Hit], name: str) -> None:
    shown = shown_by(hits, LIVE[name])
    assert "evil" not in links_in(shown)


@pytest.mark.parametrize("name", CODE)
def test_code_is_left_as_it_is(hits: list[Hit], name: str) -> None:
    assert shown_by(hits, CODE[name]).strip() == CODE[name].strip() + ("\n```" if name == "an unclosed fence" else "")


def shown_by(hits: list[Hit], text: str) -> str:
    written = write_answer([text, Completion("m", "stop")], Passages(hits), lambda _: None)
    return written.text


ALPHABET = [
    "[a](https://evil.example/x)",
    "https://evil.example",
    "<https://evil.example>",
    "[r]: https://evil.example",
]
ALPHABET += [
    "`",
    "``",
    "```",
    "~~~",
    "\n",
    "\n\n",
    "> ",
    "- ",
    "    ",
    "1. ",
    "|",
    "|-|-|",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    "!",
]
ALPHABET += ["<!--", "-->", "<b>", "a", ". B", " ", "#", "\\", "&lt;", "[1]", ":", "//", "[r]", "<pre>", "**", "$"]


@settings(deadline=None, max_examples=400)
@given(st.lists(st.sampled_from(ALPHABET), max_size=25))
def test_a_renderer_finds_no_foreign_link_whatever_is_written(parts: list[str]) -> None:
    """A second opinion by the parser itself, with HTML and without, on the whole answer."""
    shown = shown_by(made_hits(), "".join(parts))
    assert "evil" not in links_in(shown), shown


def links_in(text: str) -> str:
    found = []
    for html in (True, False):
        for token in MarkdownIt("commonmark", {"html": html}).enable("table").parse(text):
            for child in token.children or ():
                found += [str(child.attrs.get("href") or child.attrs.get("src") or "")]
                found += [child.content] if child.type == "html_inline" else []
                found += re.findall(r"\w+://\S+", child.content) if child.type == "text" else []
    return " ".join(found)


@pytest.mark.parametrize("text", ["[" * 20_000, "<" * 20_000, "`" * 20_000, "![" * 9_000, "](" * 9_000, "a://" * 9_000])
def test_text_without_end_takes_no_time_without_end(hits: list[Hit], text: str) -> None:
    started = time.process_time()
    sanitize(text, hits)
    assert time.process_time() - started < 5
