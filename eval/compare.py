"""Compare two runs of the same questions, and decide whether a loss is real. Pure.

The null hypothesis is that it makes no difference which run a question's outcome came from. So the
outcomes of each question are swapped at random (approximate randomisation: Noreen 1989; Smucker,
Allan and Carterette 2007), the same swaps for all measures, and each measure's loss is compared
with the largest standardised loss of any measure under the same swap (Westfall and Young 1993): of
all the measures together, chance alone makes one in twenty comparisons fail, not one measure in twenty.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from eval.intervals import SEED, Floats, draws, ratios
from eval.metrics import ANSWERS, REFUSALS, RETRIEVAL, Ratio, Table, tabulate
from eval.records import EvalRun, Outcome, RunConfig
from ingest.core.errors import UsageError

SWAPS: Final = 10_000
ALPHA: Final = 0.05
TOLERANCE: Final = 0.01
"""A smaller loss is not worth failing a build for, however sure it is."""

_ROWS: Final = 500
_GATED: Final[Mapping[str, Callable[[Outcome], Ratio]]] = {
    **RETRIEVAL,
    **ANSWERS,
    **{f"refusal_{name}": measure for name, measure in REFUSALS.items()},
}


@dataclass(frozen=True, slots=True)
class MetricChange:
    """A measure of both runs. `low` and `high` are the 95 % interval of the difference (paired bootstrap).

    `p` is the probability of such a loss by chance, over all measures; `won` and `lost` count the
    questions that are better and worse. `loss` is True for a real one: beyond the tolerance, and p < 0.05.
    """

    value: float
    baseline: float
    low: float
    high: float
    p: float
    won: int
    lost: int

    @property
    def difference(self) -> float:
        """The new value less the old one."""
        return self.value - self.baseline

    @property
    def loss(self) -> bool:
        """Whether the measure really fell."""
        return self.difference < -TOLERANCE and self.p < ALPHA


def refuse_unlike(new: RunConfig, old: RunConfig, *, path: str) -> None:
    """Raise UsageError unless both runs measured the same thing: questions, mode, k and site path."""
    for name, what in (("questions_sha256", "question file"), ("mode", "mode"), ("k", "-k"), ("under", "--under")):
        one, other = getattr(new, name), getattr(old, name)
        if one != other:
            shown = "" if name == "questions_sha256" else f": {other or 'none'} there, {one or 'none'} here"
            raise UsageError(
                f"{path} is a run with another {what}{shown}", "make a new baseline with the same one: --save"
            )


def newly_stale(new: EvalRun, old: EvalRun) -> list[str]:
    """The ids of questions whose gold the docs had when the old run was made, and no longer have."""
    before = {outcome.id for outcome in old.outcomes if not outcome.stale}
    return [outcome.id for outcome in new.outcomes if outcome.stale and outcome.id in before]


def compare(new: EvalRun, old: EvalRun) -> dict[str, MetricChange]:
    """The measures that both runs have. Questions that only one of them judged count in neither."""
    theirs = {outcome.id: outcome for outcome in old.outcomes}
    pairs = [(one, theirs[one.id]) for one in new.outcomes if one.id in theirs and one.stale == theirs[one.id].stale]
    ours, before = tabulate([one for one, _ in pairs], _GATED), tabulate([other for _, other in pairs], _GATED)
    values, baseline = values_of(ours), values_of(before)
    kept = [at for at in range(len(ours.names)) if not np.isnan(values[at] + baseline[at])]
    if not pairs or not kept:
        raise UsageError("the runs have no question in common that was judged", "make a new baseline: --save")
    chance = _p_values(ours, before, values - baseline)
    ends = difference_intervals(ours, before)
    moved = _count_moves(ours, before)
    return {
        ours.names[at]: MetricChange(
            float(values[at]), float(baseline[at]), *ends[at], float(chance[at]), int(moved[0, at]), int(moved[1, at])
        )
        for at in kept
    }


def values_of(table: Table) -> Floats:
    """The measures of all questions together; NaN where none counts."""
    return ratios(table.numerators.sum(axis=0), table.denominators.sum(axis=0))


def _count_moves(ours: Table, before: Table) -> Floats:
    """How many questions are better, and how many worse: float64[2, measures]."""
    with np.errstate(invalid="ignore"):
        change = ratios(ours.numerators, ours.denominators) - ratios(before.numerators, before.denominators)
        return np.stack([(change > 1e-9).sum(axis=0), (change < -1e-9).sum(axis=0)]).astype(np.float64)


def _p_values(ours: Table, before: Table, observed: Floats) -> Floats:
    """For each measure the share of swaps whose largest standardised loss reaches its own."""
    swapped = np.vstack(list(permute(ours, before)))
    spread = np.nanstd(np.where(np.isnan(swapped), 0.0, swapped), axis=0)
    spread[spread == 0] = np.inf  # nothing moved: no loss, and no say in the largest one
    largest = np.nanmax(np.where(np.isnan(swapped), -np.inf, -swapped / spread), axis=1)
    reached = largest[:, None] >= -observed / spread - 1e-12
    return np.asarray((1 + reached.sum(axis=0)) / (1 + len(largest)), dtype=np.float64)


def permute(ours: Table, before: Table) -> Sequence[Floats]:
    """The differences under random swaps: float64[rows, measures], `SWAPS` rows in all."""
    random = np.random.default_rng(SEED)
    size = len(ours.numerators)
    found: list[Floats] = []
    for _ in range(0, SWAPS, _ROWS):
        signs = random.integers(0, 2, size=(_ROWS, size)) * 2.0 - 1.0
        sides = []
        for sign in (signs, -signs):
            parts = (
                (a.sum(axis=0) + b.sum(axis=0) + sign @ (a - b)) / 2
                for a, b in ((ours.numerators, before.numerators), (ours.denominators, before.denominators))
            )
            sides.append(ratios(*parts))
        found.append(sides[0] - sides[1])
    return found


def difference_intervals(ours: Table, before: Table) -> list[tuple[float, float]]:
    """The 95 % interval of each difference: both runs resampled by the same questions."""
    samples = np.vstack(
        [
            ratios(drawn @ ours.numerators, drawn @ ours.denominators)
            - ratios(drawn @ before.numerators, drawn @ before.denominators)
            for drawn in draws(ours, 2_000)
        ]
    )
    ends = []
    for column in samples.T:
        known = column[~np.isnan(column)]
        low, high = np.percentile(known, [2.5, 97.5]) if len(known) else (np.nan, np.nan)
        ends.append((float(low), float(high)))
    return ends
