"""An export is read back by the engine that it was made for."""

import json
from pathlib import Path

import duckdb
import numpy as np
import pytest

from ingest.embed.minilm import MiniLm
from ingest.index.base import IndexReader
from ingest.index.stores import index_at
from tests.conftest import CommandLine

QUESTION = "What are model variants?"


@pytest.fixture
def reader(starter: CommandLine) -> IndexReader:
    return index_at(starter.cwd / "markdown_docs.index").open()


def nearest(reader: IndexReader) -> str:
    query = MiniLm().embed_query(QUESTION).vector
    vectors = reader.passages(range(reader.manifest["chunks"])).vectors
    return reader.chunks([int(np.argmax(vectors @ query))])[0].id


def test_duckdb_reads_the_parquet_files(starter: CommandLine, tmp_path: Path, reader: IndexReader) -> None:
    pytest.importorskip("pyarrow")
    target = tmp_path / "out"
    done = starter("export", "--format", "parquet", target, "--json")
    assert done.status == 0, done.err
    assert (done.json["chunks"], done.json["pages"]) == (reader.manifest["chunks"], 43)
    query = MiniLm().embed_query(QUESTION).vector.tolist()
    found = duckdb.execute(
        f"SELECT id, text, url, token_vectors FROM '{target}/chunks.parquet' "
        "ORDER BY list_dot_product(vector::FLOAT[], $1::FLOAT[]) DESC LIMIT 1",
        [query],
    ).fetchone()
    assert found is not None
    assert found[0] == nearest(reader)
    joined = f"SELECT count(*) FROM '{target}/chunks.parquet' c JOIN '{target}/pages.parquet' p USING (url)"
    matching = 'substr(p.body, c."start" + 1, c."end" - c."start") = c.text'
    assert duckdb.execute(f"{joined} WHERE {matching}").fetchone() == (reader.manifest["chunks"],)
    row = duckdb.execute(f"SELECT row FROM '{target}/chunks.parquet' WHERE id = $1", [found[0]]).fetchone()
    assert row is not None
    assert found[3] == reader.passages([row[0]]).tokens[0].tobytes()
    assert "chunks.parquet" in (target / "README.md").read_text()


def test_lancedb_searches_its_table(starter: CommandLine, tmp_path: Path, reader: IndexReader) -> None:
    lancedb = pytest.importorskip("lancedb")
    target = tmp_path / "out"
    assert starter("export", "--format", "lance", target).status == 0
    table = lancedb.connect(str(target)).open_table("chunks")
    assert table.count_rows() == reader.manifest["chunks"]
    query = MiniLm().embed_query(QUESTION)
    found = table.search(query.vector, vector_column_name="vector").metric("dot").limit(3).to_list()
    assert found[0]["id"] == nearest(reader)
    late = table.search(query.tokens, vector_column_name="token_vectors").metric("cosine").limit(5).to_list()
    assert any("variant" in hit["text"].lower() for hit in late)


def test_the_feed_of_vespa_has_every_chunk(starter: CommandLine, tmp_path: Path, reader: IndexReader) -> None:
    target = tmp_path / "out"
    assert starter("export", "--format", "vespa", target).status == 0
    lines = [json.loads(line) for line in (target / "feed.jsonl").read_text().splitlines()]
    assert len(lines) == reader.manifest["chunks"]
    chunks, passages = reader.chunks([7]), reader.passages([7])
    fields = lines[7]["fields"]
    assert lines[7]["put"] == f"id:docs:chunk::{chunks[0].id}"
    assert np.allclose(fields["vector"]["values"], passages.vectors[0], atol=1e-6)
    assert bytes.fromhex(fields["token_vectors"]["blocks"]["3"]) == passages.tokens[0][3].tobytes()
    schema = (target / "schemas" / "chunk.sd").read_text()
    assert schema.count("{") == schema.count("}")
    assert "x[384]" in schema
    assert "t[128]" in schema


def test_a_folder_with_files_is_left_alone(starter: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    refused = starter("export", "--format", "vespa", tmp_path)
    assert (refused.status, "is there already" in refused.err) == (2, True)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["mine.txt"]
