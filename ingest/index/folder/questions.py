"""The generated questions of a generation: their texts, vectors and words, in files of their own. Written, read here.

QUESTIONS has the questions of each section. Of the arrays, question_vectors.npy is float32[questions, d],
question_owners.npy the section of each question, question_sections.npy the section of each chunk (-1: none); the
others are BM25 postings in which a document is a section.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.index.base import AskedBefore, Floats
from ingest.index.bm25 import Bm25Index, build_bm25
from ingest.index.folder.files import POSTINGS, QUESTION_FILES, QUESTIONS
from ingest.index.sections import EmbeddedQuestions


def write_questions(folder: Path, asked: EmbeddedQuestions, chunks: int, language: str) -> None:
    """Write the questions of the sections of so many chunks. Raises OSError."""
    found = asked.of
    bm25 = build_bm25(("\n".join(own) for own in found.questions), language)
    texts = {"model": found.model, "questions": [list(own) for own in found.questions], "words": list(bm25)}
    (folder / QUESTIONS).write_text(json.dumps(texts), encoding="utf-8")
    arrays = {
        "vectors": np.stack([one.vector for one in asked.embeddings]).astype(np.float32),
        "owners": found.owners,
        "sections": found.section_of(chunks),
        **{name: getattr(bm25, name) for name in POSTINGS},
    }
    for name, array in arrays.items():
        np.save(folder / f"{QUESTION_FILES}{name}.npy", array, allow_pickle=False)


@dataclass(frozen=True, slots=True, eq=False)
class QuestionArrays:
    """The questions of a generation, as a search reads them."""

    texts: Sequence[Sequence[str]]
    bm25: Bm25Index
    vectors: Floats
    owners: NDArray[np.int32]
    sections: NDArray[np.int32]

    @classmethod
    def load(cls, folder: Path) -> "QuestionArrays":
        """Map the arrays. Raises OSError, ValueError, KeyError."""

        def mapped(name: str) -> NDArray[np.generic]:
            return np.asarray(np.load(folder / f"{QUESTION_FILES}{name}.npy", mmap_mode="r", allow_pickle=False))

        stored = json.loads((folder / QUESTIONS).read_text(encoding="utf-8"))
        words = {word: at for at, word in enumerate(stored["words"])}
        postings = {name: mapped(name) for name in POSTINGS}
        bm25 = Bm25Index(words, size=len(stored["questions"]), **postings)  # type: ignore[arg-type] # by their names
        owners, sections = (np.asarray(mapped(name), dtype=np.int32) for name in ("owners", "sections"))
        return cls(stored["questions"], bm25, np.asarray(mapped("vectors"), dtype=np.float32), owners, sections)

    def match(self, terms: Sequence[str], vector: Floats | None) -> AskedBefore:
        """Compare a search with the questions of every chunk's section."""
        words = self._of_chunks(self.bm25.scores(terms), 0.0)
        if vector is None:
            return AskedBefore(words)
        best = np.full(len(self.texts), -1.0, dtype=np.float32)
        np.maximum.at(best, self.owners, np.asarray(self.vectors @ vector, dtype=np.float32))
        return AskedBefore(words, self._of_chunks(best, -1.0))

    def questions(self, rows: Sequence[int]) -> list[tuple[str, ...]]:
        """The questions of the sections of these chunks."""
        numbers = self.sections[list(rows)]
        return [tuple(map(str, self.texts[number])) if number >= 0 else () for number in numbers]

    def vectors_of(self, rows: Sequence[int]) -> list[Floats]:
        """The vectors of the questions of these chunks' sections: float32[questions, d] each."""
        numbers = self.sections[list(rows)]
        return [self.vectors[self.owners == number] for number in numbers]

    def _of_chunks(self, scores: Floats, without: float) -> Floats:
        """Scores of sections as scores of chunks."""
        if not len(scores):
            return np.full(len(self.sections), without, dtype=np.float32)
        return np.where(self.sections >= 0, scores[self.sections], np.float32(without)).astype(np.float32)
