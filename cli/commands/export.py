"""`export`: write the index for another engine."""

from collections.abc import Mapping
from pathlib import Path

from cli.context import settings_from
from cli.terminal import format_count, json_line, print_text, progress_bars
from ingest.index.export.formats import export
from ingest.index.stores import index_at
from rag.serialize import SCHEMA


def run_export(values: Mapping[str, object], form: str, target: Path, *, json: bool, quiet: bool) -> int:
    """Export the current generation to the folder `target`. Returns the exit status; raises DocsError."""
    reader = index_at(settings_from(values).index).open()
    with progress_bars(quiet=quiet) as progress:
        export(reader, form, target, progress)
    chunks, pages = int(reader.manifest["chunks"]), int(reader.manifest["pages"])
    if json:
        facts = {"format": form, "path": str(target), "generation": reader.generation.name}
        print(json_line({"schema": SCHEMA, **facts, "pages": pages, "chunks": chunks}))
    elif not quiet:
        size = f"{format_count(chunks, 'chunk')} of {format_count(pages, 'page')}"
        print_text(f"export  {size} as {form} in {target}; its README.md says how to load it")
    return 0
