"""One time limit over everything that a call waits for: names, connections, headers, bodies, pauses.

The time limits of HTTP libraries start anew with every byte. Here the work is done in a thread of
its own and its results are taken from a queue, so that the limit and Ctrl-C hold whatever the
thread is blocked in.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

Item = TypeVar("Item")


class DeadlinePassed(Exception):
    """The time is up; callers turn this into the failure that fits them."""


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


def within(deadline: Deadline, produce: Callable[[], Iterator[Item]]) -> "Bounded[Item]":
    """Run `produce` in a thread; iterate over what it yields until `deadline`."""
    return Bounded(deadline, produce)


class Bounded(Iterator[Item]):
    """The items of a producer in another thread. `deadline` may be brought forward meanwhile.

    Raises what the producer raises, and DeadlinePassed. `close` tells the producer to stop; one
    that is blocked is left behind as a daemon, and stops at its own next item or time limit.
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
        except BaseException as error:  # noqa: BLE001 - raised anew in the thread that waits
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
        """Let the producer stop."""
        self._stopped.set()
