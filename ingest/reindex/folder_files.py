"""Read a folder of pages, or one file of joined pages, as they are: their bytes, their kind, their address."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from ingest.clean.decode import decode
from ingest.clean.includes.asciidoc import expand_asciidoc_includes
from ingest.clean.includes.directives import expand_directives
from ingest.clean.includes.expand import expand_includes
from ingest.core.errors import UsageError
from ingest.core.records import Page, Problem
from ingest.docs.folder import MAX_PAGE_BYTES
from ingest.reindex.included_files import IncludedFiles
from ingest.text.markdown import fenced_code

MARKDOWN: Final = "text/markdown"
MDX: Final = "text/mdx"
RESTRUCTUREDTEXT: Final = "text/x-rst"
ASCIIDOC: Final = "text/asciidoc"
_TYPES: Final = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".qmd": MARKDOWN,
    ".mdx": MDX,
    ".txt": MARKDOWN,
    ".rst": RESTRUCTUREDTEXT,
    ".adoc": ASCIIDOC,
    ".asciidoc": ASCIIDOC,
    ".html": "text/html",
    ".htm": "text/html",
}
_EXPANDERS: Final = {
    MARKDOWN: expand_includes,
    MDX: expand_includes,
    RESTRUCTUREDTEXT: expand_directives,
    ASCIIDOC: expand_asciidoc_includes,
}
_PART_OF_ANTORA = re.compile(
    r"(?:^|/)(?:(?:partials|examples|_partials|_attributes)/.*|nav[\w-]*|_[\w-]+)\.(?:adoc|asciidoc)$"
)
_NOT_READ: Final = frozenset((".ipynb", ".org"))
_LLMS_PAGE = re.compile(r"^# (?P<title>[^\n]+)\nSource: (?P<url>https?://\S+)\n", re.MULTILINE)
_FRONT = re.compile(r"^---[ \t]*\n(?=(?:[\w-]+:[^\n]*\n(?:[ \t-][^\n]*\n)*+)*?url:)", re.MULTILINE)

MAX_JOINED_BYTES: Final = 500_000_000
_NAMES_SHOWN: Final = 5


@dataclass(slots=True)
class LocalPages:
    """The pages, a Problem for each file that is not one though it should be, and notes on files left out."""

    pages: list[Page | Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_local_pages(path: Path) -> LocalPages:
    """Read the pages at `path`; markdown sources come with what they include.

    A page's address is its front matter's `url` (the cleaner reads it), else the line of
    `manifest.jsonl` that names its file, else what the HTML says, else its path.
    Raises UsageError when `path` can't be read.
    """
    if path.is_dir():
        return _Folder(path).read()
    if path.is_file():
        return LocalPages(list(_joined(path)))
    raise UsageError(f"there is nothing at {path}", "give --from a folder of .md or .html files, or an llms-full.txt")


@dataclass(slots=True)
class _Folder:
    """Reads one folder. `parts` has, for each file, those that it includes as text."""

    path: Path
    found: LocalPages = field(default_factory=LocalPages)
    parts: dict[str, frozenset[str]] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=dict)

    def read(self) -> LocalPages:
        addresses = _manifest(self.path)
        included = IncludedFiles(self.path)
        pages: dict[str, Page | Problem] = {}
        for name, file in self._files():
            page = _page(name, file, addresses.get(name, ""))
            if isinstance(page, Page) and page.content_type in _EXPANDERS:
                page = self._expanded(page, name, included)
            pages[name] = page
        shown_elsewhere = _parts(self.parts) - addresses.keys()
        for name in pages.keys() & shown_elsewhere:
            self._leave_out("part of the pages that include them", name)
        self.found.pages = [page for name, page in pages.items() if name not in shown_elsewhere]
        self.found.notes += [_listed(why, names) for why, names in sorted(self.left_out.items())]
        return self.found

    def _files(self) -> Iterator[tuple[str, Path]]:
        """Yield (path below the folder, file) of each page; others that look like pages are left out with a reason."""
        for file in sorted(self.path.rglob("*")):
            name = file.relative_to(self.path).as_posix()
            ending = file.suffix.lower()
            if any(part.startswith(".") for part in name.split("/")) or (
                ending not in _TYPES and ending not in _NOT_READ
            ):
                continue
            if file.is_symlink():
                self._leave_out("links, which are not followed", name)
            elif not file.is_file():
                continue
            elif _PART_OF_ANTORA.search(name):
                self._leave_out("parts and menus of Antora's pages", name)
            elif ending in _NOT_READ:
                self._leave_out(f"{ending} is not read: give their HTML", name)
            else:
                yield name, file

    def _leave_out(self, why: str, name: str) -> None:
        self.left_out.setdefault(why, []).append(name)

    def _expanded(self, page: Page, name: str, included: IncludedFiles) -> Page:
        """Return the page with the files that it includes; a comment marks it as somebody's source."""
        text = decode(page.body, page.content_type, html=False)
        expanded = _EXPANDERS[page.content_type](text, name, included.read)
        self.parts[name] = expanded.parts
        self.found.notes += [f"{page.url}: {note}" for note in expanded.notes]
        if expanded.text == text:
            return page
        mark = "\n\n<!-- with included files -->\n" if page.content_type in (MARKDOWN, MDX) else ""
        return replace(page, body=(expanded.text + mark).encode())


def _page(name: str, file: Path, address: str) -> Page | Problem:
    try:
        size = file.stat().st_size
        if size > MAX_PAGE_BYTES:
            return Problem(name, "too-large", f"{size:,} bytes")
        return Page(address or "/" + name.rsplit(".", 1)[0], file.read_bytes(), _TYPES[file.suffix.lower()])
    except OSError as error:
        return Problem(name, "unreadable", error.strerror or "")


def _parts(included: Mapping[str, frozenset[str]]) -> set[str]:
    """Return the files that others include; of files that only include each other, none."""
    named = frozenset().union(*included.values())
    return set().union(*(parts for name, parts in included.items() if name not in named))


def _listed(why: str, names: list[str]) -> str:
    more = f" and {len(names) - _NAMES_SHOWN:,} more" if len(names) > _NAMES_SHOWN else ""
    return f"left out ({why}): {', '.join(sorted(names)[:_NAMES_SHOWN])}{more}"


def _manifest(folder: Path) -> dict[str, str]:
    """Read `manifest.jsonl` as {file: url}. Raises UsageError for a line that is not such a pair."""
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
    """Split one file of joined pages: as in llms-full.txt (`# title`, `Source: url`), or each with front matter."""
    if path.stat().st_size > MAX_JOINED_BYTES:
        raise UsageError(f"{path} is too large", "split it")
    text = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")
    code = [(code.start, code.end) for code in fenced_code(text, stop_at_next=True)]
    starts = list(_outside(_LLMS_PAGE.finditer(text), code))
    if starts:
        for found, end in zip(starts, [*(m.start() for m in starts[1:]), len(text)], strict=True):
            body = f"# {found['title']}\n\n{text[found.end() : end].strip()}\n"
            yield Page(found["url"], body.encode(), "text/markdown")
        return
    cuts = [m.start() for m in _outside(_FRONT.finditer(text), code)]
    if not cuts:
        yield Page("/" + path.stem, text.encode(), _TYPES.get(path.suffix.lower(), MARKDOWN))
        return
    for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True):
        yield Page("/" + path.stem, text[start:end].strip().encode(), "text/markdown")


def _outside(matches: Iterable[re.Match[str]], spans: list[tuple[int, int]]) -> Iterator[re.Match[str]]:
    """Yield the matches that begin outside of all spans; both must be in order."""
    at = 0
    for match in matches:
        while at < len(spans) and spans[at][1] <= match.start():
            at += 1
        if at == len(spans) or match.start() < spans[at][0]:
            yield match
