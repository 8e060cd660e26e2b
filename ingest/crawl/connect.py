"""Network backend for httpcore2 that connects only to checked IP addresses and enforces a deadline.

The checks of IP addresses (public or not) and host names (loopback or not) are pure functions.
"""

import contextlib
import ipaddress
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from urllib.parse import urlsplit

import httpcore2

from ingest.core.urls import absolute

CONNECT_SECONDS = 10.0  # for one address; a host that takes longer is down

_DEADLINE: ContextVar[float] = ContextVar("_DEADLINE")  # time.monotonic of the request of this thread


class Budget:
    """Seconds on the wire that are left for one page.

    Timeouts of httpcore2 are per read: a server that sends one byte at a time would never trigger
    them. Within `spent`, every step of a GuardedBackend's connections ends when the budget does.
    """

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    @contextlib.contextmanager
    def spent(self) -> Iterator[None]:
        """Subtract the time spent in the block from the budget."""
        start = time.monotonic()
        token = _DEADLINE.set(start + self.left)
        try:
            yield
        finally:
            _DEADLINE.reset(token)
            self.left -= time.monotonic() - start


class NameNotFound(httpcore2.ConnectError):
    """The host has no address."""


class AddressRefused(httpcore2.ConnectError):
    """The host has an address that is not public."""


class HandshakeFailed(httpcore2.ConnectError):
    """TLS could not be agreed on, or the certificate is not valid for the host."""


class ConnectionsClosed(httpcore2.ConnectError):
    """The fetcher was closed while the connection was being made."""


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class GuardedBackend(httpcore2.NetworkBackend):
    """Resolve a host once, refuse it unless every address is public, connect to a checked address.

    `sources` are the URLs that the user named; pages can't add to them. A host among them may have a
    loopback address if its name says loopback and, with `allow_private`, any address.
    """

    def __init__(self, sources: Iterable[str], *, allow_private: bool) -> None:
        self._named = frozenset(pair for url in sources for pair in _ports(url))
        self._allow_private = allow_private
        self._open = _OpenSockets()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first address of `host` that answers, after checking all of them."""
        failure: Exception = NameNotFound(f"{host} has no address")
        for address in self._checked(host, port):
            wait = min(timeout or CONNECT_SECONDS, CONNECT_SECONDS, _remaining())
            try:
                stream = httpcore2.SyncBackend().connect_tcp(address, port, wait, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as exc:
                failure = exc
                continue
            return self._open.admit(stream)
        raise failure

    def abort(self) -> None:
        """Shut down every connection, so that threads blocked on reads return; refuse new connections."""
        self._open.shut_down()

    def _checked(self, host: str, port: int) -> list[str]:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as exc:
            raise NameNotFound(f"{host}: {exc}") from exc
        addresses = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
        for address in addresses:
            parsed = ipaddress.ip_address(address)
            if not is_public(parsed) and not ((host, port) in self._named and self._may_be(host, parsed)):
                raise AddressRefused(f"{host} is {address}, which is not a public address")
        return addresses

    def _may_be(self, host: str, address: Address) -> bool:
        return self._allow_private or (is_loopback_name(host) and address.is_loopback)


class _OpenSockets:
    """The sockets in use, so that they can be shut down from another thread."""

    def __init__(self) -> None:
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._closed = False

    def admit(self, stream: httpcore2.NetworkStream) -> "_DeadlineStream":
        """Register a new connection. Raises ConnectionsClosed after `shut_down`.

        The pool is already closed then and does not know a connection that is still being made, so this
        method must close it.
        """
        with self._lock:
            if not self._closed:
                self._sockets.add(stream.get_extra_info("socket"))
                return _DeadlineStream(stream, self)
        stream.close()
        raise ConnectionsClosed("the fetcher was closed")

    def shut_down(self) -> None:
        with self._lock:
            self._closed = True
            sockets = list(self._sockets)
        for sock in sockets:
            with contextlib.suppress(OSError):  # closed already
                sock.shutdown(socket.SHUT_RDWR)


class _DeadlineStream(httpcore2.NetworkStream):
    """A connection that ends every operation at the deadline of the request, if that comes first."""

    def __init__(self, stream: httpcore2.NetworkStream, sockets: _OpenSockets) -> None:
        self._stream, self._sockets = stream, sockets

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _sooner(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _sooner(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        try:
            secured = self._stream.start_tls(ssl_context, server_hostname, _sooner(timeout))
        except httpcore2.ConnectError as exc:
            raise HandshakeFailed(str(exc)) from exc
        except httpcore2.ReadTimeout:  # no time is left to begin with, and the pool would not close it
            self.close()
            raise
        return self._sockets.admit(secured)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _sooner(timeout: float | None) -> float:
    left = _remaining()
    return left if timeout is None else min(timeout, left)


def _remaining() -> float:
    """Return the seconds left for this request. Raises ReadTimeout if there are none."""
    left = _DEADLINE.get() - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the time for this page is over")
    return left


def _ports(url: str) -> list[tuple[str, int]]:
    """Return host and port of a URL; for a standard port both ports, since sites redirect from http to https."""
    parts = urlsplit(absolute(url) or "")
    return [(parts.hostname or "", port) for port in ((parts.port,) if parts.port else (80, 443))]


_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


def is_public(address: Address) -> bool:
    """Return whether an address is public, also if it is embedded in another address."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None:
            return False
        if address.is_reserved:
            return False
    return address.is_global and not address.is_multicast


def is_loopback_name(host: str) -> bool:
    """Return whether a host name means this machine."""
    name = host.strip("[]")
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
