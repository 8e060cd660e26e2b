"""One time limit over everything that a call waits for: names, connections, headers, bodies, pauses.

The timeouts of HTTP libraries restart with every byte. Here a separate thread does the work and puts
its results in a queue, so that the limit and Ctrl-C take effect whatever the thread is blocked in.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Item = TypeVar("Item")

Tell = Callable[[float, str], None]
"""Called before another attempt, with the seconds of the wait and its reason."""


class DeadlinePassed(Exception):
    """The time is up; callers translate this into their own failure."""


class Deadline:
    """A moment, `seconds` from now on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until then, never negative."""
        return max(0.0, self._at - time.monotonic())

    def sooner(self, seconds: float) -> "Deadline":
        """This deadline, or the one `seconds` from now if that comes first."""
        return Deadline(min(self.left, seconds))


class _Shared:
    """State shared by the requests of one question. The time starts with the first request."""

    def __init__(self, seconds: float, tell: Tell | None) -> None:
        self.seconds, self.tell = seconds, tell
        self.deadline: Deadline | None = None


_SHARED: ContextVar[_Shared | None] = ContextVar("shared", default=None)


@contextmanager
def shared_deadline(seconds: float, tell: Tell | None = None) -> Iterator[None]:
    """Bound all deadlines of `limit` in this thread and block by one, `seconds` after the first of them.

    The time starts with the first request, because loading an embedder or opening an index should not count.
    """
    token = _SHARED.set(_Shared(seconds, tell))
    try:
        yield
    finally:
        _SHARED.reset(token)


def limit(seconds: float) -> Deadline:
    """A deadline `seconds` from now, or the shared one where that comes first."""
    shared = _SHARED.get()
    if shared is None:
        return Deadline(max(0.0, seconds))
    if shared.deadline is None:
        shared.deadline = Deadline(shared.seconds)
    return shared.deadline.sooner(max(0.0, seconds))


def report_wait(seconds: float, why: str) -> None:
    """Report a pause to the caller that waits for the answer."""
    shared = _SHARED.get()
    if shared is not None and shared.tell is not None:
        shared.tell(seconds, why)


def within(deadline: Deadline, produce: Callable[[], Iterator[Item]]) -> "Bounded[Item]":
    """Run `produce` in a thread; iterate over what it yields until `deadline`."""
    return Bounded(deadline, produce)


class Bounded(Iterator[Item]):
    """The items of a producer in another thread. `deadline` may be brought forward meanwhile.

    Raises the producer's exceptions, and DeadlinePassed. `close` asks the producer to stop; a blocked
    producer is left behind as a daemon thread and stops at its own next item or time limit.
    """

    def __init__(self, deadline: Deadline, produce: Callable[[], Iterator[Item]]) -> None:
        self.deadline = deadline
        self._items: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._ended = False
        threading.Thread(target=self._run, args=(produce,), daemon=True).start()

    def _run(self, produce: Callable[[], Iterator[Item]]) -> None:
        try:
            for item in produce():
                if self._stopped.is_set():
                    return  # the producer is closed with its last reference
                self._items.put(("item", item))
            self._items.put(("end", None))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._items.put(("error", error))

    def __next__(self) -> Item:
        if self._ended:
            raise StopIteration
        try:
            kind, value = self._items.get(timeout=self.deadline.left)
        except queue.Empty:
            raise DeadlinePassed from None
        self._ended = kind != "item"
        if kind == "error":
            raise value
        if kind == "end":
            raise StopIteration
        item: Item = value
        return item

    def close(self) -> None:
        """Ask the producer to stop."""
        self._stopped.set()
