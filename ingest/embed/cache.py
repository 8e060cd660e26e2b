"""Embeddings by text and model, kept over generations. The only file that knows SQLite.

The table `vectors` has for each hash of model and text the embedding and a checksum of both. When each
key was last used is in a table of its own: in the same rows, every index would rewrite all vectors.

It is a cache: what is missing, damaged or of another version is embedded again, never guessed, and a
run goes on without it where it can't be written. Only the holder of the index's lock may use it.
"""

import contextlib
import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Self, TypeVar

from ingest.embed.base import Embedding

T = TypeVar("T")

_LEAST: Final = 256_000_000
"""Bytes of embeddings that are always kept: some 20,000 of the bundled model."""

_TIMES: Final = 2
"""Of a larger index, its own embeddings and as many others: those of earlier docs, or of another embedder."""

_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB, checksum BLOB)",
    "CREATE TABLE IF NOT EXISTS uses (key TEXT PRIMARY KEY, used INTEGER) WITHOUT ROWID",
)
_WORTHLESS: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH)
"""Not a database, a damaged one, or one of another version: the file is replaced."""


class VectorCache:
    """The embeddings of one model, by the hash of the embedded text.

    `path` None: they are kept in memory. What can't be written to the file is kept there as well. As a
    context manager it closes the file.
    """

    def __init__(self, path: Path | None, fingerprint: str) -> None:
        self._path, self._fingerprint = path, fingerprint
        self._writable = path is not None
        self._connection: sqlite3.Connection | None = None
        self._memory: dict[str, Embedding] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._close()

    def recover(self) -> None:
        """Undo what a killed run began. SQLite does so when it reads, but a run with nothing to do never reads.

        A journal that is still there after a read belongs to a transaction that never began.
        """
        journal = self._path and self._path.with_name(f"{self._path.name}-journal")
        if not journal or not journal.exists():
            return
        read = self._read(lambda database: database.execute("SELECT count(*) FROM vectors LIMIT 1").fetchone())
        self._close()
        if read:
            with contextlib.suppress(OSError):
                journal.unlink(missing_ok=True)

    def get(self, texts: Iterable[str]) -> dict[str, Embedding]:
        """The embeddings of those of these texts (as hashes) that are known."""
        wanted = set(texts)
        found = {text: self._memory[text] for text in wanted if text in self._memory}
        keys = {self._key(text): text for text in wanted if text not in found}
        rows = self._read(lambda database: list(_rows(database, keys))) if keys else None
        return found | {keys[key]: embedding for key, embedding in rows or ()}

    def dimensions(self, texts: Iterable[str]) -> dict[str, int]:
        """The length of the vector of each of these texts (as hashes) that is known and undamaged."""
        wanted = set(texts)
        found = {text: self._memory[text].dimension for text in wanted if text in self._memory}
        keys = {self._key(text): text for text in wanted if text not in found}
        rows = (
            self._read(lambda database: [(key, one.dimension) for key, one in _rows(database, keys)]) if keys else None
        )
        return found | {keys[key]: dimension for key, dimension in rows or ()}

    def missing(self, texts: Iterable[str]) -> list[str]:
        """Those of these texts (as hashes) that have no entry, damaged or not."""
        keys = {self._key(text): text for text in texts if text not in self._memory}
        held = set(self._read(lambda database: _held(database, keys)) or ()) if keys else set()
        return [text for key, text in keys.items() if key not in held]

    def put(self, embeddings: Mapping[str, Embedding]) -> None:
        """Keep embeddings that were just made; they are on disk when this returns, if they can be."""
        if not self._write(lambda database: self._insert(database, embeddings)):
            self._memory |= embeddings

    def retain(self, texts: Iterable[str]) -> None:
        """Mark these texts as used now, and drop the longest unused others beyond twice their size."""
        keys = list(map(self._key, texts))
        self._write(lambda database: _note_use(database, _held(database, keys)))
        self._write(lambda database: _prune(database, max(_LEAST, _TIMES * _size(database, keys))))

    def _key(self, text: str) -> str:
        return hashlib.sha256(f"{self._fingerprint}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()

    def _insert(self, database: sqlite3.Connection, vectors: Mapping[str, Embedding]) -> None:
        packed = ((self._key(text), embedding.pack()) for text, embedding in vectors.items())
        rows = ((key, data, _checksum(key, data)) for key, data in packed)
        database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
        _note_use(database, map(self._key, vectors))

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do `work` on a file that is there; None where that fails."""
        return self._attempt(work) if self._path and self._path.exists() else None

    def _write(self, work: Callable[[sqlite3.Connection], None]) -> bool:
        """Do `work` in a transaction. False where that fails; the file is then written no more."""

        def done(database: sqlite3.Connection) -> bool:
            work(database)
            return True

        self._writable = self._writable and bool(self._attempt(done))
        return self._writable

    def _attempt(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do `work` in a transaction; None where that fails. A worthless file is replaced, once."""
        for _ in range(2):
            if self._path is None:
                return None
            try:
                connection = self._connection = self._connection or _opened(self._path)
                with connection:
                    return work(connection)
            except (sqlite3.Error, OSError) as error:
                self._close()
                code = getattr(error, "sqlite_errorcode", None)
                if code is None or code & 0xFF not in _WORTHLESS:  # a full disk, say: go on without the file
                    return None
                _remove(self._path)
        return None

    def _close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None


def _opened(path: Path) -> sqlite3.Connection:
    new = not path.exists() or not path.stat().st_size
    connection = sqlite3.connect(path, timeout=0.0)
    try:
        if new:
            connection.execute("PRAGMA auto_vacuum = FULL")  # what is dropped gives its space back
        connection.execute("PRAGMA synchronous = NORMAL")
        for table in _SCHEMA:
            connection.execute(table)
    except BaseException:
        connection.close()
        raise
    return connection


def _rows(database: sqlite3.Connection, keys: Iterable[str]) -> Iterator[tuple[str, Embedding]]:
    query = "SELECT key, vector, checksum FROM vectors WHERE key IN (SELECT value FROM json_each(?))"
    for key, data, checksum in database.execute(query, [json.dumps(list(keys))]):
        if isinstance(data, bytes) and checksum == _checksum(key, data):
            with contextlib.suppress(ValueError):  # of another version
                yield key, Embedding.unpack(data)


def _held(database: sqlite3.Connection, keys: Iterable[str]) -> list[str]:
    query = "SELECT key FROM vectors WHERE key IN (SELECT value FROM json_each(?))"
    return [key for (key,) in database.execute(query, [json.dumps(list(keys))])]


def _size(database: sqlite3.Connection, keys: list[str]) -> int:
    query = "SELECT sum(length(vector)) FROM vectors WHERE key IN (SELECT value FROM json_each(?))"
    return int(database.execute(query, [json.dumps(keys)]).fetchone()[0] or 0)


def _note_use(database: sqlite3.Connection, keys: Iterable[str]) -> None:
    now = int(time.time())
    database.executemany("INSERT OR REPLACE INTO uses VALUES (?, ?)", ((key, now) for key in keys))


def _checksum(key: str, data: bytes) -> bytes:
    return hashlib.blake2b(key.encode() + data, digest_size=16).digest()


def _prune(database: sqlite3.Connection, bound: int) -> None:
    """Drop the longest unused vectors beyond `bound` bytes."""
    sizes = "SELECT key, used, length(vector) AS size FROM vectors LEFT JOIN uses USING (key)"
    totals = f"SELECT key, sum(size) OVER (ORDER BY used DESC, key) AS total FROM ({sizes})"  # noqa: S608 - ours
    database.execute(f"DELETE FROM vectors WHERE key IN (SELECT key FROM ({totals}) WHERE total > ?)", [bound])  # noqa: S608 - ours
    database.execute("DELETE FROM uses WHERE key NOT IN (SELECT key FROM vectors)")


def _remove(path: Path) -> None:
    for name in (path, path.with_name(f"{path.name}-journal")):
        with contextlib.suppress(OSError):
            name.unlink()
