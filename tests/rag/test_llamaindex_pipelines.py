"""LlamaIndex's own pipelines on the retriever and the chunker, as its users put them together."""

import asyncio
import gc
import pickle
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import Document, NodeRelationship, QueryBundle
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore

from rag.llamaindex import AskdocsRetriever, MarkdownChunker
from tests.conftest import CommandLine

pytestmark = [
    pytest.mark.slow,
    # LlamaIndex's synchronous calls make event loops that it does not close.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

QUESTION = "What are model variants?"
PAGE = "# Limits\n\nThe limit is 20.\n\n## Keys\n\nKeys expire after a day.\n\n## Prices\n\nA call costs a cent.\n"


@pytest.fixture(autouse=True)
def _collect_event_loops() -> Iterator[None]:
    """Here, where their warnings are ignored, and not in the middle of another test."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def index(starter: CommandLine) -> Path:
    return starter.cwd / "markdown_docs.index"


def test_a_chunk_is_one_node_whatever_the_question(index: Path) -> None:
    retriever = AskdocsRetriever(str(index), k=8)
    first = {scored.node_id: scored.node.hash for scored in retriever.retrieve(QUESTION)}
    second = {scored.node_id: scored.node.hash for scored in retriever.retrieve("Which variants of a model are there?")}
    shared = first.keys() & second.keys()
    assert shared
    assert all(first[node] == second[node] for node in shared)
    node = retriever.retrieve(QUESTION)[0].node
    assert set(node.metadata) == {"url", "title", "headings"}


def test_fusion_fuses_two_retrievers(index: Path) -> None:
    parts = [AskdocsRetriever(index, k=5), AskdocsRetriever(index, k=5)]
    fused = QueryFusionRetriever(parts, llm=MockLLM(), num_queries=1, similarity_top_k=10, mode="reciprocal_rerank")
    nodes = fused.retrieve(QUESTION)
    assert len(nodes) == 5, "the same passages from both are one each"


def test_citations_of_llamaindex_are_made_of_the_passages(index: Path) -> None:
    engine = CitationQueryEngine(retriever=AskdocsRetriever(index, k=3), llm=MockLLM())
    answer = engine.query(QUESTION)
    assert len(answer.source_nodes) >= 3
    assert "Source 1:" in answer.source_nodes[0].node.get_content()


def test_retrieving_leaves_the_event_loop_free(index: Path) -> None:
    retriever = AskdocsRetriever(index)
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            ticks.append(time.monotonic())
            await asyncio.sleep(0.001)

    async def run() -> int:
        ticking = asyncio.create_task(tick())
        found = await asyncio.gather(*(retriever.aretrieve(QueryBundle(QUESTION)) for _ in range(5)))
        ticking.cancel()
        return len(found)

    assert asyncio.run(run()) == 5
    assert len(ticks) > 2


def test_a_pickle_is_small_and_opens_the_index_again(index: Path) -> None:
    data = pickle.dumps(AskdocsRetriever(index, k=2, under="/docs"))
    assert len(data) < 2_000
    again = pickle.loads(data)
    assert len(again.retrieve(QUESTION)) == 2


def test_it_may_refuse(index: Path) -> None:
    assert AskdocsRetriever(index, refuse=True).retrieve("How do I bake sourdough bread?") == []
    assert AskdocsRetriever(index, refuse=True).retrieve(QUESTION)
    assert AskdocsRetriever(index).retrieve("How do I bake sourdough bread?")


def test_a_pipeline_with_a_docstore_updates_and_deletes_by_document() -> None:
    store = SimpleVectorStore()
    pipeline = IngestionPipeline(
        transformations=[MarkdownChunker(), MockEmbedding(embed_dim=4)],
        docstore=SimpleDocumentStore(),
        vector_store=store,
        docstore_strategy=DocstoreStrategy.UPSERTS,
    )
    document = Document(text=PAGE, id_="page-1", metadata={"team": "docs"})
    nodes = pipeline.run(documents=[document])
    assert len(nodes) >= 1
    assert {node.ref_doc_id for node in nodes} == {"page-1"}
    assert all(node.metadata["team"] == "docs" for node in nodes)
    assert pipeline.run(documents=[document]) == [], "nothing changed"
    changed = pipeline.run(documents=[Document(text=PAGE.replace("20", "30"), id_="page-1")])
    assert any("30" in node.get_content() for node in changed)
    assert set(store.data.text_id_to_ref_doc_id.values()) == {"page-1"}
    assert len(store.data.embedding_dict) == len(changed), "the old ones are gone"
    store.delete("page-1")
    assert store.data.embedding_dict == {}


def test_an_index_refreshes_and_deletes_by_document() -> None:
    pages = [Document(text=PAGE, id_="page-1"), Document(text=PAGE, id_="page-2")]
    index = VectorStoreIndex.from_documents(
        pages, transformations=[MarkdownChunker()], embed_model=MockEmbedding(embed_dim=4)
    )
    changed = Document(text=PAGE.replace("20", "30"), id_="page-1")
    assert index.refresh_ref_docs([changed, pages[1]]) == [True, False]
    texts = {document: node_texts(index, document) for document in ("page-1", "page-2")}
    assert "The limit is 30." in texts["page-1"]
    assert "The limit is 20." not in texts["page-1"]
    assert "The limit is 20." in texts["page-2"]
    index.delete_ref_doc("page-1", delete_from_docstore=True)
    assert set(index.ref_doc_info) == {"page-2"}
    assert {node.ref_doc_id for node in index.docstore.docs.values()} == {"page-2"}


def node_texts(index: VectorStoreIndex, document: str) -> str:
    return "\n".join(node.get_content() for node in index.docstore.docs.values() if node.ref_doc_id == document)


def test_callbacks_are_told_of_a_retrieval(index: Path) -> None:
    handler = LlamaDebugHandler(print_trace_on_end=False)
    AskdocsRetriever(index, k=2, callback_manager=CallbackManager([handler])).retrieve(QUESTION)
    ((_, ended),) = handler.get_event_pairs(CBEventType.RETRIEVE)
    assert len(ended.payload["nodes"]) == 2


def test_nodes_follow_each_other_and_read_front_matter() -> None:
    text = f"---\ntitle: The limits\nurl: https://docs.example/limits\n---\n{PAGE}"
    nodes = MarkdownChunker(max_tokens=24).get_nodes_from_documents([Document(text=text, id_="x")])
    assert len(nodes) >= 2
    for before, after in pairwise(nodes):
        assert before.relationships[NodeRelationship.NEXT].node_id == after.node_id
        assert after.relationships[NodeRelationship.PREVIOUS].node_id == before.node_id
    assert {node.metadata["url"] for node in nodes} == {"https://docs.example/limits"}
    assert {node.metadata["title"] for node in nodes} == {"The limits"}
    for node in nodes:
        assert text[node.start_char_idx : node.end_char_idx] in node.get_content()
