"""Politeness: limits on the rate and the concurrency of requests to each host, and pauses that it asks for."""

import contextlib
import threading
import time
from collections.abc import Iterator

from ingest.crawl.connect import is_loopback_name

MANY = 64  # connections to this machine, which needs no politeness


class Stopped(Exception):
    """The fetcher was closed while a thread waited for its turn."""


class HostLimits:
    """Limit each host to `connections` concurrent requests that start at least `delay` seconds apart.

    Loopback hosts are exempt, except from limits that they ask for (`slow_down`, `pause`).
    Waiting threads hold no lock, and `stop` ends every wait.
    """

    def __init__(self, delay: float, connections: int, stop: threading.Event) -> None:
        self._delay, self._connections, self._stop = delay, connections, stop
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def turn(self, host: str) -> Iterator[None]:
        """Wait until a request to `host` may start; the block is the request. Raises Stopped."""
        state = self._host(host)
        with state.slots:
            while (wait := state.claim()) > 0 or self._stop.is_set():
                self.sleep(wait)
            yield

    def sleep(self, seconds: float) -> None:
        """Wait, unless the fetcher is being closed. Raises Stopped."""
        if self._stop.wait(seconds):
            raise Stopped

    def slow_down(self, host: str, delay: float) -> None:
        """Leave at least `delay` seconds between requests from now on (robots.txt: Crawl-delay)."""
        state = self._host(host)
        with state.lock:
            state.delay = max(state.delay, delay)
            state.next = max(state.next, time.monotonic() + delay)

    def pause(self, host: str, seconds: float) -> None:
        """Send nothing to `host` for `seconds` (Retry-After)."""
        state = self._host(host)
        with state.lock:
            state.next = max(state.next, time.monotonic() + seconds)

    def _host(self, host: str) -> "_Host":
        with self._lock:
            if host not in self._hosts:
                near = is_loopback_name(host)
                self._hosts[host] = _Host(0.0 if near else self._delay, MANY if near else self._connections)
            return self._hosts[host]


class _Host:
    def __init__(self, delay: float, connections: int) -> None:
        self.delay, self.next = delay, 0.0
        self.lock = threading.Lock()
        self.slots = threading.BoundedSemaphore(connections)

    def claim(self) -> float:
        """Take the next turn and return 0, or return the seconds until one may be free."""
        with self.lock:
            now = time.monotonic()
            if now < self.next:
                return self.next - now
            self.next = now + self.delay
            return 0.0
