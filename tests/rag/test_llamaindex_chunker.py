from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import Document, NodeRelationship, TextNode

from rag.llamaindex import MarkdownChunker

BODY = "# Taps\n\nTaps let water out.\n\n## Turning\n\n| turn | water |\n|---|---|\n" + "".join(
    f"| {turn} quarters | {turn * 3} litres per minute |\n" for turn in range(60)
)


def test_a_pipeline_gets_our_chunks_with_their_places() -> None:
    page = Document(text=BODY, id_="taps", metadata={"url": "https://h.org/taps", "title": "Taps"})
    nodes = IngestionPipeline(transformations=[MarkdownChunker(max_tokens=120)], disable_cache=True).run(
        documents=[page]
    )
    assert len(nodes) > 4
    for node in nodes:
        assert isinstance(node, TextNode)
        assert BODY[node.start_char_idx : node.end_char_idx] in node.text
        assert getattr(node.relationships[NodeRelationship.SOURCE], "node_id", "") == "taps"
    assert nodes[0].text == "Taps\n\nTaps let water out."
    assert all("| turn | water |" in node.text for node in nodes[1:] if isinstance(node, TextNode))


def test_without_metadata_a_page_is_known_by_its_id_and_first_heading() -> None:
    (node,) = MarkdownChunker().get_nodes_from_documents([Document(text="# Pumps\n\nPumps lift water.", id_="p1")])
    assert (node.metadata["url"], node.metadata["title"]) == ("p1", "Pumps")
