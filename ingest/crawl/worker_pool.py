"""Clean pages in separate processes: this uses both cores, and a page that hangs or crashes affects no other."""

import contextlib
import multiprocessing
import queue
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Self

from ingest.core.errors import CleanError
from ingest.core.records import Cleaned, Page, Problem

Read = Callable[[Page], Cleaned]


def read_safely(read: Read, page: Page) -> Cleaned | Problem:
    """Clean a page, or return a Problem if that fails; never raises, so that the crawl goes on."""
    try:
        return read(page)
    except CleanError as exc:
        return Problem(page.url, exc.reason, exc.detail, target=exc.target, links=exc.links)
    except Exception as exc:  # noqa: BLE001 - pages are untrusted; a parser that trips over one is reported, not fatal
        return Problem(page.url, "clean-failed", f"{type(exc).__name__}: {exc}"[:300])


class CleanerPool:
    """Call `read` in up to `count` processes; 0 means in the calling thread.

    With processes, `read` must be importable by its name. May be called from several threads. A
    page that takes longer than `seconds` is a Problem `clean-timeout`, one that kills its process
    `clean-crash`; the process is replaced.
    """

    def __init__(self, read: Read, count: int, seconds: float) -> None:
        self._read, self._closed = read, False
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._workers = [_Worker(read, seconds) for _ in range(count)]
        for worker in self._workers:
            self._idle.put(worker)

    def __call__(self, page: Page) -> Cleaned | Problem:
        """Clean one page, waiting for a free process."""
        if not self._workers:
            return read_safely(self._read, page)
        worker = self._idle.get()
        try:
            return Problem(page.url, "stopped") if self._closed else worker.clean(page)
        finally:
            self._idle.put(worker)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._closed = True
        for worker in self._workers:
            worker.kill()
        stopped = [self._idle.get() for _ in self._workers]  # so no thread uses a worker now
        for worker in stopped:
            worker.stop()
            self._idle.put(worker)  # a fetch that ends later fails at once; without a worker it would wait forever


class _Worker:
    """One process, started when it is first needed."""

    def __init__(self, read: Read, seconds: float) -> None:
        self._read, self._seconds = read, seconds
        self._pipe: Connection | None = None
        self._process: multiprocessing.process.BaseProcess | None = None

    def clean(self, page: Page) -> Cleaned | Problem:
        try:
            pipe = self._pipe or self._start()
            pipe.send(page)
            if pipe.poll(self._seconds):
                answer: Cleaned | Problem = pipe.recv()
                return answer
            reason = "clean-timeout"
        except (EOFError, OSError):
            reason = "clean-crash"
        self.stop()
        return Problem(page.url, reason)

    def kill(self) -> None:
        process = self._process
        if process is not None:
            with contextlib.suppress(ValueError):  # replaced at this very moment
                process.kill()

    def stop(self) -> None:
        if self._process is not None and self._pipe is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._pipe.close()
        self._process = self._pipe = None

    def _start(self) -> Connection:
        context = multiprocessing.get_context("spawn")  # fork is not safe where threads run
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._read), daemon=True)
        self._process.start()
        theirs.close()
        return self._pipe


def _serve(pipe: Connection, read: Read) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    while True:
        try:
            page = pipe.recv()
        except EOFError:
            return
        pipe.send(read_safely(read, page))
