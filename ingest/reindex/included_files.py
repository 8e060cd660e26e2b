"""Read the files that pages of a folder include: below the folder only, never by a link out of it, within a size."""

import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from ingest.clean.decode import decode
from ingest.clean.includes.expand import IncludedFile, UnreadableInclude

LARGEST_INCLUDE: Final = 1_000_000
"""Bytes of one included file; real ones are sections and samples."""
_MOST_NAMES: Final = 200_000
_SHOWN_HIDDEN: Final = frozenset((".gitbook", ".snippets", ".includes", ".vitepress", ".vuepress"))
"""Hidden folders that generators take parts of pages from. Others have settings and keys."""
_ALIASES: Final = ("@site/", "@docs/", "@/", "~/", "/")
_OUTSIDE: Final = "is not in the folder"


@dataclass(slots=True)
class IncludedFiles:
    """The files below `folder`, found by the names that pages call them."""

    folder: Path
    _read: dict[Path, IncludedFile] = field(default_factory=dict)
    _names: dict[str, list[PurePosixPath]] | None = None

    def read(self, target: str, name: str) -> IncludedFile:
        """Return the file that the page `name` (its path below the folder) includes as `target`.

        A path is tried next to the page, then in the folders around it, as generators have settings for where
        included files are; at last the only file whose path ends so. Raises UnreadableInclude.
        """
        path = PurePosixPath(self._plain(target))
        home = PurePosixPath(name).parent
        for place in (home, *home.parents) if not target.startswith(_ALIASES) else (*reversed(home.parents), home):
            found = self._inside(place / path)
            if found is not None:
                return self._text(found)
        below = [part for part in path.parts if part not in ("..", ".", "/")]
        if below and below[0] == self.folder.name:
            found = self._inside(PurePosixPath(*below[1:]))
        found = found or self._by_ending(below)
        if found is None:
            raise UnreadableInclude(_OUTSIDE)
        return self._text(found)

    def _plain(self, target: str) -> str:
        alias = next((alias for alias in _ALIASES if target.startswith(alias)), "")
        path = target.removeprefix(alias).strip()
        if "://" in path or "\x00" in path or not path:
            raise UnreadableInclude(_OUTSIDE)
        return path.replace("\\", "/").lstrip("/")

    def _inside(self, path: PurePosixPath) -> Path | None:
        """Return the file at a path below the folder; None where there is none, or where it is not in the folder."""
        try:
            root = self.folder.resolve()
            file = (root / path).resolve()
            return file if file.is_relative_to(root) and file.is_file() else None
        except (OSError, ValueError, RuntimeError):
            return None

    def _by_ending(self, parts: list[str]) -> Path | None:
        """Return the only file whose path ends with these parts."""
        if not parts:
            return None
        fits = [path for path in self._index().get(parts[-1], ()) if list(path.parts[-len(parts) :]) == parts]
        return self._inside(fits[0]) if len(fits) == 1 else None

    def _index(self) -> dict[str, list[PurePosixPath]]:
        if self._names is None:
            self._names = defaultdict(list)
            left = _MOST_NAMES
            for place, folders, files in os.walk(self.folder):
                folders[:] = sorted(name for name in folders if not name.startswith(".") or name in _SHOWN_HIDDEN)
                here = PurePosixPath(Path(place).relative_to(self.folder).as_posix())
                for name in files[:left]:
                    self._names[name].append(here / name)
                left -= len(files)
                if left <= 0:
                    break
        return self._names

    def _text(self, file: Path) -> IncludedFile:
        known = self._read.get(file)
        if known is None:
            known = self._read[file] = self._decoded(file)
        return known

    def _decoded(self, file: Path) -> IncludedFile:
        name = file.relative_to(self.folder.resolve())
        if any(part.startswith(".") and part not in _SHOWN_HIDDEN for part in name.parts):
            raise UnreadableInclude("is hidden")
        try:
            with os.fdopen(os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as opened:
                data = opened.read(LARGEST_INCLUDE + 1)
        except OSError as error:
            raise UnreadableInclude(f"can't be read ({error.strerror})") from error
        if len(data) > LARGEST_INCLUDE:
            raise UnreadableInclude(f"is larger than {LARGEST_INCLUDE:,} bytes")
        if b"\x00" in data[:2_000]:
            raise UnreadableInclude("is not text")
        return IncludedFile(name.as_posix(), decode(data, "text/markdown", html=False))
