"""An index in Postgres beside the same one in files, and beside bare queries and a bare COPY; and kills of the writer.

Run `python -m tests.bench.scale --index DIR --database postgres://… [--sizes 5000,100000] [--rounds R] [--kills N]
[--json FILE]` from the repository's root, with the extra `postgres` installed. The role must be able to create schemas;
those named bench_… are dropped. For each size an index is written (see tests/bench/synthetic.py), published, and then
in one process each question is asked of all ways in turn (A B C A B C). Questions are embedded before.

- files, postgres: `Retriever.search`, passages and their texts included;
- bare: the 50 nearest by `ORDER BY vector <#> …` (through the HNSW index where there is one, searched as deep as ours),
  and the 50 best by BM25 in SQL over a table with one row for each term and chunk, nothing else;
- exact, nearest: the first stage alone, comparing all vectors and finding the nearest: where the second is the faster,
  an HNSW index is worth its memory;
- publish: PostgresWriter of pages, chunks and embeddings; `copy`: COPY of the rows that it wrote, and their indexes;
- update: bytes of write-ahead log of a publish in which one page changed, beside those of the page's own rows.

With `--kills`, a writer is killed at random instants; a reader must then see the old or the new generation, whole.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line sets it, before numpy is loaded

import argparse
import json
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ingest.core.database_url import DatabaseUrl
from ingest.embed.base import Embedding
from ingest.embed.minilm import MiniLm
from ingest.index.base import IndexReader
from ingest.index.bm25 import K1, B
from ingest.index.postgres.connection import Session
from ingest.index.postgres.index import PostgresIndex
from ingest.index.postgres.nearest import NearestSearch
from ingest.index.postgres.reader import PostgresReader
from ingest.index.postgres.search import exact_scores
from ingest.index.stores import index_at
from ingest.text.terms import terms
from rag.retrieve.search import Retriever
from tests.bench.pairs import environment
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


def copy_index(source: IndexReader, url: DatabaseUrl) -> dict[str, float]:
    """Publish a generation of files into Postgres; what it took."""
    pages = sorted(source.pages(), key=lambda page: page.document.url)
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
        index.writer(MiniLm(), reuse=False).publish(pages, ordered, embeddings(), {**manifest, "pages": len(pages)})
        return {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


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
    rows, visible = reader.page_rows, reader.visible
    allowed = np.ones(len(rows.pages), dtype=bool)

    def exact(question: str) -> object:
        query, words = model.embed_query(question), reader.vocabulary.weigh(list(terms(question)))
        return reader.run(lambda session: exact_scores(session, rows, visible, query, words))

    def nearest(question: str) -> object:
        query, words = model.embed_query(question), reader.vocabulary.weigh(list(terms(question)))
        return reader.run(lambda session: NearestSearch(session, rows, visible).scores(query, words, allowed, []))

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
            "bare_copy_seconds": bare_copy(url, nearest=bool(postgres.manifest["nearest"])),
            "bytes": postgres.manifest["files"]["tables"]["bytes"],
        }


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


WRITER = """
import sys
from pathlib import Path
from ingest.core.database_url import DatabaseUrl
from ingest.index.build import build_index
from ingest.index.stores import index_at
from tests.ingest.made import WordEmbedder, quiet, stored
url, number = DatabaseUrl(sys.argv[1]), int(sys.argv[2])
pages = stored(**{f"page{at}": f"run {number} wrote page {at}" if at % 3 else f"page {at} stays" for at in range(90)})
print("ready", flush=True)
with index_at(url).writing(wait=60):
    build_index(url, pages, WordEmbedder(), quiet)
"""


def kill_writers(database: str, kills: int) -> dict[str, int]:
    """Kill a writer `kills` times at random instants. Raises AssertionError for a mixed or a partial generation."""
    url = in_schema(database, "bench_kills")
    chance, counted = random.Random(0), {"killed": 0, "finished": 0, "old": 0, "new": 0}
    text = f"{database}{'&' if '?' in database else '?'}schema={url.schema}"
    command = [sys.executable, "-c", WRITER, text]
    started = time.perf_counter()
    subprocess.run([*command, "0"], env=environment(), check=True, stdout=subprocess.DEVNULL)
    longest, last = time.perf_counter() - started, 0
    for number in range(1, kills + 1):
        with subprocess.Popen([*command, str(number)], env=environment(), stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(chance.random() * min(longest, 1.0))
            writer.send_signal(signal.SIGKILL)
            killed = writer.wait() == -signal.SIGKILL
        counted["killed" if killed else "finished"] += 1
        seen = _run_of(PostgresIndex(url).open())
        assert seen in (last, number), f"run {seen} is seen after {last} and {number}"
        counted["new" if seen == number else "old"] += 1
        last = seen
    subprocess.run([*command, str(kills + 1)], env=environment(), check=True, stdout=subprocess.DEVNULL)
    assert _run_of(PostgresIndex(url).open()) == kills + 1
    return counted


def _run_of(reader: PostgresReader) -> int:
    """The run that wrote a generation. Raises AssertionError where parts of it are of another run, or missing."""
    chunks = reader.all_chunks()
    assert len(chunks) == 90, f"{len(chunks)} chunks"
    runs = {int(chunk.text.rpartition("run ")[2].split()[0]) for chunk in chunks if "run " in chunk.text}
    assert len(runs) == 1, f"of the runs {runs}"
    assert reader.candidates(None, ["stay"], 100).eligible == 30
    return runs.pop()


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
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",") if size]
    names = [*(f"bench_{size}" for size in sizes), "bench_kills"]
    drop_schemas(given.database, names)
    figures: dict[str, Any] = {
        "sizes": [measure_size(given.index, given.database, size, given.rounds) for size in sizes]
    }
    if given.kills:
        figures["kills"] = kill_writers(given.database, given.kills)
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
    if given.kills:
        print(f"writers: {json.dumps(figures['kills'])}; every generation that was seen was whole")
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
