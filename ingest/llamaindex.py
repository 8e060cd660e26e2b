"""Our chunks as LlamaIndex's nodes, and our chunker as its node parser: the seam for LlamaIndex pipelines.

    from ingest.llamaindex import MarkdownChunker
    IngestionPipeline(transformations=[MarkdownChunker(), embedding]).run(documents=…)

Nothing of askdocs imports this file but rag/llamaindex.py: LlamaIndex takes seconds to load.
"""

from collections.abc import Sequence
from typing import Any

from llama_index.core.node_parser import NodeParser
from llama_index.core.schema import BaseNode, NodeRelationship, RelatedNodeInfo, TextNode
from pydantic import Field

from ingest.blocks import blocks_of
from ingest.chunk import chunk_document
from ingest.embed import CHUNK_TOKENS
from ingest.minilm import MiniLm
from ingest.records import Chunk, Document


def text_node(chunk: Chunk) -> TextNode:
    """A chunk as LlamaIndex's node: its id, its page as source, its character offsets in the page body."""
    metadata: dict[str, Any] = {"url": chunk.url, "title": chunk.title, "headings": " › ".join(chunk.headings)}
    return TextNode(
        id_=chunk.id,
        text=chunk.reading_text,
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
