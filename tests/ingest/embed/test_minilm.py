import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ingest.embed.base import CHUNK_TOKENS, embed_all
from ingest.embed.loading import load
from ingest.embed.minilm import MiniLm

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TEXTS = [
    "What are model variants?",
    "max_tokens",
    "x",
    "Wie viel kostet ein Aufruf? Größere Modelle sind teurer — meistens.",
    "模型的变体是什么",
    "🙂 emoji and e\u0301 combining",
    "```python\nclient.chat.completions.create(model='a/b:free')\n```",
    "HTTP 429: Too Many Requests; retry after 30 s.",
    "rate limits " * 400,
    "a" * 150 + " unknown " + "-" * 600,
]


@pytest.fixture(scope="module")
def minilm() -> MiniLm:
    return MiniLm()


@pytest.fixture(scope="module")
def reference(minilm: MiniLm) -> "SentenceTransformer":
    model = load(str(minilm.folder))
    assert model.max_seq_length == CHUNK_TOKENS + 2
    return model


@pytest.mark.parametrize("at", range(len(TEXTS)))
def test_a_question_gets_the_vector_that_sentence_transformers_gives(
    at: int, minilm: MiniLm, reference: "SentenceTransformer"
) -> None:
    ours = minilm.embed_query(TEXTS[at]).vector
    theirs = reference.encode(TEXTS[at], normalize_embeddings=True)
    assert ours.dtype == np.float32
    assert ours.shape == (minilm.dimension,)
    assert float(ours @ theirs) > 0.99999


def test_passages_have_length_one_and_keep_their_order(minilm: MiniLm) -> None:
    vectors = np.stack([embedding.vector for embedding in embed_all(minilm, [*TEXTS, ""])])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for row, text in enumerate(TEXTS):
        assert float(vectors[row] @ minilm.embed_query(text).vector) > 0.9999
    assert embed_all(minilm, []) == []


def test_what_is_beyond_the_window_is_not_read(minilm: MiniLm) -> None:
    head = "word " * CHUNK_TOKENS
    assert minilm.count(head) == CHUNK_TOKENS
    whole, longer, other = (minilm.embed_query(text).vector for text in (head, head + "more", head[:-5] + "cat"))
    np.testing.assert_array_equal(whole, longer)
    assert abs(whole - other).max() > 1e-4


def test_counting_is_the_tokenizers_without_a_limit(minilm: MiniLm) -> None:
    assert minilm.count("Model variants, tokenization!") == 6  # model variants , token ##ization !
    assert minilm.count("word " * 1_000) == 1_000
    assert minilm.count("") == 0


@pytest.mark.slow
def test_a_question_is_embedded_without_torch() -> None:
    script = (
        "import sys; from ingest.embed.minilm import MiniLm; v = MiniLm().embed_query('x').vector;"
        "print(len(v), [m for m in ('torch', 'transformers', 'sentence_transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "384 []"


def test_words_are_whole_pieces_of_letters(minilm: MiniLm) -> None:
    known = [word for word in ("model", "[CLS]", "##ing", "2024", "", "kyes", "Model") if word in minilm.words]
    assert known == ["model"]
