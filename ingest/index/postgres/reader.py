"""One generation of an index in Postgres, opened for reading."""

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.core.errors import IndexDamaged
from ingest.core.records import Chunk
from ingest.core.urls import site_path
from ingest.embed.base import QueryEmbedding
from ingest.embed.token_vectors import WIDTH, TokenVectors
from ingest.index.base import FIRST_STAGE, Candidates, Floats, Passages, StoredPage, Weights
from ingest.index.first_stage import check_dimensions, pages_below, select
from ingest.index.postgres.connection import SessionPool
from ingest.index.postgres.nearest import EXACT_UP_TO, NearestSearch
from ingest.index.postgres.page_rows import PageRows, Visible
from ingest.index.postgres.postings import TermWeights, Words, postings_query, weigh_postings, weights_by_row
from ingest.index.postgres.recent import Recent
from ingest.index.postgres.search import exact_scores
from ingest.index.whitening import Distribution

_REBUILD: Final = "rebuild the index: askdocs reindex --no-crawl --full"
_CHUNK: Final = "c.id, c.key, p.url, c.anchor, p.title, c.headings, c.text, c.context, c.start_at, c.end_at, c.tokens"
_PAGE: Final = (
    "url, title, description, body, anchors, aliases, fetched_at, last_modified, etag, '' AS sha256, source, file"
)

_FEW: Final = 200
"""Passages that are read together with their texts, of which most searches then show some."""
_CHUNKS: Final = 256
_SEARCHES: Final = 16
"""How many chunks and explanations of searches are kept: those of a few questions at a time, about half a megabyte."""


@dataclass(frozen=True, slots=True)
class PostgresGeneration:
    """A published generation: its id in the database, its name and its manifest."""

    id: int
    name: str
    manifest: Mapping[str, Any]


class PostgresReader:
    """The IndexReader of a generation. Its connections share a lock that keeps the generation from being removed."""

    def __init__(self, pool: SessionPool, generation: PostgresGeneration) -> None:
        """`pool` gives connections that have the lock of the generation."""
        self._pool, self.generation = pool, generation
        self._recent: Recent[int, Chunk] = Recent(_CHUNKS)
        self._explained: Recent[tuple[str, ...], Mapping[int, Mapping[str, float]]] = Recent(_SEARCHES)

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What the generation was made of."""
        return self.generation.manifest

    @cached_property
    def page_rows(self) -> PageRows:
        """The pages, and which rows their chunks have."""
        query = """
            SELECT p.id, p.first_chunk, p.chunks, p.url
            FROM generation g, unnest(g.pages) WITH ORDINALITY u(id, at) JOIN page p ON p.id = u.id
            WHERE g.id = %s ORDER BY u.at"""
        found = PageRows.of(self._rows(query, [self.generation.id]))
        if found.total != self.manifest["chunks"] or len(found.pages) != self.manifest["pages"]:
            raise IndexDamaged(f"pages of the generation {self.generation.name} are missing", _REBUILD)
        return found

    @cached_property
    def visible(self) -> Visible:
        """Which rows of the tables are of this generation."""
        pages = self.page_rows.pages
        least, most = int(pages.min()), int(pages.max())
        query = "SELECT id FROM page WHERE id BETWEEN %s AND %s AND id <> ALL(%s::integer[])"
        gone = self._rows(query, [least, most, pages.tolist()])
        return Visible(least, most, [int(row[0]) for row in gone])

    @cached_property
    def distribution(self) -> Distribution:
        """Mean and covariance of the vectors of all chunks."""
        return Distribution.of(self.whitening())

    @cached_property
    def vocabulary(self) -> "PostgresVocabulary":
        """The words of the index, with their frequencies; read once."""
        query = "SELECT terms, frequencies, mean_length FROM generation WHERE id = %s"
        packed_terms, frequencies, mean_length = self._one(query)
        try:
            terms = json.loads(zlib.decompress(packed_terms))
            counts = np.frombuffer(frequencies, dtype="<i4")
            return PostgresVocabulary(self, dict(zip(terms, counts, strict=True)), float(mean_length))
        except (ValueError, zlib.error, TypeError) as error:
            raise IndexDamaged(f"the words of the generation {self.generation.name} can't be read", _REBUILD) from error

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
        """Search the chunks: see `IndexReader.candidates`. The server scores all of them, or finds the nearest."""
        if query is not None:
            embedder = self.manifest["embedder"]
            added = int(embedder["dimension"]) if self.has_added else None
            check_dimensions(query, embedder["name"], int(self.manifest["vector"]), added)
        words, places = self.vocabulary.weigh(terms), self._below(under)
        rows, visible = self.page_rows, self.visible
        searched = int(rows.counts[places].sum())  # few pages are compared one by one, however many others there are
        if query is not None and self.manifest.get("nearest") and searched > EXACT_UP_TO:
            vectors = self.distribution
            scored = self.run(
                lambda session: NearestSearch(session, rows, visible, vectors).scores(query, words, places, include)
            )
        else:
            scored = self.run(lambda session: exact_scores(session, rows, visible, query, words))
        found = select(scored.signals, places[rows.page_of], rows.page_of, n, include, weights)
        self._explained.put({tuple(terms): weights_by_row(scored.words, found.rows.tolist(), rows.total)})
        return found

    def _below(self, under: str) -> NDArray[np.bool_]:
        """Whether each page is below the site path `under`. Raises UsageError where none is."""
        if not under:
            return np.ones(len(self.page_rows.pages), dtype=bool)
        return pages_below(self._paths, under)

    @cached_property
    def _paths(self) -> list[str]:
        return [site_path(url) for url in self.page_rows.urls]

    def passages(self, rows: Sequence[int]) -> Passages:
        """Vectors and token vectors of the chunks at these rows."""
        ids = self.page_rows.ids(rows)
        added = "a.vector" if self.has_added else "NULL"
        join = "JOIN added a ON a.chunk = c.id" if self.has_added else ""
        texts, pages = (f", {_CHUNK}", "JOIN page p ON p.id = c.page") if len(ids) <= _FEW else ("", "")
        query = f"""
            SELECT c.id, c.token_vectors, e.vector, {added}{texts}
            FROM chunk c JOIN embedding e ON e.chunk = c.id {join} {pages} WHERE c.id = ANY(%s::bigint[])"""
        found = {row[0]: row[1:] for row in self._rows(query, [ids])}
        with self._readable():
            vectors = np.stack([found[chunk][1].to_numpy() for chunk in ids]) if ids else np.zeros((0, 0), np.float32)
            tokens = [np.frombuffer(found[chunk][0], dtype=np.int8).reshape(-1, WIDTH) for chunk in ids]
            others = np.stack([found[chunk][2].to_numpy() for chunk in ids]) if ids and self.has_added else None
            if texts:
                self._recent.put({chunk: _chunk(row[3:]) for chunk, row in found.items()})
        return Passages(vectors, tokens, others)

    def late_tokens(self, rows: Sequence[int]) -> list[TokenVectors]:
        """Token vectors of the chunks at these rows, by the model that the manifest names as "late"."""
        ids = self.page_rows.ids(rows)
        found = dict(self._rows("SELECT chunk, token_vectors FROM late WHERE chunk = ANY(%s::bigint[])", [ids]))
        with self._readable():
            return [np.frombuffer(found[chunk], dtype=np.int8).reshape(-1, WIDTH) for chunk in ids]

    @property
    def has_added(self) -> bool:
        """Whether chunks have a vector of an added embedder."""
        return bool(self.manifest["added"])

    def chunks(self, rows: Sequence[int]) -> list[Chunk]:
        """The chunks at these rows, in the order given."""
        ids = self.page_rows.ids(rows)
        found = self._recent.find(ids)
        if len(found) < len(set(ids)):
            query = f"SELECT {_CHUNK} FROM chunk c JOIN page p ON p.id = c.page WHERE c.id = ANY(%s::bigint[])"
            wanted = [chunk for chunk in ids if chunk not in found]
            found |= {row[0]: _chunk(row) for row in self._rows(query, [wanted])}
        with self._readable():
            return [found[chunk] for chunk in ids]

    def questions(self, rows: Sequence[int]) -> list[tuple[str, ...]]:
        """None for any chunk: the database keeps no generated questions."""
        return [()] * len(rows)

    def explain(self, rows: Sequence[int], terms: Sequence[str]) -> list[dict[str, float]]:
        """For each row the BM25 weight of each of the terms that the chunk contains."""
        known = next(iter(self._explained.find([tuple(terms)]).values()), {})
        if any(row not in known for row in rows):
            words, places = self.vocabulary.weigh(terms), self.page_rows.places_of(rows)
            pages = sorted({int(page) for page in self.page_rows.pages[places]})
            known = weights_by_row(self.weigh(words, pages), rows, self.page_rows.total)
        return [dict(known[row]) for row in rows]

    def weigh(self, words: Words, pages: Sequence[int] | None = None) -> list[TermWeights]:
        """The chunks that have each of the words, of these pages or of all."""
        rows, visible = self.page_rows, self.visible
        query = postings_query(visible, "" if pages is None else "AND p.page = ANY(%(pages)s::integer[])")
        found = self._rows(query, {**visible.values, **words.values, "pages": list(pages or ())})
        with self._readable():
            return weigh_postings(found[0], words, rows)

    def idf(self, term: str) -> float:
        """How rare a term is: its inverse document frequency."""
        return float(np.float32(self.vocabulary.idf(term)))

    def whitening(self) -> Floats:
        """The argument of `whiten`: float32[d + 1, d]."""
        (data,) = self._one("SELECT whitening FROM generation WHERE id = %s")
        with self._readable():
            width = int(self.manifest["vector"])
            return np.frombuffer(data, dtype="<f4").reshape(width + 1, width)

    def token_means(self) -> Floats:
        """The mean token vector of passages and of questions: float32[2, WIDTH]."""
        (data,) = self._one("SELECT token_means FROM generation WHERE id = %s")
        with self._readable():
            return np.frombuffer(data, dtype="<f4").reshape(2, WIDTH)

    def pages(self, urls: Sequence[str] | None = None) -> list[StoredPage]:
        """The pages at these addresses (None: all), in the order of their addresses."""
        known = self.page_rows
        wanted = set(known.urls if urls is None else urls)
        ids = [int(page) for page, url in zip(known.pages, known.urls, strict=True) if url in wanted]
        query = f"SELECT {_PAGE} FROM page WHERE id = ANY(%s::integer[])"
        return sorted(map(StoredPage.of, self._rows(query, [ids])), key=lambda page: page.document.url)

    def page_chunks(self, urls: Sequence[str]) -> list[tuple[int, Chunk]]:
        """(row, chunk) of the pages at these addresses, in row order."""
        wanted, known = set(urls), self.page_rows
        rows = [
            row
            for at, url in enumerate(known.urls)
            if url in wanted
            for row in range(int(known.starts[at]), int(known.starts[at + 1]))
        ]
        return list(zip(rows, self.chunks(rows), strict=True))

    def all_chunks(self) -> list[Chunk]:
        """Every chunk, in row order."""
        return self.chunks(range(self.page_rows.total))

    def find_chunk(self, chunk_id: str) -> Chunk | None:
        """The chunk with this id; None where there is none."""
        query = f"""
            SELECT {_CHUNK} FROM chunk c JOIN page p ON p.id = c.page
            WHERE c.key = %s AND p.id = ANY(%s::integer[])"""
        found = self._rows(query, [chunk_id, self.page_rows.pages.tolist()])
        return _chunk(found[0]) if found else None

    def page_addresses(self) -> list[tuple[str, Sequence[str]]]:
        """The address of every page with its aliases, in the order of their addresses; no text is read."""
        query = "SELECT url, aliases FROM page WHERE id = ANY(%s::integer[])"
        found = self._rows(query, [self.page_rows.pages.tolist()])
        return sorted((url, aliases) for url, aliases in found)

    def count(self, query: str) -> int:
        """The number that a query gives, whose values are those of `visible`."""
        return int(self._rows(query, self.visible.values)[0][0])

    def run(self, work: Any) -> Any:  # noqa: ANN401 - what `work` returns
        """Do `work`, which only reads, with a connection that has the lock of the generation."""
        return self._pool.run(work)

    def _rows(self, query: str, values: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - a sequence or a mapping
        return self._pool.run(lambda session: session.rows(query, values))

    def _one(self, query: str) -> tuple[Any, ...]:
        found = self._rows(query, [self.generation.id])
        if not found:
            raise IndexDamaged(f"the generation {self.generation.name} is gone", _REBUILD)
        return found[0]

    def _readable(self) -> "_Readable":
        return _Readable(self.generation.name)


@dataclass(frozen=True, slots=True)
class _Readable:
    """Raises IndexDamaged for rows that are missing, or not of the form that they were written in."""

    name: str

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, (KeyError, ValueError, AttributeError, TypeError)):
            raise IndexDamaged(f"the generation {self.name} can't be read", _REBUILD) from error


class PostgresVocabulary:
    """The words of a generation. How many chunks have each is known here; which ones, the server is asked."""

    def __init__(self, reader: PostgresReader, frequencies: Mapping[str, Any], mean_length: float) -> None:
        self._reader, self._frequencies, self._mean_length = reader, frequencies, mean_length

    def frequency(self, term: str) -> int:
        """How many chunks contain a term, 0 for an unknown one."""
        return int(self._frequencies.get(term, 0))

    def rows_with(self, term: str) -> NDArray[np.int32]:
        """The rows of the chunks that contain a term, in ascending order."""
        if term not in self._frequencies:
            return np.zeros(0, dtype=np.int32)
        (found,) = self._reader.weigh(self.weigh([term]))
        return np.sort(found.rows).astype(np.int32)

    def __iter__(self) -> Iterator[str]:
        """Every term."""
        return iter(self._frequencies)

    def idf(self, term: str) -> float:
        """Lucene's inverse document frequency, in double precision."""
        count, size = self.frequency(term), int(self._reader.manifest["chunks"])
        return float(np.log(1 + (size - count + 0.5) / (count + 0.5)))

    def weigh(self, terms: Sequence[str]) -> Words:
        """The distinct ones of these terms that the index has, in their order."""
        known = [term for term in dict.fromkeys(terms) if term in self._frequencies]
        return Words(known, [self.idf(term) for term in known], self._mean_length)


def _chunk(row: tuple[Any, ...]) -> Chunk:
    _, key, url, anchor, title, headings, text, context, start, end, tokens = row
    return Chunk(key, url, anchor, title, tuple(headings), text, context, start, end, tokens)
