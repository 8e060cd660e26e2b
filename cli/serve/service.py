"""Answer questions on worker threads; every surface (web page, HTTP API, OpenAI's API, MCP) calls this service.

The event loop only waits. One `Service` serves all requests; each takes the current generation once and keeps it until
its answer is written, so that an answer never mixes two generations.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from cli.serve.limits import Budget
from cli.serve.options import ServeOptions
from ingest.core.deadline import limit, shared_deadline
from ingest.core.errors import DocsError, UsageError
from ingest.core.settings import Settings
from ingest.core.urls import page_names, site_path
from ingest.index.freshness import docs_date
from rag.abstain import confidence
from rag.open import LiveAssistant, Opened
from rag.question_log import QuestionLog, log_entry
from rag.records import (
    Answer,
    AnswerOptions,
    ChatModel,
    Completion,
    Event,
    Found,
    Hit,
    OnEvent,
    Piece,
    Retrieved,
    ignore,
)
from rag.serialize import SCHEMA, answer_json, hits_json, index_json

Result = TypeVar("Result")

MAX_K: Final = 50
MAX_CONTEXT: Final = 20_000
QUEUED: Final = 64
"""Questions that may wait for a thread; one more is refused, because it would be answered too late to be read."""


class Busy(DocsError):
    """Too many questions are waiting."""

    code = "busy"


class Gone(Exception):
    """The client disconnected."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its options. `may_pay` False forbids a model, whatever the budget. `id` names its answer."""

    question: str
    options: AnswerOptions
    may_pay: bool = True
    id: str = field(default_factory=lambda: secrets.token_hex(8))


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, the index that it came from, an id for feedback, and a note on why no model was asked.

    `marked` is the answer's text for people: with "[unsupported]" after each sentence that nothing supports.
    `takes_votes`: a log keeps what readers say of it.
    """

    answer: Answer
    opened: Opened
    id: str
    note: str = ""
    marked: str = ""
    takes_votes: bool = False


class Service:
    """The assistant of a running server."""

    def __init__(
        self, live: LiveAssistant, settings: Settings, options: ServeOptions, log: QuestionLog | None = None
    ) -> None:
        """`live` must be open already: a server that can't answer should not start."""
        self.settings = settings
        self.options = options
        self.budget = Budget(options.budget_usd, options.budget_tokens)
        self._live = live
        self._log = log
        # A search is a few milliseconds of numpy; more threads than cores only make each of them slower.
        self._searching = ThreadPoolExecutor(options.searches, thread_name_prefix="search")
        self._asking = ThreadPoolExecutor(options.model_calls, thread_name_prefix="model")
        self._waiting = 0

    @property
    def has_model(self) -> bool:
        """Whether answers may be written."""
        return self.current().assistant.model is not None

    @property
    def problem(self) -> str:
        """Why the newest generation could not be opened; "" where it was."""
        return self._live.problem

    def current(self) -> Opened:
        """The current generation."""
        return self._live.current()

    def default_options(self, **changes: Any) -> AnswerOptions:  # noqa: ANN401 - the fields of AnswerOptions
        """Options of a question as the server's settings have them."""
        return replace(AnswerOptions(k=self.settings.k, timeout=self.settings.timeout), **changes)

    async def answer(self, asked: Asked, on_event: OnEvent = ignore) -> Answered:
        """Answer a question. `on_event` is called in a worker thread; what it raises ends the answer.

        Raises DocsError as `Assistant.answer` does, and Busy.
        """
        written = asked.may_pay and not self.budget.is_used_up() and self.has_model
        note = (
            ""
            if written or not self.has_model
            else "today's budget for written answers is used up; the pages are quoted"
        )
        pool = self._asking if written else self._searching
        return await self._run(pool, partial(self._answer, asked, written, note, on_event))

    def _answer(self, asked: Asked, written: bool, note: str, on_event: OnEvent) -> Answered:  # noqa: FBT001 - partial
        opened = self.current()
        assistant = opened.assistant if written else replace(opened.assistant, model=None, backend="none")
        found: list[Retrieved] = []
        marked: list[str] = []

        def heed(event: Event) -> None:
            if isinstance(event, Found):
                found.append(event.retrieved)
            elif isinstance(event, Piece):
                marked.append(event.shown)
            on_event(event)

        answer = assistant.answer(asked.question, asked.options, heed)
        usage = answer.usage
        if usage is not None:
            self.budget.spend(usage.cost_usd or 0.0, (usage.prompt_tokens or 0) + (usage.completion_tokens or 0))
        self._record(answer, found[-1], asked, opened)
        shown = "".join(marked) if answer.answered and answer.unsupported else answer.text
        return Answered(answer, opened, asked.id, note, shown, self.has_log)

    def _record(self, answer: Answer, found: Retrieved, asked: Asked, opened: Opened) -> None:
        """Log the question under the answer's id, where there is a log."""
        if self._log is None:
            return
        sure, generation, under = confidence(found), opened.generation.name, asked.options.under
        entry = log_entry(answer, confidence=sure, generation=generation, under=under, entry_id=asked.id)
        with suppress(OSError):  # a full disk must not keep readers from their answers
            self._log.add(entry)

    @property
    def has_log(self) -> bool:
        """Whether questions and votes are kept."""
        return self._log is not None

    def record_vote(self, answer_id: str, vote: Literal["up", "down"]) -> None:
        """Keep a vote where there is a log."""
        if self._log is not None:
            with suppress(OSError):
                self._log.add_vote(answer_id, vote)

    async def complete(self, text: str) -> str:
        """What the model says to a prompt that is not about the docs; "" where no model may be asked."""
        model = self.current().assistant.model
        if model is None or self.budget.is_used_up():
            return ""
        return await self._run(self._asking, partial(self._complete, model, text))

    def _complete(self, model: ChatModel, text: str) -> str:
        with shared_deadline(self.settings.timeout):
            pieces = list(model([{"role": "user", "content": text}], limit(self.settings.timeout), ()))
        for piece in pieces:
            if isinstance(piece, Completion):
                self.budget.spend(piece.cost_usd or 0.0, (piece.prompt_tokens or 0) + (piece.completion_tokens or 0))
        return "".join(piece for piece in pieces if isinstance(piece, str))

    async def search(self, question: str, k: int, under: str, context: int = 0) -> tuple[Retrieved, Opened]:
        """Rank passages; with `context`, widened to that many words. Raises as `Assistant.search` does, and Busy."""
        return await self._run(self._searching, partial(self._search, question, k, under, context))

    def _search(self, question: str, k: int, under: str, context: int) -> tuple[Retrieved, Opened]:
        opened = self.current()
        found = opened.assistant.search(question, k, under)
        return replace(found, hits=opened.assistant.widen(found.hits, context)), opened

    async def call(self, function: Callable[[], Result]) -> Result:
        """Run what reads the index or renders much on a worker thread. Raises what it raises, and Busy."""
        return await self._run(self._searching, function)

    async def _run(self, pool: ThreadPoolExecutor, function: Callable[[], Result]) -> Result:
        if self._waiting >= QUEUED + self.options.searches + self.options.model_calls:
            raise Busy("too many questions are waiting", "try again in a few seconds")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, function)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Stop the threads once their work is done."""
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


def answer_document(answered: Answered, *, chunks: bool = True) -> dict[str, Any]:
    """The document of `ask --json`, with an id for feedback and the note where there is one. Reads the database."""
    opened = answered.opened
    hits = chunk_documents(answered.answer.hits, opened) if chunks else []
    document = answer_json(answered.answer, hits, opened.generation)
    if not chunks:
        del document["chunks"]
    document["id"] = answered.id
    if answered.note:
        document["note"] = answered.note
    return document


def search_document(question: str, found: Retrieved, opened: Opened) -> dict[str, Any]:
    """The document of `inspect --json`. Reads the database."""
    return {
        "schema": SCHEMA,
        "question": question,
        "index": index_json(opened.generation),
        "chunks": chunk_documents(found.hits, opened),
    }


def chunk_documents(hits: Sequence[Hit], opened: Opened) -> list[dict[str, Any]]:
    """Chunks as `inspect --json` has them, but for the path of the file: that is the server's own business."""
    found = hits_json(hits, opened.store, Path())
    for chunk in found:
        chunk["file_path"] = chunk.get("file_name", "")
    return found


def page_document(path: str, opened: Opened, start: int = 0, most: int = 40_000) -> dict[str, Any]:
    """A page's text from the character `start` on. Raises UsageError for a path that the index does not have."""
    url = page_names(opened.store.page_addresses()).get(path.partition("#")[0].strip("/").lower())
    if url is None:
        raise UsageError(f"the index has no page {path}", "name it by its path, such as /docs/faq, or by its URL")
    page = opened.store.pages([url])[0].document
    start = max(0, start)
    end = min(len(page.body), start + most)
    return {
        "schema": SCHEMA,
        "page": site_path(page.url),
        "url": page.url,
        "title": page.title,
        "text": page.body[start:end],
        "start": start,
        "end": end,
        "next": end if end < len(page.body) else None,
        "characters": len(page.body),
    }


def status_document(service: Service) -> dict[str, Any]:
    """What the server answers from. No path of the machine is in it."""
    opened = service.current()
    manifest = opened.generation.manifest
    return {
        "schema": SCHEMA,
        "index": index_json(opened.generation) | {"pages": manifest["pages"], "chunks": manifest["chunks"]},
        "docs_date": docs_date(service.settings.index, opened.generation) or None,
        "sources": list(manifest.get("sources", [])),
        "answers": "written" if service.has_model and not service.budget.is_used_up() else "quoted",
        "problem": "the newest generation can't be opened" if service.problem else None,
    }


def ends_when(gone: Callable[[], bool], pass_on: OnEvent) -> OnEvent:
    """An `on_event` that ends the answer once nobody waits for it."""

    def heed(event: Event) -> None:
        if gone():
            raise Gone
        pass_on(event)

    return heed
