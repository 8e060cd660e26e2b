import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.index.database import Store
from rag.retrieve.search import Retriever
from rag.verify.citations import MarkerFilter, resolve

FENCED = "See [1]:\n```python\nx = a[0] + b[9]\n```\nThen [9] and [2]."
TEXTS = [
    # (what the model writes, what is left of it for three passages, how many marks were dropped)
    ("Yes [1], and [3].", "Yes [1], and [3].", 0),
    ("Both [1, 2] say; so [ 2 ;3 ] too.", "Both [1][2] say; so [2][3] too.", 0),
    ("Made up[99] and none[0], half [2, 7].", "Made up and none, half [2].", 3),
    ("Seven in one [1, 2, 3, 4, 5, 6, 7].", "Seven in one [1][2][3].", 4),
    (FENCED, "See [1]:\n```python\nx = a[0] + b[9]\n```\nThen and [2].", 1),
    ("~~~\na[0]\n```\nb[9]\n~~~~\nout [9]", "~~~\na[0]\n```\nb[9]\n~~~~\nout", 1),
    ("- item\n- ```js\n  a[0]\n  ```\n- [8][1]", "- item\n- ```js\n  a[0]\n  ```\n- [1]", 1),
    ("Read `choices[0]` [1] or ``a`b[9]`` [9].", "Read `choices[0]` [1] or ``a`b[9]``.", 1),
    ("no fence ``` here [9]\n[1]", "no fence ``` here [9]\n[1]", 0),
    ("An array [1,\n2] and [x] and [1a] and [2024] and [", "An array [1,\n2] and [x] and [1a] and [2024] and [", 0),
    ("- [ ] open [x] done [link](https://a.example/) [2]", "- [ ] open [x] done [link](https://a.example/) [2]", 0),
]


def filtered(*pieces: str) -> tuple[str, int]:
    markers = MarkerFilter(3)
    text = "".join([markers.feed(piece) for piece in pieces] + [markers.end()])
    return text, markers.invalid


@pytest.mark.parametrize(("text", "left", "invalid"), TEXTS)
def test_only_marks_that_name_a_passage_stay_however_the_text_is_cut(text: str, left: str, invalid: int) -> None:
    assert filtered(text) == (left, invalid)
    assert filtered(*text) == (left, invalid)
    for cut in range(len(text)):
        assert filtered(text[:cut], text[cut:]) == (left, invalid), text[:cut]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.text(alphabet="[],; \n`~>-0123a.", max_size=12), max_size=12))
def test_pieces_give_the_same_text_as_the_whole(pieces: list[str]) -> None:
    assert filtered(*pieces) == filtered("".join(pieces))


def test_nothing_but_an_open_mark_is_held_back() -> None:
    markers = MarkerFilter(3)
    assert markers.feed("The answer is 42 [") == "The answer is 42"
    assert markers.feed("1, ") == ""
    assert markers.feed("9] indeed") == " [1] indeed"


def test_a_citation_quotes_the_sentence_that_bears_the_statement(retriever: Retriever, store: Store) -> None:
    hits = retriever.search("What are model variants?", 5).hits
    said = (
        "A model variant is a suffix written after a model's slug. [1] With `:floor` the cheapest comes first [1][2]."
    )
    citations, unsupported = resolve(said, hits)
    assert unsupported == ()
    assert [citation.marker for citation in citations] == [1, 2]
    assert citations[0].quote.startswith("A model variant is a suffix")
    for citation in citations:
        (page,) = store.pages([citation.hit.chunk.url])
        assert page.document.body[citation.start : citation.end] == citation.quote
        assert citation.quote in citation.hit.chunk.text


def test_statements_without_support_are_named(retriever: Retriever) -> None:
    hits = retriever.search("What are model variants?", 5).hits
    wrong = "The moon is made of green cheese and orbits a teapot."
    uncited = "Static ones exist for certain models only."
    said = f"A model variant is a suffix after the slug [1]. {wrong[:-1]} [1]. {uncited}\n\n```\nmoon[1] = cheese\n```"
    citations, unsupported = resolve(said, hits)
    assert unsupported == (wrong, uncited)
    assert [citation.marker for citation in citations] == [1]


def test_an_index_in_code_is_no_citation(retriever: Retriever) -> None:
    hits = retriever.search("streaming", 5).hits
    said = "Read `chunk.choices[1]` and `delta[2]` of the streaming answer [3].\n\n```\nchoices[4]\n```\n"
    citations, _ = resolve(said, hits)
    assert [citation.marker for citation in citations] == [3]


def test_marks_are_found_again_in_what_the_filter_passes_on(retriever: Retriever) -> None:
    hits = retriever.search("prompt caching price", 3).hits
    text, _ = filtered("Prompt caching lowers the price of repeated text [1,3;7]. Caching needs no code [2].")
    citations, _ = resolve(text, hits)
    assert (
        [f"[{citation.marker}]" for citation in citations]
        == sorted(re.findall(r"\[\d\]", text))
        == ["[1]", "[2]", "[3]"]
    )
