"""HTTP GET for the crawler, with redirects, retries, deadlines, size limits and politeness.

No other module of the crawler sends requests. Exceptions of httpcore2 become FetchError with a stable reason.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self
from urllib.parse import urlsplit

import httpcore2

from ingest.core.errors import FetchError
from ingest.core.records import Page
from ingest.core.retry_after import seconds_to_wait
from ingest.core.urls import absolute
from ingest.crawl.connect import (
    AddressRefused,
    Budget,
    ConnectionsClosed,
    GuardedBackend,
    HandshakeFailed,
    NameNotFound,
)
from ingest.crawl.politeness import MANY, HostLimits, Stopped
from ingest.crawl.response import PAGE, Wanted, header_map, read_body

PRODUCT = "askdocs"  # the name that robots.txt files may address
MAX_HOPS = 10
MAX_WAIT = 120.0  # seconds; a server that asks for more is left alone
IDLE = 10.0  # seconds without a byte

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_RETRY = frozenset({429, 500, 502, 503, 504})
_KEPT_HEADERS = ("content-type", "etag", "last-modified", "content-language", "x-robots-tag", "link", "date")

Guard = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """How to fetch.

    `sources` are the URLs that the user named: only their hosts and ports may be loopback (where
    the name says so) or, with `allow_private`, any private address. `deadline` counts seconds on the wire
    for one page, all redirects and tries together; waiting for one's turn is not counted. `delay`
    and `connections` are per public host. `contact` is a URL for the User-Agent.
    """

    sources: tuple[str, ...] = ()
    allow_private: bool = False
    contact: str = ""
    deadline: float = 30.0
    tries: int = 3
    backoff: float = 1.0
    delay: float = 1.0
    connections: int = 2


@dataclass(frozen=True, slots=True)
class Fetched:
    """A response: a page, or "not modified". `redirected_from` are the addresses that redirected."""

    page: Page | None
    not_modified: bool
    status: int
    url: str
    redirected_from: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class _NotNow(FetchError):
    """The server asks for a longer pause than this run can wait."""


@dataclass(slots=True)
class _Call:
    """One fetch in progress: the request, and its remaining budget."""

    want: Wanted
    guard: Guard
    conditions: list[tuple[str, str]]
    budget: Budget
    redirected_from: list[str] = field(default_factory=list)


def _anywhere(_url: str) -> str:
    return ""


class Fetcher:
    """Fetch pages politely and safely; may be shared between threads.

    `requests` counts requests sent, `bytes` the bytes read off the wire.
    """

    def __init__(self, options: FetchOptions | None = None) -> None:
        self.options = options or FetchOptions()
        self.requests = self.bytes = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._hosts = HostLimits(self.options.delay, self.options.connections, self._stop)
        self._backend = GuardedBackend(self.options.sources, allow_private=self.options.allow_private)
        self._pool = httpcore2.ConnectionPool(
            httpcore2.default_ssl_context(),
            max_connections=MANY,
            max_keepalive_connections=MANY,
            keepalive_expiry=15.0,
            network_backend=self._backend,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End all waits and close all connections, also those of other threads."""
        self._stop.set()
        self._backend.abort()
        self._pool.close()

    @property
    def user_agent(self) -> str:
        """Return the User-Agent: the product, and the URL for complaints."""
        return f"{PRODUCT}/0.1" + (f" (+{self.options.contact})" if self.options.contact else "")

    def slow_down(self, url: str, delay: float) -> None:
        """Leave `delay` seconds between requests to the host of `url` from now on."""
        self._hosts.slow_down(_host(url), delay)

    def fetch(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        guard: Guard = _anywhere,
        want: Wanted = PAGE,
    ) -> Fetched:
        """Fetch one URL, following redirects.

        `guard` is called with the target of every redirect and returns the reason to refuse it, or
        "". `etag` and `last_modified` are those of the last response for exactly this URL. Raises
        FetchError, whose reason is one of: `bad-url`, `dns`, `private-address`, `tls`, `refused`,
        `unreachable`, `timeout`, `reset`, `bad-http`, `truncated`, `empty`, `too-large`,
        `bad-encoding`, `not-text`, `redirect-loop`, `bad-redirect`, a reason from `guard`,
        `http-<status>`, `stopped`.
        """
        address = absolute(url)
        if address is None:
            raise FetchError(url, "bad-url")
        given = (("If-None-Match", etag), ("If-Modified-Since", last_modified))
        call = _Call(want, guard, [(name, value) for name, value in given if value], Budget(self.options.deadline))
        for attempt in range(1, self.options.tries + 1):
            try:
                return self._follow(address, call)
            except FetchError as exc:
                hopeless = not exc.retryable or isinstance(exc, _NotNow) or call.budget.left <= 0
                if hopeless or attempt == self.options.tries:
                    raise
            with translate_errors(address):
                self._hosts.sleep(self.options.backoff * 2 ** (attempt - 1))
        raise FetchError(url, "stopped", "no tries are allowed")

    def _follow(self, address: str, call: _Call) -> Fetched:
        call.redirected_from = []
        while True:
            answer = self._exchange(address, call)
            if isinstance(answer, Fetched):
                return answer
            call.redirected_from.append(address)
            target = absolute(answer, address)
            if not answer or target is None:
                raise FetchError(address, "bad-redirect", f"to {answer[:200]!r}")
            if target in call.redirected_from or len(call.redirected_from) > MAX_HOPS:
                raise FetchError(call.redirected_from[0], "redirect-loop", f"{len(call.redirected_from)} redirects")
            if reason := call.guard(target):
                raise FetchError(call.redirected_from[0], reason, f"to {target}")
            address = target

    def _exchange(self, address: str, call: _Call) -> Fetched | str:
        """Send one request. Return the response, or the redirect target."""
        headers = [
            ("Host", urlsplit(address).netloc),
            ("User-Agent", self.user_agent),
            ("Accept", call.want.accept),
            ("Accept-Encoding", "gzip"),
            *([] if call.redirected_from else call.conditions),
        ]
        timeouts = {"connect": IDLE, "read": IDLE, "write": IDLE, "pool": call.budget.left}
        with translate_errors(address), self._hosts.turn(_host(address)), call.budget.spent():
            with self._lock:
                self.requests += 1
            with self._pool.stream("GET", address, headers=headers, extensions={"timeout": timeouts}) as response:
                return self._judge(address, response, call)

    def _judge(self, address: str, response: httpcore2.Response, call: _Call) -> Fetched | str:
        headers = header_map(response.headers)
        if response.status in _REDIRECTS:
            self._drain(response)
            return headers.get("location", "")
        kept = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
        if response.status == 304 and call.conditions and not call.redirected_from:
            self._drain(response)
            return Fetched(None, not_modified=True, status=304, url=address, headers=kept)
        if response.status not in {200, 203}:
            self._drain(response)
            raise self._refusal(address, response.status, headers)
        try:
            body = read_body(address, headers, self._counted(response), call.want)
        except httpcore2.RemoteProtocolError as exc:
            raise FetchError(address, "truncated", str(exc), retryable=True) from exc
        page = Page(
            address,
            body,
            headers.get("content-type") or "text/html",
            tuple(call.redirected_from),
            headers.get("etag"),
            headers.get("last-modified"),
            datetime.now(UTC).isoformat(timespec="seconds"),
        )
        return Fetched(
            page,
            not_modified=False,
            status=response.status,
            url=address,
            redirected_from=page.redirected_from,
            headers=kept,
        )

    def _refusal(self, address: str, status: int, headers: Mapping[str, str]) -> FetchError:
        if status not in _RETRY:
            return FetchError(address, f"http-{status}")
        wait = seconds_to_wait(headers.get("retry-after", ""), headers.get("date", ""))
        if wait is not None and wait > MAX_WAIT:
            return _NotNow(address, f"http-{status}", f"asks to wait {wait:.0f} s", retryable=True)
        if wait:
            self._hosts.pause(_host(address), wait)
        return FetchError(address, f"http-{status}", retryable=True)

    def _counted(self, response: httpcore2.Response) -> Iterator[bytes]:
        for chunk in response.iter_stream():
            with self._lock:
                self.bytes += len(chunk)
            yield chunk

    def _drain(self, response: httpcore2.Response) -> None:
        """Read the rest of a small response, so that its connection can be reused."""
        with contextlib.suppress(httpcore2.ProtocolError, httpcore2.NetworkError, httpcore2.TimeoutException):
            for number, _ in enumerate(self._counted(response)):
                if number:
                    return


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


# Exception type, stable reason, whether a retry may help. The first match counts.
_REASONS: tuple[tuple[type[Exception], str, bool], ...] = (
    (NameNotFound, "dns", True),
    (AddressRefused, "private-address", False),
    (HandshakeFailed, "tls", False),
    (ConnectionsClosed, "stopped", False),
    (httpcore2.TimeoutException, "timeout", True),
    (httpcore2.ConnectError, "unreachable", True),
    (httpcore2.NetworkError, "reset", True),
    (httpcore2.ProtocolError, "bad-http", True),
    (httpcore2.UnsupportedProtocol, "bad-redirect", False),
)


@contextlib.contextmanager
def translate_errors(url: str) -> Iterator[None]:
    """Turn the exceptions of httpcore2, and Stopped, into FetchError."""
    try:
        yield
    except Stopped as exc:
        raise FetchError(url, "stopped") from exc
    except tuple(kind for kind, _, _ in _REASONS) as exc:
        reason, retryable = next((word, again) for kind, word, again in _REASONS if isinstance(exc, kind))
        if reason == "unreachable" and exc.args and isinstance(exc.args[0], ConnectionRefusedError):
            reason = "refused"
        if "disconnected" in str(exc):  # httpcore2's own words for a connection closed before any answer
            reason = "reset"
        raise FetchError(url, reason, str(exc), retryable=retryable) from exc
