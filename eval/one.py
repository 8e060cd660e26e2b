"""One question -> its outcome: retrieve, look for the gold, answer if asked to."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from eval.claims import support
from eval.docs import Docs
from eval.match import Passage, Target, is_stale, page_rank, reach, targets_of
from eval.measures import BUDGETS
from eval.questions import Gold, Question
from eval.records import Answered, Outcome, Seen
from eval.words import has_fact
from ingest.errors import ModelError
from ingest.urls import site_path
from rag.abstain import answers, confidence
from rag.answer import Assistant
from rag.per_page import few_per_page
from rag.records import Answer, Hit, Retrieved

_FIRST = 64
"""Passages asked for at first: of the bundled docs, 2,000 words are 20 to 50 of them."""

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Bench:
    """What questions are run on. `k` passages are shown to the answer; `with_answers` False: ranking alone."""

    assistant: Assistant
    docs: Docs
    k: int
    under: str
    with_answers: bool


def run_question(bench: Bench, question: Question) -> Outcome:
    """Measure one question. Raises ModelError, UsageError, IndexMismatch."""
    started = time.perf_counter()
    with bench.assistant.one_question():
        whole = _read_enough(bench, question.question)
        retrieved = replace(whole, hits=few_per_page(whole.hits, bench.k))
        found = bench.assistant.ask(retrieved) if bench.with_answers else None
    seconds = time.perf_counter() - started
    if found and not found.complete and not (found.completion and found.completion.finish_reason):
        raise ModelError("the answer broke off", "run again", retryable=True)
    targets = targets_of(question, bench.docs)
    passages = [Passage.of(hit) for hit in whole.hits]
    reached = reach(question, targets, passages)
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
        refused=not (found.answered if found else answers(retrieved, bench.assistant.thresholds)),
        confidence=confidence(retrieved),
        signals=_signals(retrieved),
        seconds=seconds,
        seen=tuple(_seen(hit, question, targets) for hit in whole.hits[:_SHOWN]),
        answer=_answered(question, found) if found else None,
    )


def _read_enough(bench: Bench, question: str) -> Retrieved:
    """The passages down to the largest word budget, and at least `k` and ten of them."""
    least, count = max(bench.k, 10), max(bench.k, _FIRST)
    while True:
        retrieved = bench.assistant.retrieve(question, count, bench.under)
        words, enough = 0, 0
        for enough, hit in enumerate(retrieved.hits, 1):
            words += Passage.of(hit).words
            if words >= BUDGETS[-1] and enough >= least:
                return replace(retrieved, hits=retrieved.hits[:enough])
        if len(retrieved.hits) < count:
            return retrieved
        count *= 2


def _gold_text(gold: Gold) -> str:
    return f"{gold.page} › {gold.section}" if gold.section else gold.page


def _signals(retrieved: Retrieved) -> dict[str, float]:
    """Everything that a confidence may be made of, by name."""
    named = getattr(retrieved, "signals", None) or {}
    return {"cosine": retrieved.cosine, "coverage": retrieved.coverage, **{n: float(v) for n, v in named.items()}}


def _seen(hit: Hit, question: Question, targets: Sequence[Target]) -> Seen:
    one = reach(replace(question, need="any"), targets, [Passage.of(hit)])
    terms = tuple(f"{term} {weight:.1f}" for term, weight in sorted(hit.terms.items(), key=lambda item: -item[1])[:8])
    return Seen(
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


def _answered(question: Question, answer: Answer) -> Answered:
    held = support(answer)
    done = answer.completion
    return Answered(
        text=answer.text,
        facts=len(question.facts),
        facts_found=sum(has_fact(answer.text, fact) for fact in question.facts) if answer.answered else 0,
        cited=held.cited if answer.answered else 0,
        held=held.held if answer.answered else 0,
        claims=held.claims if answer.answered else 0,
        supported=held.supported if answer.answered else 0,
        words=len(answer.text.split()),
        prompt_tokens=done.prompt_tokens if done else 0,
        completion_tokens=done.completion_tokens if done else 0,
        cost_usd=done.cost_usd if done else 0.0,
        model=(done.model or "") if done else "",
    )
