"""The tables of an index in Postgres.

A generation is a list of pages. A page is never changed: another text makes another row, with chunks, vectors and
postings of its own, and generations share the rows of pages that they have in common. So an update writes what
changed, readers of the old generation see nothing of it, and one row of `current` says which generation answers.
"""

from typing import Final

from ingest.core.database_url import DatabaseUrl
from ingest.core.errors import IndexMismatch, IndexUnreachable
from ingest.index.postgres.connection import Session

FORMAT: Final = 2
"""Version of the tables. An index of another version is not read."""

LEAST_PGVECTOR: Final = (0, 8, 4)
"""The first version without the known faults: 0.8.3 and 0.8.4 mend damaged HNSW indexes, 0.8.2 a buffer overflow."""

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS about (format integer NOT NULL);
CREATE TABLE IF NOT EXISTS page (
    id integer NOT NULL PRIMARY KEY, digest text NOT NULL,
    url text NOT NULL, title text NOT NULL, description text NOT NULL, body text NOT NULL, anchors text[] NOT NULL,
    aliases text[] NOT NULL, fetched_at text NOT NULL, last_modified text, etag text, source text NOT NULL,
    file text NOT NULL, first_chunk bigint NOT NULL, chunks integer NOT NULL);
CREATE TABLE IF NOT EXISTS page_vector (page integer NOT NULL PRIMARY KEY, vector vector NOT NULL);
CREATE TABLE IF NOT EXISTS chunk (
    id bigint NOT NULL, page integer NOT NULL, key text NOT NULL, anchor text NOT NULL, headings text[] NOT NULL,
    text text NOT NULL, context text NOT NULL, start_at integer NOT NULL, end_at integer NOT NULL,
    tokens integer NOT NULL, token_vectors bytea STORAGE EXTERNAL NOT NULL);
CREATE TABLE IF NOT EXISTS embedding (chunk bigint NOT NULL, page integer NOT NULL, vector vector NOT NULL);
CREATE TABLE IF NOT EXISTS added (chunk bigint NOT NULL, page integer NOT NULL, vector vector NOT NULL);
CREATE TABLE IF NOT EXISTS late (
    chunk bigint NOT NULL, page integer NOT NULL, token_vectors bytea STORAGE EXTERNAL NOT NULL);
CREATE TABLE IF NOT EXISTS posting (
    term text COLLATE "C" NOT NULL, page integer NOT NULL, first bigint NOT NULL, places bytea NOT NULL);
CREATE TABLE IF NOT EXISTS generation (
    id integer NOT NULL PRIMARY KEY, name text NOT NULL UNIQUE, manifest text NOT NULL, pages integer[] NOT NULL,
    terms bytea NOT NULL, frequencies bytea NOT NULL, mean_length float8 NOT NULL, whitening bytea NOT NULL,
    token_means bytea NOT NULL);
CREATE TABLE IF NOT EXISTS current (
    one boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (one), generation integer NOT NULL REFERENCES generation);
CREATE TABLE IF NOT EXISTS note (name text NOT NULL PRIMARY KEY, value text NOT NULL);
"""

INDEXES: Final = """
CREATE UNIQUE INDEX IF NOT EXISTS chunk_id ON chunk (id);
CREATE INDEX IF NOT EXISTS chunk_page ON chunk (page);
CREATE UNIQUE INDEX IF NOT EXISTS embedding_chunk ON embedding (chunk);
CREATE INDEX IF NOT EXISTS embedding_page ON embedding (page);
CREATE UNIQUE INDEX IF NOT EXISTS added_chunk ON added (chunk);
CREATE INDEX IF NOT EXISTS added_page ON added (page);
CREATE UNIQUE INDEX IF NOT EXISTS late_chunk ON late (chunk);
CREATE INDEX IF NOT EXISTS late_page ON late (page);
CREATE INDEX IF NOT EXISTS posting_term ON posting (term, page);
CREATE INDEX IF NOT EXISTS posting_page ON posting (page);
"""
"""Made after the first rows: many at once are indexed faster than one by one."""

CHUNK_TABLES: Final = ("posting", "late", "added", "embedding", "chunk", "page_vector")
"""Tables with rows of a page, by its id in the column `page`."""


def create_tables(session: Session, url: DatabaseUrl) -> None:
    """Create schema and tables where they are missing. Raises IndexMismatch for those of another version.

    The role needs the right to create: of the extension only where that is missing.
    """
    if pgvector_version(session) is None:
        _create_extension(session, url)
    check_pgvector(session)
    found = session.row("SELECT to_regnamespace(quote_ident(%s)) IS NULL", [url.schema])
    if found and found[0]:  # IF NOT EXISTS needs the right to create even where it is there
        # The schema's name is made of small letters, digits and _ (see DatabaseUrl).
        session.rows(f'CREATE SCHEMA IF NOT EXISTS "{url.schema}"')
    with session.transaction():
        for statement in filter(str.strip, _TABLES.split(";")):
            session.rows(statement)
        session.rows("INSERT INTO about SELECT %s WHERE NOT EXISTS (SELECT FROM about)", [FORMAT])
    check_format(session, url)


def _create_extension(session: Session, url: DatabaseUrl) -> None:
    try:
        session.rows("CREATE EXTENSION IF NOT EXISTS vector SCHEMA public")
    except IndexUnreachable as error:
        hint = "ask a superuser: CREATE EXTENSION vector, in this database"
        raise IndexUnreachable(
            f"{url} lacks the extension vector, and {session.user} may not create it", hint
        ) from error
    session.register_vectors()


def check_format(session: Session, url: DatabaseUrl) -> None:
    """Raise IndexMismatch for tables of another version, IndexMissing without tables."""
    found = session.row("SELECT format FROM about")
    if found is None or found[0] != FORMAT:
        hint = "name another schema (?schema=NAME), or drop this one and reindex"
        raise IndexMismatch(f"the index at {url} has format {found and found[0]}, not {FORMAT}", hint)


def pgvector_version(session: Session) -> tuple[int, ...] | None:
    """The version of pgvector in this database; None where it is not there."""
    found = session.row("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    return tuple(int(part) for part in str(found[0]).split(".") if part.isdigit()) if found else None


def check_pgvector(session: Session) -> str:
    """The version of pgvector. Raises IndexMismatch for one that is too old."""
    version = pgvector_version(session) or (0,)
    shown, least = (".".join(map(str, one)) for one in (version, LEAST_PGVECTOR))
    if version < LEAST_PGVECTOR:
        hint = "install a newer one on the server; then, in this database: ALTER EXTENSION vector UPDATE"
        raise IndexMismatch(f"pgvector {shown} damages its indexes; {least} is needed", hint)
    return shown
