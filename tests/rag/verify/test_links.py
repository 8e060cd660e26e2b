"""Links of an answer: only to pages that it cites, in whatever pieces the text comes."""

import pytest

from ingest.chunk import chunk_document
from ingest.embed.minilm import MiniLm
from rag.records import Hit
from rag.verify.links import LinkFilter
from tests.ingest.made import document

PAGES = (
    "https://docs.example/faq",
    "https://docs.example/limits",
    "https://poisoned.example/p",
    "https://docs.example/faq",
)
LINKS = """See [docs](https://docs.example/faq/#x) [1] and [evil](https://evil.example/x?k=1 "t"). ![p](https://docs.example/a)
Bare https://evil.example/y and https://docs.example/v1. <https://evil.example> <img src="https://evil/x"> <key>
[ref]: https://evil.example/z
[click][ref] `[a](https://b.example)` [y](javascript:alert) javascript:alert mailto:a@b.c choices[0] [9] a ` tick
```
[x](https://c.example) [2] [3]
```
Not [limits](https://docs.example/limits), nor [faq](https://docs.example/faq?steal=1), [p](https://poisoned.example/p)
and https://poisoned.example/p but [limits](https://docs.example/limits) and code `[3]` where cited [4][2].
`a` https://poisoned.example/p and <https://docs.example/any>
end [z](https://evil.example"""
KEPT = """See [docs](https://docs.example/faq/#x) [1] and evil. p
Bare evil.example/y and https://docs.example/v1. evil.example  <key>

[click][ref] `[a](https://b.example)` y alert a@b.c choices[0] [9] a ` tick
```
[x](https://c.example) [2] [3]
```
Not limits, nor faq, p
and poisoned.example/p but [limits](https://docs.example/limits) and code `[3]` where cited [4][2].
`a` poisoned.example/p and <https://docs.example/any>
end [z] (evil.example"""


@pytest.fixture(scope="module")
def hits() -> list[Hit]:
    model = MiniLm()
    chunks = [chunk_document(document("Some words.", url), model.count, model.max_tokens)[0] for url in PAGES]
    return [Hit(rank, 1.0, 1.0, 1.0, chunk) for rank, chunk in enumerate(chunks, 1)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 11, 1000])
def test_links_lead_to_cited_pages_and_pictures_nowhere(hits: list[Hit], size: int) -> None:
    links = LinkFilter(hits)
    text = "".join(links.feed(LINKS[at : at + size]) for at in range(0, len(LINKS), size)) + links.end()
    assert text == KEPT
    assert links.removed == 15


@pytest.mark.parametrize("marker", ["[3]", "", "`[3]`", "[1]"])
def test_a_page_that_is_not_cited_is_not_linked_to(hits: list[Hit], marker: str) -> None:
    links = LinkFilter(hits)
    text = f"Read [this](https://poisoned.example/p) {marker}."
    shown = "".join(map(links.feed, text)) + links.end()
    assert shown == (text if marker == "[3]" else f"Read this {marker}.")


def test_text_before_a_link_is_not_held_back(hits: list[Hit]) -> None:
    links = LinkFilter(hits)
    assert links.feed("Read [this](https://docs.example/faq) and then ") == "Read "
    assert links.feed("more [1] of") == "[this](https://docs.example/faq) and then more [1] of"


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("```x`", "\n"),  # a backtick in its first line: no block of code (CommonMark 4.5)
        ("```x ", " `\n"),  # the same, with the backtick behind the link
        ("so ```", "`\n"),  # three backticks are not closed by one (CommonMark 6.1)
        ("```\ncode\n```x\nstill code\n```\n", "\n"),  # words behind the fence: it ends at the next one
    ],
)
def test_what_only_looks_like_code_is_no_way_round(hits: list[Hit], before: str, after: str, size: int) -> None:
    links, text = LinkFilter(hits), f"{before}[a](https://evil.example/x){after}end"
    shown = "".join(links.feed(text[at : at + size]) for at in range(0, len(text), size)) + links.end()
    assert shown == f"{before}a{after}end"
    assert links.removed == 1
