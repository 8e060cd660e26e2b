"""95 % intervals of measures, by bootstrap. Pure, with a fixed seed: the same at every call."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eval.metrics import Table

RESAMPLES: Final = 4_000
"""Enough for the ends of a 95 % interval to settle to about 0.003 at 100 questions."""

SEED: Final = 20_261_121
AMOUNTS: Final = frozenset({"words", "seconds", "dollars"})
"""Measures that are no shares from 0 to 1."""

_Z: Final = 1.96
"""The normal distribution has 95 % of its mass within so many standard deviations."""
_ROWS: Final = 250
"""Resamples drawn at once: some megabytes, also with 10,000 questions."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A measure with the ends of its 95 % interval; `value` is None where no question counts."""

    value: float | None
    low: float | None
    high: float | None

    def json(self) -> dict[str, float | None]:
        """The interval as documents show it."""
        return {
            name: None if value is None else round(value, 4)
            for name, value in (("value", self.value), ("low", self.low), ("high", self.high))
        }


def ratios(numerators: Floats, denominators: Floats) -> Floats:
    """Element-wise ratio; NaN where the denominator is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(denominators > 0, numerators / denominators, np.nan))


def intervals(table: Table, resamples: int = RESAMPLES) -> dict[str, Interval]:
    """Percentile bootstrap over questions (Efron and Tibshirani 1993, chapter 13)."""
    values = ratios(table.numerators.sum(axis=0), table.denominators.sum(axis=0))
    drawn = [ratios(counts @ table.numerators, counts @ table.denominators) for counts in draws(table, resamples)]
    samples = np.vstack(drawn) if drawn else np.full((1, len(table.names)), np.nan)
    found: dict[str, Interval] = {}
    for at, name in enumerate(table.names):
        column = samples[~np.isnan(samples[:, at]), at]
        if np.isnan(values[at]) or not len(column):
            found[name] = Interval(None, None, None)
        else:
            low, high = np.percentile(column, [2.5, 97.5])
            if low == high and name not in AMOUNTS:
                low, high = _wilson(float(values[at]), int((table.denominators[:, at] > 0).sum()))
            found[name] = Interval(float(values[at]), float(low), float(high))
    return found


def _wilson(share: float, size: int) -> tuple[float, float]:
    """Wilson's interval of a share (1927): where all questions are alike, resampling them shows no uncertainty."""
    spread = _Z**2 / size
    middle = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * (share * (1 - share) / size + spread / (4 * size)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def draws(table: Table, resamples: int) -> list[Floats]:
    """How often each question is drawn: float64[rows, questions], `resamples` rows in all."""
    size = len(table.numerators)
    if not size:
        return []
    random = np.random.default_rng(SEED)
    shares = np.full(size, 1 / size)
    sizes = [min(_ROWS, resamples - start) for start in range(0, resamples, _ROWS)]
    return [random.multinomial(size, shares, size=rows).astype(np.float64) for rows in sizes]
