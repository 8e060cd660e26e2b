"""An index in a folder: the files of its generations, written and opened here. See `files` for their names."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.core.atomic import replace_file
from ingest.core.records import Chunk
from ingest.embed.base import Embedder, Embedding, embedding_text
from ingest.index.base import StoredPage
from ingest.index.folder.arrays import write_arrays, write_postings
from ingest.index.folder.cleanup import predecessor_of
from ingest.index.folder.database import Store, write_store
from ingest.index.folder.generations import (
    Generation,
    building,
    current_generation,
    generation_names,
    open_generation,
    publish,
    read_pointer,
    roll_back,
    verify,
    writing,
)
from ingest.index.folder.questions import write_questions
from ingest.index.postings import collect_postings
from ingest.index.question_token import mean_question_token
from ingest.index.sections import EmbeddedQuestions


class FolderIndex:
    """The IndexStore of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, name: str = "") -> Store:
        """Open a generation by name, the current one for ""."""
        return Store(open_generation(self.folder, name) if name else current_generation(self.folder))

    def published(self) -> str:
        """The name of the current generation; "" where it can't be read at this moment."""
        return read_pointer(self.folder)

    def names(self) -> list[str]:
        """The names of all whole generations, oldest first."""
        return generation_names(self.folder)

    def predecessor(self, name: str) -> str:
        """The generation that `name` replaced, "" where none is known."""
        return predecessor_of(self.folder, name)

    def verify(self) -> str:
        """What is wrong with the files of the current generation."""
        return verify(self.folder)

    def writing(self, *, wait: float = 0.0) -> AbstractContextManager[None]:
        """Own the index's lock within the block."""
        return writing(self.folder, wait=wait)

    def writer(self, embedder: Embedder, *, reuse: bool = True) -> "GenerationWriter":  # noqa: ARG002 - files share no rows
        """A writer of the next generation."""
        return GenerationWriter(self.folder, embedder)

    def roll_back(self) -> tuple[str, Generation]:
        """Return to the generation before the current one."""
        return roll_back(self.folder)

    def read_note(self, name: str) -> str:
        """The text of a file in the folder; "" where it can't be read."""
        try:
            return (self.folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def write_note(self, name: str, text: str) -> None:
        """Replace a file in the folder. Raises OSError."""
        replace_file(self.folder / name, text)


class GenerationWriter:
    """The IndexWriter of the index folder: writes the files of a generation and points to it."""

    def __init__(self, index: Path, embedder: Embedder) -> None:
        self._index, self._embedder = index, embedder

    def publish(
        self,
        pages: Sequence[StoredPage],
        chunks: Sequence[Chunk],
        embeddings: Iterable[Embedding],
        manifest: Mapping[str, Any],
        questions: EmbeddedQuestions | None = None,
    ) -> Generation:
        """Write a generation, then make it the current one; a failure leaves the index as it was.

        Raises CorpusError, ModelError.
        """
        with building(self._index, new_name(manifest)) as folder:
            write_store(folder, pages, chunks)
            with collect_postings(map(embedding_text, chunks), manifest["language"]) as postings:
                write_postings(folder, postings)
            write_arrays(folder, pages, chunks, embeddings, mean_question_token(self._embedder))
            if questions is not None:
                write_questions(folder, questions, len(chunks), manifest["language"])
            return publish(self._index, folder, manifest)


def new_name(manifest: Mapping[str, Any]) -> str:
    """The name of a generation that is made now: names sort by time."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")[:-3]
    return f"{stamp}-{manifest['inputs'][:8]}"
