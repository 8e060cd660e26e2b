"""Have a model write questions for the sections that have none, within a budget. What it wrote is kept as it comes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from ingest.core.budget import BudgetSpent, Meter
from ingest.core.errors import ModelError
from ingest.core.parallel import run_all
from ingest.core.records import Progress
from ingest.index.sections import Section, WrittenQuestions
from ingest.reindex.question_cache import QuestionCache

_PATIENCE: Final = 3
"""Sections in a row that the model may fail before the run ends: a slug that does not exist fails them all."""
COMPLETION_TOKENS: Final = 60
"""What three questions take, for the estimate of a dry run."""
WITHOUT_COST: Final = "the server reports no cost and the model's price is not known: --budget could not be kept"


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens."""

    prompt: float
    completion: float

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """What so many tokens cost."""
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1e6


@dataclass(frozen=True, slots=True)
class QuestionPlan:
    """Which model writes, how, and for how much. `version` changes with the request.

    `count` counts the tokens of the request for a section. `price` asks the server, and is None where it does not say.
    """

    model: str
    version: str
    write: Callable[[Section], WrittenQuestions]
    count: Callable[[Section], int]
    price: Callable[[], Price | None]
    budget: float | None = None
    jobs: int = 2


@dataclass(slots=True)
class QuestionReport:
    """Counts of sections. `left` were not asked about; `empty` got no usable question; `cost_usd` None is unknown.

    After a dry run, tokens and cost are estimates of what `left` would take.
    """

    model: str
    sections: int = 0
    reused: int = 0
    written: int = 0
    empty: int = 0
    failed: int = 0
    left: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = 0.0
    notes: list[str] = field(default_factory=list)


class WrittenSource:
    """The QuestionSource of a reindex: questions from the cache, and from the model where they are missing."""

    def __init__(self, plan: QuestionPlan, cache: QuestionCache, progress: Progress) -> None:
        self._plan, self._cache, self._progress = plan, cache, progress
        self.report = QuestionReport(plan.model)

    @property
    def model(self) -> str:
        """The model that writes."""
        return self._plan.model

    def known(self, sections: Sequence[Section]) -> list[tuple[str, ...]]:
        """The questions of each section, () where none were written."""
        found = self._cache.get({section.key for section in sections})
        return [found.get(section.key, ()) for section in sections]

    def preview(self, sections: Sequence[Section]) -> None:
        """Report what `prepare` would do and cost. Nothing is written; only the price is asked for."""
        missing, report = self._missing(sections), self.report
        report.left = len(missing)
        report.prompt_tokens = sum(self._plan.count(section) for section in missing)
        report.completion_tokens = COMPLETION_TOKENS * len(missing)
        price = self._plan.price() if missing else Price(0, 0)
        report.cost_usd = None if price is None else price.of(report.prompt_tokens, report.completion_tokens)

    def prepare(self, sections: Sequence[Section]) -> None:
        """Have the missing questions written. A budget that is used up ends it; what was written is kept.

        Raises ModelError when the model fails several times in a row.
        """
        missing = self._missing(sections)
        asking = _Asking(self._plan, self._cache, self.report, Meter(self._plan.budget), len(missing))
        # The first section alone: the meter learns what an answer costs.
        for start, part, jobs in ((0, missing[:1], 1), (1, missing[1:], self._plan.jobs)):
            for done, (section, result) in enumerate(run_all(asking.ask, part, jobs), start + 1):
                asking.take(section, result)
                self._progress("questions", done, len(missing))
        asking.finish()

    def retain(self, sections: Sequence[Section]) -> None:
        """Let the cache drop what no index uses."""
        self._cache.retain({section.key for section in sections})

    def _missing(self, sections: Sequence[Section]) -> list[Section]:
        distinct = {section.key: section for section in sections}
        known = self._cache.get(distinct.keys())
        self.report.sections, self.report.reused = len(distinct), len(known)
        self.report.empty = sum(not questions for questions in known.values())
        return [section for key, section in distinct.items() if key not in known]


@dataclass(slots=True)
class _Asking:
    """One run through the missing sections."""

    plan: QuestionPlan
    cache: QuestionCache
    report: QuestionReport
    meter: Meter
    total: int
    answered: int = 0
    in_a_row: int = 0
    unpriced: bool = False
    _price: Price | None = None
    _asked_price: bool = False

    def ask(self, section: Section) -> WrittenQuestions:
        """Ask the model about one section. Raises BudgetSpent, ModelError, OSError."""
        self.meter.begin()
        cost = 0.0
        try:
            written = self.plan.write(section)
            cost = self._cost(written) or 0.0
            self.cache.put(section.key, written.questions)
            return written
        finally:
            self.meter.end(cost)

    def take(self, section: Section, result: WrittenQuestions | BaseException) -> None:
        """Count a result. Raises what is not a failure of the model, and the third failure in a row."""
        report = self.report
        if isinstance(result, BudgetSpent):
            return
        if isinstance(result, WrittenQuestions):
            self.in_a_row, self.answered = 0, self.answered + 1
            report.written += bool(result.questions)
            report.empty += not result.questions
            report.prompt_tokens += result.prompt_tokens or 0
            report.completion_tokens += result.completion_tokens or 0
            return
        if not isinstance(result, ModelError):
            raise result
        self.in_a_row += 1
        report.failed += 1
        if self.in_a_row >= _PATIENCE or self.total == report.failed:
            raise result
        report.notes.append(f"no questions for {section.path[:80]}: {result.message}")

    def finish(self) -> None:
        """Sum up."""
        report = self.report
        report.left = self.total - self.answered - report.failed
        report.cost_usd = None if self.unpriced else self.meter.spent
        if self.unpriced and self.plan.budget is not None:
            report.notes.append(WITHOUT_COST)
        if report.left:
            known = report.sections - report.left
            report.notes.append(
                f"the budget of ${self.plan.budget:g} is used up: {known:,} of {report.sections:,} sections are done; "
                "run the same command again to go on"
            )

    def _cost(self, written: WrittenQuestions) -> float | None:
        """What an answer cost: as the server says, else by its price."""
        if written.cost_usd is not None:
            return written.cost_usd
        if not self._asked_price:
            self._price, self._asked_price = self.plan.price(), True
        if self._price is None or written.prompt_tokens is None:
            self.unpriced = True
            return None
        return self._price.of(written.prompt_tokens, written.completion_tokens or 0)
