"""The gold questions over the OpenRouter documentation keep their rules, and their gold is on the pages."""

import gzip
import html
import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from eval.dataset import read_questions
from tests.conftest import REPOSITORY

FILE = REPOSITORY / "eval" / "questions" / "openrouter.jsonl"
ROWS: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
ANSWERABLE = [row for row in ROWS if row["answerable"]]
FIELDS = {"id", "question", "kind", "answerable", "need", "gold", "facts"}
AT_LEAST = {
    **dict.fromkeys(("paraphrase", "multi-page", "misspelt", "non-english"), 30),
    **dict.fromkeys(("factoid", "howto", "code", "error-message", "table-lookup", "keyword", "comparison"), 12),
    "unanswerable": 65,
}
FUNCTION_WORDS = set(
    """a about after all an and any are as at be been before being between both but by can could did do does doing each
    few for from had has have how i if in into is it its like made make makes many may me might more most much must my
    no nor not now of off on once one only or other our out over own same should so some such than that the their them
    then there these they this those through to too two under until up us use used using very want was we were what
    when where which while who whom why will with within would you your""".split()
)
DATA = os.environ.get("ASKDOCS_TEST_DATA", "")
needs_the_docs = pytest.mark.skipif(not DATA, reason="ASKDOCS_TEST_DATA names no folder of test data")
Sections = list[tuple[str, str]]


def identity(row: dict[str, Any]) -> str:
    return str(row["id"])


def test_there_are_enough_of_every_kind_and_no_question_comes_twice() -> None:
    counts = Counter(row["kind"] for row in ROWS)
    assert set(counts) == set(AT_LEAST)
    assert {kind: counts[kind] for kind in AT_LEAST if counts[kind] < AT_LEAST[kind]} == {}
    assert len({row["id"] for row in ROWS}) == len({row["question"].casefold() for row in ROWS}) == len(ROWS)
    assert len({gold["page"] for row in ROWS for gold in row["gold"]}) >= 90
    assert [question.id for question in read_questions(FILE).questions] == [row["id"] for row in ROWS]


@pytest.mark.parametrize("row", ROWS, ids=identity)
def test_a_question_keeps_the_rules(row: dict[str, Any]) -> None:
    assert set(row) == FIELDS
    assert row["question"].strip() == row["question"] != ""
    assert row["answerable"] == (row["kind"] != "unanswerable") == bool(row["gold"]) == bool(row["facts"])
    assert row["need"] == ("all" if row["kind"] == "multi-page" else "any")
    assert len(row["facts"]) <= 4
    assert all(0 < len(fact) <= 60 and len(fact.split()) <= 6 for fact in row["facts"])
    assert all(set(gold) == {"page", "section"} and gold["page"].startswith("/docs/") for gold in row["gold"])
    assert len({(gold["page"], gold["section"]) for gold in row["gold"]}) == len(row["gold"])
    if row["kind"] == "multi-page":
        assert len({gold["page"] for gold in row["gold"]}) >= 2
    if row["kind"] == "keyword":
        assert 2 <= len(row["question"].split()) <= 4


def plain(markdown: str) -> str:
    """The text without links, escapes and entities."""
    return html.unescape(re.sub(r"!?\[((?:[^\[\]]|\[[^\]]*\])*)\]\([^()]*\)", r"\1", markdown)).replace("\\", "")


def squeezed(text: str) -> str:
    """Only the letters and digits, in lower case."""
    return re.sub(r"[\W_]+", "", plain(text).lower())


def sections_of(title: str, markdown: str) -> Sections:
    """The page cut at its headings, and again at lines in bold alone, as which nested accordions are written."""
    headed, bold, fenced = [(title, "")], [(title, "")], False
    for line in markdown.splitlines(keepends=True):
        fenced ^= bool(re.match(r"\s*(> *)?(```|~~~)", line))
        heading = None if fenced else re.match(r"#{1,6}\s+(.+)", line)
        label = None if fenced else heading or re.match(r"\s*\*\*([^*]+)\*\*\s*$", line)
        if heading:
            headed.append((heading[1], ""))
        if label:
            bold.append((label[1], ""))
        headed[-1] = (headed[-1][0], headed[-1][1] + line)
        bold[-1] = (bold[-1][0], bold[-1][1] + line)
    return [(squeezed(name), squeezed(text)) for name, text in headed + bold]


@pytest.fixture(scope="module")
def site() -> dict[str, dict[str, Any]]:
    with gzip.open(Path(DATA) / "docsite" / "site_data.json.gz", "rt", encoding="utf-8") as file:
        return {page["path"]: page for page in json.load(file)["pages"]}


@pytest.fixture(scope="module")
def pages(site: dict[str, dict[str, Any]]) -> dict[str, Sections]:
    return {path: sections_of(page["title"], page["md"]) for path, page in site.items()}


def texts_of(gold: dict[str, str], pages: dict[str, Sections]) -> str:
    found = [text for name, text in pages[gold["page"]] if name == squeezed(gold["section"])]
    assert found, f"{gold['page']} has no heading {gold['section']}"
    return " ".join(found)


@needs_the_docs
@pytest.mark.parametrize("row", ANSWERABLE, ids=identity)
def test_the_gold_and_its_facts_are_on_the_pages(row: dict[str, Any], pages: dict[str, Sections]) -> None:
    texts = [texts_of(gold, pages) for gold in row["gold"]]
    for fact in row["facts"]:
        hits = [squeezed(fact) in text for text in texts]
        assert (any if row["need"] == "all" else all)(hits), f"{fact} is missing: {hits}"
    for text in texts:
        assert any(squeezed(fact) in text for fact in row["facts"]), "a gold section gives nothing"


def content_words(text: str) -> set[str]:
    """The words that carry meaning, without common endings."""
    words = {word for word in re.findall(r"[a-z0-9]+", text.lower()) if len(word) > 1} - FUNCTION_WORDS
    return {re.sub(r"(?<=\w{3})(ings?|ied|ies|ers?|e?d|e?s|e|y)$", "", word) for word in words}


@needs_the_docs
@pytest.mark.parametrize("row", [row for row in ROWS if row["kind"] == "paraphrase"], ids=identity)
def test_a_paraphrase_avoids_the_words_of_titles_and_headings(
    row: dict[str, Any], site: dict[str, dict[str, Any]]
) -> None:
    names = " ".join(f"{site[gold['page']]['title']} {gold['section']}" for gold in row["gold"])
    assert content_words(row["question"]) & content_words(names) == set()
