"""The README of an export: what is in it, and how it is loaded. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from ingest.embed.token_vectors import SCALE, WIDTH

_LOADING: Final = {
    "parquet": """\
`chunks.parquet` has a row for each passage, `pages.parquet` one for each page; they share `url`.

```sql
-- DuckDB
SELECT url, text FROM 'chunks.parquet' ORDER BY list_dot_product(vector::FLOAT[], $question) DESC LIMIT 10;
```

```python
import pyarrow.parquet
chunks = pyarrow.parquet.read_table("chunks.parquet")
```

`token_vectors` are bytes: int8, rows of {width}, in steps of 1 / {scale:.0f}.
""",
    "lance": """\
```python
import lancedb
chunks = lancedb.connect(".").open_table("chunks")
chunks.create_fts_index("text")                                   # words
chunks.create_index(vector_column_name="vector", metric="dot")    # from about 100,000 chunks on
chunks.search(question, vector_column_name="vector").limit(10).to_list()
```

`token_vectors` is a multivector column (float16, {width} dimensions) for late interaction, which is by cosine.
""",
    "vespa": """\
```
vespa deploy .
vespa feed feed.jsonl
vespa query 'yql=select * from chunk where userQuery() or ({{targetHits: 200}}nearestNeighbor(vector, q))' \\
  'query=QUESTION' 'input.query(q)=VECTOR' 'input.query(qt)=TOKEN VECTORS' ranking=askdocs
```

Set the nodes in `services.xml` first. The weights of `schemas/chunk.sd` are a beginning: fit them on your questions.
`token_vectors` are int8 in steps of 1 / {scale:.0f}; they are paged, since they are most of the data. The package was
made without a Vespa to try it on.
""",
}


def guide(form: str, name: str, manifest: Mapping[str, Any]) -> str:
    """The text of README.md."""
    embedder = manifest["embedder"]
    return (
        f"# An index of askdocs as {form}\n\n"
        f"Generation {name}: {manifest['chunks']} passages of {manifest['pages']} pages. A passage's `text` is "
        "`body[start:end]` of its page, in characters; `context` was put in front of it for embedding. `vector` has "
        "length 1 and is of the bundled model, all-MiniLM-L6-v2; questions are embedded with the same model. "
        f"The embedder was {embedder['name']} ({embedder['fingerprint']}).\n\n"
        f"{_LOADING[form].format(width=WIDTH, scale=SCALE)}"
    )
