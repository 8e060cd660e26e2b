import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.text.sentences import sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("One is here. Two is\nthere! Three?", ["One is here.", "Two is\nthere!", "Three?"], id="plain"),
        pytest.param(
            "Use e.g. Python, i.e. CPython vs. PyPy.", ["Use e.g. Python, i.e. CPython vs. PyPy."], id="short"
        ),
        pytest.param(
            "It costs 0.5 USD. `max_tokens` caps it.", ["It costs 0.5 USD.", "`max_tokens` caps it."], id="code"
        ),
        pytest.param("He said “yes.” “No” followed.", ["He said “yes.”", "“No” followed."], id="quotes"),
        pytest.param("See J. Doe. then more", ["See J. Doe. then more"], id="initial-and-lower-case"),
        pytest.param(
            "Intro:\n- one. Still one\n- two\n1. three",
            ["Intro:", "- one.", "Still one", "- two", "1. three"],
            id="list",
        ),
        pytest.param(
            "1. `:free` costs nothing. Try it.\n12. Two",
            ["1. `:free` costs nothing.", "Try it.", "12. Two"],
            id="numbers",
        ),
        pytest.param("First\n\nSecond\n \nThird", ["First", "Second", "Third"], id="paragraphs"),
        pytest.param("**Bold.** [Link](x) goes on.", ["**Bold.**", "[Link](x) goes on."], id="marks"),
        pytest.param("", [], id="empty"),
        pytest.param(" \n\t\n ", [], id="blank"),
    ],
)
def test_sentences_as_a_reader_would_cut_them(text: str, parts: list[str]) -> None:
    assert cut(text) == parts


def test_places_count_from_the_offset() -> None:
    assert list(sentences("A b. C d.", 100)) == [(100, 104), (105, 109)]


@given(st.text(alphabet=st.sampled_from("aB9 .!?\n\t-*`\"'[]()。é"), max_size=80))
def test_nothing_but_white_space_lies_between_sentences(text: str) -> None:
    places = list(sentences(text))
    assert all(start < end for start, end in places)
    assert all(a[1] <= b[0] for a, b in pairwise(places))
    assert "".join(re.sub(r"\s", "", text[start:end]) for start, end in places) == re.sub(r"\s", "", text)
    assert all(text[start:end] == text[start:end].strip() for start, end in places)


def blind_items() -> list[dict[str, object]]:
    """Fragments of five kinds of docs with the sentences that a reader sees; written without knowing the rules."""
    lines = Path(__file__).with_name("sentences.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_sentences_of_five_kinds_of_docs_end_where_a_reader_ends_them() -> None:
    items = blind_items()
    wrong = [item for item in items if cut(str(item["text"])) != item["sentences"]]
    assert len(items) == 300
    assert len(wrong) <= 3, wrong
