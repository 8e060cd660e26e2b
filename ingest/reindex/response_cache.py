"""Cache of unprocessed HTTP responses, so that pages can be cleaned again without the network.

::

    INDEX/responses/<hash of the page's address>.page    a line of facts as JSON, then the body, compressed
    INDEX/responses/<hash of the page's address>.new     from a run that has not ended, or was interrupted

A response becomes the kept one once the docs folder contains the page made from it. Responses of an
interrupted run save the next run from fetching them again; they are deleted when that run ends. The
files are a cache: a missing or damaged one costs a request.
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
    """The kept responses of one index; `cleaner` is the current version of the cleaner.

    As a context manager it cleans up at the end of a run: it deletes half-written files and, unless the run
    failed or was interrupted, responses that were not settled. `keep` may be called from several threads.
    """

    def __init__(self, folder: Path, cleaner: int) -> None:
        self._folder, self._cleaner = folder, cleaner
        self._new: dict[str, str | None] = {}  # name: hash of the page made from the response, None for a draft
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_exc: object) -> None:
        dropped = ("*.tmp",) if kind else ("*.tmp", "*.new")
        for path in (path for pattern in dropped for path in self._folder.glob(pattern)):
            path.unlink(missing_ok=True)

    def keep(self, page: Page, document: Document) -> None:
        """Store a response and the hash of the document made from it. Raises CorpusError if that fails."""
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
        """Return how the page was made from the kept response.

        `current`: by this version of the cleaner. `draft`: by this version, and then the recurring chrome
        of its site was removed. `stale`: by another version. `unknown`: there is no usable response.
        """
        facts, _ = self._read(document.url, ".page", body=False)
        if facts.get("cleaner") == self._cleaner:
            return "draft" if _is_draft(facts) else "current"
        return "stale" if _is_draft(facts) or facts.get("sha256") == document.sha256 else "unknown"

    def answer_for(self, document: Document) -> Page | None:
        """Return the response of exactly this document; None if it is missing, damaged or of another document.

        The result of a draft depends on the other pages of its site, so for a draft the latest response is used.
        """
        facts, body = self._read(document.url, ".page", body=True)
        wanted = _is_draft(facts) or facts.get("sha256") == document.sha256
        return _page(facts, body) if body and wanted else None

    def left_over(self, url: str) -> Page | None:
        """Return the response that an interrupted run left for this address; None for those that this run has kept."""
        if _name(url) in self._new:
            return None
        facts, body = self._read(url, ".new", body=True)
        return _page(facts, body) if body and facts.get("url") == url else None

    def settle(self, documents: Iterable[Document]) -> None:
        """Keep only the responses of these pages, which are now in the docs folder."""
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
        """Read the facts and, with `body`, the body of a kept response; ({}, b"") if it can't be read."""
        try:
            with (self._folder / f"{_name(url)}{suffix}").open("rb") as file:
                facts = json.loads(file.readline(_MAX_LINE))
                data = _inflated(file.read(MAX_BYTES)) if body else b""
        except (OSError, ValueError, zlib.error):
            return {}, b""
        return (facts, data) if isinstance(facts, dict) else ({}, b"")


def _is_draft(facts: dict[str, Any]) -> bool:
    """Return whether recurring chrome was removed from the page; earlier versions stored this instead of the hash."""
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
    """Decompress a body. Raises ValueError or zlib.error if it is incomplete."""
    decoder = zlib.decompressobj()
    body = decoder.decompress(data, MAX_BYTES)
    if not decoder.eof:
        raise ValueError("the stored body is cut off")
    return body


def _name(url: str) -> str:
    return hashlib.sha256(identity(url).encode("utf-8", "surrogatepass")).hexdigest()
