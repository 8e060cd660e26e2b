"""What each step of ranking adds: recall and MRR with one step after the other, on question files.

    python -m tests.bench.ablate --docs DIR --index DIR QUESTIONS.jsonl [QUESTIONS.jsonl ...]

The index is that of a full run. Each row has all steps of the rows above it; the interval is that of
the difference to the row above, paired by question (bootstrap, 95 %). The last table is a
cross-validation over pages: the weights are chosen on the questions of four fifths of the gold pages,
and measured on the questions of the others.
"""

import argparse
import itertools
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from eval.dataset import Question, read_questions
from eval.gold import Docs
from eval.records import Outcome
from eval.runner import RunContext, run_question
from ingest.embed.minilm import MiniLm
from ingest.index.base import Weights
from ingest.index.folder.database import Store
from ingest.index.folder.generations import current_generation
from rag.assistant import Assistant
from rag.query.understand import Search, Understanding
from rag.records import AnswerOptions
from rag.retrieve import fusion as rank
from rag.retrieve import late_interaction as late
from rag.retrieve import search as retrieve
from rag.retrieve.search import Retriever

MEASURES = ("300 words", "1,000 words", "recall@5", "MRR", "page@5")
WHOLE = Understanding.search_for
WITH_MEANS = late.best_matches


def _unsplit(self: Understanding, question: str) -> Search:
    return Search(WHOLE(self, question).text)


ONE_RANKING = patch.object(Retriever, "_second_stage", lambda *_: None)
NO_SPLIT = patch.object(Understanding, "search_for", _unsplit)
UNWHITENED = patch.object(retrieve, "whiten", lambda vectors, _whitening: vectors)
UNCENTRED = patch.object(
    retrieve,
    "best_matches",
    lambda question, tokens, means: WITH_MEANS(question, tokens, 0 * means),
)
NO_PAGE = patch.object(retrieve, "FIRST_STAGE", Weights(page=0.0))
CROWDED = patch.object(retrieve, "demote_crowding", lambda scores, _page_of: scores)
STEPS: dict[str, list[Any]] = {
    "cosine and BM25": [
        patch.object(Understanding, "search_for", lambda _self, question: Search(question)),
        NO_PAGE,
        ONE_RANKING,
        CROWDED,
    ],
    "+ slips and languages": [NO_SPLIT, NO_PAGE, ONE_RANKING, CROWDED],
    "+ nearness of the page": [NO_SPLIT, ONE_RANKING, CROWDED],
    "+ late interaction": [NO_SPLIT, UNWHITENED, UNCENTRED, CROWDED],
    "+ centred tokens": [NO_SPLIT, UNWHITENED, CROWDED],
    "+ whitened vectors": [NO_SPLIT, CROWDED],
    "+ two-fold questions": [CROWDED],
    "+ no page fills the list": [],
}
GRID = tuple(itertools.product((0.0, 0.3, 0.6), (0.0, 1.0, 2.0, 4.0)))
"""Weights of the page and of late interaction."""


@contextmanager
def patched(patches: Sequence[Any]) -> Iterator[None]:
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


def row(outcome: Outcome) -> list[float]:
    """What a question counts in each of MEASURES."""
    words = outcome.words if outcome.words is not None else np.inf
    return [
        float(words <= 300),
        float(words <= 1000),
        float(outcome.rank is not None and outcome.rank <= 5),
        1 / outcome.rank if outcome.rank else 0.0,
        float(outcome.page_rank is not None and outcome.page_rank <= 5),
    ]


def figures(context: RunContext, questions: Sequence[Question]) -> Any:
    return np.array([row(run_question(context, question)) for question in questions])


def spread(differences: Any) -> str:
    """The 95 % interval of a mean difference."""
    random = np.random.default_rng(0)
    means = [differences[random.integers(0, len(differences), len(differences))].mean() for _ in range(2_000)]
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{low:+.3f} to {high:+.3f}"


def ablate(context: RunContext, questions: Sequence[Question]) -> None:
    print(f"{'':24}" + "".join(f"{name:>13}" for name in MEASURES) + "   MRR against the row above")
    before = None
    for name, patches in STEPS.items():
        with patched(patches):
            found = figures(context, questions)
        against = spread(found[:, 3] - before[:, 3]) if before is not None else ""
        print(f"{name:24}" + "".join(f"{value:13.3f}" for value in found.mean(axis=0)) + f"   {against}", flush=True)
        before = found


def fold(question: Question) -> int:
    """Questions of the same gold page are in the same fold."""
    return zlib.crc32(question.gold[0].page.encode()) % 5


def cross_validate(context: RunContext, questions: Sequence[Question]) -> None:
    folds = np.array([fold(question) for question in questions])
    grid = {}
    for page, among in GRID:
        with patched(
            [patch.object(retrieve, "FIRST_STAGE", Weights(page=page)), patch.object(rank, "LATE_WEIGHT", among)]
        ):
            grid[page, among] = figures(context, questions)
    held = np.zeros((len(questions), len(MEASURES)))
    for number in range(5):
        best = max(grid, key=lambda weights: grid[weights][folds != number].mean(axis=0)[[0, 2, 3]].sum())
        held[folds == number] = grid[best][folds == number]
        print(f"fold {number}: page {best[0]}, late {best[1]}")
    print(f"{'chosen elsewhere':24}" + "".join(f"{value:13.3f}" for value in held.mean(axis=0)))
    fixed = grid[retrieve.FIRST_STAGE.page, rank.LATE_WEIGHT]
    print(f"{'as shipped':24}" + "".join(f"{value:13.3f}" for value in fixed.mean(axis=0)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", nargs="+", type=Path)
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--cross-validate", action="store_true")
    given = parser.parse_args()
    store = Store(current_generation(given.index))
    context = RunContext(
        Assistant(Retriever(store, MiniLm())), Docs.of(store.pages()), AnswerOptions(k=8), with_answers=False
    )
    for path in given.questions:
        questions = [question for question in read_questions(path).questions if question.answerable]
        print(f"\n{path.name}: {len(questions)} answerable questions")
        ablate(context, questions)
        if given.cross_validate:
            cross_validate(context, questions)


if __name__ == "__main__":
    main()
