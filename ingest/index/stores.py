"""Choose the store of an index by its address: a folder, or a schema of a Postgres database."""

from functools import lru_cache
from pathlib import Path

from ingest.core.database_url import DatabaseUrl, IndexAddress
from ingest.index.base import IndexStore
from ingest.index.folder.index import FolderIndex


def index_at(address: IndexAddress) -> IndexStore:
    """The index at an address. Touches neither files nor network. Raises UsageError without the extra it needs."""
    return FolderIndex(address) if isinstance(address, Path) else _in_database(address)


@lru_cache(maxsize=8)
def _in_database(url: DatabaseUrl) -> IndexStore:
    """Cached: the connection that looks for new generations is kept."""
    from ingest.index.postgres.index import PostgresIndex

    return PostgresIndex(url)
