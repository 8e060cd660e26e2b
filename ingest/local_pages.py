"""A folder of .md/.html files, or one file of joined pages -> Pages, without a crawl; their chrome taken off."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ingest import front_matter
from ingest.clean.code_tables import mend_code
from ingest.clean.decode import decode
from ingest.clean.matter import split_front_matter
from ingest.clean.recurring import learn, strip
from ingest.corpus import MAX_PAGE_BYTES
from ingest.errors import UsageError
from ingest.records import Page, Problem
from ingest.urls import host_of

_TYPES: Final = {
    ".md": "text/markdown",
    ".mdx": "text/markdown",
    ".txt": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
}
_LLMS_PAGE = re.compile(r"^# (?P<title>[^\n]+)\nSource: (?P<url>https?://\S+)\n", re.MULTILINE)
_FRONT = re.compile(r"^---[ \t]*\n(?=(?:[\w-]+:[^\n]*\n(?:[ \t-][^\n]*\n)*+)*?url:)", re.MULTILINE)
# A code block that is closed before another one opens: what begins a page is an example in it.
_FENCED = re.compile(r"^(`{3,}|~{3,})[^\n]*\n(?:(?!\1)[^\n]*\n)*+\1[ \t]*$", re.MULTILINE)

_LEAD = re.compile(r"(\s*+# [^\n]*+\n\s*+)((?:[^\n]*\S[^\n]*(?:\n|\Z))++)")

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
    code = [found.span() for found in _FENCED.finditer(text)]
    starts = list(_outside(_LLMS_PAGE.finditer(text), code))
    if starts:
        for found, end in zip(starts, [*(m.start() for m in starts[1:]), len(text)], strict=True):
            body = f"# {found['title']}\n\n{text[found.end() : end].strip()}\n"
            yield Page(found["url"], body.encode(), "text/markdown")
        return
    cuts = [m.start() for m in _outside(_FRONT.finditer(text), code)]
    if not cuts:
        yield Page("/" + path.stem, text.encode(), _TYPES.get(path.suffix.lower(), "text/markdown"))
        return
    for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True):
        yield Page("/" + path.stem, text[start:end].strip().encode(), "text/markdown")


def _outside(matches: Iterable[re.Match[str]], spans: list[tuple[int, int]]) -> Iterator[re.Match[str]]:
    """The matches that begin in none of the spans; both are in order."""
    at = 0
    for match in matches:
        while at < len(spans) and spans[at][1] <= match.start():
            at += 1
        if at == len(spans) or match.start() < spans[at][0]:
            yield match


def tidied(pages: Sequence[Page | Problem]) -> list[Page | Problem]:
    """Mend markdown that another program made of whole HTML pages, as a naive crawl leaves it.

    What recurs on the pages of a host is learned from all of them, then taken off each (see
    `clean.recurring`; pages that name no host are of one); code tables become code.
    """
    hosts: dict[str, dict[int, str]] = {}
    for at, page in enumerate(pages):
        if isinstance(page, Page) and page.content_type == "text/markdown":
            text = decode(page.body, page.content_type, html=False).replace("\r\n", "\n")
            matter = split_front_matter(text)[0] if text.startswith("---") else {}
            host = next((host_of(address) for address in (matter.get("url", ""), page.url) if "://" in address), "")
            hosts.setdefault(host, {})[at] = _told_once(text, matter.get("description", ""))
    out = list(pages)
    for texts in hosts.values():
        chrome = learn(texts.values())
        for at, text in texts.items():
            page = pages[at]
            if isinstance(page, Page):
                out[at] = replace(page, body=mend_code(strip(text, chrome)).encode("utf-8", "replace"))
    return out


def _told_once(text: str, description: str) -> str:
    """Drop the paragraph below the title that says what the front matter says: our own pages have it twice."""
    body = front_matter.split(text)[1] if description else ""
    found = _LEAD.match(body)
    if found is None or " ".join(found[2].split()) != description:
        return text
    return text[: len(text) - len(body)] + found[1] + body[found.end() :]
