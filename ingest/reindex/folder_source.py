"""Clean the pages of a folder, or of one file of joined pages, and remove their chrome.

Pages that askdocs wrote keep the history in their front matter; it is untrusted, so it is checked.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
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
from ingest.core.records import Cleaned, CrawlReport, Document, Page, Problem, Progress
from ingest.core.urls import absolute, host_of, identity, normalise, without_markdown_suffix
from ingest.crawl.worker_pool import read_safely
from ingest.reindex.crawl_source import SourcePages, _stripped
from ingest.reindex.dedupe import LocalPage, lists_itself, merge_duplicates
from ingest.reindex.folder_files import MARKDOWN, MDX, read_local_pages
from ingest.text import front_matter
from ingest.text.front_matter import split_front_matter
from ingest.text.markdown import blocks_of


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
    local = read_local_pages(path)
    pages = local.pages
    for at, (page, tidy) in enumerate(zip(pages, mend_converted(pages), strict=True), 1):
        progress("clean", at, len(pages))
        cleaned = _cleaned(tidy, gathered.report)
        if cleaned and isinstance(page, Page):
            text = page.body.decode("utf-8", "replace")
            document = restore_history(replace(cleaned.document, source=source), text, now)
            arrivals.append(LocalPage(document, cleaned.canonical, lists_itself(document.url, text)))
    gathered.report.notes += local.notes
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


def _cleaned(page: Page | Problem, report: CrawlReport) -> Cleaned | None:
    """Return the cleaned page at its own address; None, with a problem in `report`, if it has no content."""
    cleaned = page if isinstance(page, Problem) else read_safely(clean_page, page)
    if isinstance(cleaned, Problem):
        report.problems.append(cleaned)
        return None
    document = cleaned.document
    own = isinstance(page, Page) and page.content_type in (MARKDOWN, MDX)  # its front matter's `url`
    if cleaned.canonical and (own or document.url.startswith("/")):
        document = replace(document, url=cleaned.canonical)
    url = _address(document.url)
    report.notes += [f"{url}: {note}" for note in cleaned.notes]
    return replace(cleaned, document=replace(document, url=url))


def _address(url: str) -> str:
    """Return the address to cite: as written, but without the suffix of a markdown variant; a path stays as it is."""
    return without_markdown_suffix(url) if absolute(url) else url


_LEAD = re.compile(r"(\s*+# [^\n]*+\n\s*+)((?:[^\n]*\S[^\n]*(?:\n|\Z))++)")


def mend_converted(pages: Sequence[Page | Problem]) -> list[Page | Problem]:
    """Repair markdown that another program converted from whole HTML pages; authored files stay as they are.

    Recurring chrome is learned from all pages of a host, then removed from each (see `clean.recurring`;
    pages that name no host count as one host); code tables become code.
    """
    hosts: dict[str, dict[int, str]] = {}
    for at, page in enumerate(pages):
        if isinstance(page, Page) and page.content_type in (MARKDOWN, MDX):
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
