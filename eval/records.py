"""The records of eval/: outcomes of questions, settings of a run, a whole run. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Mode = Literal["retrieval", "extractive", "openrouter"]
"""What was measured in addition to ranking: nothing, quoted answers, or a model's answers."""


@dataclass(frozen=True, slots=True)
class PassageSummary:
    """A retrieved passage in short: enough to see what came instead, and why."""

    rank: int
    page: str
    url: str
    headings: tuple[str, ...]
    score: float
    cosine: float
    bm25: float
    terms: tuple[str, ...]
    right: bool
    start: str


@dataclass(frozen=True, slots=True)
class AnswerCounts:
    """An answer with its counts of facts, citations and claims, and its cost.

    `cited` counts citation marks, `held` those whose passage supports the claim before them; `claims`
    counts sentences that claim something, `supported` those that a cited passage supports. `sources` are the
    addresses that it cites, in their order.
    """

    text: str
    facts: int
    facts_found: int
    cited: int
    held: int
    claims: int
    supported: int
    words: int
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    model: str = ""
    sources: tuple[str, ...] = ()
    prompt_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one question.

    `rank` and `words` say where its evidence is complete, `parts` the rank of each needed part,
    `page_rank` the place of the first gold page among the distinct pages; None: not in what was read.
    `stale`: the docs no longer contain the gold. `confidence` and `signals` decide about abstaining.
    `passages` are the chunk ids that the answer was made of.
    """

    id: str
    question: str
    kind: str
    answerable: bool
    gold: tuple[str, ...]
    stale: bool
    rank: int | None
    words: int | None
    parts: tuple[int | None, ...]
    page_rank: int | None
    refused: bool
    confidence: float
    signals: Mapping[str, float]
    seconds: float
    seen: tuple[PassageSummary, ...] = ()
    answer: AnswerCounts | None = None
    passages: tuple[str, ...] = ()

    @property
    def judged(self) -> bool:
        """Whether ranking is judged by this question."""
        return self.answerable and not self.stale

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Outcome":
        """The outcome that `dataclasses.asdict` and JSON made `fields` of. Raises TypeError, KeyError."""
        counts = fields["answer"]
        answer = AnswerCounts(**{**counts, "sources": tuple(counts.get("sources", ()))}) if counts else None
        seen = tuple(
            PassageSummary(**{**one, "headings": tuple(one["headings"]), "terms": tuple(one["terms"])})
            for one in fields["seen"]
        )
        lists = {name: tuple(fields.get(name, ())) for name in ("gold", "parts", "passages")}
        return cls(**{**fields, **lists, "seen": seen, "answer": answer})


@dataclass(frozen=True, slots=True)
class RunConfig:
    """What a run measures. Two runs are comparable only when all of this is equal."""

    questions_sha256: str
    mode: Mode
    k: int
    under: str


@dataclass(frozen=True, slots=True)
class SystemVersion:
    """The system that is measured. Runs may differ in all of this: comparing systems is their purpose."""

    embedder: str
    generation: str
    docs_date: str
    chunks: int
    model: str
    askdocs: str
    code: str
    options: str = ""
    """What of `--judge`, `--rewrite` and `--context` was given."""


@dataclass(frozen=True, slots=True)
class QuestionFailure:
    """A question that could not be run, or an unusable line of the file."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class EvalRun:
    """A question file, measured: outcomes in the order of the file."""

    name: str
    measured: RunConfig
    system: SystemVersion
    outcomes: tuple[Outcome, ...]
    created_at: str
    seconds: float
    problems: tuple[QuestionFailure, ...] = ()
    resumed: int = field(default=0)
