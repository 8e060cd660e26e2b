"""The index folder: generations that never change, and one pointer that is replaced atomically.

::

    INDEX/CURRENT                      the name of the generation that readers open
    INDEX/20261121T081500-1f2e3d4c/    a generation: index.duckdb, sidecars, manifest.json
    INDEX/.building-…/                 a generation being written; left by a crash, removed by the next run
    INDEX/lock                         held by the one writer; freed by the system when it dies
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ingest.errors import CorpusError, IndexDamaged, IndexLocked, IndexMismatch, IndexMissing, UsageError

FORMAT: Final = 1
"""Version of the files of a generation; another one means: reindex."""

_POINTER: Final = "CURRENT"
_MANIFEST: Final = "manifest.json"
_BUILDING: Final = ".building-"
_NAME: Final = re.compile(r"\d{8}T\d{9}-[0-9a-f]{8}")
_KEPT: Final = 2
"""Generations that stay when a run begins: the current one and the one before it."""

_REBUILD: Final = "rebuild it: askdocs reindex --no-crawl --full"


@dataclass(frozen=True, slots=True)
class Generation:
    """One whole index: its folder and its manifest, checked against the files."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name of its folder: when it was built, and a hash of what is in it."""
        return self.folder.name


def current_generation(index: Path) -> Generation:
    """The generation that the pointer names, every file of it held against the manifest's checksum.

    Raises IndexMissing, IndexDamaged, or IndexMismatch for files of another format version.
    """
    try:
        name = (index / _POINTER).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise IndexMissing(f"there is no index at {index}", "build one: askdocs reindex --no-crawl") from None
    except (OSError, UnicodeDecodeError) as error:
        raise IndexDamaged(f"{index / _POINTER} is unreadable", _REBUILD) from error
    return open_generation(index, name)


def open_generation(index: Path, name: str) -> Generation:
    """A generation by name, checked. Raises as `current_generation`."""
    folder = index / name
    if not name or Path(name).name != name or name.startswith("."):
        raise IndexDamaged(f"{index / _POINTER} names no generation", _REBUILD)
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise IndexMismatch(f"the index at {index} has format {manifest['format']}, not {FORMAT}", _REBUILD)
        if manifest["checksum"] != _checksum(manifest):
            raise IndexDamaged(f"{folder / _MANIFEST} is not as it was written", _REBUILD)
        for file, facts in manifest["files"].items():
            _check_file(folder / Path(file).name, facts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexDamaged(f"the generation {name} at {index} is incomplete", _REBUILD) from error
    return Generation(folder, manifest)


def _check_file(path: Path, facts: Mapping[str, Any]) -> None:
    if path.stat().st_size != facts["bytes"] or _sha256(path) != facts["sha256"]:
        raise IndexDamaged(f"{path} is not as it was written", _REBUILD)
    if path.with_name(path.name + ".wal").exists():
        # DuckDB would replay it into the answers.
        raise IndexDamaged(f"a foreign log stands beside {path}", f"delete {path.name}.wal, or {_REBUILD}")


def _checksum(manifest: Mapping[str, Any]) -> str:
    """A hash of the manifest itself, which holds the hashes of all other files."""
    facts = {name: value for name, value in manifest.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def building(index: Path, name: str) -> Iterator[Path]:
    """A folder to write the generation `name` into; gone again if the caller raises."""
    folder = index / f"{_BUILDING}{name}"
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


def publish(index: Path, built: Path, manifest: Mapping[str, Any]) -> Generation:
    """Make a built folder the current generation: files, then folder, then pointer, each synced first."""
    files = {path.name: {"bytes": path.stat().st_size, "sha256": _sha256(path)} for path in sorted(built.iterdir())}
    whole = {"format": FORMAT, **manifest, "files": files}
    whole["checksum"] = _checksum(whole)
    (built / _MANIFEST).write_text(json.dumps(whole, indent=1, ensure_ascii=False), encoding="utf-8")
    for path in [*built.iterdir(), built]:
        _sync(path)
    target = index / built.name.removeprefix(_BUILDING)
    built.rename(target)
    _point(index, target.name)
    return Generation(target, whole)


def _point(index: Path, name: str) -> None:
    temporary = index / f"{_BUILDING}pointer"
    temporary.write_text(f"{name}\n", encoding="utf-8")
    _sync(temporary)
    temporary.replace(index / _POINTER)
    _sync(index)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def generation_names(index: Path) -> list[str]:
    """All whole generations, oldest first. Folders that are named otherwise are somebody else's."""
    names = (path.parent.name for path in index.glob(f"[!.]*/{_MANIFEST}"))
    return sorted(name for name in names if _NAME.fullmatch(name))


def remove_litter(index: Path) -> None:
    """Remove what crashed runs left, and all generations but the current one and the newest other."""
    for path in index.glob(f"{_BUILDING}*"):
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    with contextlib.suppress(OSError, UnicodeDecodeError):
        current = (index / _POINTER).read_text(encoding="utf-8").strip()
        others = [name for name in generation_names(index) if name != current]
        for name in others[: max(0, len(others) - (_KEPT - 1))]:
            shutil.rmtree(index / name, ignore_errors=True)


def _refuse_foreign(index: Path) -> None:
    """Raise UsageError for a folder that holds files but no index: it may hold somebody's work."""
    ours = {"lock", "holder", "responses", "eval", "calibration.json"}
    if not index.is_dir() or (index / _POINTER).exists():
        return
    for path in index.iterdir():
        if path.name not in ours and not path.name.startswith(_BUILDING) and not _NAME.fullmatch(path.name):
            raise UsageError(
                f"{index} holds other files, such as {path.name}, and no index", "name a folder of its own"
            )


@contextlib.contextmanager
def writing(index: Path, *, wait: float = 0.0) -> Iterator[None]:
    """Hold the index's lock, for which it may `wait` some seconds.

    Raises IndexLocked, naming the holder, when another process has it, and UsageError for a folder
    that is no index.
    """
    from filelock import FileLock, Timeout

    try:
        _refuse_foreign(index)
        index.mkdir(parents=True, exist_ok=True)
        lock = FileLock(index / "lock")
        lock.acquire(timeout=wait)
        (index / "holder").write_text(str(os.getpid()), encoding="utf-8")
    except Timeout:
        holder = _holder(index)
        raise IndexLocked(f"another reindex is running{holder} on {index}", "wait for it, then run again") from None
    except OSError as error:
        raise CorpusError(f"{index}: {error.strerror}", "check the folder's permissions") from error
    try:
        remove_litter(index)
        yield
    finally:
        (index / "holder").unlink(missing_ok=True)
        lock.release()


def _holder(index: Path) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return f" (process {(index / 'holder').read_text(encoding='utf-8').strip()})"
    return ""
