"""Answer a question from the docs: search, decide whether to answer, quote or let a model write, check, cite.

The command line, HTTP and MCP share this use case. It prints nothing, keeps no state between calls, and any number of
threads may call it at the same time:

    opened = open_assistant(settings, use_model=True)
    answer = opened.assistant.answer("What are model variants?", AnswerOptions(k=8), on_event)
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ingest.core.deadline import Deadline, limit, shared_deadline
from ingest.core.errors import ModelError, UsageError
from ingest.openrouter.client import load, load_in_background
from ingest.text.terms import STOPWORDS
from rag.abstain import SMALL_TALK, is_answerable, is_worth_asking
from rag.generate.excerpts.choose import answer_from_excerpts
from rag.generate.excerpts.text import marked_text
from rag.generate.prompt import Passages, build_messages
from rag.generate.widen import widen
from rag.query.decompose import split
from rag.query.rewrite import complete_question, rewrite_for_search
from rag.query.small_talk import is_small_talk
from rag.records import (
    DEFAULT_OPTIONS,
    Answer,
    AnswerOptions,
    Backend,
    Completion,
    Exchange,
    Found,
    Hit,
    Mode,
    OnEvent,
    Piece,
    Retrieved,
    Rewritten,
    Waiting,
    ignore,
)
from rag.retrieve.fusion import few_per_page
from rag.retrieve.rerank import CANDIDATES, Rerank
from rag.retrieve.search import Retriever
from rag.thresholds import DEFAULT, Thresholds

if TYPE_CHECKING:
    from rag.generate.writer import Written
    from rag.records import ChatModel
    from rag.verify.support_check import SupportCheck

MAX_QUESTION = 4_000
"""Characters; a longer text is not a question, and its embedding says nothing."""

_SEEN: Final = 3
"""Passages to rerank per passage used in an answer: some are dropped because their page has enough passages already."""

_ALL: Final = 10_000
"""Passages that are ranked for an evaluation, which reads down to a number of words."""

REFUSAL = "The docs do not answer this question."
TALK_REFUSED: Final = (
    "I only answer questions about these docs. Say what you want to know, in a few words or a sentence, such as: "
    "How do I get started?"
)
HALF_REFUSED = "The docs answer only half of this; not: {}"
MODEL_REFUSED: Final = "The model found no answer in the docs; the pages say:"
NOT_VERIFIED: Final = "No sentence of this answer could be verified; the pages say:"
NOT_VERIFIED_ALONE: Final = "No sentence of this answer could be verified."

_TOO_SMALL: Final = (
    "the model's context is too small for a single passage: load the model with a larger one (ctx-size in llama.cpp, "
    "num_ctx in Ollama), lower --max-tokens, or choose another --model"
)


@dataclass(frozen=True, slots=True)
class Assistant:
    """Answers questions from one generation of the index.

    Without a `model` it quotes the pages. `backend` says what the model runs on. `thresholds` decide when to refuse.
    `docs_date` is the day as of which the pages are; labels of passages are derived from `secret` (see Passages).
    Without a `judge`, rules and the bundled model check what a model wrote.
    """

    retriever: Retriever
    model: "ChatModel | None" = None
    rerank: Rerank | None = None
    thresholds: Thresholds = DEFAULT
    backend: Backend = "none"
    docs_date: str = ""
    secret: bytes = b""
    judge: "SupportCheck | None" = None

    def answer(
        self,
        question: str,
        options: AnswerOptions = DEFAULT_OPTIONS,
        on_event: OnEvent = ignore,
    ) -> Answer:
        """Answer a question; `on_event` gets what happens meanwhile, in this thread.

        Raises UsageError for a text that is not a question or an `under` without pages, ModelError, IndexMismatch,
        IndexDamaged, and whatever `on_event` raises.
        """
        started = time.perf_counter()
        if self.model is not None:
            load_in_background()
        with shared_deadline(options.timeout, lambda seconds, reason: on_event(Waiting(seconds, reason))):
            question, requests = checked_question(question), dict[str, Completion]()
            if options.history and not is_small_talk(question):
                question = checked_question(self._stand_alone(question, options.history, on_event, requests))
            text = self.search_text(question, options, on_event, requests)
            searching = time.perf_counter()
            retrieved = self.find_passages(text, options.k, options.under)
            if text != question:
                retrieved = replace(retrieved, question=question, query=retrieved.query or text)
            search_ms = (time.perf_counter() - searching) * 1000 - retrieved.embed_ms
            on_event(Found(retrieved))
            answer = self.answer_from(retrieved, options, on_event)
        total = (time.perf_counter() - started) * 1000
        timings = {"embed": retrieved.embed_ms, "search": search_ms, **answer.timings_ms, "total": total}
        return replace(answer, timings_ms=timings, requests={**requests, **answer.requests})

    def search_text(
        self,
        question: str,
        options: AnswerOptions,
        on_event: OnEvent = ignore,
        requests: dict[str, Completion] | None = None,
    ) -> str:
        """What to search for: the question, or with `rewrite` what the model makes of it.

        `requests` gets what that took. Raises ModelError.
        """
        if not options.rewrite or self.model is None or is_small_talk(question):
            return question
        started = time.perf_counter()
        found = rewrite_for_search(question, self.model, self.retriever.language)
        if found.completion and requests is not None:
            requests["rewrite"] = found.completion
        elapsed = time.perf_counter() - started
        on_event(Rewritten(found.text, found.completion, elapsed, found.problem, is_search=True))
        return found.text

    def search(self, question: str, k: int, under: str = "") -> Retrieved:
        """Rank the passages for a question, the `k` best first. Raises as `answer` does."""
        question = checked_question(question)
        if self.rerank is None:
            return self.retriever.search(question, k, under)
        found = self.retriever.search(question, max(k, CANDIDATES), under)
        return replace(found, hits=self.rerank(question, found.hits)[:k])

    def search_deeper(self, question: str, k: int, under: str = "") -> Iterator[Retrieved]:
        """Yield the best `k` passages, then twice as many, and so on until there are no more; one search for all.

        Raises as `answer` does.
        """
        ranked = self.retriever.rank(checked_question(question), _ALL, under)
        order: Rerank = self.rerank or (lambda _question, hits: tuple(hits))
        while True:
            found = ranked.top(k)
            yield replace(found, hits=order(question, found.hits))
            if len(found.hits) < k:
                return
            k *= 2

    def find_passages(self, question: str, k: int, under: str = "") -> Retrieved:
        """Find the `k` passages to answer from: the best, but few of each page, unless only one page is searched.

        Raises as `answer` does.
        """
        if self.rerank is None:
            return self.retriever.rank(checked_question(question), under=under).top_per_page(k)
        # A reranker reads what it is given: once, because that takes time or money.
        found = self.search(question, _SEEN * k, under)
        if len(found.hits) < _SEEN * k and len({hit.chunk.url for hit in found.hits}) == 1:
            return replace(found, hits=found.hits[:k])  # there is no other page that it could crowd out
        return replace(found, hits=few_per_page(found.hits, k))

    def widen(self, hits: Sequence[Hit], words: int) -> tuple[Hit, ...]:
        """Return passages with the text around them, up to so many words; 0 leaves them alone. Raises IndexDamaged."""
        return widen(hits, self.retriever, words)

    def passages(self, hits: Sequence[Hit]) -> Passages:
        """Passages as a model is shown them."""
        return Passages(hits, self.secret, self.docs_date)

    def answer_from(
        self,
        retrieved: Retrieved,
        options: AnswerOptions = DEFAULT_OPTIONS,
        on_event: OnEvent = ignore,
    ) -> Answer:
        """Answer from passages that were found before; of the timings only "answer" is set. Raises as `answer` does."""
        started = time.perf_counter()
        if self.model is None:
            answer = self._quote_what_is_answered(retrieved, options)
        elif is_worth_asking(retrieved, self.thresholds):
            answer = self._write(retrieved, self.model, options, on_event)
        else:
            answer = refusal(retrieved, "openrouter")
        elapsed = (time.perf_counter() - started) * 1000
        return replace(answer, backend=self.backend, timings_ms={"answer": elapsed})

    def _stand_alone(
        self, question: str, history: Sequence[Exchange], on_event: OnEvent, requests: dict[str, Completion]
    ) -> str:
        """Return the question with its omitted words filled in from the history; note what that took."""
        started = time.perf_counter()
        found = complete_question(question, history, self.model, self.retriever.idf)
        if found.completion:
            requests["complete"] = found.completion
        if found.text != question or found.completion is not None or found.problem:
            on_event(Rewritten(found.text, found.completion, time.perf_counter() - started, found.problem))
        return found.text

    def _quote_what_is_answered(self, retrieved: Retrieved, options: AnswerOptions) -> Answer:
        """Quote the pages; if the docs answer only one half of a two-part question, quote for that half."""
        halves = split(retrieved.question, STOPWORDS)
        found = [(half, self.find_passages(half, options.k, options.under)) for half in halves]
        whole = is_answerable(retrieved, self.thresholds)
        # A half lacks the words of the other half, so it counts as unanswered only if there is hardly any evidence.
        is_enough = is_worth_asking if whole else is_answerable
        answered = [passages for _, passages in found if is_enough(passages, self.thresholds)]
        if len(answered) != 1:
            return self._quote(retrieved, answered) if whole or answered else refusal(retrieved, "extractive")
        missing = next(half for half, passages in found if passages is not answered[0]).rstrip(" ?.,")
        answer = replace(self._quote(answered[0]), question=retrieved.question)
        if not answer.answered:
            return refusal(retrieved, "extractive")
        return replace(answer, unanswered=missing, text=f"{HALF_REFUSED.format(missing)}\n\n{answer.text}")

    def _quote(self, retrieved: Retrieved, halves: Sequence[Retrieved] = ()) -> Answer:
        excerpts, citations = answer_from_excerpts(retrieved, self.retriever, halves)
        if not citations:
            return refusal(retrieved, "extractive")
        return Answer(
            question=retrieved.question,
            text=marked_text(excerpts),
            answered=True,
            complete=True,
            mode="extractive",
            hits=retrieved.hits,
            citations=citations,
            excerpts=excerpts,
        )

    def _write(self, retrieved: Retrieved, model: "ChatModel", options: AnswerOptions, on_event: OnEvent) -> Answer:
        load()
        deadline = limit(options.timeout - retrieved.embed_ms / 1000)
        writing = _Writing(self, model, options, on_event, deadline)
        found = writing.write_what_fits(retrieved)
        if not found.answered:
            return self._refused(retrieved, found)
        answer = Answer(
            question=retrieved.question,
            text=found.text,
            answered=True,
            complete=found.completion.complete,
            mode="openrouter",
            hits=found.hits,
            citations=found.citations,
            unsupported=found.unsupported,
            invalid_markers=found.invalid_markers,
            removed_links=found.removed_links,
            dropped=len(found.unsupported) if options.strict else 0,
            completion=found.completion,
            requests={"judge": found.judged} if found.judged else {},
        )
        if found.verified or not answer.complete:
            return answer
        return self._with_excerpts(answer, retrieved, on_event)

    def _refused(self, retrieved: Retrieved, found: "Written") -> Answer:
        """Return the model's refusal; if the search is confident, add excerpts of the pages."""
        refused = refusal(retrieved, "openrouter", found.completion)
        refused = replace(
            refused,
            hits=found.hits,
            unsupported=found.unsupported,
            dropped=len(found.unsupported),
            requests={"judge": found.judged} if found.judged else {},
        )
        quoted = self._quote(retrieved) if is_answerable(retrieved, self.thresholds) else None
        if quoted is None or not quoted.citations:
            return refused
        reason = NOT_VERIFIED if found.unsupported else MODEL_REFUSED  # with --strict, it wrote what nothing supports
        return replace(refused, text=f"{reason}\n\n{quoted.text}", citations=quoted.citations, excerpts=quoted.excerpts)

    def _with_excerpts(self, answer: Answer, retrieved: Retrieved, on_event: OnEvent) -> Answer:
        """Add a notice and excerpts of the pages to an answer of which nothing could be verified."""
        from rag.verify.citations import shift_marks  # only written answers are verified, and loading it takes 20 ms

        quoted = self._quote(retrieved)
        first = len(answer.hits)
        renumbered = tuple(replace(one, marker=one.marker + first) for one in quoted.citations)
        text = f"\n\n{NOT_VERIFIED if quoted.citations else NOT_VERIFIED_ALONE}"
        if quoted.citations:
            text += f"\n\n{shift_marks(quoted.text, first)}"
        on_event(Piece(text, citations=renumbered))
        return replace(answer, text=answer.text + text, citations=(*answer.citations, *renumbered))


@dataclass(frozen=True, slots=True)
class _Writing:
    """One answer that a model writes."""

    assistant: Assistant
    model: "ChatModel"
    options: AnswerOptions
    on_event: OnEvent
    deadline: Deadline

    def write_what_fits(self, retrieved: Retrieved) -> "Written":
        """Write from all passages and what is around them; if that is too long for the model, from ever less.

        First the text around them is left out, then they are halved, best first, down to one.
        """
        hits = retrieved.hits
        shown = self.assistant.widen(hits, self.options.context_words)
        while True:
            try:
                return self._write(retrieved.question, shown)
            except ModelError as error:
                if not error.too_long:
                    raise
                if len(hits) < 2 and shown == hits:
                    raise ModelError(error.message, _TOO_SMALL) from None
            hits = hits if shown != hits else hits[: len(hits) // 2]
            shown = hits

    def _write(self, question: str, hits: Sequence[Hit]) -> "Written":
        from rag.generate.search_tool import write_with_search
        from rag.generate.writer import write_answer
        from rag.verify.support_check import BundledCheck
        from rag.verify.token_reader import TokenReader

        passages = self.assistant.passages(hits)
        messages = build_messages(question, passages)

        def check(pieces: Iterable[str | Completion]) -> "Written":
            judge = self.assistant.judge or BundledCheck(TokenReader(self.assistant.retriever.stored_tokens))
            return write_answer(pieces, passages, self.on_event, strict=self.options.strict, judge=judge)

        if not self.options.search_tool:
            return check(self.model(messages, self.deadline, ()))
        size = max(1, len(hits))

        def search(query: str) -> Retrieved:
            return self.assistant.find_passages(query, size, self.options.under)

        return write_with_search(messages, passages, self.model, self.deadline, search, check)


def checked_question(question: str) -> str:
    """The question without surrounding white space. Raises UsageError for a text that is not a question."""
    text = " ".join(question.split())
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise UsageError("the question is not text in the locale's encoding", "type it in UTF-8, or pipe it in: ask -")
    if not any(character.isalnum() for character in text):
        raise UsageError("the question contains no word", 'ask one, such as: ask "What are model variants?"')
    if len(text) > MAX_QUESTION:
        raise UsageError(f"the question has {len(text):,} characters", f"ask in at most {MAX_QUESTION:,}")
    return text


def refusal(retrieved: Retrieved, mode: Mode, completion: Completion | None = None) -> Answer:
    """Return the answer for a question that the docs do not answer; small talk is told what to ask."""
    return Answer(
        question=retrieved.question,
        text=TALK_REFUSED if retrieved.signals.get(SMALL_TALK) else REFUSAL,
        answered=False,
        complete=True,
        mode=mode,
        hits=retrieved.hits,
        completion=completion,
    )
