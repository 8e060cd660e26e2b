"""Export an index to a folder in one of the formats: the folder is there as a whole, or not at all."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from ingest.core.errors import CorpusError, UsageError
from ingest.core.records import Progress
from ingest.index.base import IndexReader
from ingest.index.export.guide import guide

Write = Callable[[IndexReader, Path, Progress], None]
FORMATS: Final = ("parquet", "lance", "vespa")


def export(reader: IndexReader, form: str, target: Path, progress: Progress) -> None:
    """Write an index to the folder `target`, which is not there or is empty.

    Raises UsageError for a target with files, and without the extra that a format needs; CorpusError.
    """
    write = _writer(form)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is there already", "name a folder that is not there yet")
    building = target.with_name(f".{target.name}.unfinished")
    shutil.rmtree(building, ignore_errors=True)
    try:
        building.mkdir(parents=True)
        write(reader, building, progress)
        (building / "README.md").write_text(guide(form, reader.generation.name, reader.manifest), encoding="utf-8")
        known: Mapping[str, object] = reader.manifest
        shown = {name: known[name] for name in ("pages", "chunks", "embedder", "language", "created_at", "sources")}
        facts = {"format": form, "generation": reader.generation.name, **shown}
        (building / "manifest.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False), encoding="utf-8")
        if target.exists():
            target.rmdir()
        building.rename(target)
    except OSError as error:
        raise CorpusError(f"{target}: {error.strerror or error}", "check permissions and free space") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _writer(form: str) -> Write:
    """Imports a format's library only where it is asked for."""
    if form == "parquet":
        from ingest.index.export.arrow import write_parquet

        return write_parquet
    if form == "lance":
        from ingest.index.export.lance import write_lance

        return write_lance
    from ingest.index.export.vespa import write_vespa

    return write_vespa
