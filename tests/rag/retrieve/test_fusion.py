"""Scores -> ranks: what is scaled, added, reordered and merge_parts, on numbers worked out by hand."""

import numpy as np
import pytest

from ingest.embed.token_vectors import SCALE, WIDTH, compress, project, projection
from rag.retrieve.fusion import (
    Candidates,
    Signals,
    best_rows,
    demote_crowding,
    final_scores,
    first_ranking,
    first_scores,
    merge_parts,
    min_max,
)
from rag.retrieve.late_interaction import max_similarity, token_weights


def floats(*values: float) -> "np.typing.NDArray[np.float32]":
    return np.array(values, dtype=np.float32)


def test_signals_are_scaled_and_weighed() -> None:
    found = first_scores(Signals(bm25=floats(0, 5, 10), cosine=floats(0.2, 0.6, 0.2), page=floats(0, 0, 1)))
    np.testing.assert_allclose(found, [0, 1.5 / 2.3, 1.3 / 2.3], atol=1e-6)


def test_equal_scores_are_all_best_or_nothing() -> None:
    np.testing.assert_array_equal(min_max(floats(2, 2)), [1, 1])
    np.testing.assert_array_equal(min_max(floats(0, 0)), [0, 0])
    assert min_max(floats()).shape == (0,)


def test_candidates_are_scaled_among_themselves_and_late_interaction_counts_twice() -> None:
    near = Candidates(floats(8, 6, 4), floats(0.1, 0.3, 0.2), floats(0.5, 0.5, 0.1), floats(0.3, 0.3, 0.7))
    ranking = final_scores(floats(1.0, 0.5, 0.9), [0, 2, 1], near)
    assert ranking.scores == pytest.approx({0: (1 + 0 + 1 + 0) / 5, 2: (0.5 + 1 + 1 + 0) / 5, 1: (0 + 0.5 + 0 + 2) / 5})
    assert ranking.late == pytest.approx({0: 0.3, 2: 0.3, 1: 0.7})
    assert ranking.whitened == pytest.approx({0: 0.1, 2: 0.3, 1: 0.2})


def test_the_better_part_counts_two_thirds() -> None:
    whole = first_ranking(floats(1.0, 0.4, 0.0), [0, 1])
    parts = [first_ranking(floats(0.0, 0.8, 0.0), [1]), first_ranking(floats(0.0, 0.2, 0.6), [1, 2])]
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
