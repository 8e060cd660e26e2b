"""The index as a LlamaIndex retriever, and the chunker as a node parser: the seams for LlamaIndex pipelines.

    from rag.llamaindex import AskdocsRetriever, MarkdownChunker
    engine = RetrieverQueryEngine.from_args(AskdocsRetriever("markdown_docs.index"), llm=…)
    IngestionPipeline(transformations=[MarkdownChunker(), embedding]).run(documents=…)

A chunk is the same node for every question, without scores, so that LlamaIndex's fusion and caches recognize it.
The command line never imports this file: LlamaIndex takes seconds to load.
"""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks import CallbackManager
from llama_index.core.node_parser import NodeParser
from llama_index.core.schema import BaseNode, NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode
from pydantic import Field

from ingest.chunk import chunk_document
from ingest.core.database_url import DatabaseUrl, is_database
from ingest.core.records import Chunk, Document
from ingest.embed.base import CHUNK_TOKENS, Embedder
from ingest.embed.minilm import MiniLm
from ingest.index.stores import index_at
from ingest.text import front_matter
from ingest.text.markdown import blocks_of, reading_text
from rag.abstain import is_answerable
from rag.records import Hit
from rag.retrieve.search import Retriever
from rag.thresholds import calibration_key, load_thresholds


class AskdocsRetriever(BaseRetriever):
    """Retrieves chunks as TextNodes: text with its context, offsets in the page, URL and headings as metadata.

    A pickle contains only the arguments, of a database's address all but the password; unpickling opens the index
    again. Threads may share one retriever.
    """

    def __init__(
        self,
        index: Path | str,
        *,
        embedder: Embedder | None = None,
        k: int = 8,
        under: str = "",
        refuse: bool = False,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        """Open the current generation at `index`, a folder or postgres://…, with the bundled embedder or the given one.

        With `refuse`, nothing is retrieved for a question that the docs probably do not answer.
        Raises IndexMissing, IndexDamaged, IndexMismatch.
        """
        address = DatabaseUrl(str(index)) if is_database(str(index)) else Path(index)
        self._given = {"index": str(address), "embedder": embedder, "k": k, "under": under, "refuse": refuse}
        store = index_at(address).open()
        self._retriever = Retriever(store, embedder or MiniLm())
        key = calibration_key(str(store.manifest["embedder"]["fingerprint"]), lexical_only=False)
        self._thresholds = load_thresholds(address, key)
        self._k = k
        self._under = under
        self._refuse = refuse
        super().__init__(callback_manager=callback_manager)

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self._given,)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._retriever.search(query_bundle.query_str, self._k, self._under)
        if self._refuse and not is_answerable(found, self._thresholds):
            return []
        return [scored_node(hit) for hit in found.hits]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def _reopen(given: dict[str, Any]) -> AskdocsRetriever:
    index = given.pop("index")
    return AskdocsRetriever(index, **given)


def scored_node(hit: Hit) -> NodeWithScore:
    """A hit as LlamaIndex's node with its fused score."""
    node = text_node(hit.chunk, RelatedNodeInfo(node_id=hit.chunk.url))
    node.metadata["url"] = hit.url
    return NodeWithScore(node=node, score=hit.score)


def text_node(
    chunk: Chunk, source: RelatedNodeInfo, metadata: dict[str, Any] | None = None, shift: int = 0
) -> TextNode:
    """A chunk as LlamaIndex's node: its id, its source, its character offsets in the source plus `shift`.

    The document's `metadata` is kept; the chunk's metadata locates it in the document and is not embedded twice.
    """
    own = {"url": chunk.url, "title": chunk.title, "headings": " › ".join(chunk.headings)}
    return TextNode(
        id_=chunk.id,
        text=reading_text(chunk),
        metadata={**(metadata or {}), **own},
        excluded_embed_metadata_keys=list(own),
        start_char_idx=chunk.start + shift,
        end_char_idx=chunk.end + shift,
        relationships={NodeRelationship.SOURCE: source},
    )


class MarkdownChunker(NodeParser):
    """Splits markdown as askdocs does: by headings, with readable tables and fences and exact offsets.

    A document's `url` and `title` come from its metadata, else from its front matter, else from its id and first
    heading. Each node refers to its document, to the previous node and to the next one.
    """

    max_tokens: int = Field(default=CHUNK_TOKENS, gt=20, description="Word pieces of MiniLM per node at most.")

    def _parse_nodes(self, nodes: Sequence[BaseNode], show_progress: bool = False, **kwargs: Any) -> list[BaseNode]:  # noqa: ANN401, ARG002, FBT001, FBT002 - as NodeParser declares it
        count = MiniLm().count
        found: list[BaseNode] = []
        for node in nodes:
            page, shift = _document(node)
            source = node.as_related_node_info()
            chunks = chunk_document(page, count, self.max_tokens)
            parts = [text_node(chunk, source, dict(node.metadata), shift) for chunk in chunks]
            for before, after in pairwise(parts):
                before.relationships[NodeRelationship.NEXT] = after.as_related_node_info()
                after.relationships[NodeRelationship.PREVIOUS] = before.as_related_node_info()
            found += parts
        return found

    def _postprocess_parsed_nodes(self, nodes: list[BaseNode], parent_doc_map: dict[str, Any]) -> list[BaseNode]:  # noqa: ARG002 - as declared
        """Do nothing: the base class would search for each text again, and miss those with a repeated header."""
        return nodes


def _document(node: BaseNode) -> tuple[Document, int]:
    """A node as a page, and how many characters of front matter were before its body."""
    text = node.get_content()
    block, body = front_matter.split(text)
    try:
        fields = front_matter.parse(block) if block else {}
    except ValueError:
        fields, body = {}, text  # a thematic break, not front matter
    heading = next((block.title for block in blocks_of(body) if block.kind == "heading"), "")
    title = str(node.metadata.get("title") or fields.get("title") or heading or node.node_id)
    url = str(node.metadata.get("url") or fields.get("url") or node.node_id)
    return Document(url=url, title=title, description="", body=body), len(text) - len(body)
