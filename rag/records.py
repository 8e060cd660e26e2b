"""The nouns that cross a stage of rag/: Hit -> Citation -> Answer. Standard library only."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Protocol, TypeVar

from ingest.core.deadline import Deadline
from ingest.core.records import Chunk


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was retrieved. `rank` counts from 1; `score` is the fused score in 0..1.

    `cosine` and `bm25` are raw scores, `cosine_rank` and `bm25_rank` the chunk's place by each
    alone; `terms` are the query's terms that the chunk contains, with their BM25 weights; `signals`
    are the other scores that contributed. Without an embedding of the question, `cosine` is 0 and
    `cosine_rank` None.
    """

    rank: int
    score: float
    cosine: float
    bm25: float
    chunk: Chunk
    cosine_rank: int | None = None
    bm25_rank: int | None = None
    terms: Mapping[str, float] = field(default_factory=dict)
    signals: Mapping[str, float] = field(default_factory=dict)
    row: int = -1
    """The chunk's row in the index; -1 for a chunk that is in none."""
    parts: tuple["Hit", ...] = ()
    """The chunks that a widened passage was merged from, in page order; empty for a single chunk."""

    @property
    def url(self) -> str:
        """The chunk's address, with the anchor where the page has one."""
        return f"{self.chunk.url}#{self.chunk.anchor}" if self.chunk.anchor else self.chunk.url


@dataclass(frozen=True, slots=True, eq=False)
class QuestionTokens:
    """The tokens of a question for late interaction, as arrays: `vectors` float32[n, d], `weights` float32[n]."""

    vectors: Any
    weights: Any


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What one question retrieved: hits, best first, and how well they cover the question.

    `coverage` is the share (by idf) of the question's content words that the best hits contain, 0..1.
    `embed_ms` is the time to embed the question, in milliseconds; `signals` are the inputs to abstaining;
    `query` is the text that was searched for if it differs from the question, else "". `tokens` are those
    of that text, None if the embedder has none; `under` is the site path below which was searched, "" for all.
    """

    question: str
    hits: tuple[Hit, ...]
    coverage: float
    embed_ms: float = 0.0
    signals: Mapping[str, float] = field(default_factory=dict)
    query: str = ""
    tokens: QuestionTokens | None = field(default=None, compare=False)
    under: str = ""

    @property
    def cosine(self) -> float:
        """The largest cosine among the hits, 0 without hits."""
        return max((hit.cosine for hit in self.hits), default=0.0)


@dataclass(frozen=True, slots=True)
class Citation:
    """Proof of a statement: `quote` is `body[start:end]` of the page.

    It is part of the cited chunk, or, of an excerpt, contains part of it: an excerpt may be longer than a chunk.
    """

    marker: int
    hit: Hit
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call requested by a model; `arguments` is unchecked JSON."""

    id: str
    name: str
    arguments: str


_CUT: Final = frozenset({"", "length", "content_filter", "error", "tool_calls", "function_call"})
"""Finish reasons of an incomplete answer. Unknown reasons count as "stop", because OpenRouter adds
reasons without notice."""


@dataclass(frozen=True, slots=True)
class Completion:
    """The metadata of a model's answer. `finish_reason` is "" if the stream broke off.

    `problem` says in words what ended or damaged it. Numbers that the server did not give are None.
    """

    model: str | None
    finish_reason: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    problem: str = ""
    calls: tuple[ToolCall, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the model ended the answer by itself, and all of it arrived."""
        return not self.problem and self.finish_reason not in _CUT

    def with_usage_of(self, others: Iterable["Completion"]) -> "Completion":
        """Return the completion with the tokens and the cost of these added; what no server told stays None."""
        every = [self, *others]
        return replace(
            self,
            prompt_tokens=_total([one.prompt_tokens for one in every]),
            completion_tokens=_total([one.completion_tokens for one in every]),
            cost_usd=_total([one.cost_usd for one in every]),
        )


Number = TypeVar("Number", int, float)


def _total(amounts: Sequence[Number | None]) -> Number | None:
    """The sum of what is known; None where nothing is."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known[1:], known[0]) if known else None


Mode = Literal["openrouter", "extractive"]
"""How an answer was made: "openrouter" for any model, whatever server it runs on; the name is a promise to scripts."""

Backend = Literal["openrouter", "compatible", "none"]
"""What wrote an answer: OpenRouter, another OpenAI-compatible server, or no model at all."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, or an honest refusal (`answered` is False, and `text` says so).

    `unsupported` are its sentences that no cited passage supports; `dropped` counts those of them that were
    left out of `text`. `timings_ms` has the keys embed, search, answer and total. `excerpts` are the texts that an
    extractive answer is made of, without markers, one for each citation. `unanswered` is the half of a question of two
    halves that the docs do not answer, "" where there is none; `text` says so as well. `requests` are those to models
    next to the one that wrote the answer, by their purpose: "complete" a follow-up question, "rewrite" it, "judge".
    """

    question: str
    text: str
    answered: bool
    complete: bool
    mode: Mode
    hits: tuple[Hit, ...]
    citations: tuple[Citation, ...] = ()
    unsupported: tuple[str, ...] = ()
    invalid_markers: int = 0
    removed_links: int = 0
    dropped: int = 0
    completion: Completion | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    backend: Backend = "none"
    excerpts: tuple[str, ...] = ()
    unanswered: str = ""
    requests: Mapping[str, Completion] = field(default_factory=dict)

    @property
    def usage(self) -> Completion | None:
        """What all requests of the answer took together; None if no model was asked."""
        others = list(self.requests.values())
        if self.completion is None:
            return others[0].with_usage_of(others[1:]) if others else None
        return self.completion.with_usage_of(others)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question of a conversation and the answer that it got ("" where there was none)."""

    question: str
    answer: str


PASSAGE_WORDS: Final = 100
"""Words that a model is shown for each passage asked for: a chunk has about 55, its headings 15 more."""


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """How one question is answered.

    `k` passages are read, of pages below the site path `under`; a model is shown them with the text around them, up
    to `context` words in total (None: `PASSAGE_WORDS` for each of the `k`; 0: the passages alone). `strict` drops
    sentences that no cited passage supports. `search_tool` lets the model search for further passages. `rewrite` has
    the model write, in the language of the docs, what is searched for. `timeout` is in seconds, for all requests of
    the question together. `history` is the conversation so far, oldest first: it is used to rewrite a follow-up
    question as a self-contained one first.
    """

    k: int = 8
    under: str = ""
    context: int | None = None
    strict: bool = False
    search_tool: bool = False
    rewrite: bool = False
    timeout: float = 60.0
    history: tuple[Exchange, ...] = ()

    @property
    def context_words(self) -> int:
        """The most words of passages that a model is shown; 0 if passages are not widened."""
        return PASSAGE_WORDS * self.k if self.context is None else self.context


DEFAULT_OPTIONS: Final = AnswerOptions()


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Event: the question was rewritten. `completion` is None if no model did it; `problem` is why it stays as it was.

    With `is_search`, only what is searched for is another text.
    """

    question: str
    completion: "Completion | None"
    seconds: float
    problem: str = ""
    is_search: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """Event: the passages were found that the answer is made of; nothing was written yet."""

    retrieved: Retrieved


@dataclass(frozen=True, slots=True)
class Piece:
    """Event: a checked piece of a written answer: a sentence, list item, table row, heading or code block.

    The `text`s of all pieces together are the answer. `marked` is `text` with "[unsupported]" after each sentence
    that no cited passage supports; `unsupported` are those sentences. `citations` are those of passages that no
    statement before cited.
    """

    text: str
    unsupported: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    marked: str = ""

    @property
    def shown(self) -> str:
        """The piece as people read it: with marks where there are any."""
        return self.marked or self.text


@dataclass(frozen=True, slots=True)
class Waiting:
    """Event: a server asked to wait `seconds` before the next attempt, and why."""

    seconds: float
    reason: str


Event = Rewritten | Found | Piece | Waiting
OnEvent = Callable[[Event], None]
"""Called in the thread that answers. What it raises ends the answer, and closes the model's stream."""


def ignore(_: Event) -> None:
    """Do nothing with an event."""


Message = dict[str, Any]
"""One message of a chat request: `role` and `content`."""

Tool = dict[str, Any]
"""One tool of a chat request, in OpenAI's form."""


class ChatModel(Protocol):
    """A chat model that streams its answer to messages as text parts and Completions.

    The first Completion names the model, the last one says how the answer ended.
    """

    def __call__(
        self, messages: Sequence[Message], deadline: Deadline, tools: Sequence[Tool], /
    ) -> Iterable[str | Completion]:
        """Stream one turn. Raises ModelError before the first text."""
