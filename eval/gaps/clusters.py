"""Find questions that the docs do not answer: cluster the weak questions of a log, with a reason for each. Pure.

A question is weak when it was refused, voted down, or answered with sentences that no cited passage supports. Weak
questions are clustered by the cosine of their embeddings: each joins the nearest cluster whose centre is near
enough, the most frequent questions first, and once more after all centres are known.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from rag.question_log import LoggedQuestion

Reason = Literal["not in the docs", "in the docs, but not found", "found, but the answer is not supported"]

NEAR: Final = 0.6
"""Cosine to a cluster's centre from which on a question belongs to it, for MiniLM: paraphrases have .6 to .9."""
_EXAMPLES: Final = 3

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class WeakQuestion:
    """A question that was asked `count` times without a good answer; `entries` are its lines of the log."""

    text: str
    entries: tuple[LoggedQuestion, ...]

    @property
    def count(self) -> int:
        """Return how often it was asked."""
        return len(self.entries)


@dataclass(frozen=True, slots=True)
class Gap:
    """A cluster of weak questions. `size` counts lines of the log; `trend` is the share of them in its later half.

    `passage` is the address of the passage that would have answered, "" without one.
    """

    questions: tuple[WeakQuestion, ...]
    trend: float
    reason: Reason = "not in the docs"
    pages: tuple[str, ...] = ()
    passage: str = ""

    @property
    def size(self) -> int:
        """How many lines of the log it has."""
        return sum(question.count for question in self.questions)

    @property
    def name(self) -> str:
        """Return the representative question: the most frequent one; of several, the shortest."""
        return min(self.questions, key=lambda question: (-question.count, len(question.text))).text

    def json(self) -> dict[str, Any]:
        """The gap as the document shows it."""
        return {
            "question": self.name,
            "size": self.size,
            "distinct": len(self.questions),
            "trend": round(self.trend, 3),
            "reason": self.reason,
            "passage": self.passage or None,
            "pages": list(self.pages),
            "examples": [question.text for question in self.questions[:_EXAMPLES]],
        }


def is_weak(entry: LoggedQuestion) -> bool:
    """Whether a question was refused, voted down, or answered without support."""
    return not entry.answered or entry.vote == "down" or entry.unsupported > 0


def weak_questions(entries: Sequence[LoggedQuestion]) -> list[WeakQuestion]:
    """The weak questions, equal texts as one, the most frequent first."""
    groups: dict[str, list[LoggedQuestion]] = {}
    for entry in entries:
        if is_weak(entry):
            groups.setdefault(" ".join(entry.question.lower().split()), []).append(entry)
    found = [WeakQuestion(group[0].question, tuple(group)) for group in groups.values()]
    return sorted(found, key=lambda question: (-question.count, question.text))


def cluster(vectors: Vectors, near: float = NEAR) -> list[list[int]]:
    """Cluster unit vectors, float32[n, d]; give the indices of each cluster, the largest cluster first."""
    centres = _find_centres(vectors, near)
    if not len(centres):
        return []
    nearest = _assign(vectors, centres)
    members: dict[int, list[int]] = {}
    for at, centre in enumerate(nearest):
        members.setdefault(int(centre), []).append(at)
    return sorted(members.values(), key=lambda group: (-len(group), group[0]))


def _find_centres(vectors: Vectors, near: float) -> Vectors:
    """The centres after one pass: a vector near no centre begins a new one, and each centre is its members' mean."""
    sums = np.zeros((0, vectors.shape[1] if vectors.ndim == 2 else 0), dtype=np.float32)
    for vector in vectors:
        if len(sums):
            similarity = sums @ vector / np.maximum(np.linalg.norm(sums, axis=1), 1e-9)
            best = int(similarity.argmax())
            if similarity[best] >= near:
                sums[best] += vector
                continue
        sums = np.vstack([sums, vector])
    lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    return np.asarray(sums / lengths, dtype=np.float32)


def _assign(vectors: Vectors, centres: Vectors) -> NDArray[np.int64]:
    return np.asarray((vectors @ centres.T).argmax(axis=1), dtype=np.int64)


def find_gaps(questions: Sequence[WeakQuestion], vectors: Vectors) -> list[Gap]:
    """The clusters as gaps, the largest first; reasons are added by who can search."""
    times = sorted(entry.time for question in questions for entry in question.entries)
    middle = times[len(times) // 2] if times else ""
    gaps = []
    for group in cluster(vectors):
        members = tuple(questions[at] for at in group)
        late = Counter(entry.time >= middle for question in members for entry in question.entries)
        gaps.append(Gap(members, late[True] / max(1, sum(late.values()))))
    return sorted(gaps, key=lambda gap: (-gap.size, gap.name))
