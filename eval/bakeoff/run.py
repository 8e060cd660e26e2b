"""Ask every system every question, question by question, so that a run that ends early has compared them on the same.

Outcomes are kept in the journal of each system as they come: the next run of the same command asks what is left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from eval.bakeoff.systems import System
from eval.dataset import Question, QuestionFile
from eval.gold import Docs
from eval.records import Outcome
from eval.runner import RunContext, run_question
from eval.storage import Journal
from ingest.core.budget import BudgetSpent, Meter
from ingest.core.errors import ModelError
from ingest.core.parallel import run_all
from ingest.core.records import Progress

_PATIENCE: Final = 3
"""Questions in a row that a system may fail before it is left out: a slug that does not exist fails them all."""


@dataclass(slots=True)
class SystemResult:
    """The outcomes of a system by question id, and the reasons of those that failed. `stopped`: why it was left out."""

    system: System
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    stopped: str = ""
    in_a_row: int = 0


@dataclass(frozen=True, slots=True)
class Bakeoff:
    """All results. `complete` is False where the budget ended the run."""

    questions: tuple[Question, ...]
    results: tuple[SystemResult, ...]
    spent: float
    resumed: int
    complete: bool

    @property
    def unpriced(self) -> list[str]:
        """The names of systems whose model answered, and whose server named no cost."""
        return [
            result.system.name
            for result in self.results
            if result.system.choice.model
            and any(one.answer for one in result.outcomes.values())
            and not any(one.answer.cost_usd for one in result.outcomes.values() if one.answer)
        ]


@dataclass(frozen=True, slots=True)
class BakeoffPlan:
    """The questions, how many `jobs` at a time, and by the names of the systems what they run on and their journals."""

    questions: QuestionFile
    contexts: Mapping[str, RunContext]
    jobs: int
    meter: Meter
    journals: Mapping[str, Journal]


@dataclass(frozen=True, slots=True)
class _Task:
    question: Question
    result: SystemResult


def run_bakeoff(plan: BakeoffPlan, systems: Sequence[System], progress: Progress) -> Bakeoff:
    """Ask what the journals do not have yet. A question that fails does not end the run.

    Raises DocsError for other failures than those of models, such as a damaged index.
    """
    questions = plan.questions.questions
    results = [SystemResult(system, _known(plan, system)) for system in systems]
    resumed = sum(len(result.outcomes) for result in results)
    tasks = [_Task(question, result) for question in questions for result in results]
    left = [task for task in tasks if task.question.id not in task.result.outcomes]
    done = len(tasks) - len(left)

    def ask(task: _Task) -> Outcome | None:
        return None if task.result.stopped else _ask(plan, task)

    # The first question of each system alone: models are loaded with it, and the meter learns what an answer costs.
    for part, jobs in ((left[: len(systems)], 1), (left[len(systems) :], plan.jobs)):
        for task, outcome in run_all(ask, part, jobs):
            if not isinstance(outcome, BudgetSpent):
                _take(task, outcome)
            done += 1
            progress("eval", done, len(tasks))
    complete = not plan.meter.is_over
    if complete and not any(result.failed for result in results):
        for journal in plan.journals.values():
            journal.close()
    return Bakeoff(questions, tuple(results), plan.meter.spent, resumed, complete)


def _known(plan: BakeoffPlan, system: System) -> dict[str, Outcome]:
    wanted = {question.id for question in plan.questions.questions}
    return {name: one for name, one in plan.journals[system.name].read().items() if name in wanted}


def _ask(plan: BakeoffPlan, task: _Task) -> Outcome:
    name = task.result.system.name
    plan.meter.begin()
    cost = 0.0
    try:
        outcome = run_question(plan.contexts[name], task.question)
        cost = outcome.answer.cost_usd if outcome.answer else 0.0
        plan.journals[name].add(outcome)
        return outcome
    finally:
        plan.meter.end(cost)


def _take(task: _Task, outcome: Outcome | BaseException | None) -> None:
    """Keep an outcome or the reason of its failure. Raises what is not a failure of a model."""
    result = task.result
    if isinstance(outcome, Outcome):
        result.outcomes[task.question.id], result.in_a_row = outcome, 0
    elif isinstance(outcome, ModelError):
        result.failed[task.question.id] = outcome.message
        result.in_a_row += 1
        if result.in_a_row >= _PATIENCE:
            result.stopped = outcome.message
    elif outcome is None:
        result.failed[task.question.id] = result.stopped
    else:
        raise outcome


def docs_of(systems: Sequence[System]) -> dict[str, Docs]:
    """The pages of each system's index; those of one index are read once."""
    read: dict[int, Docs] = {}
    for system in systems:
        if id(system.opened.store) not in read:
            read[id(system.opened.store)] = Docs.of(system.opened.store.pages())
    return {system.name: read[id(system.opened.store)] for system in systems}
