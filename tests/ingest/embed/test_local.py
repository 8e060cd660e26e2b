"""Models of other kinds, by folder: stand-ins with random weights, since no hub can be reached."""

from pathlib import Path

import numpy as np
import pytest

from ingest.core.errors import ModelError
from ingest.embed.base import embed_all
from ingest.embed.hashing import HASHED, hash_weights
from ingest.embed.late_model import LateModel
from ingest.embed.loading import Kind, load
from ingest.embed.local import LocalModel, has_bf16
from ingest.embed.minilm import MiniLm
from tests.ingest.embed.stand_ins import save_cross, save_dense, save_late, save_sparse

PLACES = [(431, 1.0), (792, -2.0)]
"""Where the hash puts the columns 0 and 29,999, with their signs: an index of another machine has to agree."""

TEXTS = ["What are model variants?", "word " * 400, "max_tokens"]


@pytest.fixture(scope="module")
def modern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_dense(tmp_path_factory.mktemp("modern"))


def test_a_model_of_another_architecture_embeds_passages_and_questions_with_its_prompts(modern: Path) -> None:
    model = LocalModel(str(modern), "cpu")
    found = embed_all(model, TEXTS)
    assert [len(one.vector) for one in found] == [model.dimension] * 3 == [32] * 3
    assert all(np.linalg.norm(one.vector) == pytest.approx(1, abs=1e-5) for one in found)
    asked, told = model.embed_query(TEXTS[0]).vector, found[0].vector
    assert float(asked @ told) < 0.99999, "the query has a prompt"
    prompted = embed_all(model, [f"search for: {TEXTS[0]}"])[0].vector
    assert float(asked @ prompted) > 0.9999
    assert model.fingerprint != LocalModel(str(modern), "cpu", "bf16").fingerprint


def test_bf16_is_asked_of_the_processor_and_stays_near(modern: Path) -> None:
    exact, fast = (embed_all(LocalModel(str(modern), "cpu", name), TEXTS) for name in ("fp32", "bf16"))
    for one, other in zip(exact, fast, strict=True):
        assert other.vector.dtype == np.float32
        assert float(one.vector @ other.vector) > 0.999
    assert has_bf16("cuda") is False
    assert has_bf16("cpu") in (True, False)


def test_the_bundled_model_in_bf16_is_within_what_storing_bytes_loses() -> None:
    texts = [f"Passage {number} about rate limits, keys and prices of models." for number in range(100)]
    exact, fast = (embed_all(MiniLm("cpu", name), texts) for name in ("fp32", "bf16"))
    assert min(float(one.vector @ other.vector) for one, other in zip(exact, fast, strict=True)) > 0.9999
    steps = [np.abs(a.tokens.astype(int) - b.tokens.astype(int)).mean() for a, b in zip(exact, fast, strict=True)]
    assert np.mean(steps) < 0.5, "on average less than rounding to a step may move a component"


@pytest.fixture(scope="module")
def cross(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_cross(tmp_path_factory.mktemp("cross"))


def test_a_sparse_model_embeds_hashed(tmp_path: Path) -> None:
    from sentence_transformers import SparseEncoder

    folder = save_sparse(tmp_path)
    model = LocalModel(str(folder), "cpu")
    vectors = np.stack([one.vector for one in embed_all(model, TEXTS)])
    assert vectors.shape == (3, model.dimension) == (3, HASHED)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    exact = SparseEncoder(str(folder), device="cpu").encode_document(TEXTS, convert_to_sparse_tensor=False)
    unit = np.stack([one.numpy() / np.linalg.norm(one.numpy()) for one in exact])
    assert np.abs(vectors @ vectors.T - unit @ unit.T).max() < 0.15, "some standard errors of 1 / sqrt(HASHED)"
    assert float(model.embed_query(TEXTS[0]).vector @ vectors[0]) > 0.99


def test_hashing_keeps_cosines_and_is_the_same_everywhere() -> None:
    draw = np.random.default_rng(3)
    dense = np.where(draw.random((40, 30_000)) < 0.004, draw.random((40, 30_000)), 0).astype(np.float32)
    dense[20:] += dense[:20]
    rows, columns = np.nonzero(dense)
    hashed = hash_weights(rows, columns, dense[rows, columns], len(dense))
    exact, kept = (
        unit @ unit.T for unit in (one / np.linalg.norm(one, axis=1, keepdims=True) for one in (dense, hashed))
    )
    assert np.sqrt(((exact - kept) ** 2).mean()) < 1.5 / np.sqrt(HASHED)
    one = hash_weights(np.array([0, 0]), np.array([0, 29_999]), np.array([1, 2], dtype=np.float32), 1)
    assert [(int(at), float(one[0, at])) for at in np.flatnonzero(one)] == PLACES


def test_a_late_interaction_model_scores_each_word_at_its_best_place(tmp_path: Path) -> None:
    folder = save_late(tmp_path)
    late = LateModel(str(folder), "cpu")
    passages = ["The weather is nice today.", "Model variants are suffixes of a model's name.", ""]
    scores = late.scores("What are model variants?", passages)
    assert scores.shape == (3,)
    assert scores.argmax() == 1
    np.testing.assert_array_equal(late.scores("What are model variants?", passages), scores)
    assert len(embed_all(LocalModel(str(folder), "cpu"), TEXTS)[0].vector) == 384, "the mean of its token vectors"


@pytest.mark.parametrize(
    ("kind", "options"),
    [("dense", "--late --reranker"), ("late", "--reranker"), ("sparse", "--late"), ("cross", "--late")],
)
def test_a_model_of_another_kind_names_its_option(tmp_path: Path, kind: str, options: str) -> None:
    folder = {"dense": save_dense, "late": save_late, "sparse": save_sparse, "cross": save_cross}[kind](tmp_path)
    right = {"dense": "--embedder", "sparse": "--embedder", "late": "--late", "cross": "--reranker"}[kind]
    kinds: dict[str, Kind] = {"--late": "MultiVectorEncoder", "--reranker": "CrossEncoder"}
    for option in options.split():
        with pytest.raises(ModelError, match=f"which {option} does not take") as caught:
            load(str(folder), "cpu", (kinds[option],))
        assert caught.value.hint.endswith(f"goes with {right}")


def test_a_cross_encoder_is_no_embedder(cross: Path) -> None:
    with pytest.raises(ModelError, match="is a CrossEncoder, which --embedder does not take"):
        LocalModel(str(cross), "cpu").embed_query("x")


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="can't be loaded") as caught:
        LocalModel(str(tmp_path), "cpu").embed_query("x")
    assert "--embedder" in caught.value.hint
