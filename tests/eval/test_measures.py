import pytest

from eval.measures import mean_reciprocal_rank, rank_of_evidence, recall_at
from eval.questions import Gold, Question

RANKED = [("/a", "One"), ("/b", "Two"), ("/c", "Three"), ("/a", "Four")]


def question(*gold: tuple[str, str], need: str = "any") -> Question:
    return Question(
        "q", "?", "factoid", gold=tuple(Gold(*g) for g in gold), answerable=True, need="all" if need == "all" else "any"
    )


@pytest.mark.parametrize(
    ("asked", "rank"),
    [
        pytest.param(question(("/b", "Two"), ("/a", "Four")), 2, id="any: the first that is found"),
        pytest.param(question(("/a", "four")), 4, id="headings compare without case"),
        pytest.param(question(("/a", "Two")), None, id="the right heading on another page does not count"),
        pytest.param(question(("/a", "One"), ("/c", "Three"), need="all"), 3, id="all: the last page that is needed"),
        pytest.param(question(("/a", "One"), ("/d", "Five"), need="all"), None, id="all: one page missing"),
        pytest.param(
            question(("/a", "Four"), ("/a", "One"), need="all"), 1, id="all: entries of a page are alternatives"
        ),
    ],
)
def test_rank_of_evidence(asked: Question, rank: int | None) -> None:
    assert rank_of_evidence(asked, RANKED) == rank


def test_averages_count_what_was_not_found() -> None:
    ranks = [1, 2, None, 4]
    assert recall_at(ranks, 2) == 0.5
    assert recall_at(ranks, 4) == 0.75
    assert mean_reciprocal_rank(ranks) == pytest.approx((1 + 0.5 + 0.25) / 4)
