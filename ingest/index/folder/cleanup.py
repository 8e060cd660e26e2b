"""Remove what crashed and earlier runs left in the index folder, unless somebody reads it."""

import contextlib
import json
import shutil
from pathlib import Path

from ingest.core.atomic import remove_unfinished
from ingest.index.folder.files import BUILDING, MANIFEST, NAME, NEXT, POINTER, REMOVING
from ingest.index.folder.locks import exclusive_unless_read


def clean_up(index: Path) -> None:
    """Remove what crashed runs left, and all generations but the current one, the one it replaced and those in use.

    Where that is gone, as after a return to it, the newest other one is kept. What can't be removed stays
    for the next run.
    """
    discard_unpublished(index)
    remove_unfinished(index)
    for path in (*index.glob(f"{BUILDING}*"), *index.glob(f"{REMOVING}*")):
        _remove(path)
    with contextlib.suppress(OSError, UnicodeDecodeError):
        current = (index / POINTER).read_text(encoding="utf-8").strip()
        named = {path.name for path in index.iterdir() if NAME.fullmatch(path.name)} - {current}
        whole = sorted(name for name in named if (index / name / MANIFEST).exists())
        previous = predecessor_of(index, current)
        for name in named.difference([previous] if previous in whole else whole[-1:]):
            _remove_generation(index / name)


def predecessor_of(index: Path, name: str) -> str:
    """The generation that `name` replaced, as its manifest names it; "" where it names none."""
    if not NAME.fullmatch(name):
        return ""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return str(json.loads((index / name / MANIFEST).read_text(encoding="utf-8")).get("previous") or "")
    return ""


def discard_unpublished(index: Path) -> None:
    """Remove the generation that NEXT names unless it is pointed to: it would pass for an earlier one."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        name = (index / NEXT).read_text(encoding="utf-8").strip()
        current = (index / POINTER).read_text(encoding="utf-8").strip() if (index / POINTER).exists() else ""
        if NAME.fullmatch(name) and name != current and (index / name).is_dir():
            _remove_generation(index / name)
        (index / NEXT).unlink()


def _remove_generation(folder: Path) -> None:
    """Rename, then remove, so that half of a generation never looks like a whole one; kept while it is read."""
    with contextlib.suppress(OSError), exclusive_unless_read(folder) as free:
        if free:
            _remove(folder.rename(folder.with_name(f"{REMOVING}{folder.name}")))


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
