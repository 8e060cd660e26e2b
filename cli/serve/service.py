"""Answer questions off the event loop; every surface (web page, HTTP API, OpenAI's API, MCP) calls this service.

The event loop only waits. Written answers wait for a model, on threads. What needs no model is work for a processor:
it runs in worker processes as soon as questions overlap, else on threads.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final, Literal, TypeVar

from cli.serve.answerer import Answered, Answerer, Asked, Query
from cli.serve.limits import Budget, Busy
from cli.serve.options import ServeOptions
from cli.serve.workers import Workers
from ingest.core.deadline import limit, shared_deadline
from ingest.core.errors import UsageError
from ingest.core.settings import Settings
from rag.open import LiveAssistant, Opened
from rag.question_log import QuestionLog
from rag.records import AnswerOptions, ChatModel, Completion, OnEvent, Retrieved, ignore

Result = TypeVar("Result")

MAX_K: Final = 50
MAX_CONTEXT: Final = 20_000
QUEUED: Final = 64
"""Questions that may wait for a thread; one more is refused, because it would be answered too late to be read."""


class Service:
    """The assistant of a running server."""

    def __init__(
        self,
        live: LiveAssistant,
        settings: Settings,
        options: ServeOptions,
        log: QuestionLog | None = None,
        workers: Workers | None = None,
    ) -> None:
        """`live` must be open already: a server that can't answer should not start."""
        self.settings = settings
        self.options = options
        self.budget = Budget(options.budget_usd, options.budget_tokens)
        self._answerer = Answerer(live, log, self.budget)
        self._workers = workers
        # A search is a few milliseconds of numpy; more threads than cores only make each of them slower.
        self._searching = ThreadPoolExecutor(options.searches, thread_name_prefix="search")
        self._asking = ThreadPoolExecutor(options.model_calls, thread_name_prefix="model")
        self._waiting = 0

    @property
    def has_model(self) -> bool:
        """Whether answers may be written."""
        return self.current().assistant.model is not None

    @property
    def has_log(self) -> bool:
        """Whether questions and votes are kept."""
        return self._answerer.log is not None

    @property
    def workers(self) -> int:
        """Worker processes that are ready; 0 while threads answer."""
        return self._workers.ready if self._workers is not None else 0

    @property
    def problem(self) -> str:
        """Why the newest generation could not be opened; "" where it was."""
        return self._answerer.live.problem

    def current(self) -> Opened:
        """The current generation."""
        return self._answerer.live.current()

    def default_options(self, **changes: Any) -> AnswerOptions:  # noqa: ANN401 - the fields of AnswerOptions
        """Options of a question as the server's settings have them."""
        return replace(AnswerOptions(k=self.settings.k, timeout=self.settings.timeout), **changes)

    async def answer(self, asked: Asked, render: Callable[[Answered], Result], on_event: OnEvent = ignore) -> Result:
        """Answer a question and render the answer. A worker process needs a `render` that can be pickled.

        `on_event` is called in a thread, for written answers only; what it raises ends the answer.
        Raises DocsError as `Assistant.answer` does, and Busy.
        """
        if asked.may_pay and self.has_model and not self.budget.is_used_up():
            write = partial(self._answerer.answer, asked, render, written=True, on_event=on_event)
            return await self._in_thread(self._asking, write)
        note = "today's budget for written answers is used up; the pages are quoted" if self.has_model else ""
        return await self._without_model(partial(Answerer.answer, asked=asked, render=render, note=note))

    async def search(self, query: Query, render: Callable[[Retrieved, Opened], Result]) -> Result:
        """Rank passages and render them. Raises as `Assistant.search` does, and Busy."""
        return await self._without_model(partial(Answerer.search, query=query, render=render))

    async def read(self, job: Callable[[Opened], Result]) -> Result:
        """Read something from the current generation. Raises what the job raises, and Busy."""
        return await self._without_model(partial(Answerer.read, job=job))

    async def record_vote(self, answer_id: str, vote: Literal["up", "down"]) -> None:
        """Keep a vote where there is a log."""
        log = self._answerer.log
        if log is not None:
            with suppress(OSError):
                await self._in_thread(self._searching, partial(log.add_vote, answer_id, vote))

    async def complete(self, text: str) -> str:
        """What the model says to a prompt that is not about the docs; "" where no model may be asked."""
        model = self.current().assistant.model
        if model is None or self.budget.is_used_up():
            return ""
        return await self._in_thread(self._asking, partial(self._complete, model, text))

    def _complete(self, model: ChatModel, text: str) -> str:
        with shared_deadline(self.settings.timeout):
            pieces = list(model([{"role": "user", "content": text}], limit(self.settings.timeout), ()))
        for piece in pieces:
            if isinstance(piece, Completion):
                self.budget.spend(piece.cost_usd or 0.0, (piece.prompt_tokens or 0) + (piece.completion_tokens or 0))
        return "".join(piece for piece in pieces if isinstance(piece, str))

    async def _without_model(self, job: Callable[[Answerer], Result]) -> Result:
        """Run a job in a worker process; on a thread where there are none, or none is needed yet."""
        workers = self._workers
        if workers is not None and self._waiting:
            workers.start()
        if workers is None or not workers.ready:
            return await self._in_thread(self._searching, partial(job, self._answerer))
        with self._queued():
            return await workers.run(job)

    async def _in_thread(self, pool: Executor, function: Callable[[], Result]) -> Result:
        with self._queued():
            return await asyncio.get_running_loop().run_in_executor(pool, function)

    @contextmanager
    def _queued(self) -> Iterator[None]:
        """Count a question that waits or runs. Raises Busy where too many do."""
        if self._waiting >= QUEUED + self.options.searches + self.options.model_calls:
            raise Busy("too many questions are waiting", "try again in a few seconds")
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Stop threads and processes once their work is done."""
        if self._workers is not None:
            self._workers.close()
        self._searching.shutdown(wait=False, cancel_futures=True)
        self._asking.shutdown(wait=False, cancel_futures=True)


def checked_k(k: int) -> int:
    """Raise UsageError for a number of passages that is out of range."""
    if not 1 <= k <= MAX_K:
        raise UsageError(f"k must be from 1 to {MAX_K}", "leave it out for the default")
    return k


def checked_context(words: int) -> int:
    """Raise UsageError for a number of words that is out of range."""
    if not 0 <= words <= MAX_CONTEXT:
        raise UsageError(f"context must be from 0 to {MAX_CONTEXT}", "leave it out for the default")
    return words
