"""An index in Postgres as a whole: its generations, the one that answers, and the lock of its writer.

Locks are advisory ones of a connection, so that the server frees them when it ends: (key, 0) for the writer, and
(key, generation) for readers. The key is made of the schema's name; advisory locks are of one database.
"""

import contextlib
import json
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

from ingest.core.database_url import DatabaseUrl
from ingest.core.errors import CorpusError, IndexDamaged, IndexLocked, IndexMissing, IndexUnreachable
from ingest.embed.base import Embedder
from ingest.index.postgres.connection import Session, SessionPool, missing
from ingest.index.postgres.nearest import prepare_nearest
from ingest.index.postgres.reader import PostgresGeneration, PostgresReader
from ingest.index.postgres.schema import CHUNK_TABLES, check_format, check_pgvector, create_tables
from ingest.index.postgres.writer import PostgresWriter

T = TypeVar("T")

_PAUSE: Final = 0.25
"""Seconds between two attempts to get the writer's lock."""
_TRIES: Final = 20
"""How often a reader looks again for a current generation that goes while it opens it."""
_REBUILD: Final = "rebuild the index: askdocs reindex --no-crawl --full"


class PostgresIndex:
    """The IndexStore of a schema in a database."""

    def __init__(self, url: DatabaseUrl) -> None:
        """Connects when it is first used."""
        self.url = url
        self._key = zlib.crc32(f"askdocs {url.schema}".encode()) - 2**31
        self._sessions = SessionPool(lambda: Session(url, "askdocs"), lambda session: check_format(session, url))
        self._writing: Session | None = None

    def open(self, name: str = "") -> PostgresReader:
        """Open a generation by name, the current one for "": it is not removed while the reader lives."""
        for _ in range(_TRIES):
            generation = self._sessions.run(lambda session: _find(session, name))
            if generation is None and name:
                raise IndexDamaged(f"there is no generation {name} at {self.url}", _REBUILD)
            if generation is None:
                raise missing(self.url)
            pool = SessionPool(lambda: Session(self.url, "askdocs"), self._keeping(generation))
            try:
                pool.run(lambda _: None)
            except IndexDamaged:
                if name:
                    raise
                continue  # it was replaced, and removed, since the query
            return PostgresReader(pool, generation)
        raise IndexDamaged(f"the current generation at {self.url} can't be kept", "run the same command again")

    def _keeping(self, generation: PostgresGeneration) -> Callable[[Session], None]:
        """Prepares a reader's connection: it keeps the generation from being removed."""

        def prepare(session: Session) -> None:
            prepare_nearest(session)
            free = session.row("SELECT pg_try_advisory_lock_shared(%s, %s)", [self._key, generation.id])
            there = session.row(
                "SELECT 1 FROM generation WHERE id = %s AND name = %s", [generation.id, generation.name]
            )
            if not (free and free[0]) or there is None:
                session.close()
                raise IndexDamaged(f"the generation {generation.name} was removed", "run the same command again")

        return prepare

    def published(self) -> str:
        """The name of the current generation; "" where it can't be read at this moment."""
        with contextlib.suppress(IndexMissing, IndexUnreachable, IndexDamaged):
            found = self._sessions.run(lambda session: _find(session, ""))
            return found.name if found else ""
        return ""

    def names(self) -> list[str]:
        """The names of all generations, oldest first."""
        return [row[0] for row in self._read("SELECT name FROM generation ORDER BY name")]

    def predecessor(self, name: str) -> str:
        """The generation that `name` replaced, "" where none is known."""
        found = self._sessions.run(lambda session: _find(session, name) if name else None)
        return str(found.manifest.get("previous") or "") if found else ""

    def verify(self) -> str:
        """Whether the current generation has all rows that it should: pages, chunks and vectors are counted."""
        try:
            reader = self.open()
        except IndexMissing:
            return ""
        try:
            visible = reader.visible
            for table in ("chunk", "embedding"):
                query = f"SELECT count(*) FROM {table} t WHERE {visible.condition('t')}"
                if reader.count(query) != reader.page_rows.total:
                    return f"the table {table} at {self.url} lacks rows of the current generation"
        except IndexDamaged as error:
            return error.message
        return ""

    @contextlib.contextmanager
    def writing(self, *, wait: float = 0.0) -> Iterator[None]:
        """Own the lock of the index within the block; tables are made where there are none."""
        session = Session(self.url, "askdocs reindex")
        try:
            self._lock(session, wait)
            create_tables(session, self.url)
            self._clean_up(session)
            self._writing = session
            yield
            self._clean_up(session)
        finally:
            self._writing = None
            session.close()

    def _lock(self, session: Session, wait: float) -> None:
        deadline = time.monotonic() + wait
        while True:
            found = session.row("SELECT pg_try_advisory_lock(%s, 0)", [self._key])
            if found and found[0]:
                return
            if time.monotonic() >= deadline:
                break
            time.sleep(_PAUSE)
        query = """
            SELECT a.application_name, a.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE l.locktype = 'advisory' AND l.granted AND l.mode = 'ExclusiveLock' AND l.classid::bigint = %s
              AND l.objid = 0 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
        owner = session.row(query, [self._key % 2**32])
        who = f" ({str(owner[0]).removeprefix('askdocs reindex ')}, server process {owner[1]})" if owner else ""
        raise IndexLocked(f"another reindex is running{who} on {self.url}", "wait for it, then run again")

    def _clean_up(self, session: Session) -> None:
        """Remove all generations but the current one, the one that it replaced and those in use, and their pages.

        A run that was killed left nothing: its transaction never ended.
        """
        current = _find(session, "")
        if current is None:
            return
        others = [row[0] for row in session.rows("SELECT name FROM generation ORDER BY name") if row[0] != current.name]
        previous = str(current.manifest.get("previous") or "")
        kept = previous if previous in others else next(reversed(others), "")
        for name in others:
            if name != kept:
                self._remove(session, name)
        with session.transaction():
            gone = "SELECT id FROM page EXCEPT SELECT unnest(pages) FROM generation"
            ids = [row[0] for row in session.rows(gone)]
            if ids:
                for table in CHUNK_TABLES:
                    session.rows(f"DELETE FROM {table} WHERE page = ANY(%s::integer[])", [ids])
                session.rows("DELETE FROM page WHERE id = ANY(%s::integer[])", [ids])

    def _remove(self, session: Session, name: str) -> None:
        """Remove a generation unless a reader has its lock. Readers that come now look for the row after they lock."""
        with session.transaction():
            found = session.row("SELECT id FROM generation WHERE name = %s", [name])
            if found is None:
                return
            free = session.row("SELECT pg_try_advisory_xact_lock(%s, %s)", [self._key, found[0]])
            if free and free[0]:
                session.rows("DELETE FROM generation WHERE id = %s", [found[0]])

    def writer(self, embedder: Embedder, *, reuse: bool = True) -> PostgresWriter:
        """A writer of the next generation."""
        if self._writing is None:
            raise CorpusError(f"{self.url} is not locked by this process", "this is a bug in askdocs")
        return PostgresWriter(self._writing, embedder, reuse=reuse)

    def roll_back(self) -> tuple[str, PostgresGeneration]:
        """Return to the generation before the current one."""
        with self.writing():
            session = self._writing
            assert session is not None  # noqa: S101 - as `writing` sets it
            current = _find(session, "")
            if current is None:
                raise missing(self.url)
            names = [row[0] for row in session.rows("SELECT name FROM generation ORDER BY name")]
            previous = str(current.manifest.get("previous") or "")
            earlier = [name for name in names if name < current.name]
            target = _find(session, previous if previous in names else next(reversed(earlier), "") or "-")
            if target is None:
                hint = "to index the markdown pages: askdocs reindex --no-crawl"
                raise IndexMissing(f"there is no generation before {current.name} at {self.url}", hint)
            session.rows("UPDATE current SET generation = %s", [target.id])
            return current.name, target

    def describe(self) -> str:
        """What the server is, for people. Raises IndexMismatch without pgvector, or for one that is too old."""
        session = Session(self.url, "askdocs doctor")
        try:
            (server,) = session.row("SHOW server_version") or ("?",)
            version = check_pgvector(session)
            return f"PostgreSQL {str(server).split()[0]} with pgvector {version}, as {session.user}"
        finally:
            session.close()

    def read_note(self, name: str) -> str:
        """A small document that is kept with the index; "" where there is none."""
        with contextlib.suppress(IndexMissing):
            return next((str(row[0]) for row in self._read("SELECT value FROM note WHERE name = %s", [name])), "")
        return ""

    def write_note(self, name: str, text: str) -> None:
        """Replace such a document as a whole."""
        query = "INSERT INTO note VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        self._sessions.run(lambda session: session.rows(query, [name, text]))

    def _read(self, query: str, values: Any = None) -> list[tuple[Any, ...]]:  # noqa: ANN401 - a sequence or a mapping
        return self._sessions.run(lambda session: session.rows(query, values))


def _find(session: Session, name: str) -> PostgresGeneration | None:
    """A generation by name, the current one for ""; None where there is none."""
    query = "SELECT g.id, g.name, g.manifest FROM generation g"
    where = "WHERE g.name = %s" if name else "JOIN current c ON c.generation = g.id"
    found = session.row(f"{query} {where}", [name] if name else None)
    if found is None:
        return None
    try:
        return PostgresGeneration(found[0], found[1], json.loads(found[2]))
    except ValueError as error:
        raise IndexDamaged(f"the manifest of {found[1]} can't be read", _REBUILD) from error
