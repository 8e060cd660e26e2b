"""The sections of chunks, and the questions that a model wrote for them. Pure.

A section's questions are found like further words and vectors of each of its chunks. They are never text of the docs:
they are stored apart from it, and no excerpt, prompt or export contains them.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.core.records import Chunk
from ingest.embed.base import Embedding
from ingest.index.folder.files import text_hash

NO_QUESTIONS: Final = "an index in Postgres can't keep generated questions"

_LONGEST: Final = 6_000
"""Characters of a section that a model reads at once, some 1,500 tokens; a longer section is divided between chunks."""
_LEAST: Final = 8
"""Words of a section: what has fewer, such as a link to another page, answers nothing."""


@dataclass(frozen=True, slots=True)
class Section:
    """Neighbouring chunks below one heading: their rows, the path of their headings, and their text."""

    rows: range
    path: str
    text: str

    @property
    def key(self) -> str:
        """A hash of all that a model reads of it."""
        return text_hash(f"{self.path}\n{self.text}")


def sections_of(chunks: Sequence[Chunk]) -> list[Section]:
    """The sections of a list of chunks, in their order, without those of a few words."""
    found: list[Section] = []
    for _, rows in groupby(range(len(chunks)), key=lambda row: (chunks[row].url, chunks[row].headings)):
        for part in _parts(list(rows), chunks):
            text = "\n".join(chunks[row].text for row in part)
            if len(text.split()) >= _LEAST:
                found.append(Section(range(part[0], part[-1] + 1), chunks[part[0]].path, text))
    return found


def _parts(rows: Sequence[int], chunks: Sequence[Chunk]) -> Iterator[list[int]]:
    part, length = list[int](), 0
    for row in rows:
        if part and length + len(chunks[row].text) > _LONGEST:
            yield part
            part, length = [], 0
        part.append(row)
        length += len(chunks[row].text)
    yield part


@dataclass(frozen=True, slots=True)
class WrittenQuestions:
    """What a model wrote for a section. Numbers that the server did not give are None."""

    questions: tuple[str, ...]
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None


class QuestionSource(Protocol):
    """Questions of sections, written by a model before or now."""

    @property
    def model(self) -> str:
        """The model that writes them."""

    def prepare(self, sections: Sequence[Section]) -> None:
        """Have questions written for the sections that have none. Raises ModelError."""

    def known(self, sections: Sequence[Section]) -> list[tuple[str, ...]]:
        """The questions of each section, () where none were written. Asks nothing."""


@dataclass(frozen=True, slots=True)
class SectionQuestions:
    """The questions of the sections of one generation. `questions` has one entry per section, some of them empty."""

    model: str
    sections: Sequence[Section]
    questions: Sequence[tuple[str, ...]]

    @property
    def texts(self) -> list[str]:
        """All questions, section by section."""
        return [text for own in self.questions for text in own]

    @property
    def owners(self) -> NDArray[np.int32]:
        """The number of the section that each question belongs to: int32[questions]."""
        return np.array([at for at, own in enumerate(self.questions) for _ in own], dtype=np.int32)

    def section_of(self, chunks: int) -> NDArray[np.int32]:
        """For each of so many chunks the number of its section, -1 without one: int32[chunks]."""
        numbers = np.full(chunks, -1, dtype=np.int32)
        for at, section in enumerate(self.sections):
            numbers[section.rows.start : section.rows.stop] = at
        return numbers

    @property
    def digest(self) -> str:
        """A hash of the questions and of what they are about."""
        known = [(section.key, own) for section, own in zip(self.sections, self.questions, strict=True)]
        return hashlib.sha256(json.dumps(known).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class EmbeddedQuestions:
    """What a writer stores: the questions, and an embedding for each of their `texts`."""

    of: SectionQuestions
    embeddings: Sequence[Embedding]
