import math

import pytest

from ingest.core.errors import IndexMismatch, UsageError
from ingest.core.settings import load_settings
from ingest.embed.base import QueryEmbedding
from ingest.embed.minilm import MiniLm
from ingest.embed.registry import get_embedder
from ingest.index.folder.database import Store
from ingest.index.folder.generations import current_generation
from rag.records import Retrieved
from rag.retrieve.search import Retriever
from tests.conftest import CommandLine
from tests.rag.server import ModelServer

QUESTION = "What are model variants?"


def places(found: Retrieved) -> list[tuple[int, str]]:
    return [(hit.rank, hit.chunk.id) for hit in found.hits]


def test_the_faq_passage_comes_first_with_its_anchor(retriever: Retriever) -> None:
    found = retriever.search(QUESTION, 5)
    assert [hit.rank for hit in found.hits] == [1, 2, 3, 4, 5]
    assert found.hits[0].url == "https://openrouter.ai/docs/faq#what-are-model-variants"
    assert found.hits[0].cosine == found.cosine > 0.5
    assert found.coverage == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("under", "prefix"),
    [
        ("/docs/faq", "https://openrouter.ai/docs/faq"),
        ("docs/guides/routing/", "https://openrouter.ai/docs/guides/routing/"),
    ],
)
def test_under_keeps_to_a_page_or_a_section(retriever: Retriever, under: str, prefix: str) -> None:
    found = retriever.search(QUESTION, 50, under)
    assert found.hits
    assert all(hit.chunk.url.startswith(prefix) for hit in found.hits)
    assert [hit.rank for hit in found.hits] == list(range(1, len(found.hits) + 1))


def test_under_is_no_bare_prefix_of_the_path(retriever: Retriever) -> None:
    with pytest.raises(UsageError, match="no page below /docs/fa"):
        retriever.search(QUESTION, 5, "/docs/fa")
    assert len(retriever.search(QUESTION, 5, "/").hits) == 5


def test_ranks_are_stable_and_a_shorter_list_is_the_start_of_a_longer_one(retriever: Retriever, store: Store) -> None:
    size = store.generation.manifest["chunks"]
    whole = places(retriever.search("streaming errors", 10 * size))
    assert len(whole) == size
    for k in (1, 3, 40, size - 1):
        assert places(retriever.search("streaming errors", k)) == whole[:k]


def test_equal_passages_keep_the_order_of_the_index(askdocs: CommandLine, server: ModelServer) -> None:
    (askdocs.cwd / "markdown_docs").mkdir()
    for number in range(100, 160):
        said = "Rivers meet rivers here." if number % 3 else "All the rest is of rivers."
        (askdocs.cwd / "markdown_docs" / f"{number}.md").write_text(f"# Same\n\n{said}\n")
    assert askdocs("reindex", "--no-crawl", "--embedder", "openrouter:acme/embed", **server.environ).status == 0
    store = Store(current_generation(askdocs.cwd / "markdown_docs.index"))
    settings = load_settings({"embedder": "openrouter:acme/embed"}, server.environ, askdocs.cwd)
    expected = sorted(range(100, 160), key=lambda number: (number % 3 == 0, number))
    for embedder in (None, get_embedder(settings)):
        retriever = Retriever(store, embedder)
        for k in (1, 7, 30, 45, 55, 60):
            pages = [hit.chunk.url for hit in retriever.search("rivers", k).hits]
            assert pages == [f"/{number}" for number in expected[:k]]


def test_a_question_that_all_passages_match_alike_finds_them_by_bm25(askdocs: CommandLine, server: ModelServer) -> None:
    (askdocs.cwd / "markdown_docs").mkdir()
    (askdocs.cwd / "markdown_docs" / "only.md").write_text("# Rivers\n\nThe longest river is the Nile.\n")
    remote = ("--embedder", "openrouter:acme/embed")
    assert askdocs("reindex", "--no-crawl", *remote, **server.environ).status == 0
    found = askdocs("ask", "--no-llm", "Which is the longest river?", *remote, **server.environ)
    assert found.out.startswith("[1] Rivers\n    markdown_docs/only.md\nThe longest river is the Nile.\n")


class Other(MiniLm):
    fingerprint = "another-model/1/384"

    def embed_query(self, text: str) -> QueryEmbedding:
        raise AssertionError(text)


def test_an_index_of_another_embedder_is_refused_before_any_search(store: Store) -> None:
    with pytest.raises(IndexMismatch, match="built with the embedder minilm") as failure:
        Retriever(store, Other())
    assert "reindex --no-crawl --embedder" in failure.value.hint


def test_without_an_embedder_bm25_alone_ranks(store: Store) -> None:
    found = Retriever(store, None).search("`max_completion_tokens` parameter", 10_000)
    assert 0 < len(found.hits) < store.generation.manifest["chunks"], (
        "passages without a word of the query are left out"
    )
    assert "max_completion_tokens" in found.hits[0].chunk.text
    assert {(hit.cosine, hit.cosine_rank) for hit in found.hits} == {(0.0, None)}
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)
    lowered = [hit for hit in found.hits if "crowded" in hit.signals]
    assert lowered
    assert all(hit.signals["crowded"] < 0 for hit in lowered)
    firsts: dict[str, float] = {}
    for hit in found.hits:
        firsts.setdefault(hit.chunk.url, hit.bm25)
    assert list(firsts.values()) == sorted(firsts.values(), reverse=True), "the best of each page, by BM25 alone"
    assert min(scores) > 0
    assert Retriever(store, None).search("xyzzyxyzzy qqqqwwww", 5).hits == ()


def test_the_explanation_agrees_with_the_scores(retriever: Retriever, store: Store) -> None:
    size = store.generation.manifest["chunks"]
    hits = retriever.search("How does prompt caching lower the price?", size).hits
    by_cosine = sorted(hits, key=lambda hit: -hit.cosine)
    assert [hit.cosine_rank for hit in by_cosine[:20]] == list(range(1, 21))
    by_bm25 = sorted((hit for hit in hits if hit.bm25 > 0), key=lambda hit: -hit.bm25)
    assert [hit.bm25_rank for hit in by_bm25[:5]] == list(range(1, 6))
    assert {hit.bm25_rank for hit in hits if hit.bm25 == 0} == {None}
    for hit in hits[:50]:
        assert sum(hit.terms.values()) == pytest.approx(hit.bm25, abs=1e-4)
        assert math.isfinite(hit.score)
        assert 0 <= hit.score <= 2
