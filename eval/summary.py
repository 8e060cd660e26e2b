"""The document of `askdocs eval --json`: measures, failures, costs. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from eval.compare import MetricChange, newly_stale
from eval.intervals import intervals
from eval.metrics import ANSWERS, REFUSALS, RETRIEVAL, Ratio, tabulate
from eval.records import EvalRun, Outcome

LATE: Final = 1_000
"""Evidence that comes after this many words counts as a failure to look at."""

Measures = Mapping[str, Callable[[Outcome], Ratio]]


def summary(run: EvalRun) -> dict[str, Any]:
    """Measures with intervals, overall and by kind, failures, costs. Figures are rounded to 4 digits."""
    outcomes = run.outcomes
    answers = [outcome.answer for outcome in outcomes if outcome.answer]
    models = sorted({answer.model for answer in answers if answer.model})
    return {
        "questions": len(outcomes),
        "answerable": sum(outcome.answerable for outcome in outcomes),
        **measures(run.outcomes),
        "by_kind": {
            kind: {"questions": len(part), **measures(part)} for kind, part in sorted(by_kind(outcomes).items())
        },
        "failures": failures(run),
        "stale": [outcome.id for outcome in outcomes if outcome.stale],
        "problems": [asdict(problem) for problem in run.problems],
        "seconds": round(run.seconds, 3),
        "seconds_per_question": _spread([outcome.seconds for outcome in outcomes]),
        "words_per_answer": _spread([float(answer.words) for answer in answers]),
        "usage": {
            "prompt_tokens": sum(answer.prompt_tokens for answer in answers),
            "completion_tokens": sum(answer.completion_tokens for answer in answers),
        },
        "cost_usd": round(sum(answer.cost_usd for answer in answers), 6),
        "model": ", ".join(models) or None,
        "embedder": run.system.embedder,
        "generation": run.system.generation,
        "mode": run.measured.mode,
        "resumed": run.resumed,
    }


def measures(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    """All measures of some outcomes, each with its interval; null where no question counts."""
    groups: dict[str, Measures] = {"retrieval": RETRIEVAL, "answers": ANSWERS, "refusals": REFUSALS}
    return {
        group: {name: interval.json() for name, interval in intervals(tabulate(outcomes, named)).items()}
        for group, named in groups.items()
    }


def by_kind(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """The outcomes of each kind of question."""
    kinds: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        kinds.setdefault(outcome.kind, []).append(outcome)
    return kinds


def why_failed(outcome: Outcome) -> str:
    """Say in words what went wrong with a question; "" when nothing did."""
    if outcome.stale:
        return ""
    reasons = []
    if outcome.judged and outcome.words is None:
        reasons.append("evidence not found" if outcome.page_rank is None else "right page, but not the evidence")
    elif outcome.judged and outcome.words and outcome.words > LATE:
        reasons.append(f"evidence only after {outcome.words:,} words")
    if outcome.judged and outcome.refused:
        reasons.append("refused although the docs answer")
    if not outcome.answerable and not outcome.refused:
        reasons.append("answered although the docs do not")
    answer = outcome.answer
    if answer and outcome.judged and not outcome.refused and answer.facts_found < answer.facts:
        reasons.append(f"{answer.facts - answer.facts_found} of {answer.facts} facts missing")
    return "; ".join(reasons)


def failures(run: EvalRun) -> list[dict[str, Any]]:
    """The questions that went wrong, with what was retrieved instead of the gold."""
    return [
        {
            "id": outcome.id,
            "question": outcome.question,
            "kind": outcome.kind,
            "why": why,
            "rank": outcome.rank,
            "words": outcome.words,
            "gold": list(outcome.gold),
            "confidence": round(outcome.confidence, 4),
            "answer": outcome.answer.text if outcome.answer else None,
            "retrieved": [asdict(seen) for seen in outcome.seen],
        }
        for outcome in run.outcomes
        if (why := why_failed(outcome))
    ]


def comparison(changes: Mapping[str, MetricChange], new: EvalRun, old: EvalRun) -> dict[str, Any]:
    """The part of the document that `--baseline` adds. Gold that the docs lost is a loss which no measure sees."""
    stale = newly_stale(new, old)
    return {
        "created_at": old.created_at,
        "generation": old.system.generation,
        "embedder": old.system.embedder,
        "passed": not stale and not any(change.loss for change in changes.values()),
        "stale": stale,
        "changes": {
            name: {
                **{field: round(value, 4) for field, value in asdict(change).items()},
                "difference": round(change.difference, 4),
                "loss": change.loss,
            }
            for name, change in changes.items()
        },
    }


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    if not values:
        return {"p50": None, "p95": None}
    middle, high = np.percentile(values, [50, 95])
    return {"p50": round(float(middle), 4), "p95": round(float(high), 4)}
