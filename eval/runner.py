"""Run a question file: retrieve, look for the gold, answer where asked to, several questions at a time.

Outcomes in the journal of an interrupted run are not asked again.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from eval.citation_metrics import count_support
from eval.dataset import Gold, Question, QuestionFile
from eval.gold import Docs, Passage, Target, find_evidence, find_targets, has_fact, is_stale, page_rank
from eval.metrics import BUDGETS
from eval.records import AnswerCounts, EvalRun, Outcome, PassageSummary, QuestionFailure, RunConfig, SystemVersion
from eval.storage import Journal
from ingest.core.deadline import shared_deadline
from ingest.core.errors import ModelError
from ingest.core.parallel import run_all
from ingest.core.records import Progress
from ingest.core.urls import site_path
from rag.abstain import confidence, is_answerable
from rag.assistant import Assistant
from rag.generate.prompt import prompt_sha256
from rag.records import Answer, AnswerOptions, Completion, Hit, Retrieved
from rag.retrieve.fusion import few_per_page

_PATIENCE: Final = 3
"""Questions in a row that may fail before the run ends: a key that is refused fails them all."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The questions of a run, what it measures, on which system, and how many `jobs` at a time."""

    questions: QuestionFile
    measured: RunConfig
    system: SystemVersion
    jobs: int


@dataclass(frozen=True, slots=True)
class RunContext:
    """The assistant and the pages that questions are run on. `options` are those of each answer."""

    assistant: Assistant
    docs: Docs
    options: AnswerOptions
    with_answers: bool


def run_questions(plan: RunPlan, context: RunContext, journal: Journal, progress: Progress) -> EvalRun:
    """Run all questions; outcomes come in the order of the file, however many run at a time.

    A question whose model call fails is reported and stays out of the measures; the next run of
    the same plan asks it again. Raises DocsError when three fail in a row, or all.
    """
    started = time.perf_counter()
    questions = plan.questions.questions
    wanted = {question.id for question in questions}
    outcomes = {name: outcome for name, outcome in journal.read().items() if name in wanted}
    resumed = len(outcomes)
    problems = [QuestionFailure(f"line {bad.line}", bad.reason) for bad in plan.questions.bad]
    failed = _ask(plan, context, journal, outcomes, progress)
    if not failed:
        journal.close()
    return EvalRun(
        name=plan.questions.name,
        measured=plan.measured,
        system=plan.system,
        outcomes=tuple(outcomes[question.id] for question in questions if question.id in outcomes),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=time.perf_counter() - started,
        problems=(*problems, *failed),
        resumed=resumed,
    )


def _ask(
    plan: RunPlan, context: RunContext, journal: Journal, outcomes: dict[str, Outcome], progress: Progress
) -> list[QuestionFailure]:
    """Ask the remaining questions, and add their outcomes. Returns the failures, in the order of the file."""
    questions = plan.questions.questions
    left = [question for question in questions if question.id not in outcomes]
    failed: dict[str, QuestionFailure] = {}
    in_a_row = 0

    def ask(question: Question) -> Outcome:
        outcome = run_question(context, question)
        journal.add(outcome)
        return outcome

    # The first alone: models and files are loaded with it, by one thread.
    for part, jobs in ((left[:1], 1), (left[1:], plan.jobs)):
        for question, result in run_all(ask, part, jobs):
            if isinstance(result, Outcome):
                outcomes[question.id], in_a_row = result, 0
            else:
                in_a_row += 1
                _raise_unless_temporary(result, hopeless=in_a_row >= min(_PATIENCE, len(questions)))
                failed[question.id] = QuestionFailure(question.id, str(result))
            progress("eval", len(outcomes) + len(failed), len(questions))
    return [failed[question.id] for question in questions if question.id in failed]


def _raise_unless_temporary(error: BaseException, *, hopeless: bool) -> None:
    if hopeless or not isinstance(error, ModelError):
        raise error


_FIRST = 64
"""Passages asked for at first: of the bundled docs, 2,000 words are 20 to 50 of them."""

_SHOWN = 5


def run_question(context: RunContext, question: Question) -> Outcome:
    """Measure one question. Raises ModelError, UsageError, IndexMismatch."""
    started = time.perf_counter()
    with shared_deadline(context.options.timeout):
        requests: dict[str, Completion] = {}
        text = context.assistant.search_text(question.question, context.options, requests=requests)
        whole = _retrieve_to_budget(context, text)
        if text != question.question:
            whole = replace(whole, question=question.question, query=whole.query or text)
        retrieved = replace(whole, hits=few_per_page(whole.hits, context.options.k))
        found = context.assistant.answer_from(retrieved, context.options) if context.with_answers else None
    if found and requests:
        found = replace(found, requests={**requests, **found.requests})
    seconds = time.perf_counter() - started
    if found and not found.complete and not (found.completion and found.completion.finish_reason):
        raise ModelError("the answer broke off", "run again", retryable=True)
    targets = find_targets(question, context.docs)
    passages = [Passage.of(hit) for hit in whole.hits]
    reached = find_evidence(question, targets, passages)
    return Outcome(
        id=question.id,
        question=question.question,
        kind=question.kind,
        answerable=question.answerable,
        gold=tuple(_gold_text(gold) for gold in question.gold),
        stale=question.answerable and is_stale(question, targets),
        rank=reached.complete.rank if reached.complete else None,
        words=reached.complete.words if reached.complete else None,
        parts=tuple(part.rank if part else None for part in reached.parts),
        page_rank=page_rank(targets, passages),
        refused=not (found.answered if found else is_answerable(retrieved, context.assistant.thresholds)),
        confidence=confidence(retrieved),
        signals=_signals(retrieved),
        seconds=seconds,
        seen=tuple(_summarize_hit(hit, question, targets) for hit in whole.hits[:_SHOWN]),
        answer=_count_answer(question, found) if found else None,
        passages=tuple(hit.chunk.id for hit in found.hits) if found else (),
    )


def _retrieve_to_budget(context: RunContext, question: str) -> Retrieved:
    """The passages down to the largest word budget, and at least `k` and ten of them."""
    least, count = max(context.options.k, 10), max(context.options.k, _FIRST)
    for retrieved in context.assistant.search_deeper(question, count, context.options.under):
        words, enough = 0, 0
        for enough, hit in enumerate(retrieved.hits, 1):
            words += Passage.of(hit).words
            if words >= BUDGETS[-1] and enough >= least:
                return replace(retrieved, hits=retrieved.hits[:enough])
    return retrieved


def _gold_text(gold: Gold) -> str:
    return f"{gold.page} › {gold.section}" if gold.section else gold.page


def _signals(retrieved: Retrieved) -> dict[str, float]:
    """All signals that a confidence may use, by name."""
    named = getattr(retrieved, "signals", None) or {}
    return {"cosine": retrieved.cosine, "coverage": retrieved.coverage, **{n: float(v) for n, v in named.items()}}


def _summarize_hit(hit: Hit, question: Question, targets: Sequence[Target]) -> PassageSummary:
    one = find_evidence(replace(question, need="any"), targets, [Passage.of(hit)])
    terms = tuple(f"{term} {weight:.1f}" for term, weight in sorted(hit.terms.items(), key=lambda item: -item[1])[:8])
    return PassageSummary(
        rank=hit.rank,
        page=site_path(hit.chunk.url),
        url=hit.url,
        headings=hit.chunk.headings,
        score=round(hit.score, 4),
        cosine=round(hit.cosine, 4),
        bm25=round(hit.bm25, 4),
        terms=terms,
        right=bool(one.complete),
        start=" ".join(hit.chunk.text.split())[:160],
    )


def _count_answer(question: Question, answer: Answer) -> AnswerCounts:
    held = count_support(answer)
    done, spent = answer.completion, answer.usage
    return AnswerCounts(
        text=answer.text,
        facts=len(question.facts),
        facts_found=sum(has_fact(answer.text, fact) for fact in question.facts) if answer.answered else 0,
        cited=held.cited if answer.answered else 0,
        held=held.held if answer.answered else 0,
        claims=held.claims if answer.answered else 0,
        supported=held.supported if answer.answered else 0,
        words=len(answer.text.split()),
        prompt_tokens=(spent.prompt_tokens or 0) if spent else 0,
        completion_tokens=(spent.completion_tokens or 0) if spent else 0,
        cost_usd=(spent.cost_usd or 0.0) if spent else 0.0,
        model=(done.model or "") if done else "",
        sources=tuple(citation.hit.url for citation in answer.citations),
        prompt_sha256=prompt_sha256(answer.question, answer.hits) if done else "",
    )
