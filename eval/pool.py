"""Items -> results, some at a time, as they are done."""

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

    With one job all is done in the calling thread. Otherwise the threads are daemons: a reader who
    stops, as on an interrupt, need not wait for answers that are under way.
    """
    if jobs == 1:
        for item in items:
            yield item, _tried(work, item)
        return
    waiting: queue.SimpleQueue[Item] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Item, Done | BaseException]] = queue.SimpleQueue()
    stop = threading.Event()
    for item in items:
        waiting.put(item)
    for _ in range(min(jobs, len(items))):
        threading.Thread(target=_work_off, args=(work, waiting, done, stop), daemon=True).start()
    try:
        for _ in items:
            yield done.get()
    finally:
        stop.set()


def _work_off(
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
        done.put((item, _tried(work, item)))


def _tried(work: Callable[[Item], Done], item: Item) -> Done | BaseException:
    try:
        return work(item)
    except Exception as error:  # noqa: BLE001 - handed to the caller, who knows which failures to expect
        return error
