"""Measures of several systems on the same questions, which differences are real, and the best one. Pure.

Two systems are compared question by question as `eval.compare` compares two runs, on either side: the difference of
each measure against the largest standardised difference of any measure under random swaps, so that of all the measures
together chance calls two equal systems different in one of twenty comparisons. With several systems the probabilities
are multiplied by their number less one (Bonferroni).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from eval.bakeoff.run import Bakeoff, SystemResult
from eval.compare import ALPHA, difference_intervals, permute, values_of
from eval.intervals import Interval, intervals
from eval.metrics import ANSWERS, REFUSALS, RETRIEVAL, Ratio, Table, tabulate
from eval.records import AnswerCounts, Outcome

Measure = Callable[[Outcome], Ratio]
_NOT: Final[Ratio] = (0.0, 0.0)


def _of_answer(measure: Callable[[AnswerCounts], Ratio]) -> Measure:
    return lambda outcome: measure(outcome.answer) if outcome.answer else _NOT


MEASURES: Final[Mapping[str, Measure]] = {
    **{name: RETRIEVAL[name] for name in ("recall@5", "mrr")},
    **ANSWERS,
    "unsupported": _of_answer(lambda answer: (answer.claims - answer.supported, answer.claims)),
    "refused_rightly": REFUSALS["recall"],
    "refused_wrongly": lambda outcome: (float(outcome.refused), 1.0) if outcome.judged else _NOT,
    "words": _of_answer(lambda answer: (answer.words, 1.0)),
    "seconds": lambda outcome: (outcome.seconds, 1.0),
    "dollars": _of_answer(lambda answer: (answer.cost_usd, 1.0)),
}
"""Measures by name: shares from 0 to 1, then words, seconds and dollars for each question."""

DECIDING: Final = ("facts", "citation_recall", "mrr")
"""What decides which system is best: the first of these that the questions measure."""

RULE: Final = (
    "of the systems that are not shown to be worse in {measure} than the one with the highest, the cheapest; "
    "at the same price the fastest"
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A measure of a system less that of the leader, with its 95 % interval and the probability by chance."""

    value: float
    low: float
    high: float
    p: float

    @property
    def shown(self) -> bool:
        """Whether chance does not explain it."""
        return self.p < ALPHA


@dataclass(frozen=True, slots=True)
class Row:
    """A system with its measures on the common questions, and its differences to the leader."""

    result: SystemResult
    measures: Mapping[str, Interval]
    differences: Mapping[str, Difference]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The rows by the deciding measure, the best first; `leader` has the highest, `best` is chosen by the rule."""

    rows: tuple[Row, ...]
    common: int
    deciding: str
    leader: Row
    best: Row

    @property
    def rule(self) -> str:
        """How the best one is chosen."""
        return RULE.format(measure=self.deciding)

    @property
    def sentence(self) -> str:
        """What the comparison showed."""
        worse = [row for row in self.rows if _is_worse(row, self.deciding)]
        if not worse:
            return f"No difference shown in {self.deciding}: {len(self.rows)} systems, {self.common} questions."
        alike = [row for row in self.rows if row is not self.leader and row not in worse]
        rest = f"; no difference shown to {_names(alike)}" if alike else ""
        return f"{self.leader.result.system.name} is better in {self.deciding} than {_names(worse)}{rest}."


def _names(rows: Sequence[Row]) -> str:
    return ", ".join(row.result.system.name for row in rows)


def judge(bakeoff: Bakeoff) -> Verdict | None:
    """Compare all systems on the questions that all of them answered; None where there are none."""
    results = [result for result in bakeoff.results if result.outcomes]
    common = [one.id for one in bakeoff.questions if results and all(one.id in each.outcomes for each in results)]
    if not common:
        return None
    tables = [tabulate([result.outcomes[name] for name in common], MEASURES) for result in results]
    measured = [intervals(table) for table in tables]
    deciding = next((name for name in DECIDING if all(one[name].value is not None for one in measured)), "seconds")
    order = sorted(range(len(results)), key=lambda at: -(measured[at][deciding].value or 0.0))
    lead = order[0]
    rows = tuple(
        Row(results[at], measured[at], {} if at == lead else _differences(tables[at], tables[lead], len(results) - 1))
        for at in order
    )
    return Verdict(rows, len(common), deciding, rows[0], _best(rows, deciding))


def _differences(ours: Table, leader: Table, comparisons: int) -> dict[str, Difference]:
    observed = values_of(ours) - values_of(leader)
    chance = np.minimum(1.0, _two_sided(ours, leader) * comparisons)
    ends = difference_intervals(ours, leader)
    return {
        name: Difference(float(observed[at]), *ends[at], float(chance[at]))
        for at, name in enumerate(ours.names)
        if not np.isnan(observed[at])
    }


def _two_sided(ours: Table, leader: Table) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """For each measure the share of swaps whose largest standardised difference reaches its own."""
    observed = values_of(ours) - values_of(leader)
    swapped = np.nan_to_num(np.vstack(list(permute(ours, leader))))
    spread = swapped.std(axis=0)
    spread[spread == 0] = np.inf
    largest = np.abs(swapped / spread).max(axis=1)
    reached = largest[:, None] >= np.abs(np.nan_to_num(observed)) / spread - 1e-12
    return np.asarray((1 + reached.sum(axis=0)) / (1 + len(largest)), dtype=np.float64)


def _is_worse(row: Row, deciding: str) -> bool:
    difference = row.differences.get(deciding)
    return bool(difference and difference.shown and difference.value < 0)


def _best(rows: Sequence[Row], deciding: str) -> Row:
    def price(row: Row) -> tuple[float, float]:
        dollars, seconds = row.measures["dollars"].value, row.measures["seconds"].value
        return round(dollars or 0.0, 7), seconds or 0.0

    return min((row for row in rows if not _is_worse(row, deciding)), key=price)
