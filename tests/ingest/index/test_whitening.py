"""What all passages share is taken out of vectors and tokens."""

import numpy as np
import pytest

from ingest.embed.minilm import MiniLm
from ingest.embed.token_vectors import WIDTH
from ingest.index.question_token import mean_question_token, measure_question_token
from ingest.index.whitening import fit_whitening, whiten
from tests.ingest.made import WordEmbedder


def test_what_all_vectors_share_counts_no_longer() -> None:
    random = np.random.default_rng(5)
    own = random.normal(size=(300, 8)).astype(np.float32)
    vectors = own + np.float32(20) * np.eye(8, dtype=np.float32)[0]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    before = vectors @ vectors.T
    white = whiten(vectors, fit_whitening(vectors))
    after = white @ white.T
    off = ~np.eye(300, dtype=bool)
    assert before[off].mean() > 0.9
    assert abs(after[off].mean()) < 0.02
    np.testing.assert_allclose(np.linalg.norm(white, axis=1), 1, atol=1e-5)


def test_the_direction_in_which_vectors_differ_most_is_scaled_down_most() -> None:
    random = np.random.default_rng(5)
    vectors = (random.normal(size=(500, 4)) * [10, 1, 1, 1]).astype(np.float32)
    spread = (vectors - vectors.mean(axis=0)) @ fit_whitening(vectors)[1:]
    # The ridge is the mean variance, (100 + 1 + 1 + 1) / 4: what is left of them is 0.9 and 0.2.
    np.testing.assert_allclose(spread.std(axis=0), [0.89, 0.19, 0.19, 0.19], atol=0.02)


def test_one_vector_or_equal_ones_are_no_error() -> None:
    one = np.ones((1, 3), dtype=np.float32)
    assert np.isfinite(whiten(one, fit_whitening(one))).all()
    equal = np.ones((5, 3), dtype=np.float32)
    np.testing.assert_array_equal(whiten(equal, fit_whitening(equal)), np.zeros((5, 3)))


def test_tokens_of_questions_point_apart_but_not_evenly() -> None:
    assert 0.1 < np.linalg.norm(mean_question_token(MiniLm())) < 0.5
    np.testing.assert_array_equal(mean_question_token(WordEmbedder()), np.zeros(WIDTH))


def test_the_shipped_mean_is_that_of_the_bundled_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this fails, the questions or the model changed: `make starter-index`."""
    measured = measure_question_token(MiniLm())
    monkeypatch.setattr(MiniLm, "embed_query", None)  # what is shipped embeds nothing
    np.testing.assert_allclose(mean_question_token(MiniLm()), measured, atol=1e-6)
