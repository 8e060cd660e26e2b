"""The nouns of eval/: what one question came to, the settings of a run, a whole run. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Mode = Literal["retrieval", "extractive", "openrouter"]
"""What was measured beside ranking: nothing, quoted answers, or those of a model."""


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
    """What the answer to a question came to: counts of what was found, and what it cost.

    `cited` counts citation marks, `held` those whose passage holds the claim before them; `claims`
    the sentences that claim something, `supported` those that a cited passage holds.
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one question came to.

    `rank` and `words` tell where its evidence is complete, `parts` the rank of each needed part,
    `page_rank` the place of the first gold page among the distinct pages; None: not in what was read.
    `stale`: the docs no longer hold the gold. `confidence` and `signals` are what abstaining rests on.
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

    @property
    def judged(self) -> bool:
        """Whether ranking is judged by this question."""
        return self.answerable and not self.stale

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Outcome":
        """The outcome that `dataclasses.asdict` and JSON made `fields` of. Raises TypeError, KeyError."""
        answer = AnswerCounts(**fields["answer"]) if fields["answer"] else None
        seen = tuple(
            PassageSummary(**{**one, "headings": tuple(one["headings"]), "terms": tuple(one["terms"])})
            for one in fields["seen"]
        )
        lists = {name: tuple(fields[name]) for name in ("gold", "parts")}
        return cls(**{**fields, **lists, "seen": seen, "answer": answer})


@dataclass(frozen=True, slots=True)
class RunConfig:
    """What a run measures. Runs compare only when all of this is equal."""

    questions_sha256: str
    mode: Mode
    k: int
    under: str


@dataclass(frozen=True, slots=True)
class SystemVersion:
    """What is measured. Runs may differ in all of this: to compare that is their purpose."""

    embedder: str
    generation: str
    docs_date: str
    chunks: int
    model: str
    askdocs: str
    code: str


@dataclass(frozen=True, slots=True)
class QuestionFailure:
    """A question that could not be run, or a line that is none."""

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
