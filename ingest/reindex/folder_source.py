"""Read pages from a folder of .md/.html files, or from one file of joined pages, and remove their chrome.

Pages that askdocs wrote keep the history in their front matter; it is untrusted, so it is checked.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

from ingest.clean.boilerplate.recurring import learn, strip
from ingest.clean.decode import decode
from ingest.clean.mdx.code_tables import mend_code
from ingest.clean.mdx.source import is_authored
from ingest.clean.page import clean_page
from ingest.core.errors import UsageError
from ingest.core.records import Cleaned, CrawlReport, Document, Page, Problem, Progress
from ingest.core.urls import absolute, host_of, identity, normalise, without_markdown_suffix
from ingest.crawl.worker_pool import read_safely
from ingest.docs.folder import MAX_PAGE_BYTES
from ingest.reindex.crawl_source import SourcePages, _stripped
from ingest.reindex.dedupe import LocalPage, lists_itself, merge_duplicates
from ingest.text import front_matter
from ingest.text.front_matter import split_front_matter
from ingest.text.markdown import blocks_of, fenced_code


def read_local_source(path: Path, at_hand: Iterable[Document], progress: Progress) -> SourcePages:
    """Clean the files at `path` and keep one of the pages with the same content.

    Pages that askdocs wrote keep their aliases and dates (see `restore_history`). Pages read from the folder
    by an earlier run and missing now are gone. Pages that a joined file no longer lists are kept, with a
    problem, because the site decides which pages such a file contains.
    Raises UsageError when there is nothing to read.
    """
    gathered = SourcePages()
    source = str(path.resolve())
    now = datetime.now(UTC)
    arrivals: list[LocalPage] = []
    pages = list(local_pages(path))
    for at, (page, tidy) in enumerate(zip(pages, mend_converted(pages), strict=True), 1):
        progress("clean", at, len(pages))
        cleaned = _cleaned(tidy, gathered.report)
        if cleaned and isinstance(page, Page):
            text = page.body.decode("utf-8", "replace")
            document = restore_history(replace(cleaned.document, source=source), text, now)
            arrivals.append(LocalPage(document, cleaned.canonical, lists_itself(document.url, text)))
    gathered.report.notes += _unread(path)
    stripped = _stripped([arrival.document for arrival in arrivals], gathered.report)
    kept = merge_duplicates(
        replace(arrival, document=document) for arrival, document in zip(arrivals, stripped, strict=True) if document
    )
    pages_kept = {identity(document.url) for document in kept}
    gathered.documents = [
        replace(d, aliases=tuple(name for name in d.aliases if identity(name) not in pages_kept)) for d in kept
    ]
    came = {identity(url) for d in gathered.documents for url in (d.url, *d.aliases)}
    came |= {identity(problem.url) for problem in gathered.report.problems}
    absent = {d.url for d in at_hand if d.source == source and identity(d.url) not in came}
    if path.is_file():
        detail = f"{path.name} does not list it"
        gathered.report.problems += [Problem(url, "not-listed", detail, kept_old=True) for url in sorted(absent)]
    else:
        gathered.gone = absent
    return gathered


def _unread(path: Path) -> list[str]:
    """Return a note for each kind of source file in the folder that is not read."""
    names = (file.suffix.lower() for file in path.rglob("*")) if path.is_dir() else iter(())
    counts = Counter(name for name in names if name in _NOT_READ)
    return [f"{counts[name]} × {name} not read: give their HTML" for name in sorted(counts)]


def _cleaned(page: Page | Problem, report: CrawlReport) -> Cleaned | None:
    """Return the cleaned page at its own address; None, with a problem in `report`, if it has no content."""
    cleaned = page if isinstance(page, Problem) else read_safely(clean_page, page)
    if isinstance(cleaned, Problem):
        report.problems.append(cleaned)
        return None
    document = cleaned.document
    own = isinstance(page, Page) and page.content_type == "text/markdown"  # its front matter's `url`
    if cleaned.canonical and (own or document.url.startswith("/")):
        document = replace(document, url=cleaned.canonical)
    url = _address(document.url)
    report.notes += [f"{url}: {note}" for note in cleaned.notes]
    return replace(cleaned, document=replace(document, url=url))


def _address(url: str) -> str:
    """Return the address to cite: as written, but without the suffix of a markdown variant; a path stays as it is."""
    return without_markdown_suffix(url) if absolute(url) else url


_TYPES: Final = {
    ".md": "text/markdown",
    ".mdx": "text/markdown",
    ".txt": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
}
_NOT_READ: Final = frozenset((".rst", ".adoc", ".asciidoc", ".ipynb", ".org"))
_LLMS_PAGE = re.compile(r"^# (?P<title>[^\n]+)\nSource: (?P<url>https?://\S+)\n", re.MULTILINE)
_FRONT = re.compile(r"^---[ \t]*\n(?=(?:[\w-]+:[^\n]*\n(?:[ \t-][^\n]*\n)*+)*?url:)", re.MULTILINE)

_LEAD = re.compile(r"(\s*+# [^\n]*+\n\s*+)((?:[^\n]*\S[^\n]*(?:\n|\Z))++)")

MAX_JOINED_BYTES: Final = 500_000_000


def local_pages(path: Path) -> Iterator[Page | Problem]:
    """Yield the pages at `path`, and a Problem for each file that is not a page.

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
        yield Page("/" + path.stem, text.encode(), _TYPES.get(path.suffix.lower(), "text/markdown"))
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


def mend_converted(pages: Sequence[Page | Problem]) -> list[Page | Problem]:
    """Repair markdown that another program converted from whole HTML pages; authored files stay as they are.

    Recurring chrome is learned from all pages of a host, then removed from each (see `clean.recurring`;
    pages that name no host count as one host); code tables become code.
    """
    hosts: dict[str, dict[int, str]] = {}
    for at, page in enumerate(pages):
        if isinstance(page, Page) and page.content_type == "text/markdown":
            text = decode(page.body, page.content_type, html=False).replace("\r\n", "\n")
            if is_authored(text):
                continue
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
    """Drop the paragraph below the title that repeats the front matter's description: our own pages have both."""
    body = front_matter.split(text)[1] if description else ""
    found = _LEAD.match(body)
    if found is None or " ".join(found[2].split()) != description:
        return text
    return text[: len(text) - len(body)] + found[1] + body[found.end() :]


_MAX_ALIASES: Final = 500
_ANCHOR = re.compile(r"[^\s\x00-\x1f\x7f-\x9f]{0,300}")


def restore_history(document: Document, markdown: str, now: datetime) -> Document:
    """Set the page's aliases, dates and anchors from the front matter at the start of `markdown`.

    Accepts only aliases on the page's own host, dates that are not in the future, and anchors that match
    the headings one by one; ignores all others. The fetch date defaults to `now`.
    """
    matter = _matter(markdown)
    anchors = _anchors(matter.get("anchors"), document)
    return replace(
        document,
        aliases=_aliases(matter.get("aliases"), document.url),
        fetched_at=_fetched(matter.get("fetched_at"), now) or now.isoformat(timespec="seconds"),
        last_modified=_changed(matter.get("last_modified"), now) or document.last_modified,
        anchors=document.anchors if any(document.anchors[1:]) else anchors or document.anchors,
    )


def _matter(markdown: str) -> Mapping[str, Any]:
    block, _ = front_matter.split(markdown)
    try:
        return front_matter.parse(block) if block else {}
    except ValueError:
        return {}


def _aliases(told: object, url: str) -> tuple[str, ...]:
    if not isinstance(told, list) or "://" not in url:
        return ()
    names = (normalise(name) for name in told[:_MAX_ALIASES] if isinstance(name, str) and "://" in name)
    others = (name for name in names if name and identity(name) != identity(url))
    return tuple(dict.fromkeys(name for name in others if host_of(name) == host_of(url)))


def _fetched(told: object, now: datetime) -> str | None:
    try:
        day = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None
    return str(told) if day and _aware(day) <= now else None


def _changed(told: object, now: datetime) -> str | None:
    """Return the date in the format of an HTTP header, in which it is stored."""
    try:
        day = parsedate_to_datetime(told) if isinstance(told, str) else None
    except ValueError:
        return None
    return str(told) if day and _aware(day) <= now else None


def _aware(day: datetime) -> datetime:
    return day if day.tzinfo else day.replace(tzinfo=UTC)


def _anchors(told: object, document: Document) -> tuple[str, ...]:
    if not isinstance(told, list) or not all(isinstance(name, str) and _ANCHOR.fullmatch(name) for name in told):
        return ()
    headings = sum(block.kind == "heading" for block in blocks_of(document.body))
    return tuple(told) if len(told) == headings else ()
