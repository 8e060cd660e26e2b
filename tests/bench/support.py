"""The check of support on labelled claims: its decisions, and how many bad claims it catches at which false alarms.

    python -m tests.bench.support FILE.jsonl [FILE.jsonl ...] [--json]
    python -m tests.bench.support --fit DEV.jsonl            fits rag/verify/support.json

A line has `claim`, `passages` (texts; or `passage`, one text) and `supported` (a boolean); lines of AttributionBench
(`references`, `attribution_label`; Li et al. 2024, OSU-NLP-Group/AttributionBench) are read as they are. Printed are:
the share of unsupported claims that the check catches, that of supported ones it refuses (false alarms), macro-F1,
AUROC of the score, and the curve: what is caught where at most so many alarms are false. `--json` has every threshold.
"""

import argparse
import ast
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rag.records import Hit
from rag.verify.claims import words_of
from rag.verify.closeness import WEIGHTS_FILE, closeness
from rag.verify.support import SUPPORTED, has_figures, is_long, plain_hits, support_score
from rag.verify.token_reader import ENCODED

ALARMS: Final = (0.02, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
"""The shares of false alarms that are printed."""
_STEPS: Final = 50
"""Of Newton's method; it converges in about ten."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A claim, its passages, and whether people say that they support it."""

    claim: str
    passages: tuple[str, ...]
    supported: bool


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold does: claims with a lower score are refused."""

    threshold: float
    caught: float
    alarms: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one file."""

    file: str
    claims: int
    unsupported: int
    caught: float
    alarms: float
    macro_f1: float
    auroc: float
    curve: tuple[Point, ...]


def read(path: Path) -> Iterator[Labelled]:
    """The claims of a file. Raises ValueError and KeyError for a line of another form."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if "attribution_label" in row:
            found = row["references"]
            texts = ast.literal_eval(found) if isinstance(found, str) else found
            yield Labelled(row["claim"], tuple(map(str, texts)), row["attribution_label"] == "attributable")
        else:
            texts = row.get("passages") or [row["passage"]]
            yield Labelled(row["claim"], tuple(texts), bool(row["supported"]))


def measure(name: str, labels: Sequence[bool], scores: Sequence[float]) -> Measured:
    """The figures of claims with these labels and scores."""
    true, score = np.array(labels, dtype=bool), np.array(scores)
    curve = tuple(_point(true, score, float(at)) for at in np.unique(score))
    here = _point(true, score, SUPPORTED)
    return Measured(
        file=name,
        claims=len(true),
        unsupported=int((~true).sum()),
        caught=here.caught,
        alarms=here.alarms,
        macro_f1=_macro_f1(true, score >= SUPPORTED),
        auroc=_auroc(true, score),
        curve=curve,
    )


def _point(true: NDArray[np.bool_], score: NDArray[np.float64], threshold: float) -> Point:
    refused = score < threshold
    return Point(threshold, float(refused[~true].mean()), float(refused[true].mean()))


def _macro_f1(true: NDArray[np.bool_], said: NDArray[np.bool_]) -> float:
    parts = [
        2 * (true == said)[said == label].sum() / ((true == label).sum() + (said == label).sum())
        for label in (True, False)
    ]
    return float(np.mean(parts))


def _auroc(true: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """How probable it is that a supported claim has the higher score than one that is not; a tie counts half."""
    against = score[~true][None, :]
    return float(((score[true][:, None] > against) + 0.5 * (score[true][:, None] == against)).mean())


def fit(labelled: Sequence[Labelled]) -> dict[str, float]:
    """The weights of `closeness.probability`, on claims that it decides: long ones, no figure of which is missing."""
    decided = [
        one for one in labelled if is_long(words_of(one.claim)) and has_figures(one.claim, plain_hits(one.passages))
    ]
    rows = [(_closeness(one), one.supported) for one in decided]
    match = np.array([[value, 1.0] for value, _ in rows])
    label = np.array([good for _, good in rows], dtype=float)
    weights = np.zeros(2)
    for _ in range(_STEPS):
        likely = 1 / (1 + np.exp(-match @ weights))
        slope = match.T @ (label - likely)
        weights += np.linalg.solve((match * (likely * (1 - likely))[:, None]).T @ match, slope)
    return {"match": round(float(weights[0]), 4), "intercept": round(float(weights[1]), 4)}


def _closeness(one: Labelled) -> float:
    hits: Sequence[Hit] = plain_hits(one.passages)
    return closeness(ENCODED.claim(one.claim), [ENCODED.passage(hit) for hit in hits])


def _shown(found: Measured) -> Iterator[str]:
    yield f"{found.file}: {found.claims} claims, {found.unsupported} unsupported"
    yield (
        f"  caught {found.caught:.3f} at {found.alarms:.3f} false alarms; "
        f"macro-F1 {found.macro_f1:.3f}, AUROC {found.auroc:.3f}"
    )
    for most in ALARMS:
        best = max((point for point in found.curve if point.alarms <= most), key=lambda point: point.caught)
        yield f"  at most {most:.2f} false alarms: {best.caught:.3f} caught (threshold {best.threshold:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--fit", type=Path, help="fit the weights on this file and write them")
    parser.add_argument("--json", action="store_true", help="one JSON document, with every threshold")
    given = parser.parse_args()
    if given.fit:
        weights = fit(list(read(given.fit)))
        WEIGHTS_FILE.write_text(json.dumps({"weights": weights}, indent=1) + "\n", encoding="utf-8")
        print(f"{WEIGHTS_FILE.name}: {weights}")
    found: list[Measured] = []
    for path in given.files:
        claims = list(read(path))
        scores = [support_score(one.claim, one.passages) for one in claims]
        found.append(measure(path.name, [one.supported for one in claims], scores))
    if given.json:
        document: dict[str, Any] = {"schema": 1, "files": [asdict(one) for one in found]}
        print(json.dumps(document))
    else:
        print("\n".join(line for one in found for line in _shown(one)))


if __name__ == "__main__":
    main()
