"""A folder of .md/.html files, or one file of joined pages -> Pages, without a crawl."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ingest.corpus import MAX_PAGE_BYTES
from ingest.errors import UsageError
from ingest.records import Page, Problem

_TYPES: Final = {
    ".md": "text/markdown",
    ".mdx": "text/markdown",
    ".txt": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
}
_LLMS_PAGE = re.compile(r"^# (?P<title>[^\n]+)\nSource: (?P<url>https?://\S+)\n", re.MULTILINE)
_FRONT = re.compile(r"^---[ \t]*\n(?=(?:[\w-]+:[^\n]*\n)*?url:)", re.MULTILINE)

MAX_JOINED_BYTES: Final = 500_000_000


def local_pages(path: Path) -> Iterator[Page | Problem]:
    """Yield the pages at `path`, and a Problem for each file that is none.

    A page's address is its front matter's `url` (the cleaner reads it), else the line of
    `manifest.jsonl` that names its file, else what the HTML says, else its path.
    Raises UsageError when `path` can't be read.
    """
    if path.is_dir():
        yield from _folder(path)
    elif path.is_file():
        yield from _joined(path)
    else:
        raise UsageError(
            f"there is nothing at {path}", "give --from a folder of .md or .html files, or an llms-full.txt"
        )


def _folder(folder: Path) -> Iterator[Page | Problem]:
    addresses = _manifest(folder)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        kind = _TYPES.get(path.suffix.lower())
        if any(part.startswith(".") for part in name.split("/")):
            continue
        if kind is None or not path.is_file() or path.is_symlink():
            continue
        try:
            if path.stat().st_size > MAX_PAGE_BYTES:
                yield Problem(name, "too-large", f"{path.stat().st_size:,} bytes")
                continue
            yield Page(addresses.get(name) or "/" + name.rsplit(".", 1)[0], path.read_bytes(), kind)
        except OSError as error:
            yield Problem(name, "unreadable", error.strerror or "")


def _manifest(folder: Path) -> dict[str, str]:
    """File -> url of `manifest.jsonl`. Raises UsageError for a line that is no such pair."""
    path = folder / "manifest.jsonl"
    found: dict[str, str] = {}
    if not path.is_file():
        return found
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            found[str(entry["file"])] = str(entry["url"])
        except (ValueError, KeyError, TypeError) as error:
            hint = 'each line is an object such as {"url": "https://…", "file": "page.html"}'
            raise UsageError(f"{path}, line {number}: no url and file", hint) from error
    return found


def _joined(path: Path) -> Iterator[Page | Problem]:
    """Pages joined in one file: as llms-full.txt (`# title`, `Source: url`), or with front matter each."""
    if path.stat().st_size > MAX_JOINED_BYTES:
        raise UsageError(f"{path} is too large", "split it")
    text = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")
    starts = list(_LLMS_PAGE.finditer(text))
    if starts:
        for found, end in zip(starts, [*(m.start() for m in starts[1:]), len(text)], strict=True):
            body = f"# {found['title']}\n\n{text[found.end() : end].strip()}\n"
            yield Page(found["url"], body.encode(), "text/markdown")
        return
    cuts = [m.start() for m in _FRONT.finditer(text)]
    if not cuts:
        yield Page("/" + path.stem, text.encode(), _TYPES.get(path.suffix.lower(), "text/markdown"))
        return
    for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True):
        yield Page("/" + path.stem, text[start:end].strip().encode(), "text/markdown")
