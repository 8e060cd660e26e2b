import bm25s
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.index import postings
from ingest.index.bm25 import K1, B, build_bm25
from ingest.text.terms import stem, terms

TEXTS = [
    "Set max_tokens to limit the answer; max_tokens counts completion tokens.",
    "A 404 means that no endpoint was found for openai/gpt-5:free.",
    "The :free variant costs nothing. Free models have limits.",
    "Bindings for C++ and Python; maxPrice caps the price of a request.",
    "",
    "Policies and classes: the status of a process.",
]


@pytest.mark.parametrize(
    ("query", "row"),
    [("404", 1), (":free", 2), ("max_tokens", 0), ("c++", 3), ("maxPrice", 3), ("PRICES", 3), ("policy", 5)],
)
def test_identifiers_and_plurals_find_their_passage(query: str, row: int) -> None:
    assert int(build_bm25(TEXTS).scores(terms(query)).argmax()) == row


def test_terms_are_compounds_and_their_parts() -> None:
    assert list(terms("Use openai/gpt-5:free, maxPrice & c++!")) == (
        ["use", "openai/gpt-5:free", "openai", "gpt", "5", "free", "maxprice", "max", "price", "c++"]
    )
    assert list(terms("")) == list(terms(" -- … ")) == []


def test_the_s_stemmer_follows_its_three_rules() -> None:
    words = {
        "queries": "query",
        "models": "model",
        "caches": "cache",
        "status": "status",
        "class": "class",
        "gas": "gas",
    }
    assert {word: stem(word) for word in words} == words


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from("apple banana cherry date elder fig".split()), max_size=12), min_size=2, max_size=8
    )
)
def test_scores_are_those_of_bm25s(documents: list[list[str]]) -> None:
    if not any(documents):
        documents[0] = ["apple"]
    other = bm25s.BM25(method="lucene", k1=K1, b=B)
    other.index(documents, show_progress=False)
    ours = build_bm25([" ".join(words) for words in documents])
    query = sorted({word for words in documents for word in words})
    np.testing.assert_allclose(ours.scores(query), other.get_scores(query), atol=1e-5)


def test_scores_are_those_of_bm25s_on_text() -> None:
    other = bm25s.BM25(method="lucene", k1=K1, b=B)
    other.index([list(terms(text)) for text in TEXTS], show_progress=False)
    ours = build_bm25(TEXTS)
    for text in TEXTS[:4]:
        query = list(dict.fromkeys(terms(text)))
        expected = other.get_scores(query)
        assert expected.max() > 1
        np.testing.assert_allclose(ours.scores(query), expected, atol=1e-5)


def test_a_score_by_hand() -> None:
    lexical = build_bm25(["alpha beta", "alpha alpha alpha"])
    idf = np.log(1 + (2 - 2 + 0.5) / (2 + 0.5))
    assert lexical.scores(["alpha"])[1] == pytest.approx(idf * 3 / (3 + 1.2 * (0.25 + 0.75 * 3 / 2.5)), abs=1e-6)
    assert lexical.scores(["alpha", "alpha"])[1] == lexical.scores(["alpha"])[1], "a term counts once"


def test_the_explanation_adds_up_to_the_score() -> None:
    lexical = build_bm25(TEXTS)
    query = list(terms("max_tokens limits free price 404 unheard"))
    scores = lexical.scores(query)
    for row in range(len(TEXTS)):
        assert sum(lexical.explain(row, query).values()) == pytest.approx(float(scores[row]), abs=1e-6)
    assert set(lexical.explain(2, query)) == {"limit", "free"}


def test_a_rarer_term_has_the_higher_idf_and_no_text_at_all_is_no_error() -> None:
    lexical = build_bm25(TEXTS)
    assert lexical.idf_of("unheard") > lexical.idf_of("404") > lexical.idf_of("the") > 0
    assert build_bm25([]).scores(["x"]).tolist() == []
    assert build_bm25(["", ""]).scores(["x"]).tolist() == [0.0, 0.0]


def test_postings_that_are_counted_and_weighed_in_parts_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [" ".join(f"w{(row * step) % 37}" for step in range(row % 11)) for row in range(200)]
    whole = build_bm25(texts)
    assert whole.documents[whole.offsets[0] : whole.offsets[1]].tolist() == [
        row for row, text in enumerate(texts) if min(whole) in text.split()
    ]
    monkeypatch.setattr(postings, "_PART", 7)
    monkeypatch.setattr(postings, "_IN_MEMORY", 1)
    parts = build_bm25(texts)
    assert list(parts) == list(whole)
    for name in ("offsets", "documents", "weights", "idf"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
