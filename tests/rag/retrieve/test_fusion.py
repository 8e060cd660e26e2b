"""From scores to ranks: scaling, fusing, merging and reordering, on numbers worked out by hand."""

import numpy as np
import pytest

from ingest.embed.token_vectors import SCALE, WIDTH, compress, project, projection
from ingest.index.base import FIRST_STAGE, Weights
from ingest.index.first_stage import Signals, best_rows, first_scores, min_max, select
from rag.retrieve.fusion import (
    Ranking,
    SecondStage,
    demote_crowding,
    final_scores,
    merge_parts,
    rows_per_page,
)
from rag.retrieve.late_interaction import max_similarity, token_weights


def floats(*values: float) -> "np.typing.NDArray[np.float32]":
    return np.array(values, dtype=np.float32)


def test_signals_are_scaled_and_weighed() -> None:
    signals = Signals(bm25=floats(0, 5, 10), cosine=floats(0.2, 0.6, 0.2), page=floats(0, 0, 1))
    found = first_scores(signals, FIRST_STAGE)
    np.testing.assert_allclose(found, [0, 1.5 / 2.3, 1.3 / 2.3], atol=1e-6)


def test_equal_scores_are_all_best_or_nothing() -> None:
    np.testing.assert_array_equal(min_max(floats(2, 2)), [1, 1])
    np.testing.assert_array_equal(min_max(floats(0, 0)), [0, 0])
    assert min_max(floats()).shape == (0,)


def test_candidates_are_scaled_among_themselves_and_late_interaction_counts_twice() -> None:
    near = SecondStage(floats(8, 6, 4), floats(0.1, 0.3, 0.2), floats(0.5, 0.5, 0.1), floats(0.3, 0.3, 0.7))
    ranking = final_scores([0, 2, 1], near)
    assert ranking.scores == pytest.approx({0: (1 + 0 + 1 + 0) / 5, 2: (0.5 + 1 + 1 + 0) / 5, 1: (0 + 0.5 + 0 + 2) / 5})
    assert ranking.late == pytest.approx({0: 0.3, 2: 0.3, 1: 0.7})
    assert ranking.whitened == pytest.approx({0: 0.1, 2: 0.3, 1: 0.2})


def test_the_better_part_counts_two_thirds() -> None:
    whole = Ranking({0: 1.0, 1: 0.4}, {}, {})
    parts = [Ranking({1: 0.8}, {}, {}), Ranking({1: 0.2, 2: 0.6}, {}, {})]
    assert merge_parts(whole, parts) == pytest.approx({0: 1 / 3, 1: (0.4 + 2 * 0.8) / 3, 2: 0.4})
    assert merge_parts(whole, []) == whole.scores


def test_a_page_that_crowds_the_list_gives_way() -> None:
    scores = {row: 0.9 - row / 100 for row in range(7)} | {7: 0.7}
    found = demote_crowding(scores, dict.fromkeys(range(7), 0) | {7: 1})
    assert found[4] == scores[4]
    assert found[5] == pytest.approx(0.9 * scores[5])
    assert found[6] == pytest.approx(0.81 * scores[6])
    assert found[7] == scores[7]
    assert sorted(found, key=lambda row: -found[row]) == [0, 1, 2, 3, 4, 5, 7, 6]


def test_best_rows_are_stable_and_leave_out_what_is_excluded() -> None:
    scores = floats(1, 3, -np.inf, 3, 2, 1)
    assert best_rows(scores, 3) == [1, 3, 4]
    assert best_rows(scores, 10) == [1, 3, 4, 0, 5]
    assert best_rows(floats(1, 1, 1, 1), 2) == [0, 1]
    assert best_rows(floats(-np.inf), 2) == []


def test_the_first_stage_returns_the_best_and_those_asked_for_with_ranks_over_all() -> None:
    signals = Signals(bm25=floats(0, 2, 4, 1), cosine=floats(0.4, 0.4, 0.1, 0.3), page=floats(0, 0, 0, 0))
    allowed = np.array([True, True, True, False])
    pages = np.array([0, 0, 1, 1], dtype=np.int32)
    found = select(signals, allowed, pages, 2, [2, 3, 1], Weights(bm25=1, cosine=1, page=0))
    assert (found.rows.tolist(), found.best, found.eligible) == ([1, 0, 2], 2, 3), "row 3 is not allowed"
    np.testing.assert_allclose(found.score, [0.75, 0.5, 0.5], atol=1e-6)
    assert found.pages.tolist() == [0, 0, 1]
    assert found.bm25_rank.tolist() == [2, 0, 1]
    assert found.cosine_rank is not None
    assert found.cosine_rank.tolist() == [1, 1, 4]
    assert found.nearest is not None
    np.testing.assert_allclose(found.nearest, [0.4, 0.4, 0.3, 0.1])


def test_without_an_embedding_a_chunk_needs_a_word_of_the_query() -> None:
    pages = np.zeros(3, dtype=np.int32)
    found = select(Signals(floats(0, 1, 3)), np.ones(3, dtype=bool), pages, 5, [], FIRST_STAGE)
    assert (found.rows.tolist(), found.eligible, found.cosine, found.nearest) == ([2, 1], 2, None, None)


def test_few_rows_of_each_page_are_taken_and_keep_their_ranks() -> None:
    pages = {row: row // 4 for row in range(12)}
    assert rows_per_page(range(12), pages, 5, most=2) == [(1, 0), (2, 1), (5, 4), (6, 5), (9, 8)]
    assert rows_per_page([3, 2], pages, 5) == [(1, 3), (2, 2)]


def test_max_similarity_is_the_weighted_best_match() -> None:
    question = np.eye(WIDTH, dtype=np.float32)[:2]
    near = np.zeros((3, WIDTH), dtype=np.int8)
    near[0, 0], near[1, 1] = 102, 51
    weights = floats(0.75, 0.25)
    none = np.zeros((0, WIDTH), dtype=np.int8)
    means = np.zeros((2, WIDTH), dtype=np.float32)
    found = max_similarity(question, weights, [none, near, near[1:]], means)
    np.testing.assert_allclose(found, [0, 0.75 * 1 + 0.25 * 1, 0.25 * 1], atol=1e-6)
    # What all passages share is taken off: of the first token nothing is left that the question asks for.
    means[0, 0] = 102 / SCALE
    np.testing.assert_allclose(max_similarity(question, weights, [near[:1]], means), [0], atol=1e-6)


def test_tokens_weigh_as_much_as_their_word() -> None:
    text = "Rotate keys?"
    spans = [(0, 3), (3, 6), (7, 11), (11, 12)]
    weights = token_weights(text, spans, lambda word: {"Rotate": 3.0, "keys": 2.0, "": 0.0}[word])
    np.testing.assert_allclose(weights, [3 / 8, 3 / 8, 2 / 8, 0])
    np.testing.assert_allclose(token_weights("??", [(0, 1), (1, 2)], lambda _word: 0.0), [0.5, 0.5])


def test_projection_keeps_angles() -> None:
    random = np.random.default_rng(3)
    base = random.normal(size=(200, 384)).astype(np.float32)
    other = base + random.normal(size=base.shape).astype(np.float32) * 0.7
    true = (base * other).sum(1) / np.linalg.norm(base, axis=1) / np.linalg.norm(other, axis=1)
    kept = (project(base) * (compress(other).astype(np.float32) / SCALE)).sum(1)
    assert np.abs(true - kept).mean() < 0.05
    np.testing.assert_allclose(projection(384).T @ projection(384), np.eye(WIDTH), atol=1e-5)
