"""Connections to the database of an index, and their failures as errors of ours. The only file that knows psycopg.

No query is prepared on the server: its plan then knows the arrays that filter it, and poolers in between need no
state. No address is handed to the driver as a text, so that none of its messages has a password.
"""

import contextlib
import logging
import os
import socket
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ingest.core.database_url import DatabaseUrl
from ingest.core.errors import CorpusError, DocsError, IndexDamaged, IndexMissing, IndexUnreachable, UsageError

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")

_DEFAULTS: Final = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""Seconds, and milliseconds for the last: a server that is gone is noticed within about a minute."""

_SETUP: Final = """
SELECT set_config('search_path', quote_ident(%s) || coalesce(
           (SELECT ', ' || quote_ident(nspname) FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
            WHERE extname = 'vector'), ''), false),
       set_config('jit', 'off', false),
       set_config('tcp_keepalives_idle', '30', false),
       set_config('client_min_messages', 'error', false)
"""
"""Compiling a query takes longer than these run; keepalives on the server's side free the lock of a writer whose
machine died."""

_SAID: Final = 200
"""Characters of a server's message that are shown."""


class Session:
    """One connection, in autocommit mode. One thread at a time may use it."""

    def __init__(self, url: DatabaseUrl, purpose: str) -> None:
        """Connect; `purpose` is what others see of it. Raises IndexUnreachable, UsageError without the extra."""
        self._url = url
        driver = _driver()
        with failures(url):
            self._connection = driver.connect(
                **{**_DEFAULTS, "application_name": application_name(purpose), **url.parameters()},
                autocommit=True,
                prepare_threshold=None,
            )
            self._connection.execute(_SETUP, [url.schema])
            _register_vectors(self._connection)

    @property
    def lost(self) -> bool:
        """Whether the connection is closed or broken."""
        return bool(self._connection.closed or self._connection.broken)

    @property
    def user(self) -> str:
        """The role that is connected."""
        return str(self._connection.info.user)

    def register_vectors(self) -> None:
        """Learn the type `vector` once its extension is there."""
        with failures(self._url):
            self._connection.execute(_SETUP, [self._url.schema])
            _register_vectors(self._connection)

    def rows(self, query: str, values: Mapping[str, Any] | Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run a query; its rows, none for a statement without a result."""
        with failures(self._url), self._connection.cursor(binary=True) as cursor:
            cursor.execute(query, values)  # type: ignore[call-overload,unused-ignore] # queries are ours, not always literals
            return cursor.fetchall() if cursor.description else []

    def row(self, query: str, values: Mapping[str, Any] | Sequence[Any] | None = None) -> tuple[Any, ...] | None:
        """The first row of a query; None where there is none."""
        return next(iter(self.rows(query, values)), None)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of the block."""
        with failures(self._url), self._connection.transaction():
            yield

    def copy(self, table: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
        """Bulk insert; `columns` are names with their types."""
        names = ", ".join(f'"{name}"' for name in columns)
        statement = f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)"
        with failures(self._url), self._connection.cursor() as cursor, cursor.copy(statement) as copy:  # type: ignore[arg-type,unused-ignore] # ours
            copy.set_types(list(columns.values()))
            for row in rows:
                copy.write_row(row)

    def close(self) -> None:
        """End the connection, and with it its locks."""
        with contextlib.suppress(Exception):
            self._connection.close()


class SessionPool:
    """Connections that threads share; each is prepared once, by `prepare`. They are closed with the last reference."""

    def __init__(self, connect: Callable[[], Session], prepare: Callable[[Session], None]) -> None:
        self._connect, self._prepare = connect, prepare
        self._idle: list[Session] = []
        weakref.finalize(self, _close_all, self._idle)

    def run(self, work: Callable[[Session], T]) -> T:
        """Do `work`, which only reads, with a connection. Where that breaks, once more with a new one."""
        try:
            return self._attempt(work)
        except IndexUnreachable:
            _close_all(self._idle)
            return self._attempt(work)

    def _attempt(self, work: Callable[[Session], T]) -> T:
        try:
            session = self._idle.pop()
        except IndexError:
            session = self._connect()
            self._prepare(session)
        try:
            return work(session)
        finally:
            if session.lost:
                session.close()
            else:
                self._idle.append(session)


def _close_all(sessions: list[Session]) -> None:
    while sessions:
        sessions.pop().close()


def application_name(purpose: str) -> str:
    """What the server shows of a connection: at most 63 bytes."""
    return f"{purpose} {socket.gethostname()[:30]}:{os.getpid()}"


def _driver() -> Any:  # noqa: ANN401 - the module; it may be absent
    try:
        import psycopg
    except ImportError:
        hint = "install it: pip install 'askdocs[postgres]'"
        raise UsageError("an index in Postgres needs psycopg and pgvector, which are not installed", hint) from None
    log = logging.getLogger("psycopg")  # its warnings tell of failures that are raised as well
    if not log.handlers:
        log.addHandler(logging.NullHandler())
    return psycopg


def _register_vectors(connection: "psycopg.Connection[Any]") -> None:
    from pgvector.psycopg.vector import register_vector_info
    from psycopg.types import TypeInfo

    info = TypeInfo.fetch(connection, "vector")
    if info is not None:
        register_vector_info(connection, info)


@contextlib.contextmanager
def failures(url: DatabaseUrl) -> Iterator[None]:
    """Raise the driver's failures as ours, with the first line of what the server said."""
    driver = _driver()
    try:
        yield
    except driver.Error as error:
        raise _failure(url, error) from None if isinstance(error, driver.ProgrammingError) else error


def _failure(url: DatabaseUrl, error: Any) -> DocsError:  # noqa: ANN401 - a psycopg.Error
    from psycopg import OperationalError, errors

    said = (str(error).strip().splitlines() or [type(error).__name__])[0][:_SAID]
    if isinstance(error, (errors.UndefinedTable, errors.InvalidSchemaName, errors.UndefinedObject)):
        return missing(url)
    if isinstance(error, errors.InsufficientPrivilege):
        hint = "connect as a role with the right; the README of the Postgres index lists what each role needs"
        return IndexUnreachable(f"{url}: {said}", hint)
    if isinstance(error, (errors.DiskFull, errors.OutOfMemory, errors.ReadOnlySqlTransaction)):
        return CorpusError(f"{url}: {said}", "mend that on the server, and run again; the current generation stays")
    if refused := _address_hint(error, said):
        return IndexUnreachable(f"{url}: {said}", refused)
    if isinstance(error, OperationalError):
        hint = "check the address, and that the server runs; then run the same command again"
        return IndexUnreachable(f"the database at {url} does not answer: {said}", hint)
    return IndexDamaged(f"{url}: {said}", "rebuild the index: askdocs reindex --no-crawl --full")


def _address_hint(error: Any, said: str) -> str:  # noqa: ANN401 - a psycopg.Error
    """How to correct the address; "" where it is not what failed."""
    from psycopg import ProgrammingError

    if "authentication failed" in said or "no password supplied" in said:
        return "correct the user, and give the password by PGPASSWORD or ~/.pgpass"
    if isinstance(error, ProgrammingError) and error.sqlstate is None:  # of the driver, not of a server
        return "correct the address; its parameters are those of libpq"
    return ""


def missing(url: DatabaseUrl) -> IndexMissing:
    """The error that nothing is published at an address."""
    return IndexMissing(f"there is no index at {url}", f"publish one: askdocs reindex --index '{url}'")
