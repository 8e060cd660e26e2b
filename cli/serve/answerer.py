"""Answer questions from the current generation of the index: in a thread of the server, or in a worker process.

What is rendered is rendered here as well, so that a worker process sends finished bytes and the event loop's process
does nothing but pass them on.
"""

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from cli.serve.limits import Budget
from rag.abstain import confidence
from rag.open import LiveAssistant, Opened
from rag.question_log import QuestionLog, log_entry
from rag.records import Answer, AnswerOptions, Event, Found, OnEvent, Piece, Retrieved, ignore
from rag.serialize import request_json

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its options. `may_pay` False forbids a model, whatever the budget. `id` names its answer."""

    question: str
    options: AnswerOptions
    may_pay: bool = True
    id: str = field(default_factory=lambda: secrets.token_hex(8))


@dataclass(frozen=True, slots=True)
class Query:
    """A search for `k` passages below `under`; with `context`, each is widened to that many words."""

    question: str
    k: int
    under: str = ""
    context: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, the index that it came from, an id for feedback, and a note on why no model was asked.

    `marked` is the answer's text for people: with "[unsupported]" after each sentence that nothing supports.
    `takes_votes`: a log keeps what readers say of it. `request` is what a replay needs to ask again.
    """

    answer: Answer
    opened: Opened
    id: str
    note: str = ""
    marked: str = ""
    takes_votes: bool = False
    request: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answerer:
    """An open index that answers. Any number of threads may use it.

    Each question takes the current generation once and keeps it until its answer is rendered, so that an answer never
    mixes two generations.
    """

    live: LiveAssistant
    log: QuestionLog | None = None
    budget: Budget = field(default_factory=lambda: Budget(None, None))

    def answer(
        self,
        asked: Asked,
        render: Callable[[Answered], Result],
        *,
        written: bool = False,
        note: str = "",
        on_event: OnEvent = ignore,
    ) -> Result:
        """Answer, log, render. With `written` a model writes. What `on_event` raises ends the answer.

        Raises DocsError as `Assistant.answer` does.
        """
        opened = self.live.current()
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
        request = request_json(answer, asked.options, self.live.settings)
        return render(Answered(answer, opened, asked.id, note, shown, self.log is not None, request))

    def search(self, query: Query, render: Callable[[Retrieved, Opened], Result]) -> Result:
        """Rank passages and render them. Raises DocsError as `Assistant.search` does."""
        opened = self.live.current()
        found = opened.assistant.search(query.question, query.k, query.under)
        return render(replace(found, hits=opened.assistant.widen(found.hits, query.context)), opened)

    def read(self, job: Callable[[Opened], Result]) -> Result:
        """Read something from the current generation. Raises what the job raises."""
        return job(self.live.current())

    def _record(self, answer: Answer, found: Retrieved, asked: Asked, opened: Opened) -> None:
        """Log the question under the answer's id, where there is a log."""
        if self.log is None:
            return
        sure, generation, under = confidence(found), opened.generation.name, asked.options.under
        entry = log_entry(answer, confidence=sure, generation=generation, under=under, entry_id=asked.id)
        with suppress(OSError):  # a full disk must not keep readers from their answers
            self.log.add(entry)
