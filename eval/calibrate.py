"""Fit the thresholds of refusing to questions with known answers, and estimate how well they do. Pure.

The confidence may be made of anything: it has to lie in 0..1 and to grow with the chance that the
docs answer. Two thresholds are fitted:

- `answer`: as high as it may be while at most 5 % of the answerable questions fall below it;
- `call`: as high as it may be while of the questions below it at least 95 % are unanswerable, and
  not above `answer`. Below it no model is asked.

The reported figures are cross-validated: each question is judged by thresholds that were fitted without
it and without the other questions on its page.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eval.intervals import Interval, intervals
from eval.metrics import Table
from eval.records import Outcome
from ingest.core.errors import UsageError
from rag.thresholds import Thresholds

FALSE_REFUSALS: Final = 0.05
CALL_PRECISION: Final = 0.95
FOLDS: Final = 10
LEAST: Final = 10
"""Questions of either sort that a fit needs: with fewer, one of them is over 10 %."""

_RESAMPLES: Final = 1_000

Scores = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LabelledConfidence:
    """A question with its confidence; questions of one `group` are never in different folds."""

    confidence: float
    answerable: bool
    group: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """Thresholds of all questions, and the cross-validated figures. `answer` is the threshold with its interval."""

    thresholds: Thresholds
    answer: Interval
    answerable: int
    unanswerable: int
    figures: dict[str, Interval]

    def json(self) -> dict[str, Any]:
        """The calibration as documents show it."""
        return {
            "answer": round(self.thresholds.answer, 4),
            "answer_interval": {"low": self.answer.json()["low"], "high": self.answer.json()["high"]},
            "call": round(self.thresholds.call, 4),
            "answerable": self.answerable,
            "unanswerable": self.unanswerable,
            "folds": FOLDS,
            "cross_validated": {name: interval.json() for name, interval in self.figures.items()},
        }


def label_confidences(outcomes: Sequence[Outcome], score: Callable[[Outcome], float]) -> list[LabelledConfidence]:
    """The questions to fit on, grouped by their first gold page; stale ones are left out."""
    return [
        LabelledConfidence(
            score(outcome), outcome.answerable, outcome.gold[0].partition(" › ")[0] if outcome.gold else outcome.id
        )
        for outcome in outcomes
        if not outcome.stale
    ]


def calibrate(judged: Sequence[LabelledConfidence]) -> Calibration:
    """Fit on all, and cross-validate. Raises UsageError when there are too few questions of either sort."""
    scores = np.array([one.confidence for one in judged], dtype=np.float64)
    answerable = np.array([one.answerable for one in judged], dtype=np.bool_)
    check_enough([one.answerable for one in judged])
    below = np.zeros((2, len(judged)), dtype=np.bool_)
    for fold in _folds(judged):
        fitted = fit(scores[~fold], answerable[~fold])
        below[0, fold] = scores[fold] < fitted.answer
        below[1, fold] = scores[fold] < fitted.call
    figures = {**_figures(answerable, below), "auroc": auroc_interval(scores, answerable)}
    fitted = fit(scores, answerable)
    interval = threshold_interval(scores[answerable], fitted.answer)
    return Calibration(fitted, interval, int(answerable.sum()), int((~answerable).sum()), figures)


def check_enough(answerable: Sequence[bool]) -> None:
    """Raise UsageError when there are too few questions of either sort to fit anything."""
    few = min(sum(answerable), len(answerable) - sum(answerable))
    if few < LEAST:
        raise UsageError(
            f"calibrating takes {LEAST} answerable and {LEAST} unanswerable questions; there are {few} of one sort",
            'add lines with "answerable": false',
        )


def signal_aurocs(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The AUROC of each signal alone, so that one sees which of them carries the confidence."""
    kept = [outcome for outcome in outcomes if not outcome.stale]
    answerable = np.array([outcome.answerable for outcome in kept], dtype=np.bool_)
    names = dict.fromkeys(name for outcome in kept for name in outcome.signals)
    return {
        name: round(auroc(np.array([outcome.signals.get(name, 0.0) for outcome in kept]), answerable), 4)
        for name in names
    }


def fit(scores: Scores, answerable: Flags) -> Thresholds:
    """The thresholds of these questions. They lie in the middle between two neighbouring confidences."""
    ordered = np.unique(scores)
    cuts = np.concatenate([[0.0], (ordered[1:] + ordered[:-1]) / 2])
    right, wrong = np.sort(scores[answerable]), np.sort(scores[~answerable])
    false = np.searchsorted(right, cuts)  # answerable questions below each cut
    true = np.searchsorted(wrong, cuts)
    answer = float(cuts[false <= FALSE_REFUSALS * len(right)].max(initial=0.0))
    precise = (true >= CALL_PRECISION * (true + false)) & (cuts <= answer)
    return Thresholds(answer, float(cuts[precise].max(initial=0.0)))


def threshold_interval(right: Scores, fitted: float) -> Interval:
    """The 95 % interval of the confidence below which 5 % of all answerable questions fall, from a sample of them.

    By order statistics, whatever the distribution (Conover 1999, section 3.2). Of few questions none may lie below it,
    so that the lower end is 0.
    """
    ordered, count = np.sort(right), len(right)
    below = np.cumsum(
        [math.comb(count, n) * FALSE_REFUSALS**n * (1 - FALSE_REFUSALS) ** (count - n) for n in range(count + 1)]
    )  # the chance that at most n of the sample lie below it
    low = int(np.searchsorted(below, 0.025, side="right"))
    high = int(np.searchsorted(below, 0.975)) + 1
    return Interval(
        fitted,
        min(fitted, float(ordered[low - 1])) if low else 0.0,
        max(fitted, float(ordered[high - 1])) if high <= count else 1.0,
    )


def auroc(scores: Scores, answerable: Flags) -> float:
    """The chance that an answerable question has more confidence than an unanswerable one; ties count half.

    The Mann-Whitney statistic over the number of pairs (Hanley and McNeil 1982).
    """
    wrong = np.sort(scores[~answerable])
    right = scores[answerable]
    if not len(wrong) or not len(right):
        return float("nan")
    less = np.searchsorted(wrong, right, side="left")
    equal = np.searchsorted(wrong, right, side="right") - less
    return float((less + equal / 2).sum() / (len(wrong) * len(right)))


def auroc_interval(scores: Scores, answerable: Flags) -> Interval:
    """The AUROC with its 95 % bootstrap interval; both sorts are resampled on their own."""
    random = np.random.default_rng(20_261_121)
    right, wrong = scores[answerable], scores[~answerable]
    flags = np.concatenate([np.ones(len(right), dtype=np.bool_), np.zeros(len(wrong), dtype=np.bool_)])
    drawn = [
        auroc(np.concatenate([random.choice(right, len(right)), random.choice(wrong, len(wrong))]), flags)
        for _ in range(_RESAMPLES)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(auroc(scores, answerable), float(low), float(high))


def _folds(judged: Sequence[LabelledConfidence]) -> list[Flags]:
    """Ten parts, each with its share of both sorts; the groups of a sort are dealt out in turn."""
    part = np.zeros(len(judged), dtype=np.int64)
    for sort in (True, False):
        groups = sorted({one.group for one in judged if one.answerable is sort})
        place = {group: at % FOLDS for at, group in enumerate(groups)}
        for at, one in enumerate(judged):
            if one.answerable is sort:
                part[at] = place[one.group]
    return [part == fold for fold in range(FOLDS) if (part == fold).any()]


def _figures(answerable: Flags, below: NDArray[np.bool_]) -> dict[str, Interval]:
    wrong = ~answerable
    ratios = {
        "false_refusals": (below[0] & answerable, answerable),
        "refusal_recall": (below[0] & wrong, wrong),
        "refusal_precision": (below[0] & wrong, below[0]),
        "call_recall": (below[1] & wrong, wrong),
        "call_precision": (below[1] & wrong, below[1]),
    }
    columns = [np.stack([pair[side] for pair in ratios.values()], axis=1).astype(np.float64) for side in (0, 1)]
    return intervals(Table(tuple(ratios), columns[0], columns[1]))
