"""Answers of the sites, kept as they came, so that pages can be cleaned anew without the network.

::

    INDEX/responses/<hash of the page's address>.page    a line of facts as JSON, then the body, compressed
    INDEX/responses/<hash of the page's address>.new     from a run that has not ended, or was interrupted

An answer becomes the kept one when the docs folder holds the page that it gave. What an interrupted
run leaves spares the next one the fetching, and is gone when that ends. The files are a cache: one
that is missing or damaged costs a request.
"""

import contextlib
import hashlib
import json
import threading
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal, Self

from ingest.clean.boilerplate.recurring import Draft
from ingest.core.atomic import replace_file
from ingest.core.errors import CorpusError
from ingest.core.json_values import as_text
from ingest.core.records import Document, Page
from ingest.core.urls import identity

MAX_BYTES: Final = 64_000_000
"""Decoded bytes of a body; far above what the crawler takes, so that a damaged file fills no memory."""

State = Literal["current", "draft", "stale", "unknown"]

_FACTS: Final = ("url", "content_type", "etag", "last_modified", "fetched_at")
_MAX_LINE: Final = 1_000_000


class ResponseCache:
    """The kept answers of one index; `cleaner` is the version of the cleaner that runs now.

    As a context manager it ends a run: half-written files are dropped, and so are answers that were not
    settled, unless the run failed or was interrupted. `keep` may be called from several threads.
    """

    def __init__(self, folder: Path, cleaner: int) -> None:
        self._folder, self._cleaner = folder, cleaner
        self._new: dict[str, str | None] = {}  # name: hash of the page that the answer gave, None for a draft
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_exc: object) -> None:
        dropped = ("*.tmp",) if kind else ("*.tmp", "*.new")
        for path in (path for pattern in dropped for path in self._folder.glob(pattern)):
            path.unlink(missing_ok=True)

    def keep(self, page: Page, document: Document) -> None:
        """Write down an answer and which document it gave. Raises CorpusError where that fails."""
        name = _name(page.url)
        facts = {fact: getattr(page, fact) for fact in _FACTS}
        draft = isinstance(document, Draft)
        facts |= {"asked": list(page.redirected_from), "cleaner": self._cleaner}
        facts |= {"sha256": document.sha256, "draft": draft}
        data = json.dumps(facts).encode() + b"\n" + zlib.compress(page.body)
        try:
            replace_file(self._folder / f"{name}.new", data, parents=True)
        except OSError as error:
            hint = "check the folder's permissions and free space"
            raise CorpusError(f"{self._folder}: {error.strerror or error}", hint) from error
        with self._lock:
            self._new[name] = None if draft else document.sha256

    def state(self, document: Document) -> State:
        """How the page was made from the kept answer.

        `current`: by this version of the cleaner. `draft`: by this version, and then the recurring chrome
        of its site was removed. `stale`: by another version. `unknown`: there is no usable answer.
        """
        facts, _ = self._read(document.url, ".page", body=False)
        if facts.get("cleaner") == self._cleaner:
            return "draft" if _is_draft(facts) else "current"
        return "stale" if _is_draft(facts) or facts.get("sha256") == document.sha256 else "unknown"

    def answer_for(self, document: Document) -> Page | None:
        """The answer that gave exactly this document; None where it is missing, damaged or gave another.

        What became of a draft depends on the other pages of its site, so there the latest answer counts.
        """
        facts, body = self._read(document.url, ".page", body=True)
        wanted = _is_draft(facts) or facts.get("sha256") == document.sha256
        return _page(facts, body) if body and wanted else None

    def left_over(self, url: str) -> Page | None:
        """The answer of this address that an interrupted run left; None for those that this run has kept."""
        if _name(url) in self._new:
            return None
        facts, body = self._read(url, ".new", body=True)
        return _page(facts, body) if body and facts.get("url") == url else None

    def settle(self, documents: Iterable[Document]) -> None:
        """Keep the answers of these pages, as they now stand in the docs folder, and no others."""
        held = {_name(document.url): document.sha256 for document in documents}
        for name, content in self._new.items():
            if name in held and content in (held[name], None):
                with contextlib.suppress(OSError):  # a page that is not kept is fetched again
                    (self._folder / f"{name}.new").replace(self._folder / f"{name}.page")
        self._new.clear()
        for path in self._folder.glob("*.*"):
            if path.suffix != ".page" or path.stem not in held:
                path.unlink(missing_ok=True)

    def _read(self, url: str, suffix: str, *, body: bool) -> tuple[dict[str, Any], bytes]:
        """Facts and, where wanted, the body of a kept answer; ({}, b"") for what can't be read."""
        try:
            with (self._folder / f"{_name(url)}{suffix}").open("rb") as file:
                facts = json.loads(file.readline(_MAX_LINE))
                data = _inflated(file.read(MAX_BYTES)) if body else b""
        except (OSError, ValueError, zlib.error):
            return {}, b""
        return (facts, data) if isinstance(facts, dict) else ({}, b"")


def _is_draft(facts: dict[str, Any]) -> bool:
    """Whether recurring chrome was removed from the page; earlier versions wrote this in place of the hash."""
    return facts.get("draft") is True or facts.get("sha256") == "learned"


def _page(facts: dict[str, Any], body: bytes) -> Page:
    redirected_from = facts.get("asked")
    return Page(
        str(facts.get("url")),
        body,
        str(facts.get("content_type")),
        tuple(map(str, redirected_from)) if isinstance(redirected_from, list) else (),
        as_text(facts.get("etag")),
        as_text(facts.get("last_modified")),
        str(facts.get("fetched_at") or ""),
    )


def _inflated(data: bytes) -> bytes:
    """Undo the compression. Raises ValueError or zlib.error for a body that is not whole."""
    decoder = zlib.decompressobj()
    body = decoder.decompress(data, MAX_BYTES)
    if not decoder.eof:
        raise ValueError("the stored body is cut off")
    return body


def _name(url: str) -> str:
    return hashlib.sha256(identity(url).encode("utf-8", "surrogatepass")).hexdigest()
