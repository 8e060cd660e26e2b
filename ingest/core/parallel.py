"""Work through a list with several threads. Standard library only."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Done = TypeVar("Done")


def run_all(
    work: Callable[[Item], Done], items: Sequence[Item], jobs: int
) -> Iterator[tuple[Item, Done | BaseException]]:
    """Yield (item, result or failure) as they come.

    With one job everything runs in the calling thread. Otherwise the threads are daemons: a caller who
    stops, as on an interrupt, does not wait for answers in progress.
    """
    if jobs == 1:
        for item in items:
            yield item, _attempt(work, item)
        return
    waiting: queue.SimpleQueue[Item] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Item, Done | BaseException]] = queue.SimpleQueue()
    stop = threading.Event()
    for item in items:
        waiting.put(item)
    for _ in range(min(jobs, len(items))):
        threading.Thread(target=_work_through, args=(work, waiting, done, stop), daemon=True).start()
    try:
        for _ in items:
            yield done.get()
    finally:
        stop.set()


def _work_through(
    work: Callable[[Item], Done],
    waiting: "queue.SimpleQueue[Item]",
    done: "queue.SimpleQueue[tuple[Item, Done | BaseException]]",
    stop: threading.Event,
) -> None:
    while not stop.is_set():
        try:
            item = waiting.get_nowait()
        except queue.Empty:
            return
        done.put((item, _attempt(work, item)))


def _attempt(work: Callable[[Item], Done], item: Item) -> Done | BaseException:
    try:
        return work(item)
    except Exception as error:  # noqa: BLE001 - handed to the caller, who knows which failures to expect
        return error
