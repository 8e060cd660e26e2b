"""Worker processes that search and quote, each with the index open: Python's lock lets one thread of a process compute.

Each worker is a `ProcessPoolExecutor` of one process, so that the death of one leaves the others alone; the index's
arrays are mapped into memory and shared by all. A worker follows the index by itself. It ends with its parent, however
that ends, and heeds neither Ctrl-C nor SIGTERM, which a terminal or a service manager sends to all processes at once.
"""

import asyncio
import contextlib
import gc
import logging
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from cli.serve.answerer import Answerer
from cli.serve.limits import Busy
from ingest.core.errors import DocsError
from ingest.core.settings import Settings
from rag.open import LiveAssistant
from rag.question_log import QuestionLog

logger = logging.getLogger("askdocs.serve")

Result = TypeVar("Result")
Job = Callable[[Answerer], Result]
"""What a worker does. It is pickled: a top-level function, a method, or a `partial` of one."""

MOST: Final = 8
"""Workers that are started unless the operator names a number; each needs memory for its embedding model."""

_COLLECT_EVERY: Final = 20_000
"""Objects between two collections of garbage; by default it is 700. An answer makes little garbage with cycles."""

_STARTS_WITHIN: Final = 60.0
_WAITS: Final = 30.0
"""Seconds that a question waits for a worker."""

_LONGEST: Final = 60.0
"""Seconds that a job may take; no question takes one. Its worker is then replaced."""

_PAUSES: Final = (0.0, 1.0, 5.0, 30.0)
"""Seconds before each attempt to start a worker; after the last one threads answer."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker opens. `log` is the file of questions, None without one."""

    settings: Settings
    use_model: bool
    log: Path | None = None


class _TooSlow(DocsError):
    """A job took longer than any question does."""


@dataclass(frozen=True, slots=True)
class _Worker:
    executor: ProcessPoolExecutor
    pid: int

    def kill(self) -> None:
        """End it at once. Its executor is broken from then on."""
        with contextlib.suppress(OSError):
            os.kill(self.pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    def close(self) -> None:
        """Let it end when its job is done."""
        self.executor.shutdown(wait=False, cancel_futures=True)


@dataclass
class Workers:
    """The worker processes of a server. All methods are called on its event loop."""

    count: int
    setup: Setup
    _idle: "asyncio.LifoQueue[_Worker]" = field(default_factory=asyncio.LifoQueue)
    """The last one that worked is the next: its caches are warm."""
    _all: list[_Worker] = field(default_factory=list)
    _tasks: "set[asyncio.Task[None]]" = field(default_factory=set)
    _starting: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="start"))
    _is_started: bool = False
    _is_closed: bool = False

    @property
    def ready(self) -> int:
        """Workers, idle or not, including those that are being replaced."""
        return len(self._all)

    def start(self) -> None:
        """Start all workers in the background, once. Until they are ready, threads answer."""
        if not self._is_started:
            self._is_started = True
            for _ in range(self.count):
                self._launch()

    async def run(self, job: Job[Result]) -> Result:
        """Run a job in a worker; once more in another one where the first one died. Raises what it raises, and Busy."""
        try:
            return await self._run_once(job)
        except BrokenProcessPool:
            return await self._run_once(job)

    async def _run_once(self, job: Job[Result]) -> Result:
        try:
            worker = await asyncio.wait_for(self._idle.get(), _WAITS)
        except TimeoutError:
            raise Busy("too many questions are waiting", "try again in a few seconds") from None
        try:
            result = await _perform_in(worker, job)
        except (BrokenProcessPool, _TooSlow):
            self._replace(worker)
            raise
        except BaseException:  # the job's own failure, or nobody waits any more
            self._idle.put_nowait(worker)
            raise
        self._idle.put_nowait(worker)
        return result

    def close(self) -> None:
        """End all workers, at once where one is busy. Blocks for some milliseconds."""
        self._is_closed = True
        self._starting.shutdown(wait=False, cancel_futures=True)
        idle = [self._idle.get_nowait() for _ in range(self._idle.qsize())]
        for worker in self._all:
            if worker not in idle:
                worker.kill()
            worker.executor.shutdown(wait=True, cancel_futures=True)
        idle.clear()
        self._all.clear()
        gc.collect()  # multiprocessing warns of semaphores whose queues are still there when the process ends

    def _replace(self, worker: _Worker) -> None:
        logger.warning("a worker process died; another one is started")
        worker.close()
        self._launch(instead_of=worker)

    def _launch(self, instead_of: _Worker | None = None) -> None:
        task = asyncio.create_task(self._start_one(instead_of))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _start_one(self, instead_of: _Worker | None) -> None:
        for pause in _PAUSES:
            await asyncio.sleep(pause)
            if self._is_closed:
                return
            try:
                start = asyncio.get_running_loop().run_in_executor(self._starting, _start_worker, self.setup)
                worker = await start
            except (DocsError, BrokenProcessPool, OSError, RuntimeError, TimeoutError) as error:
                logger.warning("a worker process could not be started: %s", error)
                continue
            self._all.append(worker)
            self._idle.put_nowait(worker)
            break
        else:
            logger.warning("no further attempt is made; without workers, questions are answered on threads")
        if instead_of is not None:
            self._all.remove(instead_of)


async def _perform_in(worker: _Worker, job: Job[Result]) -> Result:
    """Raise what the job raises, BrokenProcessPool where the worker dies, and _TooSlow where it had to be killed."""
    working: asyncio.Future[Result] = asyncio.wrap_future(worker.executor.submit(_perform, job))
    done, _ = await asyncio.wait([working], timeout=_LONGEST)
    if done:
        return working.result()
    working.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    worker.kill()
    raise _TooSlow("the question took too long", "ask it in fewer words")


def usable_cores() -> int:
    """Processors that this process may use."""
    count = getattr(os, "process_cpu_count", os.cpu_count)() or 1  # from Python 3.13 on
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else count


def worker_count(chosen: int | None) -> int:
    """How many workers to start: the operator's number, else one for each processor, none where there is one."""
    if chosen is not None:
        return chosen
    cores = usable_cores()
    return min(cores, MOST) if cores > 1 else 0


def _start_worker(setup: Setup) -> _Worker:
    """Start a process and wait until its index is open. Raises DocsError, BrokenProcessPool, OSError, TimeoutError."""
    context = multiprocessing.get_context("spawn")  # a fork would copy the locks that other threads have taken
    executor = ProcessPoolExecutor(1, context, initializer=_open, initargs=(setup,))
    try:
        with _signals_blocked():
            ready = executor.submit(_ready)
        return _Worker(executor, ready.result(_STARTS_WITHIN))
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        raise


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    """A process that this thread starts meanwhile ignores Ctrl-C and SIGTERM from its first instruction on."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# What follows runs in the worker.

_opened: "Answerer | DocsError | None" = None


def _open(setup: Setup) -> None:
    """Open the index. A failure is kept for `_ready`: the executor would print a traceback."""
    global _opened  # noqa: PLW0603 - a process has one index, and an executor passes nothing else on to its jobs
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.set_threshold(_COLLECT_EVERY)
    try:
        live = LiveAssistant(setup.settings, use_model=setup.use_model)
        _opened = Answerer(live, QuestionLog(setup.log) if setup.log is not None else None)
    except DocsError as error:
        _opened = error
    gc.freeze()


def _end_with_parent() -> None:
    """An executor's process waits for work for ever where its parent was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


def _ready() -> int:
    """The id of this process. Raises DocsError where the index could not be opened."""
    if isinstance(_opened, DocsError):
        raise _opened
    return os.getpid()


def _perform(job: Job[Result]) -> Result:
    """Run a job. A bug's exception becomes text: not every exception can be read back by the parent."""
    answerer = _opened
    if not isinstance(answerer, Answerer):
        raise TypeError("the index is not open: `_ready` is called first")
    try:
        return job(answerer)
    except DocsError:
        raise
    except Exception as error:  # noqa: BLE001 - it is raised, as text
        raise RuntimeError(f"{type(error).__name__} in a worker:\n{traceback.format_exc()}") from None
