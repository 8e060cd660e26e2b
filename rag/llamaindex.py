"""The index as a LlamaIndex retriever, for query engines and agents built on LlamaIndex.

    from rag.llamaindex import AskdocsRetriever
    engine = RetrieverQueryEngine.from_args(AskdocsRetriever(Path("markdown_docs.index")), llm=…)

The command line never imports this file: LlamaIndex takes seconds to load.
"""

from pathlib import Path

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle

from ingest.embed import Embedder
from ingest.generations import current_generation
from ingest.llamaindex import text_node
from ingest.store import Store
from rag.records import Hit
from rag.retrieve import Retriever


class AskdocsRetriever(BaseRetriever):
    """Retrieves chunks as TextNodes: text with its context, offsets in the page, URL and headings as metadata."""

    def __init__(self, index: Path, *, embedder: Embedder | None = None, k: int = 8, under: str = "") -> None:
        """Open the current generation at `index` with the bundled embedder, or the given one.

        Raises IndexMissing, IndexDamaged, IndexMismatch.
        """
        if embedder is None:
            from ingest.minilm import MiniLm

            embedder = MiniLm()
        self._retriever = Retriever(Store(current_generation(index)), embedder)
        self._k = k
        self._under = under
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._retriever.search(query_bundle.query_str, self._k, self._under)
        return [scored_node(hit) for hit in found.hits]


def scored_node(hit: Hit) -> NodeWithScore:
    """A hit as LlamaIndex's node with its fused score."""
    node = text_node(hit.chunk)
    node.metadata |= {"url": hit.url, "cosine": hit.cosine, "bm25": hit.bm25}
    return NodeWithScore(node=node, score=hit.score)
