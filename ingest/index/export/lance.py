"""An index as a LanceDB database, whose token vectors are a multivector column. The only file that knows lancedb."""

from pathlib import Path

from ingest.core.errors import UsageError
from ingest.core.records import Progress
from ingest.index.base import IndexReader
from ingest.index.export.arrow import chunk_batches, chunk_schema


def write_lance(reader: IndexReader, folder: Path, progress: Progress) -> None:
    """Write the table `chunks`. Raises UsageError without the extra, IndexDamaged."""
    try:
        import lancedb
    except ImportError:
        raise UsageError("this format needs lancedb, which is not installed", "pip install 'askdocs[export]'") from None
    schema = chunk_schema(reader, multivectors=True)
    database = lancedb.connect(str(folder))
    database.create_table("chunks", data=chunk_batches(reader, progress, multivectors=True), schema=schema)
