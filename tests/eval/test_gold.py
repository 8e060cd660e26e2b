import pytest

from eval.dataset import Gold, Question
from eval.gold import (
    Docs,
    Passage,
    Position,
    find_evidence,
    find_targets,
    has_fact,
    is_stale,
    normalize_text,
    page_key,
    page_rank,
)
from tests.eval.made import hit, page

A = page(
    "/docs/a",
    "# Limits\n\nThis page is about limits of the API.\n\n## Requests\n\nYou may send 20 requests per minute.\n\n"
    "More with credits: 1000 requests per day.\n\n## Errors\n\n### Codes\n\nThe code is 429.\n",
    "https://site.test/docs/old-limits",
)
B = page("/docs/b", "# Keys\n\nA [key](https://site.test/x) is `secret`: **never** share it with others.\n")
DOCS = Docs.of([A, B])
RANKED = [
    Passage.of(one)
    for one in (
        hit(1, A, "This page is about limits of the API."),  # 8 words, no heading
        hit(2, A, "You may send 20 requests per minute.", "Requests"),  # 1 + 7 words
        hit(3, B, "A [key](https://site.test/x) is `secret`: **never** share it with others."),
        hit(4, A, "More with credits: 1000 requests per day.", "Requests"),
        hit(5, A, "The code is 429.", "Errors", "Codes"),
    )
]


def question(*gold: Gold, facts: tuple[str, ...] = (), need: str = "any") -> Question:
    return Question(
        "q", "?", "factoid", answerable=True, gold=gold, facts=facts, need="all" if need == "all" else "any"
    )


def found(asked: Question) -> Position | None:
    return find_evidence(asked, find_targets(asked, DOCS), RANKED).complete


QUOTE_A = Gold("/docs/a", "Requests", "may send 20 requests per minute")
QUOTE_B = Gold("/docs/b", "Keys", "key is secret: never share it")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(question(QUOTE_A), Position(2, 8 + 8), id="the quote ends with its passage"),
        pytest.param(question(QUOTE_B), Position(3, 8 + 8 + 7), id="marks and link targets do not count"),
        pytest.param(question(QUOTE_B, QUOTE_A), Position(2, 16), id="any: the earliest"),
        pytest.param(question(QUOTE_B, QUOTE_A, need="all"), Position(3, 23), id="all: the last page"),
        pytest.param(
            question(QUOTE_A, Gold("/docs/a", "", "not to be found anywhere"), need="all"),
            Position(2, 16),
            id="all: entries of one page are alternatives",
        ),
        pytest.param(
            question(Gold("/docs/a", "requests")),
            Position(2, 16),
            id="a section without facts: all of its passage",
        ),
        pytest.param(
            question(Gold("/docs/a", "Requests"), facts=("1000",)),
            Position(4, 8 + 8 + 9 + 5),
            id="down to the fact",
        ),
        pytest.param(
            question(Gold("/docs/a", "Requests"), facts=("20", "1000")),
            Position(4, 30),
            id="facts add up over passages",
        ),
        pytest.param(
            question(Gold("/docs/a", "Requests"), facts=("elsewhere",)),
            Position(2, 16),
            id="a fact that is not there",
        ),
        pytest.param(
            question(Gold("/docs/a", "Limits")), Position(1, 8), id="the title: what stands above the headings"
        ),
        pytest.param(
            question(Gold("/docs/a", "Errors")),
            Position(5, 8 + 8 + 9 + 8 + 6),
            id="an empty section: its subsections",
        ),
        pytest.param(
            question(Gold("/docs/old-limits", "Codes")),
            Position(5, 8 + 8 + 9 + 8 + 6),
            id="a page by its alias",
        ),
        pytest.param(
            question(Gold("site.test__docs__a.md", "Codes")),
            Position(5, 8 + 8 + 9 + 8 + 6),
            id="a page by its file",
        ),
        pytest.param(question(Gold("/docs/b", "Requests")), None, id="the section of another page"),
    ],
)
def test_where_the_evidence_is_complete(asked: Question, expected: Position | None) -> None:
    assert found(asked) == expected


def test_parts_are_pages_only_where_all_are_needed() -> None:
    asked = question(QUOTE_A, QUOTE_B, need="all")
    assert find_evidence(asked, find_targets(asked, DOCS), RANKED).parts == (
        Position(2, 16),
        Position(3, 23),
    )
    asked = question(QUOTE_A, QUOTE_B)
    assert find_evidence(asked, find_targets(asked, DOCS), RANKED).parts == (Position(2, 16),)


def test_the_page_rank_counts_distinct_pages() -> None:
    assert page_rank(find_targets(question(QUOTE_B), DOCS), RANKED) == 2
    assert page_rank(find_targets(question(Gold("/docs/none", "x")), DOCS), RANKED) is None


@pytest.mark.parametrize(
    ("asked", "stale"),
    [
        (question(Gold("/docs/a", "", "words that are gone now")), True),
        (question(Gold("/docs/a", "", "words that are gone now"), QUOTE_B), False),
        (question(Gold("/docs/a", "", "words that are gone now"), QUOTE_B, need="all"), True),
        (question(Gold("/docs/moved", "", "never share it with others")), False),  # the words stand elsewhere
        (question(Gold("/docs/a", "A section of old")), True),
        (question(Gold("/docs/gone", "Keys")), True),
        (question(Gold("/docs/b", "keys")), False),
    ],
)
def test_gold_that_the_docs_no_longer_hold_is_stale(asked: Question, *, stale: bool) -> None:
    assert is_stale(asked, find_targets(asked, DOCS)) is stale


@pytest.mark.parametrize(
    ("text", "fact", "there"),
    [
        ("up to 20 requests", "20", True),
        ("up to 200 requests", "20", False),
        ("1.20 dollars", "20", False),
        ("for 20.5 s", "20", False),
        ("in 2024", "20", False),
        ("it ends with 20.", "20", True),
        ("每分钟20个请求", "20", True),
        ("Suffixes such as :free", "suffix", True),
        ("the X-OpenRouter-Title header", "x openrouter title", True),
        ("affix", "fix", False),
        ("set `max_tokens`", "max tokens", True),
        ("anything", "!", False),
    ],
)
def test_facts_are_found_whatever_the_punctuation(text: str, fact: str, *, there: bool) -> None:
    assert has_fact(text, fact) is there


def test_names_and_texts_have_one_form() -> None:
    assert page_key("https://Site.test/docs/FAQ.md?x=1#y") == page_key("/docs/faq/") == "docs/faq"
    assert normalize_text("See [the _docs_](https://a.b/c), v2!") == "seethedocsv2"


def test_a_file_may_be_named_with_the_folders_above_it() -> None:
    named = ("src/docs/a.md", "docs/a.md", "/docs/a", "src/docs/a", "src/other.md")
    assert [DOCS.url_of(name).rpartition("/")[2] for name in named] == ["a", "a", "a", "", ""]
