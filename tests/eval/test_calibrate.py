import json
from pathlib import Path

import numpy as np
import pytest

from eval.calibrate import LabelledConfidence, auroc, calibrate, fit, threshold_interval
from ingest.core.errors import UsageError
from rag.thresholds import CALIBRATION, DEFAULT, Thresholds, load_thresholds, save_thresholds


def judged(right: list[float], wrong: list[float]) -> list[LabelledConfidence]:
    return [
        *(LabelledConfidence(score, True, f"page{at}") for at, score in enumerate(right)),  # noqa: FBT003 - reads well
        *(LabelledConfidence(score, False, f"none{at}") for at, score in enumerate(wrong)),  # noqa: FBT003
    ]


def test_thresholds_by_hand() -> None:
    """Twenty answerable: one may be refused (5 %). The cut lies in the middle between neighbours."""
    right = np.array([0.2, 0.4, *np.linspace(0.6, 0.9, 18)])
    wrong = np.array([0.05, 0.1, 0.15, 0.3, 0.38, 0.5])
    scores = np.concatenate([right, wrong])
    fitted = fit(scores, np.arange(len(scores)) < 20)
    assert fitted.answer == pytest.approx((0.38 + 0.4) / 2)  # 1 of 20 below; the next cut would have 2
    assert fitted.call == pytest.approx((0.15 + 0.2) / 2)  # 3 of 3 below; further on it is at most 5 of 6


def test_auroc_by_hand() -> None:
    scores = np.array([0.9, 0.5, 0.5, 0.1])
    assert auroc(scores, np.array([True, True, False, False])) == pytest.approx((2 + 1.5) / 4)


def test_a_confidence_that_separates_is_found_out_and_one_that_does_not_as_well() -> None:
    random = np.random.default_rng(3)
    good = calibrate(judged(list(random.uniform(0.6, 1, 100)), list(random.uniform(0, 0.4, 60))))
    assert good.figures["auroc"].value == 1.0
    assert good.figures["refusal_recall"].value == 1.0
    assert (good.figures["false_refusals"].value or 0) <= 0.05
    assert 0.3 < good.thresholds.call <= good.thresholds.answer < 0.7
    poor = calibrate(judged(list(random.uniform(0, 1, 300)), list(random.uniform(0, 1, 150))))
    assert poor.figures["auroc"].value == pytest.approx(0.5, abs=0.08)
    assert poor.figures["refusal_recall"].value == pytest.approx(0.05, abs=0.05)
    # Cross-validated, not as fitted: the few that a lucky cut catches do not hold for others.
    assert (poor.figures["call_recall"].value or 0) < 0.1


def test_too_few_questions_are_refused() -> None:
    with pytest.raises(UsageError, match="there are 9 of one sort"):
        calibrate(judged([0.9] * 50, [0.1] * 9))


def test_thresholds_are_kept_per_embedder(tmp_path: Path) -> None:
    assert load_thresholds(tmp_path, "one") == DEFAULT
    save_thresholds(tmp_path, "one", Thresholds(0.4, 0.2), {"auroc": 0.9})
    save_thresholds(tmp_path, "two", Thresholds(0.5, 0.5), {})
    assert load_thresholds(tmp_path, "one") == Thresholds(0.4, 0.2, calibrated=True)
    assert load_thresholds(tmp_path, "two") == Thresholds(0.5, 0.5)
    assert load_thresholds(tmp_path, "three") == DEFAULT
    assert [path.name for path in tmp_path.iterdir()] == [CALIBRATION]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 99_999,
        '{"format": 2, "entries": {"one": {"confidence": 1, "answer": 0.4, "call": 0.2}}}',
        '{"format": 1, "entries": []}',
        '{"format": 1, "entries": {"one": 5}}',
        '{"format": 1, "entries": {"one": {"confidence": -1, "answer": 0.4, "call": 0.2}}}',
        '{"format": 1, "entries": {"one": {"confidence": 1, "answer": NaN, "call": 0.2}}}',
        '{"format": 1, "entries": {"one": {"confidence": 1, "answer": 0.1, "call": 0.2}}}',
        '{"format": 1, "entries": {"one": {"confidence": 1, "answer": 9, "call": 0.2}}}',
    ],
)
def test_a_file_that_says_nothing_sensible_is_the_default(tmp_path: Path, text: str) -> None:
    (tmp_path / CALIBRATION).write_text(text)
    assert load_thresholds(tmp_path, "one") == DEFAULT
    save_thresholds(tmp_path, "one", Thresholds(0.4, 0.2), {})
    assert load_thresholds(tmp_path, "one").calibrated
    assert json.loads((tmp_path / CALIBRATION).read_text())["format"] == 1


@pytest.mark.parametrize("count", [10, 20, 100, 400])
def test_the_interval_of_the_threshold_contains_the_true_one(count: int) -> None:
    """Confidence is uniform here: 5 % of all answerable questions lie below 0.05, whatever a sample says."""
    random = np.random.default_rng(7)
    samples = [np.sort(random.uniform(0, 1, count)) for _ in range(400)]
    found = [threshold_interval(sample, float(np.quantile(sample, 0.05))) for sample in samples]
    inside = [(one.low or 0) <= 0.05 <= (one.high or 0) for one in found]
    assert np.mean(inside) >= 0.93
    widths = [(one.high or 0) - (one.low or 0) for one in found]
    assert np.mean(widths) < 8 / count + 0.03, "more questions make it narrower"


def test_thirty_questions_are_enough_and_say_how_sure_they_are() -> None:
    random = np.random.default_rng(11)
    fitted = calibrate(judged(list(random.uniform(0.3, 1, 20)), list(random.uniform(0, 0.5, 10)))).json()
    ends = fitted["answer_interval"]
    assert 0 <= ends["low"] <= fitted["answer"] <= ends["high"] < 0.6
    with pytest.raises(UsageError, match="10 answerable and 10 unanswerable"):
        calibrate(judged(list(random.uniform(0.3, 1, 25)), list(random.uniform(0, 0.5, 5))))
