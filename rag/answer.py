"""Question -> Answer: retrieve, decide, then extract or let a model write, then cite."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ingest.errors import UsageError
from rag.abstain import answers
from rag.cite import MarkerFilter, resolve
from rag.extract import extract
from rag.prompt import NOT_IN_DOCS, build_messages
from rag.records import Answer, Completion, Message, Retrieved
from rag.retrieve import Retriever

Write = Callable[[Sequence[Message]], Iterable[str | Completion]]
"""Messages -> pieces of text, then one Completion."""

MAX_QUESTION = 4_000
"""Characters; a longer text is no question, and its embedding says nothing."""

_WRAPPING = " \t\n*_`\"'"
"""What models put around a word that they were told to reply with."""

REFUSAL = "The docs do not answer this question."


@dataclass(frozen=True, slots=True)
class Assistant:
    """Answers questions from one generation of the index; without `write`, by quoting alone."""

    retriever: Retriever
    write: Write | None = None

    def retrieve(self, question: str, k: int, under: str = "") -> Retrieved:
        """The passages for a question. Raises UsageError for a text that is no question."""
        return self.retriever.search(checked_question(question), k, under)

    def ask(self, retrieved: Retrieved, show: Callable[[str], None] = lambda _: None) -> Answer:
        """Answer from the retrieved passages; `show` gets the text as it comes. Raises ModelError."""
        started = time.perf_counter()
        if not answers(retrieved):
            answer = refusal(retrieved, "extractive" if self.write is None else "openrouter")
        elif self.write is None:
            answer = self._extractive(retrieved)
        else:
            answer = _written(retrieved, self.write, show)
        return replace(answer, timings_ms={"answer": (time.perf_counter() - started) * 1000})

    def _extractive(self, retrieved: Retrieved) -> Answer:
        text, citations = extract(retrieved.question, retrieved.hits, self.retriever.idf)
        if not citations:
            return refusal(retrieved, "extractive")
        return Answer(
            question=retrieved.question,
            text=text,
            answered=True,
            complete=True,
            mode="extractive",
            hits=retrieved.hits,
            citations=citations,
        )


def checked_question(question: str) -> str:
    """The question without surrounding white space. Raises UsageError for what is none."""
    text = " ".join(question.split())
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise UsageError("the question is not text in the locale's encoding", "type it in UTF-8, or pipe it in: ask -")
    if not any(character.isalnum() for character in text):
        raise UsageError("the question holds no word", 'ask one, such as: ask "What are model variants?"')
    if len(text) > MAX_QUESTION:
        raise UsageError(f"the question has {len(text):,} characters", f"ask in at most {MAX_QUESTION:,}")
    return text


def refusal(retrieved: Retrieved, mode: str, completion: Completion | None = None) -> Answer:
    """The answer that says that the docs hold none."""
    return Answer(
        question=retrieved.question,
        text=REFUSAL,
        answered=False,
        complete=True,
        mode="extractive" if mode == "extractive" else "openrouter",
        hits=retrieved.hits,
        completion=completion,
    )


def _written(retrieved: Retrieved, write: Write, show: Callable[[str], None]) -> Answer:
    """Stream the model's answer through the marker filter; nothing is shown until it can't be a refusal."""
    markers = MarkerFilter(len(retrieved.hits))
    shown: list[str] = []
    completion = Completion(None, "")
    for piece in write(build_messages(retrieved.question, retrieved.hits)):
        if isinstance(piece, Completion):
            completion = piece
            continue
        shown.append(markers.feed(piece))
        _release(shown, show)
    shown.append(markers.end())
    text = "".join(shown).strip()
    if text.lstrip(_WRAPPING).startswith(NOT_IN_DOCS):
        return refusal(retrieved, "openrouter", completion)
    _release(shown, show, last=True)
    citations, unsupported = resolve(text, retrieved.hits)
    return Answer(
        question=retrieved.question,
        text=text,
        answered=True,
        complete=completion.finish_reason == "stop",
        mode="openrouter",
        hits=retrieved.hits,
        citations=citations,
        unsupported=unsupported,
        invalid_markers=markers.invalid,
        completion=completion,
    )


def _release(shown: list[str], show: Callable[[str], None], *, last: bool = False) -> None:
    """Show the newest piece; hold all back while the text may still become the refusal word."""
    so_far = "".join(shown[:-1]).lstrip(_WRAPPING)
    text = "".join(shown).lstrip()
    if not last and NOT_IN_DOCS.startswith(text.lstrip(_WRAPPING)[: len(NOT_IN_DOCS)]):
        return
    held_before = NOT_IN_DOCS.startswith(so_far[: len(NOT_IN_DOCS)])
    fresh = text if held_before else shown[-1]
    if fresh:
        show(fresh)
