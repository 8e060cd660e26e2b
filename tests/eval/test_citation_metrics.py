import pytest

from eval.citation_metrics import CitationCounts, count_support
from rag.records import Answer, Citation
from tests.eval.made import hit, page

PAGE = page(
    "/docs/a",
    "# Limits\n\nA free account may send 20 requests per minute.\n\nKeys are rotated in the dashboard.\n",
)
LIMIT = Citation(1, hit(1, PAGE, "A free account may send 20 requests per minute."), "", 0, 0)
KEYS = Citation(2, hit(2, PAGE, "Keys are rotated in the dashboard."), "", 0, 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A free account may send 20 requests per minute. [1]", CitationCounts(1, 1, 1, 1)),
        ("A free account sends 20 requests per minute [1]. Keys are rotated [2].", CitationCounts(2, 2, 2, 2)),
        ("A free account may send 50 requests per minute [1].", CitationCounts(1, 0, 1, 0)),  # another number
        ("A free account may send 20 requests per minute [2].", CitationCounts(1, 0, 1, 0)),  # another passage
        ("A free account may send 20 requests per minute [1][2].", CitationCounts(2, 1, 1, 1)),
        ("Pigs fly high over Berlin.", CitationCounts(0, 0, 1, 0)),
        ("There are limits:\n\n- 20 requests per minute for a free account [1]", CitationCounts(1, 1, 1, 1)),
        ("```\ncall(20)\n```\n", CitationCounts(0, 0, 0, 0)),
        ("A free account: 20 requests [1]\nKeys rotate in the dashboard [2]\n", CitationCounts(2, 2, 2, 2)),  # rows
        ("A free account: 20 requests. [1]\nKeys rotate in the dashboard. [2]\n", CitationCounts(2, 2, 2, 2)),
        ("A free account may\nsend 20 requests [1].", CitationCounts(1, 1, 1, 1)),  # a wrapped line
        ("", CitationCounts(0, 0, 0, 0)),
    ],
)
def test_a_claim_is_held_by_a_passage_with_its_numbers_and_most_of_its_words(
    text: str, expected: CitationCounts
) -> None:
    answer = Answer("?", text, answered=True, complete=True, mode="openrouter", hits=(), citations=(LIMIT, KEYS))
    assert count_support(answer) == expected
