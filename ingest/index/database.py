"""Chunks, pages and vectors <-> the files of a generation. The only file that knows the database.

DuckDB holds pages, chunks and their vectors; beside it lies what searching reads (arrays.py).
"""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.core.errors import CorpusError, IndexDamaged
from ingest.core.records import Chunk, Document
from ingest.index.arrays import Arrays
from ingest.index.files import DATABASE, check_on_read

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LIMITS: Final = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "threads": "2",
}
"""Nothing reaches for the network, and a query needs no more threads than a laptop spares."""

_ROWS: Final = 1_000
"""Rows inserted at once: some megabytes of text."""

_VECTORS: Final = 2_000
"""Vectors inserted at once: some ten megabytes, as DuckDB takes each component with its place."""

_SCHEMA: Final = """
CREATE TABLE pages (
    url VARCHAR, title VARCHAR, description VARCHAR, body VARCHAR, anchors VARCHAR[], aliases VARCHAR[],
    fetched_at VARCHAR, last_modified VARCHAR, etag VARCHAR, sha256 VARCHAR, source VARCHAR, file VARCHAR);
CREATE TABLE chunks (
    row INTEGER, id VARCHAR, url VARCHAR, anchor VARCHAR, title VARCHAR, headings VARCHAR[], text VARCHAR,
    context VARCHAR, "start" INTEGER, "end" INTEGER, tokens INTEGER);
CREATE TABLE settings (name VARCHAR, value VARCHAR);
"""
_CHUNK_COLUMNS: Final = 'id, url, anchor, title, headings, text, context, "start", "end", tokens'
_GIVEN: Final = "(SELECT unnest(from_json_strict($1, '[\"VARCHAR\"]')))"


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A page as the index knows it, with the file that it was read from."""

    document: Document
    file: str


def write_store(
    folder: Path,
    pages: Sequence[StoredPage],
    chunks: Sequence[Chunk],
    vectors: NDArray[np.float32],
    settings: Mapping[str, str],
) -> None:
    """Write the database. `vectors` is float32[len(chunks), d]; row i belongs to chunk i. Raises CorpusError."""
    path = folder / DATABASE
    with _failures(path, read_only=False), _connect(path, read_only=False) as connection:
        connection.execute(_SCHEMA)
        _insert(connection, "pages", [_page_row(page) for page in pages])
        _insert(connection, "chunks", [(row, *_chunk_row(chunk)) for row, chunk in enumerate(chunks)])
        _insert(connection, "settings", list(settings.items()))
        _insert_vectors(connection, vectors)
        connection.execute("CHECKPOINT")


def _page_row(page: StoredPage) -> tuple[Any, ...]:
    d = page.document
    return (
        *(d.url, d.title, d.description, d.body, list(d.anchors), list(d.aliases)),
        *(d.fetched_at, d.last_modified, d.etag, d.sha256, d.source, page.file),
    )


def _chunk_row(c: Chunk) -> tuple[Any, ...]:
    return (c.id, c.url, c.anchor, c.title, list(c.headings), c.text, c.context, c.start, c.end, c.tokens)


def _insert(connection: "DuckDBPyConnection", table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Bulk insert through JSON: given Python objects, DuckDB spends a tenth of a millisecond on each of them."""
    columns = {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE {table}").fetchall()}
    shape = json.dumps([columns])
    for start in range(0, len(rows), _ROWS):
        part = json.dumps([dict(zip(columns, row, strict=True)) for row in rows[start : start + _ROWS]])
        query = f"INSERT INTO {table} SELECT r.* FROM (SELECT unnest(from_json_strict($1, $2)) AS r)"  # noqa: S608 - ours
        connection.execute(query, [part, shape])


def _insert_vectors(connection: "DuckDBPyConnection", vectors: NDArray[np.float32]) -> None:
    count, width = vectors.shape
    connection.execute(f"CREATE TABLE vectors (row INTEGER, vector FLOAT[{max(1, width)}])")
    for start in range(0, count, _VECTORS):
        part = vectors[start : start + _VECTORS]
        flat = {
            "x": part.ravel(),
            "i": np.repeat(np.arange(start, start + len(part), dtype=np.int32), width),
            "j": np.tile(np.arange(width, dtype=np.int32), len(part)),
        }
        connection.register("flat", flat)
        connection.execute(
            f"INSERT INTO vectors SELECT i, list(x ORDER BY j)::FLOAT[{width}] FROM flat GROUP BY i ORDER BY i"  # noqa: S608 - a number
        )
        connection.unregister("flat")


@contextlib.contextmanager
def _failures(path: Path, *, read_only: bool) -> Iterator[None]:
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        said = f"{path}: {str(error).splitlines()[0][:200]}"
        if read_only:
            raise IndexDamaged(said, "rebuild the index: askdocs reindex --no-crawl --full") from error
        raise CorpusError(said, "check the folder's permissions and free space") from error


def _connect(path: Path, *, read_only: bool) -> "DuckDBPyConnection":
    import duckdb

    return duckdb.connect(str(path), read_only=read_only, config=dict(_LIMITS))


class Store(Arrays):
    """A generation opened for reading: what searching reads, and all else, for which the database is opened then."""

    @cached_property
    def _connection(self) -> "DuckDBPyConnection":
        """Opened once: that takes longer than a query does."""
        path = self._folder / DATABASE
        check_on_read(path, self.generation.manifest["files"][DATABASE])
        return _connect(path, read_only=True)

    def urls(self) -> list[str]:
        """The page of each chunk, in row order."""
        return [url for (url,) in self._rows("SELECT url FROM chunks ORDER BY row")]

    def all_chunks(self) -> list[Chunk]:
        """Every chunk in row order."""
        return [chunk for _, chunk in self._select("true")]

    def page_chunks(self, urls: Sequence[str]) -> list[tuple[int, Chunk]]:
        """(row, chunk) of the pages at these addresses, in the order of the page."""
        return list(self._select(f"url IN {_GIVEN}", urls))

    def _select(self, condition: str, urls: Sequence[str] | None = None) -> Iterator[tuple[int, Chunk]]:
        query = f"SELECT row, {_CHUNK_COLUMNS} FROM chunks WHERE {condition} ORDER BY row"  # noqa: S608 - ours
        for row, chunk_id, url, anchor, title, headings, *rest in self._rows(query, urls):
            yield row, Chunk(chunk_id, url, anchor, title, tuple(headings), *rest)

    def pages(self, urls: Sequence[str] | None = None) -> list[StoredPage]:
        """The pages at these addresses (None: all), in the order of their addresses."""
        where = "" if urls is None else f"WHERE url IN {_GIVEN}"
        found = self._rows(f"SELECT * FROM pages {where} ORDER BY url", urls)  # noqa: S608 - ours
        return [_stored_page(row) for row in found]

    def _rows(self, query: str, given: Sequence[str] | None = None) -> list[tuple[Any, ...]]:
        """What a query finds; `given` are the texts that _GIVEN stands for. Threads may ask at the same time.

        They go in as one text: for each Python object that is given, DuckDB looks for pandas on the disk.
        """
        parameters = None if given is None else [json.dumps(list(given))]
        with _failures(self._folder / DATABASE, read_only=True):
            return self._connection.cursor().execute(query, parameters).fetchall()


def _stored_page(row: tuple[Any, ...]) -> StoredPage:
    url, title, description, body, anchors, aliases, fetched_at, last_modified, etag, _, source, file = row
    document = Document(
        *(url, title, description, body, tuple(anchors), tuple(aliases), fetched_at, last_modified, etag, source)
    )
    return StoredPage(document, file)
