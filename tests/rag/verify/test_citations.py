import re
from collections.abc import Sequence

import pytest

from ingest.index.folder.database import Store
from rag.generate.splitter import PieceSplitter
from rag.records import Hit
from rag.retrieve.search import Retriever
from rag.verify.citations import claim_with_passages, find_citations, resolve_marks
from rag.verify.sentence_gate import SentenceGate
from rag.verify.support_check import BUNDLED_CHECK

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
    ("no code ``` here [9]\n[1]", "no code ``` here\n[1]", 1),
    ("An array [1,\n2] and [x] and [1a] and [2024] and [", "An array [1,\n2] and [x] and [1a] and [2024] and [", 0),
    ("- [ ] open [x] done [link](https://a.example/) [2]", "- [ ] open [x] done [link](https://a.example/) [2]", 0),
]


def unsupported_in(text: str, hits: Sequence[Hit]) -> list[str]:
    gate = SentenceGate(hits, {}, lambda said: BUNDLED_CHECK.decide([claim_with_passages(said, hits)]).supported[0])
    splitter = PieceSplitter()
    pieces = [*splitter.feed(text), *splitter.end()]
    return [sentence for piece in pieces for sentence in gate.check(piece).unsupported]


@pytest.mark.parametrize(("text", "left", "invalid"), TEXTS)
def test_only_marks_that_name_a_passage_stay(text: str, left: str, invalid: int) -> None:
    resolved = resolve_marks(text, 3)
    assert (resolved.text, resolved.invalid) == (left, invalid)


FORMS = [
    "(p2a3b)",
    "[label=p2a3b]",
    "[^p2a3b]",
    "[passage p2a3b]",
    "<p2a3b>",
    "{p2a3b}",
    "p2a3b",
    "[[p2a3b]]",
    "【p2a3b】",
]
FORMS += ["[p2a3b](https://docs.example/x)", "['p2a3b']", "[P2A3B]", "[source: 1]", "[^1]", "[#1]"]


@pytest.mark.parametrize("form", FORMS)
def test_a_mark_is_read_in_the_forms_that_models_write(form: str) -> None:
    assert resolve_marks(f"Keys expire {form}.", 3, {"p2a3b": 1}).text == "Keys expire [1]."


def test_marks_of_several_passages_are_read_one_by_one() -> None:
    labels = {"p2a3b": 1, "p4c5d": 2}
    assert resolve_marks("Yes [p2a3b and p4c5d].", 3, labels).text == "Yes [1][2]."
    assert resolve_marks("Yes (p2a3b, p4c5d).", 3, labels).text == "Yes [1][2]."


@pytest.mark.parametrize("word", ["p9z9z", "(p9z9z)", "(1)", "f(1, 2)", "(2024)", "p1", "sp2a3b"])
def test_what_only_looks_like_a_mark_is_text(word: str) -> None:
    text = f"Call {word} first."
    left = "Call first." if word == "(p9z9z)" else text
    assert resolve_marks(text, 3, {"p2a3b": 1}).text == left


def test_marks_of_the_prompt_that_a_model_repeats_become_citations() -> None:
    said = "<passage-0a1b2c3d label=p2a3b>\nThe limit is 20.\n</passage-0a1b2c3d>\n"
    assert resolve_marks(said, 3, {"p2a3b": 1}).text == "[1] The limit is 20.\n"


def test_a_citation_quotes_the_sentence_that_bears_the_statement(retriever: Retriever, store: Store) -> None:
    hits = retriever.search("What are model variants?", 5).hits
    said = (
        "A model variant is a suffix written after a model's slug. [1] With `:floor` the cheapest comes first [1][2]."
    )
    citations = find_citations(said, hits)
    assert unsupported_in(said, hits) == []
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
    citations = find_citations(said, hits)
    assert unsupported_in(said, hits) == [wrong, uncited]
    assert [citation.marker for citation in citations] == [1]


def test_an_index_in_code_is_no_citation(retriever: Retriever) -> None:
    hits = retriever.search("streaming", 5).hits
    said = "Read `chunk.choices[1]` and `delta[2]` of the streaming answer [3].\n\n```\nchoices[4]\n```\n"
    citations = find_citations(said, hits)
    assert [citation.marker for citation in citations] == [3]


def test_marks_are_found_again_in_what_the_filter_passes_on(retriever: Retriever) -> None:
    hits = retriever.search("prompt caching price", 3).hits
    text = resolve_marks("Prompt caching lowers the price of repeated text [1,3;7]. Caching needs no code [2].", 3).text
    citations = find_citations(text, hits)
    assert (
        [f"[{citation.marker}]" for citation in citations]
        == sorted(re.findall(r"\[\d\]", text))
        == ["[1]", "[2]", "[3]"]
    )
