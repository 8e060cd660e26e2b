from pathlib import Path

import pytest
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import NodeRelationship, NodeWithScore, TextNode

from ingest.core.errors import IndexMismatch, IndexMissing
from ingest.embed.minilm import MiniLm
from ingest.index.folder.database import Store
from rag.llamaindex import AskdocsRetriever
from rag.retrieve.search import Retriever
from tests.conftest import CommandLine

QUESTION = "What are model variants?"


@pytest.fixture(scope="module")
def index(starter: CommandLine) -> Path:
    return starter.cwd / "markdown_docs.index"


@pytest.fixture(scope="module")
def nodes(index: Path) -> list[NodeWithScore]:
    return AskdocsRetriever(index, k=5).retrieve(QUESTION)


def test_nodes_are_the_hits_in_their_order(nodes: list[NodeWithScore], retriever: Retriever) -> None:
    hits = retriever.search(QUESTION, 5).hits
    assert [(scored.node.node_id, scored.score) for scored in nodes] == [(hit.chunk.id, hit.score) for hit in hits]


def test_a_node_tells_where_its_text_stands(nodes: list[NodeWithScore], store: Store) -> None:
    assert nodes[0].metadata["url"] == "https://openrouter.ai/docs/faq#what-are-model-variants"
    assert nodes[0].metadata["title"] == "Frequently Asked Questions"
    assert nodes[0].metadata["headings"] == "Models and providers › What are model variants?"
    for scored in nodes:
        node = scored.node
        assert isinstance(node, TextNode)
        page = node.relationships[NodeRelationship.SOURCE]
        (stored,) = store.pages([getattr(page, "node_id", "")])
        passage = stored.document.body[node.start_char_idx : node.end_char_idx]
        title, _, text = node.text.partition("\n\n")
        assert title.startswith(str(scored.metadata["title"]))
        assert text == passage
        assert str(scored.metadata["url"]).partition("#")[0] == stored.document.url


def test_under_limits_a_retriever_to_a_section(index: Path) -> None:
    found = AskdocsRetriever(index, k=3, under="/docs/guides").retrieve(QUESTION)
    assert len(found) == 3
    assert all("/docs/guides/" in scored.metadata["url"] for scored in found)


def test_a_query_engine_answers_from_the_passages(index: Path) -> None:
    """MockLLM answers with the prompt that it was given, so the answer shows what a model would see."""
    engine = RetrieverQueryEngine.from_args(AskdocsRetriever(index, k=2), llm=MockLLM())
    answer = engine.query(QUESTION)
    assert "A model variant is a suffix, such as `:free`" in str(answer)
    assert "https://openrouter.ai/docs/faq#what-are-model-variants" in str(answer)
    assert QUESTION in str(answer)
    assert len(answer.source_nodes) == 2


def test_a_missing_or_foreign_index_is_refused(index: Path, tmp_path: Path) -> None:
    class Other(MiniLm):
        fingerprint = "another-model/1/384"

    with pytest.raises(IndexMissing):
        AskdocsRetriever(tmp_path)
    with pytest.raises(IndexMismatch):
        AskdocsRetriever(index, embedder=Other())
