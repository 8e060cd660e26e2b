"""An index in Postgres beside the same one in files, and beside bare queries and a bare COPY.

Run `python -m tests.bench.scale --index DIR --database postgres://… [--sizes 5000,100000] [--rounds R]
[--crossing 5000,10000,20000] [--json FILE]` from the repository's root, with the extra `postgres` installed. The role
must be able to create schemas; those named bench_… are dropped. For each size an index is written (see
tests/bench/synthetic.py; 0: DIR itself), published, and then in one process each question is asked of all ways in turn
(A B C A B C). Questions are embedded before.

- files, postgres: `Retriever.search`, passages and their texts included;
- bare: the 50 nearest by `ORDER BY vector <#> …` (through the HNSW index where there is one, searched as deep as ours),
  and the 50 best by BM25 in SQL over a table with one row for each term and chunk, nothing else;
- exact, nearest: the first stage alone, comparing all vectors and finding the nearest: where the second is the faster,
  an HNSW index is worth its memory. `--crossing` measures both for sizes of its own;
- publish: PostgresWriter of pages, chunks and embeddings; `copy`: COPY of the rows that it wrote, and their indexes;
- update: bytes of write-ahead log of publishing once more with one page changed, for pages of several sizes. Nothing
  else may write to the server meanwhile.

Faults are in tests/scale/faults.py.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line sets it, before numpy is loaded

import argparse
import json
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from ingest.core.database_url import DatabaseUrl
from ingest.embed.base import Embedding
from ingest.embed.minilm import MiniLm
from ingest.index.base import IndexReader
from ingest.index.bm25 import K1, B
from ingest.index.postgres import writer
from ingest.index.postgres.connection import Session
from ingest.index.postgres.index import PostgresIndex
from ingest.index.postgres.nearest import NearestSearch
from ingest.index.postgres.reader import PostgresReader
from ingest.index.postgres.search import exact_scores
from ingest.index.stores import index_at
from ingest.text.terms import terms
from rag.retrieve.search import Retriever
from tests.bench.warm import QUESTIONS

DEPTH = 50
_NOT_OF_THE_INDEX = ("files", "checksum", "previous", "format")


class RememberingModel(MiniLm):
    """Embeds each question once: what is measured begins behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.embed_query = cache(super().embed_query)  # type: ignore[method-assign] # the same, remembered


def in_schema(database: str, schema: str) -> DatabaseUrl:
    """The address of a schema of the database."""
    return DatabaseUrl(f"{database}{'&' if '?' in database else '?'}schema={schema}")


def copy_index(source: IndexReader, url: DatabaseUrl, change: str = "") -> dict[str, float]:
    """Publish a generation of files into Postgres; what it took. With `change`, the page of that address is another.

    A changed page has a digest of its own, so that all its rows are written.
    """
    pages = sorted(source.pages(), key=lambda page: page.document.url)
    if change:
        pages = [replace(page, file="changed.md") if page.document.url == change else page for page in pages]
    order = {page.document.url: at for at, page in enumerate(pages)}
    chunks = source.all_chunks()
    rows = sorted(range(len(chunks)), key=lambda row: (order[chunks[row].url], row))

    def embeddings() -> Iterator[Embedding]:
        for start in range(0, len(rows), 256):
            found = source.passages(rows[start : start + 256])
            yield from (Embedding(*pair) for pair in zip(found.vectors, found.tokens, strict=True))

    manifest = {name: value for name, value in source.manifest.items() if name not in _NOT_OF_THE_INDEX}
    index = PostgresIndex(url)
    with index.writing():
        wall, cpu = time.perf_counter(), time.process_time()
        ordered = [chunks[row] for row in rows]
        log = _logged(url)
        model = MiniLm()
        index.writer(model, reuse=bool(change)).publish(pages, ordered, embeddings(), {**manifest, "pages": len(pages)})
        spent = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        return {**spent, "logged": _logged(url) - log}


def _logged(url: DatabaseUrl) -> int:
    """Bytes of the server's write-ahead log so far."""
    session = Session(url, "askdocs bench")
    (found,) = session.row("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint") or (0,)
    session.close()
    return int(found)


def update_pages(source: IndexReader, url: DatabaseUrl) -> list[dict[str, float]]:
    """Publish once more with one page changed, for the smallest page, one in the middle, and the largest."""
    counts = Counter(chunk.url for chunk in source.all_chunks())
    by_size = sorted(counts, key=lambda address: (counts[address], address))
    chosen = [by_size[0], by_size[0], by_size[len(by_size) // 2], by_size[-1]]  # the first one finds cold tables
    found = [{"chunks": counts[address], **copy_index(source, url, address)} for address in chosen]
    return found[1:]


def bare_copy(url: DatabaseUrl, *, nearest: bool) -> float:
    """Seconds for COPY of the rows that are there into new tables, from memory, and for indexing those alike."""
    import psycopg

    tables = ("page", "page_vector", "chunk", "embedding", "posting")
    with psycopg.connect(**url.parameters()) as connection:
        connection.execute(f'SET search_path TO "{url.schema}", public')
        rows: dict[str, list[bytes]] = {}
        for table in tables:
            with connection.cursor().copy(f"COPY {table} TO STDOUT (FORMAT BINARY)") as copy:
                rows[table] = [bytes(block) for block in copy]
        started = time.perf_counter()
        for table in tables:
            connection.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING STORAGE)")
            with connection.cursor().copy(f"COPY bare_{table} FROM STDIN (FORMAT BINARY)") as copy:
                for block in rows[table]:
                    copy.write(block)
        for table, column in (
            ("page", "id"), ("page_vector", "page"), ("chunk", "id"), ("chunk", "page"), ("embedding", "chunk"),
            ("embedding", "page"), ("posting", "term, page"), ("posting", "page"),
        ):  # fmt: skip
            connection.execute(f"CREATE INDEX ON bare_{table} ({column})")
        if nearest:
            connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
            connection.execute("CREATE INDEX ON bare_embedding USING hnsw ((vector::halfvec(384)) halfvec_ip_ops)")
        connection.commit()
        seconds = time.perf_counter() - started
        for table in tables:
            connection.execute(f"DROP TABLE bare_{table}")
    return seconds


def bare_postings(url: DatabaseUrl) -> None:
    """Make the table that BM25 in SQL reads: a row for each term and chunk."""
    session = Session(url, "askdocs bench")
    byte = "get_byte(places, o + {})"
    number = " + ".join(f"({byte.format(at)} << {8 * place})" for place, at in enumerate(range(4, 8)))
    session.rows(f"""
        CREATE TABLE bare_word AS
        SELECT term, first + {byte.format(0)} + 256 * {byte.format(1)} AS chunk,
               {byte.format(2)} + 256 * {byte.format(3)} AS frequency, {number} AS length
        FROM posting, generate_series(0, octet_length(places) - 8, 8) o ORDER BY term, chunk""")
    session.rows("CREATE INDEX ON bare_word (term, chunk)")
    session.rows("ANALYZE bare_word")
    session.close()


def bare_queries(reader: PostgresReader, model: MiniLm) -> dict[str, Callable[[str], object]]:
    """The 50 nearest, and the 50 best by words, each in a query without a filter."""
    near = f"SELECT chunk FROM embedding ORDER BY vector <#> %s LIMIT {DEPTH}"
    if reader.manifest["nearest"]:
        near = f"""
            SELECT chunk FROM embedding ORDER BY (vector::halfvec(384)) <#> (%s::vector)::halfvec(384) LIMIT {DEPTH}"""
    best = f"""
        SELECT p.chunk, sum(q.idf * (p.frequency / (p.frequency
            + {K1} * ({1 - B} + {B} * p.length / %(mean_length)s::float8)))) AS score
        FROM unnest(%(terms)s::text[], %(idfs)s::float8[]) AS q(term, idf)
        JOIN bare_word p ON p.term = q.term COLLATE "C"
        GROUP BY p.chunk ORDER BY score DESC LIMIT {DEPTH}"""

    def by_vector(question: str) -> object:
        return reader.run(lambda session: session.rows(near, [model.embed_query(question).vector]))

    def by_words(question: str) -> object:
        words = reader.vocabulary.weigh(list(terms(question)))
        values = {"terms": list(words.terms), "idfs": list(words.idfs), "mean_length": words.mean_length}
        return reader.run(lambda session: session.rows(best, values))

    return {"bare_vectors": by_vector, "bare_words": by_words}


def first_stages(reader: PostgresReader, model: MiniLm) -> dict[str, Callable[[str], object]]:
    """The first stage by comparing all vectors and, where there is an index of them, by finding the nearest."""
    rows, visible, vectors = reader.page_rows, reader.visible, reader.distribution
    allowed = np.ones(len(rows.pages), dtype=bool)

    def exact(question: str) -> object:
        query, words = model.embed_query(question), reader.vocabulary.weigh(list(terms(question)))
        return reader.run(lambda session: exact_scores(session, rows, visible, query, words))

    def nearest(question: str) -> object:
        query, words = model.embed_query(question), reader.vocabulary.weigh(list(terms(question)))
        return reader.run(
            lambda session: NearestSearch(session, rows, visible, vectors).scores(query, words, allowed, [])
        )

    return {"exact": exact, "nearest": nearest} if reader.manifest["nearest"] else {"exact": exact}


def measure_size(index: Path, database: str, size: int, rounds: int) -> dict[str, Any]:
    """Publish an index of `size` chunks, and ask it."""
    from tests.bench.synthetic import grow

    url = in_schema(database, f"bench_{size}")
    with tempfile.TemporaryDirectory() as folder:
        where = index if size == 0 else Path(folder) / "index"
        if size:
            grow(index, where, size)
        files = index_at(where).open()
        published = copy_index(files, url)
        postgres = PostgresIndex(url).open()
        model = RememberingModel()
        one, other = Retriever(files, model), Retriever(postgres, model)
        bare_postings(url)
        ways: dict[str, Callable[[str], object]] = {
            "files": lambda question: one.search(question, 8),
            "postgres": lambda question: other.search(question, 8),
            **bare_queries(postgres, model),
            **first_stages(postgres, model),
        }
        found = {name: statistics.median(times) * 1000 for name, times in _ask(ways, rounds).items()}
        return {
            "chunks": files.manifest["chunks"],
            "p50_ms": found,
            "publish": published,
            "updates": update_pages(files, url),
            "bare_copy_seconds": bare_copy(url, nearest=bool(postgres.manifest["nearest"])),
            "bytes": postgres.manifest["files"]["tables"]["bytes"],
        }


def measure_crossing(index: Path, database: str, size: int, rounds: int) -> dict[str, float]:
    """The first stage over `size` chunks, in ms: by comparing all, and by an index of vectors however few there are."""
    from tests.bench.synthetic import grow

    url = in_schema(database, f"bench_{size}")
    with tempfile.TemporaryDirectory() as folder, patch.object(writer, "EXACT_UP_TO", 0):
        grow(index, Path(folder) / "index", size)
        copy_index(index_at(Path(folder) / "index").open(), url)
    ways = first_stages(PostgresIndex(url).open(), RememberingModel())
    return {name: statistics.median(times) * 1000 for name, times in _ask(ways, rounds).items()}


def _ask(ways: dict[str, Callable[[str], object]], rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for question in QUESTIONS:
            for name, ask in ways.items():
                started = time.perf_counter()
                ask(question)
                if number:
                    times[name].append(time.perf_counter() - started)
    return times


def drop_schemas(database: str, names: Sequence[str]) -> None:
    """Remove what this benchmark made."""
    session = Session(in_schema(database, "bench"), "askdocs bench")
    for name in names:
        session.rows(f'DROP SCHEMA IF EXISTS "{name}" CASCADE')
    session.close()


def main() -> None:
    """Measure, print, and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--sizes", default="5000,100000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--crossing", default="")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    sizes, crossing = ([int(size) for size in text.split(",") if size] for text in (given.sizes, given.crossing))
    names = [f"bench_{size}" for size in {*sizes, *crossing}]
    drop_schemas(given.database, names)
    figures: dict[str, Any] = {
        "sizes": [measure_size(given.index, given.database, size, given.rounds) for size in sizes]
    }
    drop_schemas(given.database, names)
    figures["crossing"] = {size: measure_crossing(given.index, given.database, size, given.rounds) for size in crossing}
    drop_schemas(given.database, names)
    for size in figures["sizes"]:
        times = size["p50_ms"]
        shown = ", ".join(f"{name} {milliseconds:.1f}" for name, milliseconds in times.items())
        ratio = times["postgres"] / (times["bare_vectors"] + times["bare_words"])
        print(
            f"{size['chunks']:>9,} chunks: p50 in ms: {shown}; postgres is {ratio:.2f} of the bare queries, "
            f"{times['postgres'] / times['files']:.2f} of files\n"
            f"          published in {size['publish']['seconds']:.1f} s ({size['publish']['cpu']:.1f} s CPU here), "
            f"bare copy {size['bare_copy_seconds']:.1f} s; {size['bytes'] / 1e6:.0f} MB"
        )
        for update in size["updates"]:
            print(f"          update of a page of {update['chunks']} chunks: {update['logged'] / 1e6:.2f} MB of log")
    for chunks, times in figures["crossing"].items():
        print(
            f"{chunks:>9,} chunks: first stage by comparing all {times['exact']:.1f}, nearest {times['nearest']:.1f} ms"
        )
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
