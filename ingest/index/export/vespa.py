"""An index as an application package of Vespa and its feed.

The first phase fuses BM25 and the cosine of the vectors; the second one is late interaction over the token vectors,
computed on the nodes that have them (MaxSim as a tensor expression, as Vespa's guide on ColBERT has it).
"""

import json
from pathlib import Path
from typing import Any, Final

from ingest.core.records import Chunk, Progress
from ingest.embed.token_vectors import WIDTH, TokenVectors
from ingest.index.base import Floats, IndexReader
from ingest.index.export.blocks import blocks, widths

_NAMESPACE: Final = "docs"

_SERVICES: Final = """<?xml version="1.0" encoding="utf-8"?>
<services version="1.0">
  <container id="default" version="1.0"><search/><document-api/></container>
  <content id="docs" version="1.0">
    <min-redundancy>1</min-redundancy>
    <documents><document type="chunk" mode="index"/></documents>
    <nodes><node distribution-key="0" hostalias="node1"/></nodes>
  </content>
</services>
"""

_SCHEMA: Final = """schema chunk {
  document chunk {
    field url type string { indexing: summary | attribute }
    field anchor type string { indexing: summary }
    field title type string { indexing: summary | index
      index: enable-bm25 }
    field headings type array<string> { indexing: summary }
    field text type string { indexing: summary | index
      index: enable-bm25 }
    field context type string { indexing: summary | index
      index: enable-bm25 }
    field start_at type int { indexing: summary }
    field end_at type int { indexing: summary }
    field vector type tensor<float>(x[WIDTH]) { indexing: attribute | index
      attribute { distance-metric: prenormalized-angular } }
    field token_vectors type tensor<int8>(token{}, t[TOKENS]) { indexing: attribute
      attribute: paged }
  }
  fieldset default { fields: context, text }
  rank-profile askdocs {
    inputs {
      query(q) tensor<float>(x[WIDTH])
      query(qt) tensor<float>(token{}, t[TOKENS])
    }
    first-phase { expression: bm25(text) + bm25(context) + 10 * closeness(field, vector) }
    second-phase {
      rerank-count: 200
      expression {
        sum(
          reduce(sum(rename(query(qt), token, asked) * cell_cast(attribute(token_vectors), float), t), max, token),
          asked
        )
      }
    }
  }
}
"""


def write_vespa(reader: IndexReader, folder: Path, progress: Progress) -> None:
    """Write services.xml, schemas/chunk.sd and feed.jsonl. Raises IndexDamaged."""
    width, _ = widths(reader)
    (folder / "schemas").mkdir()
    schema = _SCHEMA.replace("WIDTH", str(width)).replace("TOKENS", str(WIDTH))
    (folder / "schemas" / "chunk.sd").write_text(schema, encoding="utf-8")
    (folder / "services.xml").write_text(_SERVICES, encoding="utf-8")
    with (folder / "feed.jsonl").open("w", encoding="utf-8") as file:
        for block in blocks(reader, progress):
            parts = zip(block.chunks, block.passages.vectors, block.passages.tokens, strict=True)
            file.writelines(f"{json.dumps(_put(*part), ensure_ascii=False)}\n" for part in parts)


def _put(chunk: Chunk, vector: Floats, tokens: TokenVectors) -> dict[str, Any]:
    """One operation of Vespa's document JSON; bytes of int8 cells are hexadecimal there."""
    fields = {
        "url": chunk.url,
        "anchor": chunk.anchor,
        "title": chunk.title,
        "headings": list(chunk.headings),
        "text": chunk.text,
        "context": chunk.context,
        "start_at": chunk.start,
        "end_at": chunk.end,
        "vector": {"values": [round(float(value), 7) for value in vector]},
        "token_vectors": {"blocks": {str(at): row.tobytes().hex() for at, row in enumerate(tokens)}},
    }
    return {"put": f"id:{_NAMESPACE}:chunk::{chunk.id}", "fields": fields}
