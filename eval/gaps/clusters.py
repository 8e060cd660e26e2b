"""Find questions that the docs do not answer: cluster the weak questions of a log, with a reason for each. Pure.

A question is weak when it was refused, voted down, or answered with sentences that no cited passage supports. Weak
questions are clustered by the cosine of their embeddings, without the words that the docs use everywhere: else the
questions that name the product would be one cluster.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ingest.text.masking import mask
from ingest.text.terms import terms
from rag.query.small_talk import is_small_talk
from rag.question_log import LoggedQuestion

Reason = Literal["not in the docs", "in the docs, but not found", "found, but the answer is not supported"]

NEAR: Final = 0.33
"""Mean cosine between two clusters from which on they are one, for MiniLM: questions on one subject have .3 to .8,
those on others .1 to .2. From .32 to .34 all planted subjects of two made-up logs are clusters of their own (12 of 12);
at .30 two of them are joined, at .40 some fall apart."""
_COPY: Final = 0.9
"""Cosine of two wordings of one question."""
_MATRIX: Final = 12_000
"""Questions up to which each is compared with each (576 MB); of more, copies are joined first."""
_COMMON: Final = 0.3
"""Share of the passages from which on a word says nothing about the subject: the product's name, "model", "API"."""
_EXAMPLES: Final = 3
PERIODS: Final = 12
"""Equal parts of the log's time, of which each gap says how often it was asked in them."""

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
class NearPassage:
    """A passage of the docs: its address, page and section, and its text."""

    url: str
    page: str
    section: str
    text: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A cluster of weak questions. `size` counts lines of the log; `trend` is the share of them in its later half.

    `history` counts them in each of `PERIODS` equal parts of the log's time. `pages` are the nearest pages. `passage`
    would have answered; None without one. `at` is the place of the question that gave the name in the list that was
    clustered.
    """

    questions: tuple[WeakQuestion, ...]
    trend: float
    history: tuple[int, ...] = ()
    reason: Reason = "not in the docs"
    pages: tuple[str, ...] = ()
    passage: NearPassage | None = None
    at: int = 0

    @property
    def size(self) -> int:
        """How many lines of the log it has."""
        return sum(question.count for question in self.questions)

    @property
    def voted_down(self) -> int:
        """How many of these lines have a reader's vote against the answer."""
        return sum(entry.vote == "down" for question in self.questions for entry in question.entries)

    @property
    def name(self) -> str:
        """Return the representative question: the most frequent one; of several, the shortest."""
        return min(self.questions, key=_by_frequency).text

    @property
    def examples(self) -> list[str]:
        """The most frequent questions."""
        return [question.text for question in self.questions[:_EXAMPLES]]

    def json(self) -> dict[str, Any]:
        """The gap as the document shows it."""
        return {
            "question": self.name,
            "size": self.size,
            "distinct": len(self.questions),
            "voted_down": self.voted_down,
            "trend": round(self.trend, 3),
            "history": list(self.history),
            "reason": self.reason,
            "passage": self.passage.url if self.passage else None,
            "pages": list(self.pages),
            "examples": self.examples,
            "ids": [entry.id for question in self.questions for entry in question.entries],
        }


def _by_frequency(question: WeakQuestion) -> tuple[int, int]:
    return -question.count, len(question.text)


def is_weak(entry: LoggedQuestion) -> bool:
    """Whether a question was refused, voted down, or answered without support. Small talk is not a question."""
    if is_small_talk(entry.question):
        return False
    return not entry.answered or entry.vote == "down" or entry.unsupported > 0


def question_key(text: str) -> str:
    """Return what two spellings of one question share: its words, without case and without the marks at its end."""
    return " ".join(text.casefold().split()).rstrip(" ?!.…")


def weak_questions(entries: Sequence[LoggedQuestion]) -> list[WeakQuestion]:
    """The weak questions, equal texts as one, the most frequent first; masked, whoever wrote the log."""
    groups: dict[str, list[LoggedQuestion]] = {}
    for entry in entries:
        if is_weak(entry):
            groups.setdefault(question_key(entry.question), []).append(entry)
    found = [WeakQuestion(mask(group[0].question), tuple(group)) for group in groups.values()]
    return sorted(found, key=lambda question: (-question.count, question.text))


def subject_of(question: str, share: Callable[[str], float]) -> str:
    """The question without words that are in a large `share` of all passages; unchanged where nothing would be left."""
    words = question.split()
    kept = [word for word in words if all(share(term) <= _COMMON for term in terms(word))]
    return " ".join(kept) if any(list(terms(word)) for word in kept) else question


def cluster(vectors: Vectors, near: float = NEAR) -> list[list[int]]:
    """Cluster unit vectors, float32[n, d], by average linkage; give the indices of each cluster, the largest first.

    Two clusters are joined while the mean cosine between their members is at least `near`.
    """
    if not len(vectors):
        return []
    copies = _join_copies(vectors) if len(vectors) > _MATRIX else [[at] for at in range(len(vectors))]
    sizes = np.array([len(group) for group in copies], dtype=np.float32)
    means = np.array([vectors[group].mean(axis=0) for group in copies], dtype=np.float32)
    joined = _link(means @ means.T, sizes, near)
    members = [sorted(at for copy in group for at in copies[copy]) for group in joined]
    return sorted(members, key=lambda group: (-len(group), group[0]))


def _join_copies(vectors: Vectors) -> list[list[int]]:
    """Each vector with those that are nearly equal to the first of its group."""
    firsts, groups = np.zeros_like(vectors), list[list[int]]()
    for at, vector in enumerate(vectors):
        similarity = firsts[: len(groups)] @ vector
        best = int(similarity.argmax()) if groups else 0
        if groups and similarity[best] >= _COPY:
            groups[best].append(at)
        else:
            firsts[len(groups)] = vector
            groups.append([at])
    return groups


def _link(similarity: Vectors, sizes: Vectors, near: float) -> list[list[int]]:
    """Average linkage by chains of nearest neighbours (Murtagh 1983). Both arrays are changed.

    `similarity` is the mean cosine between the members of two groups, float32[n, n]. Joining other clusters brings none
    nearer: a cluster without a near neighbour is finished.
    """
    groups = [[at] for at in range(len(sizes))]
    np.fill_diagonal(similarity, -np.inf)
    chain: list[int] = []
    finished: list[list[int]] = []
    left = set(range(len(sizes)))
    while left:
        if not chain:
            chain.append(min(left))
        last = chain[-1]
        nearest = int(similarity[last].argmax())
        if len(chain) > 1 and similarity[last, chain[-2]] >= similarity[last, nearest]:
            nearest = chain[-2]  # of equally near ones the one that it came from, or the chain has no end
        if similarity[last, nearest] < near:
            finished.append(groups[last])
        elif len(chain) > 1 and nearest == chain[-2]:
            del chain[-1]
            share = sizes[last] / (sizes[last] + sizes[nearest])
            row = similarity[last] * share + similarity[nearest] * (1 - share)
            row[nearest] = -np.inf
            similarity[nearest], similarity[:, nearest] = row, row
            sizes[nearest] += sizes[last]
            groups[nearest] += groups[last]
        else:
            chain.append(nearest)
            continue
        similarity[last], similarity[:, last] = -np.inf, -np.inf
        left.discard(last)
        chain.pop()
    return finished


def find_gaps(questions: Sequence[WeakQuestion], vectors: Vectors) -> list[Gap]:
    """The clusters as gaps, the largest first; reasons are added by who can search."""
    stamps = sorted(_seconds(entry) for question in questions for entry in question.entries)
    middle = stamps[len(stamps) // 2] if stamps else 0.0
    gaps = []
    for group in cluster(vectors):
        members = tuple(questions[at] for at in group)
        asked = np.array([_seconds(entry) for question in members for entry in question.entries])
        history, _ = np.histogram(asked, bins=PERIODS, range=(stamps[0], stamps[-1] + 1))
        trend, named = float((asked >= middle).mean()), min(group, key=lambda at: _by_frequency(questions[at]))
        gaps.append(Gap(members, trend, tuple(map(int, history)), at=named))
    return sorted(gaps, key=lambda gap: (-gap.size, gap.name))


def _seconds(entry: LoggedQuestion) -> float:
    """When it was asked; a time without a zone is UTC."""
    time = datetime.fromisoformat(entry.time)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
