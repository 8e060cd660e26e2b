"""The words for what can go wrong on the network: exceptions of httpcore2 become FetchError."""

import contextlib
from collections.abc import Iterator

import httpcore2

from ingest.errors import FetchError
from ingest.web.connect import AddressRefused, HandshakeFailed, NameNotFound
from ingest.web.polite import Stopped

# What was raised, the stable word for it, whether another try may help. The first match counts.
_REASONS: tuple[tuple[type[Exception], str, bool], ...] = (
    (NameNotFound, "dns", True),
    (AddressRefused, "private-address", False),
    (HandshakeFailed, "tls", False),
    (httpcore2.TimeoutException, "timeout", True),
    (httpcore2.ConnectError, "unreachable", True),
    (httpcore2.NetworkError, "reset", True),
    (httpcore2.ProtocolError, "bad-http", True),
    (httpcore2.UnsupportedProtocol, "bad-redirect", False),
)


@contextlib.contextmanager
def translated(url: str) -> Iterator[None]:
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
