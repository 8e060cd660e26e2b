"""Measures of outcomes, each the ratio of two sums over the questions. Pure.

Every measure is sum(numerator) / sum(denominator), so that one bootstrap and one paired test serve
averages (whose denominators are 1) and ratios such as precision alike.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eval.records import AnswerCounts, Outcome

BUDGETS: Final = (300, 1000, 2000)
"""Words of ranked text that a reader, or a prompt, has room for."""

Ratio = tuple[float, float]
"""One question's share of numerator and denominator; with a denominator of 0 the question does not count."""

_NOT: Final[Ratio] = (0.0, 0.0)


def recall_at(outcome: Outcome, k: int) -> float:
    """1 when the evidence is complete within the first k passages."""
    return float(outcome.rank is not None and outcome.rank <= k)


def recall_within(outcome: Outcome, words: int) -> float:
    """1 when the evidence is complete within the first `words` words of ranked text."""
    return float(outcome.words is not None and outcome.words <= words)


def reciprocal_rank(outcome: Outcome) -> float:
    """1 / rank of the passage that completes the evidence (Voorhees 1999), 0 when nothing read does."""
    return 1 / outcome.rank if outcome.rank else 0.0


def ndcg(outcome: Outcome, k: int = 10) -> float:
    """Normalised discounted cumulative gain with binary gains (Järvelin and Kekäläinen 2002).

    Alternatives count as one relevant item, at the first of them; with `need` "all", each needed
    page is one. A passage that completes two pages counts twice, but never beyond the ideal.
    """
    gains = sum(1 / math.log2(1 + rank) for rank in outcome.parts if rank and rank <= k)
    ideal = sum(1 / math.log2(1 + rank) for rank in range(1, min(k, len(outcome.parts)) + 1))
    return min(1.0, gains / ideal) if ideal else 0.0


def page_recall(outcome: Outcome, k: int = 5) -> float:
    """1 when a gold page is among the first k distinct pages, also where several are needed."""
    return float(outcome.page_rank is not None and outcome.page_rank <= k)


def _ranking(measure: Callable[[Outcome], float]) -> Callable[[Outcome], Ratio]:
    return lambda outcome: (measure(outcome), 1.0) if outcome.judged else _NOT


def _answering(measure: Callable[[AnswerCounts], Ratio]) -> Callable[[Outcome], Ratio]:
    return lambda outcome: measure(outcome.answer) if outcome.answer and outcome.judged else _NOT


RETRIEVAL: Final[Mapping[str, Callable[[Outcome], Ratio]]] = {
    "recall@1": _ranking(lambda outcome: recall_at(outcome, 1)),
    "recall@5": _ranking(lambda outcome: recall_at(outcome, 5)),
    "recall@10": _ranking(lambda outcome: recall_at(outcome, 10)),
    "mrr": _ranking(reciprocal_rank),
    "ndcg@10": _ranking(ndcg),
    "page_recall@5": _ranking(page_recall),
    "recall@300_words": _ranking(lambda outcome: recall_within(outcome, 300)),
    "recall@1000_words": _ranking(lambda outcome: recall_within(outcome, 1000)),
    "recall@2000_words": _ranking(lambda outcome: recall_within(outcome, 2000)),
}

ANSWERS: Final[Mapping[str, Callable[[Outcome], Ratio]]] = {
    # A refused question counts as one without its facts; it has no claims and no citations.
    "facts": _answering(lambda answer: (answer.facts_found / answer.facts, 1.0) if answer.facts else _NOT),
    "citation_precision": _answering(lambda answer: (answer.held, answer.cited)),
    "citation_recall": _answering(lambda answer: (answer.supported, answer.claims)),
}

REFUSALS: Final[Mapping[str, Callable[[Outcome], Ratio]]] = {
    # A stale question is neither: the docs may have lost the answer.
    "precision": lambda outcome: (
        (float(not outcome.answerable), 1.0) if outcome.refused and not outcome.stale else _NOT
    ),
    "recall": lambda outcome: (float(outcome.refused), 1.0) if not outcome.answerable else _NOT,
}


@dataclass(frozen=True, slots=True)
class Table:
    """Numerators and denominators, float64[questions, measures]."""

    names: tuple[str, ...]
    numerators: NDArray[np.float64]
    denominators: NDArray[np.float64]


def tabulate(outcomes: Sequence[Outcome], measures: Mapping[str, Callable[[Outcome], Ratio]]) -> Table:
    """Each question's share of each measure."""
    ratios = [[measure(outcome) for measure in measures.values()] for outcome in outcomes]
    cube = np.array(ratios, dtype=np.float64).reshape(len(outcomes), len(measures), 2)
    return Table(tuple(measures), cube[:, :, 0], cube[:, :, 1])
