"""The store of a generation: pages and chunks in DuckDB, and the first stage of a search over the arrays.

The only file that knows the database. A question never loads it: what it reads are arrays and records.
"""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.core.errors import CorpusError, IndexDamaged
from ingest.core.records import Chunk
from ingest.core.urls import site_path
from ingest.embed.base import QueryEmbedding
from ingest.index.base import FIRST_STAGE, Candidates, Passages, StoredPage, Weights
from ingest.index.bm25 import Bm25Index
from ingest.index.first_stage import Signals, check_dimensions, pages_below, select
from ingest.index.folder.arrays import Arrays, readable
from ingest.index.folder.files import DATABASE, QUESTIONS, check_on_read
from ingest.index.folder.questions import QuestionArrays

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LIMITS: Final = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "threads": "2",
}
"""Nothing reaches for the network, and a query needs no more threads than a laptop spares."""

_ROWS: Final = 500
"""Rows inserted at once: some megabytes of text."""

_PAGES_AT_ONCE: Final = 1_000
_CHUNKS_AT_ONCE: Final = 10_000
"""Rows written over one connection: DuckDB keeps what it wrote in memory until it is closed, whatever its limit."""

_SCHEMA: Final = """
CREATE TABLE pages (
    url VARCHAR, title VARCHAR, description VARCHAR, body VARCHAR, anchors VARCHAR[], aliases VARCHAR[],
    fetched_at VARCHAR, last_modified VARCHAR, etag VARCHAR, sha256 VARCHAR, source VARCHAR, file VARCHAR);
CREATE TABLE chunks (
    row INTEGER, id VARCHAR, url VARCHAR, anchor VARCHAR, title VARCHAR, headings VARCHAR[], text VARCHAR,
    context VARCHAR, "start" INTEGER, "end" INTEGER, tokens INTEGER);
"""
_CHUNK_COLUMNS: Final = 'id, url, anchor, title, headings, text, context, "start", "end", tokens'
_GIVEN: Final = "(SELECT unnest(from_json_strict($1, '[\"VARCHAR\"]')))"


def write_store(folder: Path, pages: Sequence[StoredPage], chunks: Sequence[Chunk]) -> None:
    """Write the database. The row of a chunk is its place in `chunks`. Raises CorpusError."""
    path = folder / DATABASE
    with _failures(path, read_only=False):
        with _connect(path, read_only=False) as connection:
            connection.execute(_SCHEMA)
        _write(path, "pages", (page.row() for page in pages), _PAGES_AT_ONCE)
        _write(path, "chunks", ((row, *_chunk_row(chunk)) for row, chunk in enumerate(chunks)), _CHUNKS_AT_ONCE)


def _write(path: Path, table: str, rows: Iterator[tuple[Any, ...]], at_once: int) -> None:
    for first in rows:
        with _connect(path, read_only=False) as connection:
            _insert(connection, table, chain([first], islice(rows, at_once - 1)))
            connection.execute("CHECKPOINT")


def _chunk_row(c: Chunk) -> tuple[Any, ...]:
    return (c.id, c.url, c.anchor, c.title, list(c.headings), c.text, c.context, c.start, c.end, c.tokens)


def _insert(connection: "DuckDBPyConnection", table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Bulk insert through JSON: given Python objects, DuckDB spends a tenth of a millisecond on each of them."""
    columns = {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE {table}").fetchall()}
    shape, rows = json.dumps([columns]), iter(rows)
    query = f"INSERT INTO {table} SELECT r.* FROM (SELECT unnest(from_json_strict($1, $2)) AS r)"  # noqa: S608 - ours
    while part := [dict(zip(columns, row, strict=True)) for row in islice(rows, _ROWS)]:
        connection.execute(query, [json.dumps(part), shape])


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


@dataclass(frozen=True, slots=True, eq=False)
class _Searched:
    """The arrays that every search reads."""

    vectors: NDArray[np.float32]
    page_vectors: NDArray[np.float32]
    page_numbers: NDArray[np.int32]
    added_vectors: NDArray[np.float32] | None


def _connect(path: Path, *, read_only: bool) -> "DuckDBPyConnection":
    import duckdb

    return duckdb.connect(str(path), read_only=read_only, config=dict(_LIMITS))


class Store(Arrays):
    """The IndexReader of a generation's files. What a search reads are arrays; the database is opened for the rest."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What the generation was made of."""
        return self.generation.manifest

    @cached_property
    def vocabulary(self) -> Bm25Index:
        """The words of the index, with their postings."""
        return self.bm25()

    @cached_property
    def _searched(self) -> "_Searched":
        return _Searched(self.vectors(), self.page_vectors(), self.page_numbers(), self.added_vectors())

    @cached_property
    def _page_rows(self) -> dict[str, int]:
        """The number of each page that has passages; others are in the database alone."""
        return {url: number for number, url in enumerate(self.page_urls())}

    @cached_property
    def _page_paths(self) -> list[str]:
        return [site_path(url) for url in self.page_urls()]

    def candidates(
        self,
        query: QueryEmbedding | None,
        terms: Sequence[str],
        n: int,
        *,
        under: str = "",
        include: Sequence[int] = (),
        weights: Weights = FIRST_STAGE,
    ) -> Candidates:
        """Search all chunks exactly: see `IndexReader.candidates`."""
        arrays = self._searched
        allowed = self._below(under)
        vector = None if query is None else query.vector
        asked = None if self._questions is None else self._questions.match(terms, vector)
        signals = Signals(self.vocabulary.scores(terms), asked=asked)
        if query is not None:
            added_width = None if arrays.added_vectors is None else arrays.added_vectors.shape[1]
            check_dimensions(query, self.manifest["embedder"]["name"], arrays.vectors.shape[1], added_width)
            page = (arrays.page_vectors @ query.vector)[arrays.page_numbers]
            near = np.asarray(arrays.vectors @ query.vector, dtype=np.float32)
            added = None
            if arrays.added_vectors is not None and query.added is not None:
                added = np.asarray(arrays.added_vectors @ query.added, dtype=np.float32)
            signals = Signals(signals.bm25, near, np.asarray(page, dtype=np.float32), added, asked)
        return select(signals, allowed, arrays.page_numbers, n, include, weights)

    def _below(self, under: str) -> NDArray[np.bool_]:
        """Whether each chunk is on a page below the site path `under`. Raises UsageError where none is."""
        numbers = self._searched.page_numbers
        if not under:
            return np.ones(len(numbers), dtype=bool)
        return np.asarray(pages_below(self._page_paths, under)[numbers])

    def passages(self, rows: Sequence[int]) -> Passages:
        """Vectors and token vectors of the chunks at these rows."""
        arrays, wanted = self._searched, list(rows)
        added = None if arrays.added_vectors is None else arrays.added_vectors[wanted]
        asked = None if self._questions is None else self._questions.vectors_of(wanted)
        return Passages(arrays.vectors[wanted], self.tokens(rows), added, asked)

    @cached_property
    def _questions(self) -> QuestionArrays | None:
        """The generated questions; None for an index without."""
        if QUESTIONS not in self.manifest["files"]:
            return None
        with readable(self._folder):
            return QuestionArrays.load(self._folder)

    def questions(self, rows: Sequence[int]) -> list[tuple[str, ...]]:
        """The questions that a model wrote for the sections of the chunks at these rows."""
        return self._questions.questions(rows) if self._questions else [()] * len(rows)

    def explain(self, rows: Sequence[int], terms: Sequence[str]) -> list[dict[str, float]]:
        """For each row the BM25 weight of each of the terms that the chunk contains."""
        return [self.vocabulary.explain(row, terms) for row in rows]

    def idf(self, term: str) -> float:
        """How rare a term is: its inverse document frequency."""
        return self.vocabulary.idf_of(term)

    @cached_property
    def _connection(self) -> "DuckDBPyConnection":
        """Opened once: that takes longer than a query does."""
        path = self._folder / DATABASE
        check_on_read(path, self.generation.manifest["files"][DATABASE])
        return _connect(path, read_only=True)

    def urls(self) -> list[str]:
        """The page of each chunk, in row order."""
        urls = self.page_urls()
        return [urls[number] for number in self.page_numbers()]

    def all_chunks(self) -> list[Chunk]:
        """Every chunk in row order."""
        return [chunk for _, chunk in self._select("true")]

    def page_chunks(self, urls: Sequence[str]) -> list[tuple[int, Chunk]]:
        """(row, chunk) of the pages at these addresses, in the order of the page."""
        return list(self._select(f"url IN {_GIVEN}", urls))

    def find_chunk(self, chunk_id: str) -> Chunk | None:
        """The chunk with this id; None where there is none."""
        return next((chunk for _, chunk in self._select(f"id IN {_GIVEN}", [chunk_id])), None)

    def page_addresses(self) -> list[tuple[str, Sequence[str]]]:
        """The address of every page with its aliases, in the order of their addresses; no text is read."""
        return [(url, aliases) for url, aliases in self._rows("SELECT url, aliases FROM pages ORDER BY url")]

    def _select(self, condition: str, urls: Sequence[str] | None = None) -> Iterator[tuple[int, Chunk]]:
        query = f"SELECT row, {_CHUNK_COLUMNS} FROM chunks WHERE {condition} ORDER BY row"  # noqa: S608 - ours
        for row, chunk_id, url, anchor, title, headings, *rest in self._rows(query, urls):
            yield row, Chunk(chunk_id, url, anchor, title, tuple(headings), *rest)

    def pages(self, urls: Sequence[str] | None = None) -> list[StoredPage]:
        """The pages at these addresses (None: all), in the order of their addresses."""
        if urls is not None and all(url in self._page_rows for url in urls):
            return self.page_texts(sorted(self._page_rows[url] for url in set(urls)))
        where = "" if urls is None else f"WHERE url IN {_GIVEN}"
        found = self._rows(f"SELECT * FROM pages {where} ORDER BY url", urls)  # noqa: S608 - ours
        return [StoredPage.of(row) for row in found]

    def _rows(self, query: str, given: Sequence[str] | None = None) -> list[tuple[Any, ...]]:
        """Run a query; `given` are the texts that replace _GIVEN. Threads may call it at the same time.

        They go in as one text: for each Python object that is given, DuckDB looks for pandas on the disk.
        """
        parameters = None if given is None else [json.dumps(list(given))]
        with _failures(self._folder / DATABASE, read_only=True):
            return self._connection.cursor().execute(query, parameters).fetchall()
