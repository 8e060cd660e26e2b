import re

import pytest

from ingest.chunk import chunk_document
from ingest.embed.minilm import MiniLm
from ingest.index.bm25 import build_bm25
from ingest.index.database import Store
from ingest.text.markdown import plain
from rag.generate.extractive import extract
from rag.records import Hit
from rag.retrieve.search import Retriever
from tests.conftest import CommandLine
from tests.ingest.made import document

QUESTIONS = """\
What are model variants?
How do I stream a response?
What happens when a provider is down?
Which header names my app?
What does error 402 mean?
How long is a response cached?
How do I get a code example for structured outputs in Python?
Is my prompt stored?
What is the rate limit of free models?
How do I use my own provider key?
Can a model read a PDF?
What is the difference between :nitro and :floor?
How do I send several models in order of preference?
What does max_completion_tokens do?
How are reasoning tokens billed?
Show a curl command for embeddings
""".splitlines()


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_quote_stands_word_for_word_in_its_page(retriever: Retriever, store: Store, question: str) -> None:
    hits = retriever.search(question, 8).hits
    text, citations = extract(question, hits, retriever.idf)
    bodies = {page.document.url: page.document.body for page in store.pages()}
    assert [citation.marker for citation in citations] == list(range(1, len(citations) + 1))
    marked = dict.fromkeys(re.findall(r"\[(\d)\](?=\s|$)", text))  # a quote of two sentences is marked twice
    assert list(marked) == [str(citation.marker) for citation in citations]
    for citation in citations:
        chunk = citation.hit.chunk
        assert bodies[chunk.url][citation.start : citation.end] == citation.quote
        assert chunk.start <= citation.start < citation.end <= chunk.end
        assert citation.quote == citation.quote.strip(" \n")
    assert len({plain(citation.quote).lower() for citation in citations}) == len(citations)
    assert sum(len(citation.quote.split()) for citation in citations[1:]) <= 90


def test_the_answer_says_what_was_asked(retriever: Retriever) -> None:
    question = "What are model variants?"
    text, citations = extract(question, retriever.search(question, 8).hits, retriever.idf)
    assert text.startswith("A model variant is a suffix, such as :free, written after a model's slug")
    assert citations[0].hit.url == "https://openrouter.ai/docs/faq#what-are-model-variants"


def test_code_is_quoted_only_for_those_who_ask_for_it(retriever: Retriever) -> None:
    for question, wanted in (("Show a curl example of a chat request", True), ("What is a chat request?", False)):
        text, _ = extract(question, retriever.search(question, 8).hits, retriever.idf)
        assert ("```" in text) is wanted


PAGE = """## Rate limits

See [the limits page](https://h.org/limits).

| Bucket | Number |
| --- | --- |
| per key | 30 a minute |
| per account | 500 a day |

It is reset at midnight. Whoever exceeds the rate limit gets an error.

Raise the rate limit with `limit: 60`:

> **Warning**
>
> The rate limit is shared by all keys.

| Error | Meaning |
| --- | --- |
| `429` | too fast |
| `402` | no money |
"""


def quoted(question: str) -> str:
    model = MiniLm()
    chunks = chunk_document(document(PAGE), model.count, model.max_tokens)
    hits = [Hit(rank, 1.0, 1.0, 1.0, chunk) for rank, chunk in enumerate(chunks, 1)]
    return extract(question, hits, build_bm25([chunk.text for chunk in chunks]).idf_of)[0]


def test_what_is_quoted_says_something_alone() -> None:
    text = quoted("What is the rate limit?")
    assert "Raise the rate limit with limit: 60. [" in text, "a lead-in that names the code is an answer"
    assert "Warning: The rate limit is shared by all keys. [" in text
    assert "See the limits page" not in text
    assert "Raise" not in quoted("Show an example of a rate limit"), "there the code itself is wanted"


def test_who_asks_for_an_amount_gets_the_sentence_with_the_figure() -> None:
    ways = "orders sorts names keeps logs shows counts".split()
    page = " ".join(f"The router {way} all your fallbacks." for way in ways) + " At most three entries fit."
    model = MiniLm()
    (chunk,) = chunk_document(document(page), model.count, model.max_tokens)
    hits = [Hit(1, 1.0, 1.0, 1.0, chunk)]
    for question, wanted in (("How many fallbacks may I name?", True), ("Which fallbacks are kept?", False)):
        assert ("three entries" in extract(question, hits, lambda _: 1.0)[0]) is wanted


def test_a_small_table_under_what_was_asked_for_is_quoted_whole() -> None:
    page = PAGE.partition("| Error")[0]
    model = MiniLm()
    (chunk,) = chunk_document(document(page), model.count, model.max_tokens)
    text, _ = extract("rate limit", [Hit(1, 1.0, 1.0, 1.0, chunk)], build_bm25([page]).idf_of)
    assert "per key · 30 a minute [" in text
    assert "per account · 500 a day [" in text
    text = quoted("What does 402 mean?")
    assert "402 · no money [" in text
    assert "too fast" not in text, "another row is what was asked for"


def test_without_passages_there_is_no_answer() -> None:
    assert extract("What?", (), build_bm25([]).idf_of) == ("", ())


@pytest.mark.parametrize("question", ["How do I bake sourdough bread?", "Who won the world cup in 1998?"])
def test_a_question_off_topic_is_refused_with_the_nearest_pages(starter: CommandLine, question: str) -> None:
    refused = starter("ask", "--no-llm", question)
    assert refused.status == 3
    assert refused.out.startswith("The docs do not answer this question.\n\nNearest pages:\n")
    assert "https://openrouter.ai/docs/" in refused.out
