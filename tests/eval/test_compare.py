import numpy as np
import pytest

from eval.compare import compare, refuse_unlike
from eval.records import RunConfig
from ingest.core.errors import UsageError
from tests.eval.made import MEASURED, outcomes, run_of

BASE: list[int | None] = [1] * 60 + [3] * 20 + [None] * 10


def test_the_same_run_twice_is_no_loss() -> None:
    run = run_of(outcomes(BASE))
    changes = compare(run, run)
    assert {change.p for change in changes.values()} == {1.0}
    assert not any(change.loss or change.difference for change in changes.values())


def test_a_broken_ranking_is_a_real_loss_and_its_mending_is_none() -> None:
    worse: list[int | None] = [8 if at < 12 else rank for at, rank in enumerate(BASE)]
    changes = compare(run_of(outcomes(worse)), run_of(outcomes(BASE)))
    assert changes["recall@5"].loss
    assert (changes["recall@5"].won, changes["recall@5"].lost) == (0, 12)
    assert changes["recall@5"].difference == pytest.approx(-12 / 90)
    assert changes["recall@5"].low < -12 / 90 < changes["recall@5"].high < 0
    assert not changes["recall@10"].loss
    assert not any(change.loss for change in compare(run_of(outcomes(BASE)), run_of(outcomes(worse))).values())


@pytest.mark.parametrize(("lost", "loss"), [(1, False), (3, False), (8, True)])
def test_a_question_or_three_may_be_chance(lost: int, *, loss: bool) -> None:
    """Of n changed questions all n are losses by chance with probability 2**-n."""
    worse: list[int | None] = [None if at < lost else rank for at, rank in enumerate(BASE)]
    changes = compare(run_of(outcomes(worse)), run_of(outcomes(BASE)))
    assert changes["recall@10"].loss is loss
    assert changes["recall@10"].p == pytest.approx(max(2.0**-lost, 1e-4), rel=0.4)


@pytest.mark.slow
def test_chance_fails_one_comparison_in_twenty_not_one_measure_in_twenty() -> None:
    random = np.random.default_rng(7)
    failed = 0
    for _ in range(60):
        swap = random.random(90) < 0.5
        one: list[int | None] = [int(rank) for rank in random.integers(1, 15, 90)]
        two: list[int | None] = [int(rank) for rank in random.integers(1, 15, 90)]
        new = [a if s else b for a, b, s in zip(one, two, swap, strict=True)]
        old = [b if s else a for a, b, s in zip(one, two, swap, strict=True)]
        changes = compare(run_of(outcomes(new)), run_of(outcomes(old)))
        failed += any(change.p < 0.05 for change in changes.values())
    assert failed <= 8  # expected 3; more than 8 of 60 happens once in 300 times


def test_questions_that_only_one_run_judged_count_in_neither() -> None:
    new, old = outcomes([1, 1]), outcomes([1, 1, None])
    assert compare(run_of(new), run_of(old))["recall@1"].baseline == 1.0
    stale = outcomes([None, None], stale=True)
    with pytest.raises(UsageError, match="no question in common"):
        compare(run_of(stale), run_of(stale))


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (RunConfig("0ther", "retrieval", 10, ""), "question file"),
        (RunConfig("5ha", "extractive", 10, ""), "mode: extractive there, retrieval here"),
        (RunConfig("5ha", "retrieval", 5, ""), "-k: 5 there, 10 here"),
        (RunConfig("5ha", "retrieval", 10, "/docs/guides"), "--under: /docs/guides there, none here"),
    ],
)
def test_unlike_runs_do_not_compare(other: RunConfig, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        refuse_unlike(MEASURED, other, path="old.json")
    refuse_unlike(MEASURED, MEASURED, path="old.json")
