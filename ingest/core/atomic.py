"""TODO."""

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Final

from ingest.core.errors import CorpusError

_UNFINISHED: Final = (".askdocs-", ".tmp")


def replace_file(path: Path, text: str, *, parents: bool = True) -> None:
    """Write a file whole or not at all, and with `parents` the folders above it. Raises CorpusError."""
    try:
        if parents:
            path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=_UNFINISHED[0], suffix=_UNFINISHED[1])
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror}", "check the folder's permissions and free space") from error


def remove_unfinished(folder: Path) -> None:
    """Remove what a run that was killed while it wrote a page left; what can't be removed stays."""
    for path in folder.rglob("*".join(_UNFINISHED)):
        with contextlib.suppress(OSError):
            path.unlink()
