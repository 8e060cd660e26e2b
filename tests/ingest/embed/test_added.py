"""Another embedder next to the bundled one: both vectors are stored, and the second ranking stays."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from ingest.embed.added import AddedEmbedder
from ingest.embed.base import Embedding, embed_all
from ingest.embed.cache import VectorCache
from ingest.embed.minilm import MiniLm
from ingest.embed.token_vectors import WIDTH
from ingest.index.build import build_index
from ingest.index.folder.database import Store
from rag.retrieve.search import Retriever
from tests.ingest.made import WordEmbedder, quiet, stored

TEXTS = ["alpha beta", "gamma", "a longer text about rivers"]


class Backwards(WordEmbedder):
    """Yields the last text first, as several workers may."""

    def embed_stream(self, texts: Sequence[str]) -> Iterator[tuple[int, Embedding]]:
        yield from reversed(list(super().embed_stream(texts)))


@pytest.fixture(scope="module")
def minilm() -> MiniLm:
    return MiniLm()


@pytest.mark.parametrize("other", [WordEmbedder(), Backwards()], ids=["in order", "last first"])
def test_each_text_has_both_vectors_whatever_the_order(minilm: MiniLm, other: WordEmbedder) -> None:
    found = embed_all(AddedEmbedder(minilm, other), TEXTS)
    for text, one in zip(TEXTS, found, strict=True):
        assert one.added is not None
        np.testing.assert_array_equal(one.added, other.embed_query(text).vector)
        assert float(one.vector @ minilm.embed_query(text).vector) > 0.9999
        assert len(one.tokens) > 0


def test_a_chunk_fits_both_windows(minilm: MiniLm) -> None:
    both = AddedEmbedder(minilm, WordEmbedder())
    assert both.max_tokens == 60
    assert both.count("tokenization") == minilm.count("tokenization") == 2
    assert both.fingerprint == f"words/1+{minilm.fingerprint}"


def test_it_survives_the_cache_and_a_cut_one_is_a_miss(tmp_path: Path) -> None:
    whole = Embedding(np.ones(8, dtype=np.float32), np.ones((2, WIDTH), dtype=np.int8), np.zeros(3, dtype=np.float32))
    with VectorCache(tmp_path / "cache", "m") as cache:
        cache.put({"text": whole})
    with VectorCache(tmp_path / "cache", "m") as cache:
        assert cache.dimensions(["text"]) == {"text": 3}
        (found,) = cache.get(["text"]).values()
    for name in ("vector", "tokens", "added"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))
    data = whole.pack()
    for length in range(4 + 4 + 4 * 3 + 4 * 8):
        with pytest.raises(ValueError, match="not an embedding"):
            Embedding.unpack(data[:length])


def test_an_index_ranks_by_all_signals(tmp_path: Path, minilm: MiniLm) -> None:
    other = WordEmbedder()
    both = AddedEmbedder(minilm, other)
    pages = stored(rivers="The longest river is the Nile.", peaks="The highest mountain is Everest.", seas="Salt.")
    report = build_index(tmp_path, pages, both, quiet)
    assert report.generation.manifest["embedder"]["dimension"] == 8
    store = Store(report.generation)
    assert store.added_vectors() is not None
    hits = Retriever(store, both).search("Which stream is the longest?", 3).hits
    assert "Nile" in hits[0].chunk.text
    added = other.embed_query("Which stream is the longest?").vector
    for hit in hits:
        assert {"page", "whitened", "late", "added"} <= hit.signals.keys()
        text = f"{hit.chunk.context}\n{hit.chunk.text}"
        assert hit.signals["added"] == pytest.approx(float(added @ other.embed_query(text).vector), abs=1e-5)
    other.embedded.clear()
    changed = stored(rivers="The longest river is the Nile.", peaks="Another mountain.", seas="Salt.")
    again = build_index(tmp_path, changed, both, quiet)
    assert (again.embedded, len(other.embedded)) == (1, 1), "both vectors of the others are reused"
    kept, before = Store(again.generation), store
    at = [chunk.text for chunk in kept.all_chunks()].index("Salt.")
    was = [chunk.text for chunk in before.all_chunks()].index("Salt.")
    assert kept.added_vectors() is not None
    np.testing.assert_array_equal(kept.passages([at]).added, before.passages([was]).added)
