import base64
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunk import chunk_document
from ingest.core.records import Chunk, Document
from ingest.embed.base import CHUNK_TOKENS, embedding_text
from ingest.embed.minilm import MiniLm
from ingest.text.markdown import blocks_of, reading_text
from tests.ingest.made import WordEmbedder, document

MINILM = MiniLm()

NOISE = random.Random(7).randbytes(6_000)
TABLE = "| Name | What it does |\n|---|---|\n" + "\n".join(f"| `option_{n}` | sets value {n} |" for n in range(400))
CODE = "```python title=x.py\n" + "\n".join(f"    value_{n} = call({n})" for n in range(2_000)) + "\n```"
HOSTILE = {
    "one-line": " ".join(f"word{n}" for n in range(5_000)),
    "table": TABLE,
    "fence": CODE,
    "fence-unclosed": CODE[:-4],
    "fence-one-huge-line": '```json\n{"data": "' + base64.b64encode(NOISE).decode() + '"}\n```',
    "fence-huge-info": "```" + "info " * 600,
    "base64": base64.b64encode(NOISE).decode(),
    "hex": NOISE.hex(),
    "cjk": "模型的变体是什么。" * 400,
    "headings": "\n\n".join(f"{'#' * (2 + n % 5)} {'heading words ' * 30}{n}\n\ntext {n}" for n in range(8)),
    "wide-header": "|" + " column |" * 300 + "\n|" + "---|" * 300 + "\n|" + " x |" * 300,
    "header-only": "|" + " column |" * 300 + "\n|" + "---|" * 300,
    "huge-row": "| a | b |\n|---|---|\n| 1 | " + "much text " * 600 + "|\n| 2 | little |",
    "quote": "> " + "\n> ".join(f"quoted line {n}." for n in range(300)),
    "inline-fence": "```a``` and text\n\n## Next\n\nmore",
}


def chunks_of(page: Document) -> list[Chunk]:
    return chunk_document(page, MINILM.count, MINILM.max_tokens)


def check(page: Document, chunks: list[Chunk], limit: int = CHUNK_TOKENS) -> None:
    """What holds for the chunks of any page."""
    covered: list[int] = []
    for chunk in chunks:
        assert chunk.text == page.body[chunk.start : chunk.end]
        assert chunk.tokens <= limit
        assert len(chunk.text) <= 12 * limit
        covered += range(chunk.start, chunk.end)
    content = [
        at
        for block in blocks_of(page.body)
        if block.kind != "heading"
        for at in range(block.start, block.end)
        if not page.body[at].isspace()
    ]
    assert [at for at in covered if not page.body[at].isspace()] == content, "each character once, in order"
    assert len({chunk.id for chunk in chunks}) == len(chunks)


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_any_page_is_covered_once_by_chunks_that_the_model_can_read(body: str) -> None:
    page = document(f"Before.\n\n{body}\n\nAfter.")
    chunks = chunks_of(page)
    check(page, chunks)
    assert all(chunk.tokens == MINILM.count(embedding_text(chunk)) for chunk in chunks)


LINE = st.one_of(
    st.sampled_from(["# One", "## Two", "#### C# #", "```py", "```", "~~~", "````", "> ```", "- ```js", "| a | b |"]),
    st.sampled_from(["|---|---|", "| 1 |", "", "- item. Next one", "  indented", "<b>x</b>", "[CLS] [MASK]", "1. x"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=60),
    st.integers(1, 90).map(lambda count: "long-ish words " * count),
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(LINE, max_size=25).map("\n".join), st.integers(20, 80))
def test_made_up_pages_keep_the_same_promises(body: str, limit: int) -> None:
    page = document(body)
    check(page, chunks_of(page))
    check(page, chunk_document(page, MINILM.count, limit), limit)


@settings(max_examples=50, deadline=None)
@given(st.lists(LINE, max_size=25).map("\n".join))
def test_another_tokenizer_is_kept_to_as_well(body: str) -> None:
    """Words cost two at the start of a text and three inside it: joining is dearer than the parts."""

    def count(text: str) -> int:
        return max(0, 3 * len(text.split()) - 1)

    page = document(body)
    for chunk in chunk_document(page, count, 60):
        assert count(chunk.text) <= 60


def test_a_table_in_parts_repeats_its_header() -> None:
    chunks = chunks_of(document(TABLE))
    assert len(chunks) > 10
    assert chunks[0].context == "Alpha"
    assert {chunk.context for chunk in chunks[1:]} == {"Alpha\n| Name | What it does |\n|---|---|"}
    parts = chunks_of(document(HOSTILE["huge-row"]))
    assert all("| a | b |\n|---|---|\n" in reading_text(chunk) for chunk in parts)


@pytest.mark.parametrize("name", ["fence", "fence-unclosed", "fence-one-huge-line"])
def test_every_part_of_a_cut_fence_reads_as_code(name: str) -> None:
    opening = HOSTILE[name].split("\n")[0]
    chunks = chunks_of(document(HOSTILE[name]))
    assert len(chunks) > 10
    for chunk in chunks:
        _, _, read = reading_text(chunk).partition("\n\n")
        assert read.startswith(f"{opening}\n")
        assert [line for line in read.split("\n") if line.startswith("```")] == [opening, "```"]


def test_a_cut_fence_that_holds_fences_is_closed_with_its_own_mark() -> None:
    body = "````md\n" + "```py\nx = 1\n```\n" * 200 + "````"
    for chunk in chunks_of(document(body)):
        lines = [line for line in reading_text(chunk).split("\n") if line.startswith("````")]
        assert lines == ["````md", "````"]


def test_small_blocks_of_a_section_share_a_chunk_and_sections_do_not() -> None:
    chunks = chunks_of(document("One.\n\n- two\n\n```\nthree\n```\n\n## B\n\nfour\n\n## C\n\n### D\n\nfive"))
    assert [chunk.text for chunk in chunks] == ["One.\n\n- two\n\n```\nthree\n```", "four", "five"]
    assert [chunk.context for chunk in chunks] == ["Alpha", "Alpha › B", "Alpha › C › D"]


def test_ids_survive_a_paragraph_inserted_in_another_section() -> None:
    parts = ["## A\n\nsame", "## B\n\n" + " ".join(f"w{n}." for n in range(900)), "## C\n\nsame\n\n## C\n\nsame"]
    before = chunks_of(document("\n\n".join(parts)))
    after = chunks_of(document("\n\n".join([*parts[:1], "## New\n\nparagraph", *parts[1:]])))
    assert [chunk.id for chunk in after if chunk.headings != ("New",)] == [chunk.id for chunk in before]
    assert len(before) == len({chunk.id for chunk in before}) > 5


def test_ids_depend_on_page_headings_and_text_but_not_on_scheme() -> None:
    def one(body: str = "x", url: str = "https://h.org/a") -> str:
        [chunk] = chunks_of(document(body, url))
        return chunk.id

    assert one() == one(url="http://www.h.org/a")
    assert len({one(), one(url="https://h.org/b"), one("y"), one("## H\n\nx")}) == 4
    assert re.fullmatch("[0-9a-f]{16}", one())


def test_anchors_are_only_those_of_the_page() -> None:
    body = "intro\n\n## First\n\na\n\n## Second\n\nb"
    given_by_page = chunks_of(document(body, anchors=("", "one", "")))
    assert [chunk.anchor for chunk in given_by_page] == ["", "one", ""]
    edited = chunks_of(document(f"{body}\n\n## Third\n\nc", anchors=("", "one", "second")))
    assert [chunk.anchor for chunk in edited] == ["", "", "second", ""]


def test_a_page_of_headings_alone_has_no_chunks() -> None:
    assert chunk_document(document("## Only\n\n## Headings"), WordEmbedder().count, 60) == []


def test_a_long_list_is_cut_between_its_items() -> None:
    items = [f"{n}. `:suffix-{n}` - Does thing {n}. [Learn more](https://h.org/docs/{n})." for n in range(1, 40)]
    chunks = chunks_of(document("\n".join(items)))
    assert len(chunks) > 2
    assert [line for chunk in chunks for line in chunk.text.split("\n")] == items
