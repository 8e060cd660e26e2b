"""Fit the weights of the confidence on several sites at once, and judge them on sites that were left out.

    python -m tests.bench.confidence docs=INDEX=QUESTIONS[,QUESTIONS …] vite=INDEX=QUESTIONS … [--held-out NAME …]

Each argument is a name, an index and its question files. Arguments of the same name count as one site; names that
differ after a slash only (`docs/3`, `docs/30`: indexes of 3 and 30 pages of the same docs) are left out together.
Printed are, for each site, the AUROC and the share of unanswerable questions refused where 6 % of its answerable ones
are, and false refusals and refusals at one threshold for all: by the weights in use, then by weights of the other
sites. `--held-out` names sites that are never fitted on. `--write` replaces rag/confidence.json.
"""

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.embed.base import QueryEmbedding
from ingest.embed.minilm import MiniLm
from ingest.index.folder.database import Store
from ingest.index.folder.generations import current_generation
from rag.abstain import WEIGHTS_FILE, confidence, logistic
from rag.retrieve.search import Retriever
from rag.thresholds import DEFAULT

SIGNALS: Final = ("late", "distinct", "ahead", "absent", "words", "missing", "size", "unmet")
FALSE_REFUSALS: Final = 0.06
MEAN_FALSE_REFUSALS: Final = 0.05
"""What the threshold for all sites is fitted to, as a mean over the sites."""
RIDGE: Final = 3.0
"""Strength of the penalty on the weights of the standardized signals."""
_STEPS: Final = 30
_MOST: Final = 300
"""Questions of a site beyond which it counts no more."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """One question: its site, whether its docs answer, its signals, and the confidence by the weights in use."""

    site: str
    answerable: bool
    signals: Mapping[str, float]
    today: float

    @property
    def family(self) -> str:
        """What is left out together."""
        return self.site.partition("/")[0]


class _Remembering(MiniLm):
    """Embeds each question once, however many indexes it is asked of."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, QueryEmbedding] = {}

    def embed_query(self, text: str) -> QueryEmbedding:
        if text not in self._known:
            self._known[text] = super().embed_query(text)
        return self._known[text]


def read_samples(specs: Iterable[str]) -> list[Sample]:
    """Ask every question of its index."""
    embedder, samples = _Remembering(), []
    for spec in specs:
        site, index, files = spec.split("=")
        retriever = Retriever(Store(current_generation(Path(index))), embedder)
        for question in (one for file in files.split(",") for one in read_labelled(Path(file))):
            found = retriever.search(question[0], 8)
            if "distinct" in found.signals:
                samples.append(Sample(site, question[1], found.signals, confidence(found)))
    return samples


def read_labelled(file: Path) -> list[tuple[str, bool]]:
    """The questions of a file, with whether the docs answer them."""
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
    return [(str(line["question"]), bool(line["answerable"])) for line in lines]


def fit(samples: Sequence[Sample]) -> dict[str, float]:
    """Weights by logistic regression with a ridge, by Newton's steps. Both answers of a site count alike."""
    rows = np.array([[_value(sample, name) for name in SIGNALS] for sample in samples])
    mean, scale = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-9)
    design = np.column_stack([(rows - mean) / scale, np.ones(len(rows))])
    answers = np.array([sample.answerable for sample in samples], dtype=float)
    counts = _importance(samples)
    penalty = np.diag([*[RIDGE] * len(SIGNALS), 0.0])
    weights = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (counts * (answers - chance)) - penalty @ weights
        curvature = (design * (counts * chance * (1 - chance))[:, None]).T @ design + penalty
        weights += np.linalg.solve(curvature, gradient)
    slopes = weights[:-1] / scale
    found = dict(zip(SIGNALS, map(float, slopes), strict=True))
    return found | {"intercept": float(weights[-1] - slopes @ mean)}


def _value(sample: Sample, name: str) -> float:
    return min(sample.signals[name], 20.0) / 20.0 if name == "words" else sample.signals[name]


def _importance(samples: Sequence[Sample]) -> Floats:
    """The weight of each question: the root of its site's size, halved between the two answers."""
    groups = [(sample.site, sample.answerable) for sample in samples]
    sizes = {group: groups.count(group) for group in set(groups)}
    totals = {site: min(_MOST, sum(n for (other, _), n in sizes.items() if other == site)) for site, _ in sizes}
    found = np.array([totals[site] ** 0.5 / sizes[site, answer] for site, answer in groups])
    return np.asarray(found / found.mean())


def auroc(yes: Floats, no: Floats) -> float:
    """The chance that an answerable question has the larger confidence."""
    return float(((yes[:, None] > no).mean() + (yes[:, None] >= no).mean()) / 2) if len(yes) and len(no) else np.nan


def threshold_for(samples: Sequence[Sample], scores: Floats) -> float:
    """The largest threshold at which the mean over the sites of false refusals is at most `MEAN_FALSE_REFUSALS`."""
    sites = sorted({sample.site for sample in samples})
    yes = [_of(samples, scores, site, answerable=True) for site in sites]
    kept = 0.0
    for threshold in np.sort(np.concatenate(yes)):
        if np.mean([(one < threshold).mean() for one in yes if len(one)]) > MEAN_FALSE_REFUSALS:
            break
        kept = float(threshold)
    return kept


def _of(samples: Sequence[Sample], scores: Floats, site: str, *, answerable: bool) -> Floats:
    return np.array(
        [
            score
            for sample, score in zip(samples, scores, strict=True)
            if (sample.site, sample.answerable) == (site, answerable)
        ]
    )


def _print_site(site: str, samples: Sequence[Sample], scores: Floats, threshold: float) -> None:
    yes, no = (_of(samples, scores, site, answerable=answer) for answer in (True, False))
    own = np.sort(yes)[int(FALSE_REFUSALS * len(yes))]
    print(
        f"  {site:18} {len(yes):4}/{len(no):<5} AUROC {auroc(yes, no):.3f}  at 6 % {(no < own).mean():.2f}"
        f"  at {threshold:.2f}: false {(yes < threshold).mean():.3f} refused {(no < threshold).mean():.2f}"
    )


def main() -> None:
    """Fit, judge, print, and write where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("specs", nargs="+", metavar="NAME=INDEX=QUESTIONS")
    parser.add_argument("--held-out", nargs="*", default=[])
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    samples = read_samples(given.specs)
    sites = sorted({sample.site for sample in samples})
    print("weights in use")
    for site in sites:
        _print_site(site, samples, np.array([sample.today for sample in samples]), DEFAULT.answer)
    print("weights of the other sites")
    for site in sites:
        family = site.partition("/")[0]
        others = [one for one in samples if one.family != family and one.site not in given.held_out]
        weights = fit(others)
        threshold = threshold_for(others, _scores(others, weights))
        _print_site(site, samples, _scores(samples, weights), threshold)
    fitted = [sample for sample in samples if sample.site not in given.held_out]
    weights = fit(fitted)
    threshold = threshold_for(fitted, _scores(fitted, weights))
    print("weights of all sites but those held out", {name: round(value, 3) for name, value in weights.items()})
    for site in sites:
        _print_site(site, samples, _scores(samples, weights), threshold)
    if given.write:
        document = {"weights": {name: round(value, 4) for name, value in weights.items()}}
        WEIGHTS_FILE.write_text(json.dumps(document, indent=1) + "\n", "utf-8")


def _scores(samples: Sequence[Sample], weights: Mapping[str, float]) -> Floats:
    return np.array([logistic(sample.signals, weights) for sample in samples])


if __name__ == "__main__":
    main()
