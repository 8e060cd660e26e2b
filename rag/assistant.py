"""Question -> Answer: retrieve, decide, then extract or let a model write, then cite."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ingest.core.deadline import Deadline, Tell, limit, shared_deadline
from ingest.core.errors import ModelError, UsageError
from rag.abstain import is_answerable, is_worth_asking
from rag.generate.extractive import extract
from rag.generate.prompt import Passages, build_messages
from rag.records import Answer, Completion, Retrieved
from rag.retrieve.fusion import few_per_page
from rag.retrieve.rerank import CANDIDATES, Rerank
from rag.retrieve.search import Retriever
from rag.thresholds import DEFAULT, Thresholds

if TYPE_CHECKING:
    from rag.generate.writer import Show, Written
    from rag.records import Write

MAX_QUESTION = 4_000
"""Characters; a longer text is no question, and its embedding says nothing."""

_SEEN: Final = 3
"""For each passage that an answer is made of, so many are looked at: some will be of a page that has enough."""
_DEEPEST: Final = 400
"""How far down passages of other pages are looked for, where one page fills the ranks above."""

REFUSAL = "The docs do not answer this question."


@dataclass(frozen=True, slots=True)
class Assistant:
    """Answers questions from one generation of the index; without `write`, by quoting alone.

    `timeout` is in seconds, for all requests of one question together where `one_question` holds them.
    `searches`: the model may search for further passages itself. `strict`: sentences without support are dropped.
    `thresholds`: when to refuse.
    """

    retriever: Retriever
    write: "Write | None" = None
    timeout: float = 60.0
    rerank: Rerank | None = None
    searches: bool = False
    thresholds: Thresholds = DEFAULT
    strict: bool = False

    def retrieve(self, question: str, k: int, under: str = "") -> Retrieved:
        """The passages for a question. Raises UsageError for a text that is no question, ModelError."""
        question = checked_question(question)
        if self.rerank is None:
            return self.retriever.search(question, k, under)
        found = self.retriever.search(question, max(k, CANDIDATES), under)
        return replace(found, hits=self.rerank(question, found.hits)[:k])

    def gather(self, question: str, k: int, under: str = "") -> Retrieved:
        """The `k` passages to answer from: the best, but few of each page, unless only one page is searched.

        Raises as `retrieve` does.
        """
        count = _SEEN * k
        while True:
            found = self.retrieve(question, count, under)
            hits = few_per_page(found.hits, k)
            ended = len(found.hits) < count
            if ended and len({hit.chunk.url for hit in found.hits}) == 1:
                return replace(found, hits=found.hits[:k])  # there is no other page that it could crowd out
            # A reranker reads what it is given: once, because that takes time or money.
            if len(hits) == k or ended or self.rerank or count >= _DEEPEST:
                return replace(found, hits=hits)
            count = max(count, min(4 * count, _DEEPEST))

    @contextmanager
    def one_question(self, tell: Tell | None = None) -> Iterator[None]:
        """Within it, all requests share one deadline; `tell` hears of waits between attempts."""
        with shared_deadline(self.timeout, tell):
            yield

    def ask(self, retrieved: Retrieved, show: "Show" = lambda _: None, *, under: str = "") -> Answer:
        """Answer from the retrieved passages; `show` gets the text as it comes. Raises ModelError.

        `under` bounds what the model's own searches find.
        """
        started = time.perf_counter()
        judged = is_answerable if self.write is None else is_worth_asking
        if not judged(retrieved, self.thresholds):
            answer = refusal(retrieved, "extractive" if self.write is None else "openrouter")
        elif self.write is None:
            answer = self._extractive(retrieved)
        else:
            answer = self._written(retrieved, self.write, show, under)
        return replace(answer, timings_ms={"answer": (time.perf_counter() - started) * 1000})

    def _extractive(self, retrieved: Retrieved) -> Answer:
        text, citations = extract(retrieved.search or retrieved.question, retrieved.hits, self.retriever.idf)
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

    def _written(self, retrieved: Retrieved, write: "Write", show: "Show", under: str) -> Answer:
        from ingest.openrouter.client import load

        load()
        deadline = limit(self.timeout - retrieved.embed_ms / 1000)
        found = _attempts(retrieved, lambda passages: self._write(retrieved, write, show, (passages, deadline, under)))
        if not found.answered:
            refused = refusal(retrieved, "openrouter", found.completion)
            return replace(refused, unsupported=found.unsupported, dropped=len(found.unsupported))
        return Answer(
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
            dropped=len(found.unsupported) if self.strict else 0,
            completion=found.completion,
        )

    def _write(
        self, retrieved: Retrieved, write: "Write", show: "Show", bounds: tuple[Passages, Deadline, str]
    ) -> "Written":
        from rag.generate.search_tool import write_with_search
        from rag.generate.writer import written

        passages, deadline, under = bounds
        messages = build_messages(retrieved.question, passages)

        def finish(pieces: Iterable[str | Completion]) -> "Written":
            return written(pieces, passages, show, strict=self.strict)

        if not self.searches:
            return finish(write(messages, deadline, ()))
        size = max(1, len(retrieved.hits))

        def search(query: str) -> Retrieved:
            return self.gather(query, size, under)

        return write_with_search(messages, passages, write, deadline, search, finish)


def _attempts(retrieved: Retrieved, write: "Callable[[Passages], Written]") -> "Written":
    """Write from all passages; where they are too long for the model, once more from the better half."""
    try:
        return write(Passages(retrieved.hits))
    except ModelError as error:
        if not error.too_long or len(retrieved.hits) < 2:
            raise
    return write(Passages(retrieved.hits[: len(retrieved.hits) // 2]))


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
