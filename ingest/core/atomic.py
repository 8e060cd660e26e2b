"""Write a file whole or not at all: after a crash at any instant, a reader finds the old content or the new."""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

_UNFINISHED: Final = (".askdocs-", ".tmp")


def replace_file(path: Path, data: str | bytes, *, parents: bool = False) -> None:
    """Write `data` (text as UTF-8) to `path`; with `parents`, make the folders above it first. Raises OSError.

    The data is synced before the rename: otherwise a file system may keep the new name with no content.
    A symlink at `path` is replaced, not followed.
    """
    if parents:
        path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(secrets.token_hex(6).join(_UNFINISHED))
    try:
        with temporary.open("xb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def is_unfinished(name: str) -> bool:
    """Return whether `name` is that of a file that `replace_file` has not finished."""
    return name.startswith(_UNFINISHED[0]) and name.endswith(_UNFINISHED[1])


def remove_unfinished(folder: Path) -> None:
    """Remove the files that a process killed in `replace_file` left below `folder`; skip those that can't be."""
    for path in folder.rglob("*".join(_UNFINISHED)):
        with contextlib.suppress(OSError):
            path.unlink()
