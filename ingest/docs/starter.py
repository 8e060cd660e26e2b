"""The starter pages that ship with askdocs -> a docs folder that does not exist yet."""

import shutil
import sysconfig
from pathlib import Path

from ingest.core.errors import CorpusError


def shipped_pages() -> Path | None:
    """Return the folder of the installed starter pages; None in a checkout, which has ./markdown_docs instead."""
    folder = Path(sysconfig.get_path("data")) / "share" / "askdocs" / "markdown_docs"
    return folder if folder.is_dir() else None


def seed(docs: Path) -> bool:
    """Copy the starter pages to `docs` unless it exists; return whether they were copied. Raises CorpusError."""
    shipped = shipped_pages()
    if docs.exists() or shipped is None:
        return False
    temporary = docs.with_name(docs.name + ".new")
    try:
        docs.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.copytree(shipped, temporary)
        temporary.rename(docs)
    except OSError as error:
        raise CorpusError(f"{docs}: {error.strerror}", "name a folder you may write with --docs") from error
    return True
