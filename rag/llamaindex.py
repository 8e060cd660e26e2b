"""The index as a LlamaIndex retriever, for query engines and agents built on LlamaIndex.

    from rag.llamaindex import AskdocsRetriever
    engine = RetrieverQueryEngine.from_args(AskdocsRetriever(Path("markdown_docs.index")), llm=…)

The command line never imports this file: LlamaIndex takes seconds to load.


Our chunks as LlamaIndex's nodes, and our chunker as its node parser: the seam for LlamaIndex pipelines.

    from ingest.llamaindex import MarkdownChunker
    IngestionPipeline(transformations=[MarkdownChunker(), embedding]).run(documents=…)

Nothing of askdocs imports this file but rag/llamaindex.py: LlamaIndex takes seconds to load.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.node_parser import NodeParser
from llama_index.core.schema import BaseNode, NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode
from pydantic import Field

from ingest.chunk import chunk_document
from ingest.core.records import Chunk, Document
from ingest.embed.base import CHUNK_TOKENS, Embedder
from ingest.embed.minilm import MiniLm
from ingest.index.database import Store
from ingest.index.generations import current_generation
from ingest.text.markdown import blocks_of, reading_text
from rag.records import Hit
from rag.retrieve.search import Retriever


class AskdocsRetriever(BaseRetriever):
    """Retrieves chunks as TextNodes: text with its context, offsets in the page, URL and headings as metadata."""

    def __init__(self, index: Path, *, embedder: Embedder | None = None, k: int = 8, under: str = "") -> None:
        """Open the current generation at `index` with the bundled embedder, or the given one.

        Raises IndexMissing, IndexDamaged, IndexMismatch.
        """
        if embedder is None:
            from ingest.embed.minilm import MiniLm

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


def text_node(chunk: Chunk) -> TextNode:
    """A chunk as LlamaIndex's node: its id, its page as source, its character offsets in the page body."""
    metadata: dict[str, Any] = {"url": chunk.url, "title": chunk.title, "headings": " › ".join(chunk.headings)}
    return TextNode(
        id_=chunk.id,
        text=reading_text(chunk),
        metadata=metadata,
        excluded_embed_metadata_keys=list(metadata),
        start_char_idx=chunk.start,
        end_char_idx=chunk.end,
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=chunk.url)},
    )


class MarkdownChunker(NodeParser):
    """Cuts markdown as askdocs does: by headings, tables and fences kept readable, exact offsets.

    A document's `url` and `title` come from its metadata, else from its id and first heading.
    """

    max_tokens: int = Field(default=CHUNK_TOKENS, gt=20, description="Word pieces of MiniLM per node at most.")

    def _parse_nodes(self, nodes: Sequence[BaseNode], show_progress: bool = False, **kwargs: Any) -> list[BaseNode]:  # noqa: ANN401, ARG002, FBT001, FBT002 - as NodeParser declares it
        count = MiniLm().count
        pages = [_document(node) for node in nodes]
        return [text_node(chunk) for page in pages for chunk in chunk_document(page, count, self.max_tokens)]

    def _postprocess_parsed_nodes(self, nodes: list[BaseNode], parent_doc_map: dict[str, Any]) -> list[BaseNode]:  # noqa: ARG002 - as declared
        """Nothing: the base class would look for each text again, and miss those with a repeated header."""
        return nodes


def _document(node: BaseNode) -> Document:
    body = node.get_content()
    heading = next((block.title for block in blocks_of(body) if block.kind == "heading"), "")
    title = str(node.metadata.get("title") or heading or node.node_id)
    return Document(url=str(node.metadata.get("url") or node.node_id), title=title, description="", body=body)
