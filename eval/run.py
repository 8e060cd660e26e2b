"""A question file -> a run: what is done already is read from the journal, the rest asked, some at a time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from eval.journal import Journal
from eval.one import Bench, run_question
from eval.pool import run_all
from eval.questions import Question, QuestionFile
from eval.records import Measured, Outcome, Problem, Run, System
from ingest.errors import ModelError

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""

_PATIENCE: Final = 3
"""Questions in a row that may fail before the run ends: a key that is refused fails them all."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run and how: `jobs` questions at a time."""

    questions: QuestionFile
    measured: Measured
    system: System
    jobs: int


def run_questions(plan: Plan, bench: Bench, journal: Journal, progress: Progress) -> Run:
    """Run all questions; outcomes come in the order of the file, however many run at a time.

    A question whose model call fails is reported and stays out of the measures; the next run of
    the same plan asks it again. Raises DocsError when three fail in a row, or all.
    """
    started = time.perf_counter()
    questions = plan.questions.questions
    wanted = {question.id for question in questions}
    outcomes = {name: outcome for name, outcome in journal.read().items() if name in wanted}
    resumed = len(outcomes)
    problems = [Problem(f"line {bad.line}", bad.reason) for bad in plan.questions.bad]
    failed = _ask(plan, bench, journal, outcomes, progress)
    if not failed:
        journal.close()
    return Run(
        name=plan.questions.name,
        measured=plan.measured,
        system=plan.system,
        outcomes=tuple(outcomes[question.id] for question in questions if question.id in outcomes),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=time.perf_counter() - started,
        problems=(*problems, *failed),
        resumed=resumed,
    )


def _ask(plan: Plan, bench: Bench, journal: Journal, outcomes: dict[str, Outcome], progress: Progress) -> list[Problem]:
    """Ask what is left, and add its outcomes. Returns what failed, in the order of the file."""
    questions = plan.questions.questions
    left = [question for question in questions if question.id not in outcomes]
    failed: dict[str, Problem] = {}
    in_a_row = 0

    def ask(question: Question) -> Outcome:
        outcome = run_question(bench, question)
        journal.add(outcome)
        return outcome

    # The first alone: models and files are loaded with it, by one thread.
    for part, jobs in ((left[:1], 1), (left[1:], plan.jobs)):
        for question, result in run_all(ask, part, jobs):
            if isinstance(result, Outcome):
                outcomes[question.id], in_a_row = result, 0
            else:
                in_a_row += 1
                _raise_unless_passing(result, hopeless=in_a_row >= min(_PATIENCE, len(questions)))
                failed[question.id] = Problem(question.id, str(result))
            progress("eval", len(outcomes) + len(failed), len(questions))
    return [failed[question.id] for question in questions if question.id in failed]


def _raise_unless_passing(error: BaseException, *, hopeless: bool) -> None:
    if hopeless or not isinstance(error, ModelError):
        raise error
