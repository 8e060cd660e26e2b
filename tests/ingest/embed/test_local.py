"""Models of other kinds, by folder: stand-ins with random weights, since no hub can be reached."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ingest.core.errors import ModelError
from ingest.embed.base import embed_all
from ingest.embed.local import LocalModel, has_bf16
from ingest.embed.minilm import MiniLm

TEXTS = ["What are model variants?", "word " * 400, "max_tokens"]


@pytest.fixture(scope="module")
def modern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny ModernBERT with mean pooling, a query prompt and the bundled tokenizer."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import AutoTokenizer, ModernBertConfig, ModernBertModel

    folder = tmp_path_factory.mktemp("modern")
    tokenizer = AutoTokenizer.from_pretrained(str(MiniLm().folder))
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    special = {"pad_token_id": 0, "cls_token_id": 101, "sep_token_id": 102, "bos_token_id": 101, "eos_token_id": 102}
    config = ModernBertConfig(vocab_size=len(tokenizer), max_position_embeddings=512, **sizes, **special)
    ModernBertModel(config).save_pretrained(folder / "bare")
    tokenizer.save_pretrained(folder / "bare")
    words = Transformer(str(folder / "bare"))
    prompts = {"query": "search for: ", "document": ""}
    model = SentenceTransformer(modules=[words, Pooling(32)], prompts=prompts, device="cpu")
    model.save(str(folder / "model"))
    return folder / "model"


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


@pytest.mark.parametrize(
    ("kind", "hint"), [("CrossEncoder", "--reranker"), ("SparseEncoder", "dense"), ("MultiVectorEncoder", "dense")]
)
def test_a_model_of_another_kind_is_refused_by_name(modern: Path, tmp_path: Path, kind: str, hint: str) -> None:
    other = tmp_path / "other"
    shutil.copytree(modern, other)
    path = other / "config_sentence_transformers.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "model_type": kind}))
    with pytest.raises(ModelError, match=f"is a {kind}") as caught:
        LocalModel(str(other), "cpu").embed_query("x")
    assert hint in caught.value.hint
