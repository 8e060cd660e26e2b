"""Publish a generation into Postgres: one transaction, in which only pages that are new write chunks."""

import hashlib
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Any, Final

import numpy as np

from ingest.core.errors import CorpusError, UsageError
from ingest.core.records import Chunk
from ingest.embed.base import Embedder, Embedding, embedding_text
from ingest.embed.token_vectors import SCALE, WIDTH
from ingest.index.base import Floats, StoredPage
from ingest.index.folder.index import new_name
from ingest.index.postgres.connection import Session
from ingest.index.postgres.nearest import EXACT_UP_TO, create_nearest
from ingest.index.postgres.postings import WORDS_OF_PAGES, pack_postings
from ingest.index.postgres.reader import PostgresGeneration
from ingest.index.postgres.schema import INDEXES
from ingest.index.question_token import mean_question_token
from ingest.index.sections import NO_QUESTIONS, EmbeddedQuestions
from ingest.index.whitening import WhiteningFit
from ingest.text.terms import TERMS_VERSION, terms

_BLOCK: Final = 2_048
"""Chunks written at once: some 30 MB with their token vectors, and 10 MB of postings."""

_ANALYZE: Final = """
ANALYZE page (id), page_vector (page), chunk (id, page, key), embedding (chunk, page), added (chunk, page),
        posting (term, page)"""
"""The planner chooses by these columns; sampling the wide ones takes a third of a second."""

_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")

_PAGE: Final = {
    "id": "int4", "digest": "text", "url": "text", "title": "text", "description": "text", "body": "text",
    "anchors": "text[]", "aliases": "text[]", "fetched_at": "text", "last_modified": "text", "etag": "text",
    "source": "text", "file": "text", "first_chunk": "int8", "chunks": "int4",
}  # fmt: skip
_CHUNK: Final = {
    "id": "int8", "page": "int4", "key": "text", "anchor": "text", "headings": "text[]", "text": "text",
    "context": "text", "start_at": "int4", "end_at": "int4", "tokens": "int4", "token_vectors": "bytea",
}  # fmt: skip
_VECTOR: Final = {"chunk": "int8", "page": "int4", "vector": "vector"}
_LATE: Final = {"chunk": "int8", "page": "int4", "token_vectors": "bytea"}
_PAGE_VECTOR: Final = {"page": "int4", "vector": "vector"}
_POSTING: Final = {"term": "text", "page": "int4", "first": "int8", "places": "bytea"}
_GENERATION: Final = {
    "id": "int4", "name": "text", "manifest": "text", "pages": "int4[]", "terms": "bytea", "frequencies": "bytea",
    "mean_length": "float8", "whitening": "bytea", "token_means": "bytea",
}  # fmt: skip


@dataclass(slots=True)
class _PlannedPage:
    """A page of the new generation: its chunks, and its ids, which are new or those that the current one has."""

    stored: StoredPage
    chunks: Sequence[Chunk]
    digest: str
    id: int = 0
    first_chunk: int = 0
    new: bool = True


@dataclass(frozen=True, slots=True)
class _ChunkRow:
    """A chunk of a new page with its embedding, the count of its terms, and the ids of both rows."""

    id: int
    page: int
    chunk: Chunk
    embedding: Embedding
    terms: Counter[str]


@dataclass(slots=True)
class _Words:
    """In how many chunks each term is, and how many terms all chunks have together."""

    frequencies: Counter[str] = field(default_factory=Counter)
    length: int = 0

    def add(self, counts: Iterable[Counter[str]]) -> None:
        """Take in the terms of some chunks."""
        for count in counts:
            self.frequencies.update(count.keys())
            self.length += count.total()


@dataclass(slots=True)
class _Totals:
    """What a generation has of all its chunks together."""

    words: _Words
    whitening: WhiteningFit | None = None
    chunks: int = 0
    tokens: int = 0
    token_sum: Any = field(default_factory=lambda: np.zeros(WIDTH))
    width: int = 0
    added: bool = False

    def add(self, embeddings: Sequence[Embedding]) -> None:
        """Take in the vectors of some chunks."""
        if not embeddings:
            return
        vectors = np.stack([one.vector for one in embeddings])
        self.width, self.added = vectors.shape[1], embeddings[0].added is not None
        self.whitening = self.whitening or WhiteningFit(self.width)
        self.whitening.add(vectors)
        for one in embeddings:
            self.token_sum += one.tokens.sum(axis=0, dtype=np.float64)
            self.tokens += len(one.tokens)
        self.chunks += len(embeddings)


class PostgresWriter:
    """The IndexWriter of an index in Postgres. Its session has the lock of the index."""

    def __init__(self, session: Session, embedder: Embedder, *, reuse: bool) -> None:
        """With `reuse`, the rows of pages that the current generation has are shared with it."""
        self._session, self._embedder, self._reuse = session, embedder, reuse

    def publish(
        self,
        pages: Sequence[StoredPage],
        chunks: Sequence[Chunk],
        embeddings: Iterable[Embedding],
        manifest: Mapping[str, Any],
        questions: EmbeddedQuestions | None = None,
    ) -> PostgresGeneration:
        """Publish a generation: all of it, or nothing. Readers see nothing of it before.

        Raises CorpusError, IndexUnreachable, and UsageError for generated questions, which it can't keep.
        """
        if questions is not None:
            raise UsageError(NO_QUESTIONS, "use an index in a folder, or leave out --generate-questions")
        language = str(manifest["language"])
        with self._session.transaction(), ThreadPoolExecutor(2) as aside:
            models = (self._embedder.fingerprint, *manifest.get("late", {}).values())
            planned = self._plan(pages, chunks, "+".join(models), language)
            totals, source = _Totals(self._known_words(planned)), iter(embeddings)
            for part, counts in _counted(_parts(planned), language, aside):
                self._write(part, counts, source, totals)
            if totals.chunks != len(chunks):
                raise CorpusError(f"{totals.chunks} embeddings for {len(chunks)} chunks", "run the same command again")
            self._session.copy("page", _PAGE, (_page_row(page) for page in planned if page.new))
            for statement in filter(str.strip, INDEXES.split(";")):
                self._session.rows(statement)
            if totals.chunks > EXACT_UP_TO:
                self._create_nearest(totals)
            return self._switch(planned, totals, manifest)

    def _plan(
        self, pages: Sequence[StoredPage], chunks: Sequence[Chunk], models: str, language: str
    ) -> list[_PlannedPage]:
        """Give each page its rows: those of the current generation where it has just this page."""
        by_url = {url: list(group) for url, group in groupby(chunks, key=lambda chunk: chunk.url)}
        known = self._known_pages() if self._reuse else {}
        page, chunk = self._session.row(
            "SELECT coalesce((SELECT max(id) FROM page), 0), coalesce((SELECT max(id) FROM chunk), 0)"
        ) or (0, 0)
        planned: list[_PlannedPage] = []
        for stored in pages:
            mine = by_url.get(stored.document.url, [])
            one = _PlannedPage(stored, mine, _digest(stored, mine, models, language))
            if one.digest in known:
                one.id, one.first_chunk = known[one.digest]
                one.new = False
            else:
                page += 1
                one.id, one.first_chunk = page, chunk + 1
                chunk += len(mine)
            planned.append(one)
        return planned

    def _known_pages(self) -> dict[str, tuple[int, int]]:
        """The pages of the current generation by their digests: (id, first chunk)."""
        query = """
            SELECT p.digest, p.id, p.first_chunk FROM current JOIN generation g ON g.id = current.generation
            CROSS JOIN unnest(g.pages) u(id) JOIN page p ON p.id = u.id"""
        return {row[0]: (row[1], row[2]) for row in self._session.rows(query)}

    def _known_words(self, planned: Sequence[_PlannedPage]) -> _Words:
        """The words of the current generation in the pages that stay: those of all its pages less those that go."""
        kept = {page.id for page in planned if not page.new}
        if not kept:
            return _Words()
        query = """
            SELECT g.terms, g.frequencies, g.mean_length, g.manifest, g.pages
            FROM current JOIN generation g ON g.id = current.generation"""
        ((packed_terms, frequencies, mean_length, manifest, pages),) = self._session.rows(query)
        counts = np.frombuffer(frequencies, dtype="<i4").tolist()
        words = dict(zip(json.loads(zlib.decompress(packed_terms)), counts, strict=True))
        length = round(mean_length * json.loads(manifest)["chunks"])
        for term, chunks, times in self._session.rows(WORDS_OF_PAGES, [[page for page in pages if page not in kept]]):
            words[term] -= chunks
            length -= times
        return _Words(Counter({term: chunks for term, chunks in words.items() if chunks}), length)

    def _write(
        self,
        part: Sequence[_PlannedPage],
        counts: Sequence[Counter[str]],
        source: Iterator[Embedding],
        totals: _Totals,
    ) -> None:
        """Take the chunks of some pages into the totals, and write those of new pages, whose terms `counts` are."""
        chunks = [(page, at) for page in part for at in range(len(page.chunks))]
        embeddings = list(islice(source, len(chunks)))
        totals.add(embeddings)
        totals.words.add(counts)
        fresh = [(*place, one) for place, one in zip(chunks, embeddings, strict=False) if place[0].new]
        rows = [
            _ChunkRow(page.first_chunk + at, page.id, page.chunks[at], embedding, count)
            for (page, at, embedding), count in zip(fresh, counts, strict=False)
        ]
        if not rows:
            return
        copy = self._session.copy
        copy("chunk", _CHUNK, map(_chunk_row, rows))
        copy("embedding", _VECTOR, ((row.id, row.page, row.embedding.vector) for row in rows))
        if totals.added:
            copy("added", _VECTOR, ((row.id, row.page, row.embedding.added) for row in rows))
        late = [(row.id, row.page, row.embedding.late.tobytes()) for row in rows if row.embedding.late is not None]
        if late:
            copy("late", _LATE, late)
        copy("posting", _POSTING, pack_postings([(row.page, row.id, row.terms) for row in rows]))
        copy("page_vector", _PAGE_VECTOR, _page_vectors(rows))

    def _create_nearest(self, totals: _Totals) -> None:
        """Index the vectors for a search that does not compare all of them."""
        create_nearest(self._session, "embedding", totals.width)
        if totals.added:
            create_nearest(self._session, "added", self._embedder.dimension)

    def _switch(
        self, planned: Sequence[_PlannedPage], totals: _Totals, manifest: Mapping[str, Any]
    ) -> PostgresGeneration:
        """Write the generation, and make it the current one."""
        session = self._session
        before = session.row("SELECT g.name FROM current JOIN generation g ON g.id = current.generation")
        (number,) = session.row("SELECT coalesce(max(id), 0) + 1 FROM generation") or (1,)
        whole = {
            **manifest,
            "previous": before[0] if before else "",
            "files": {"tables": {"bytes": self._size()}},
            "vector": totals.width,
            "added": totals.added,
            "nearest": totals.chunks > EXACT_UP_TO,
        }
        words = sorted(totals.words.frequencies)
        name = new_name(manifest)
        means = [totals.token_sum / (max(1, totals.tokens) * SCALE), mean_question_token(self._embedder)]
        row = (
            number,
            name,
            json.dumps(whole, ensure_ascii=True),
            [page.id for page in planned],
            zlib.compress(json.dumps(words, ensure_ascii=False).encode()),
            np.array([totals.words.frequencies[word] for word in words], dtype="<i4").tobytes(),
            totals.words.length / max(1, totals.chunks),
            _bytes(totals.whitening.whitening() if totals.whitening else np.zeros((1, 0), np.float32)),
            _bytes(np.stack(means).astype(np.float32)),
        )
        session.copy("generation", _GENERATION, [row])
        session.rows(
            "INSERT INTO current VALUES (true, %s) ON CONFLICT (one) DO UPDATE SET generation = excluded.generation",
            [number],
        )
        if sum(page.new for page in planned) * 2 > len(planned):  # the planner has no idea of the tables yet
            session.rows(_ANALYZE)
        return PostgresGeneration(number, name, whole)

    def _size(self) -> int:
        """The bytes of all tables of the index, those of other generations included."""
        query = """
            SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c
            WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace"""
        found = self._session.row(query)
        return int(found[0]) if found and found[0] else 0


def _parts(planned: Sequence[_PlannedPage]) -> Iterator[list[_PlannedPage]]:
    """The pages, about _BLOCK chunks at a time; no page is divided."""
    part: list[_PlannedPage] = []
    size = 0
    for page in planned:
        part.append(page)
        size += len(page.chunks)
        if size >= _BLOCK:
            yield part
            part, size = [], 0
    if part:
        yield part


def _counted(
    parts: Iterable[list[_PlannedPage]], language: str, aside: Executor
) -> Iterator[tuple[list[_PlannedPage], list[Counter[str]]]]:
    """Parts with the terms of each chunk of their new pages, counted while the part before is written."""
    waiting: list[tuple[list[_PlannedPage], Future[list[Counter[str]]]]] = []
    for part in parts:
        waiting.append((part, aside.submit(_count_terms, part, language)))
        if len(waiting) > 1:
            before, counts = waiting.pop(0)
            yield before, counts.result()
    for part, counts in waiting:
        yield part, counts.result()


def _count_terms(part: Sequence[_PlannedPage], language: str) -> list[Counter[str]]:
    return [Counter(terms(embedding_text(chunk), language)) for page in part if page.new for chunk in page.chunks]


def _digest(stored: StoredPage, chunks: Sequence[Chunk], models: str, language: str) -> str:
    """A hash of all that the rows of a page depend on; `models` are the fingerprints of those that embedded it."""
    facts = (TERMS_VERSION, models, language, stored, chunks)
    return hashlib.sha256(repr(facts).encode("utf-8", "surrogatepass")).hexdigest()


def _page_row(page: _PlannedPage) -> tuple[Any, ...]:
    d = page.stored.document
    return (
        *(page.id, page.digest, _text(d.url), _text(d.title), _text(d.description), _text(d.body)),
        *(list(map(_text, d.anchors)), list(map(_text, d.aliases)), _text(d.fetched_at)),
        *(d.last_modified and _text(d.last_modified), d.etag and _text(d.etag), _text(d.source)),
        *(_text(page.stored.file), page.first_chunk, len(page.chunks)),
    )


def _chunk_row(row: _ChunkRow) -> tuple[Any, ...]:
    c = row.chunk
    return (
        *(row.id, row.page, c.id, _text(c.anchor), list(map(_text, c.headings)), _text(c.text), _text(c.context)),
        *(c.start, c.end, c.tokens, row.embedding.tokens.tobytes()),
    )


def _page_vectors(rows: Sequence[_ChunkRow]) -> Iterator[tuple[int, Floats]]:
    """For each page the mean of its chunks' vectors, scaled to length 1."""
    for page, group in groupby(rows, key=lambda row: row.page):
        total = np.sum([row.embedding.vector for row in group], axis=0, dtype=np.float32)
        yield page, np.asarray(total / max(float(np.linalg.norm(total)), 1e-9), dtype=np.float32)


def _text(text: str) -> str:
    """A text as Postgres takes it: without NUL and lone surrogates. It keeps its length, so that offsets fit."""
    if text.isascii() and "\0" not in text:  # most are, and this is known without a search
        return text
    return _UNSTORABLE.sub("\ufffd", text)


def _bytes(array: Floats) -> bytes:
    return np.asarray(array, dtype="<f4").tobytes()
