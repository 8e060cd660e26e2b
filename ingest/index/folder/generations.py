"""Generations of an index: open, publish, verify, roll back. A generation never changes; one pointer is replaced.

`files` lists what is in the folder. Each generation's manifest names the one that it replaced, which is
kept, so that one can return to it.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ingest.core.atomic import is_unfinished, replace_file
from ingest.core.errors import CorpusError, IndexDamaged, IndexMismatch, IndexMissing, UsageError
from ingest.core.paths import create_problem, folder_problem
from ingest.index.folder.cleanup import clean_up, discard_unpublished, predecessor_of
from ingest.index.folder.files import (
    BUILDING,
    HOLDER,
    LOCK,
    MANIFEST,
    NAME,
    NEXT,
    OWN_FILES,
    POINTER,
    REBUILD,
    REMAKE,
    REMOVING,
    check_file,
    check_on_read,
    sha256_of,
)
from ingest.index.folder.locks import Lease, index_locked

FORMAT: Final = 6
"""Version of the files of a generation. One of another version is not read: the next reindex writes all of it again,
with the vectors that are in the cache."""

_TRIES: Final = 20
"""How often a reader looks again at a pointer that moves while it opens what that named."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One whole index: its folder and its manifest, checked against the files.

    While this object lives, no run removes the folder.
    """

    folder: Path
    manifest: Mapping[str, Any]
    lease: Lease | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The name of its folder: when it was built, and a hash of what is in it."""
        return self.folder.name


def current_generation(index: Path) -> Generation:
    """The generation that the pointer names, every file of it compared with its checksum in the manifest.

    Raises IndexMissing, IndexDamaged, or IndexMismatch for files of another format version.
    """
    name = _pointer_text(index)
    for _ in range(_TRIES):
        try:
            return open_generation(index, name)
        except IndexDamaged:
            seen, name = name, _pointer_text(index)
            if name == seen:
                raise
    return open_generation(index, name)


def _pointer_text(index: Path) -> str:
    try:
        return (index / POINTER).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise IndexMissing(f"there is no index at {index}", "build one: askdocs reindex --no-crawl") from None
    except (OSError, UnicodeDecodeError) as error:
        if problem := folder_problem(index, "index folder"):
            raise IndexDamaged(problem, "name another folder with --index") from error
        raise IndexDamaged(f"{index / POINTER} is unreadable", REBUILD) from error


def open_generation(index: Path, name: str) -> Generation:
    """A generation by name, checked. Raises as `current_generation`."""
    folder = index / name
    if not name or Path(name).name != name or name.startswith("."):
        raise IndexDamaged(f"{index / POINTER} names no generation", REBUILD)
    try:
        lease = Lease(folder)
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            made_by = "an older" if manifest["format"] < FORMAT else "a newer"
            raise IndexMismatch(f"the index at {index} was made by {made_by} askdocs", REMAKE)
        if manifest["checksum"] != _checksum(manifest):
            raise IndexDamaged(f"{folder / MANIFEST} is not as it was written", REBUILD)
        for file, facts in manifest["files"].items():
            check_file(folder / Path(file).name, facts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexDamaged(f"the generation {name} at {index} is incomplete", REBUILD) from error
    return Generation(folder, manifest, lease)


def _checksum(manifest: Mapping[str, Any]) -> str:
    """A hash of the manifest itself, which contains the hashes of all other files."""
    facts = {name: value for name, value in manifest.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


@contextlib.contextmanager
def building(index: Path, name: str) -> Iterator[Path]:
    """A folder to write the generation `name` into; gone again if the caller raises."""
    folder = index / f"{BUILDING}{name}"
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        yield folder
    except OSError as error:
        raise CorpusError(
            f"{index}: {error.strerror or error}", "check the folder's permissions and free space"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        discard_unpublished(index)


def publish(index: Path, built: Path, manifest: Mapping[str, Any]) -> Generation:
    """Make a built folder the current generation: files, then folder, then pointer, each synced first."""
    files = {path.name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for path in sorted(built.iterdir())}
    if left := [name for name in files if name.endswith(".wal")]:
        raise CorpusError(f"{built / left[0]} was not taken in by the database", "check the disk, and run again")
    whole = {"format": FORMAT, **manifest, "previous": read_pointer(index), "files": files}
    whole["checksum"] = _checksum(whole)
    (built / MANIFEST).write_text(json.dumps(whole, indent=1, ensure_ascii=False), encoding="utf-8")
    for path in [*built.iterdir(), built]:
        _sync(path)
    target = index / built.name.removeprefix(BUILDING)
    (index / NEXT).write_text(target.name, encoding="utf-8")
    _sync(index / NEXT)
    built.rename(target)
    _sync(index)  # the folder lasts before anything points to it
    write_pointer(index, target.name)
    discard_unpublished(index)
    return Generation(target, whole)


def read_pointer(index: Path) -> str:
    """The name in the pointer, whether or not it is that of a generation; "" without a readable one."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return (index / POINTER).read_text(encoding="utf-8").strip()
    return ""


def write_pointer(index: Path, name: str) -> None:
    """Make a generation the current one. The caller has the lock."""
    replace_file(index / POINTER, f"{name}\n")
    _sync(index)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def generation_names(index: Path) -> list[str]:
    """All whole generations, oldest first. Folders that are named otherwise are somebody else's."""
    names = (path.parent.name for path in index.glob(f"[!.]*/{MANIFEST}"))
    return sorted(name for name in names if NAME.fullmatch(name))


def _refuse_foreign(index: Path) -> None:
    """Raise UsageError for a folder with files but no index: they may be somebody's work."""
    if not index.is_dir() or (index / POINTER).exists():
        return
    for path in index.iterdir():
        made = path.name.startswith((BUILDING, REMOVING)) or NAME.fullmatch(path.name) or is_unfinished(path.name)
        if path.name not in OWN_FILES and not made:
            raise UsageError(
                f"{index} contains other files, such as {path.name}, and no index", "name a folder of its own"
            )


@contextlib.contextmanager
def writing(index: Path, *, wait: float = 0.0) -> Iterator[None]:
    """Hold the index's lock, for which it may `wait` some seconds.

    Raises IndexLocked, naming the holder, when another process has it, and UsageError for a folder
    that is not an index.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(index / LOCK)
    try:
        _refuse_foreign(index)
        index.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=wait)
    except Timeout:
        raise index_locked(index) from None
    except OSError as error:
        hint = "name another folder with --index, or check the permissions"
        raise CorpusError(create_problem(index, "index folder", error), hint) from error
    try:
        clean_up(index)  # first of all: it may free the space that the rest needs
        with contextlib.suppress(OSError):
            (index / HOLDER).write_text(str(os.getpid()), encoding="utf-8")
        yield
        clean_up(index)
    finally:
        with contextlib.suppress(OSError):
            (index / HOLDER).unlink(missing_ok=True)
        _remove_if_unused(index)
        lock.release()


def _remove_if_unused(index: Path) -> None:
    """Remove an index folder in which nothing is but the lock: a first run that failed leaves no trace."""
    with contextlib.suppress(OSError):
        if {path.name for path in index.iterdir()} == {LOCK}:
            (index / LOCK).unlink()
            index.rmdir()


def roll_back(index: Path) -> tuple[str, Generation]:
    """Make the generation that the current one replaced answer again, be the current one damaged or not.

    Gives the name of the one that was left, and the one that answers now. The markdown pages stay as
    they are. Raises IndexMissing when there is no earlier one, IndexDamaged or IndexMismatch when it
    can't be read, IndexLocked.
    """
    missing = IndexMissing(f"there is no index at {index}", "build one: askdocs reindex --no-crawl")
    if not index.is_dir():
        raise missing
    with writing(index):
        current, whole = read_pointer(index), generation_names(index)
        if not whole:
            raise missing
        earlier = [name for name in whole if not current or name < current]
        previous = predecessor_of(index, current)
        target = previous if previous in whole else next(reversed(earlier), "")
        if not target:
            hint = "to index the markdown pages: askdocs reindex --no-crawl"
            raise IndexMissing(f"there is no generation before {current} at {index}", hint)
        generation = open_generation(index, target)
        write_pointer(index, target)
        return current, generation


def verify(index: Path) -> str:
    """What is wrong with the current generation, "" where nothing is, or where there is none.

    Every file is read whole, those included whose parts are checked no earlier than a question reads them.
    """
    try:
        generation = current_generation(index)
        for name, facts in generation.manifest["files"].items():
            check_on_read(generation.folder / Path(name).name, facts)
    except IndexDamaged as error:
        return error.message
    except (IndexMissing, IndexMismatch):
        return ""
    return ""
