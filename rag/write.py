"""A model's pieces of text -> a checked text: markers resolved, quotes found, a refusal recognised."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.deadline import Deadline
from rag.cite import MarkerFilter, resolve
from rag.prompt import NOT_IN_DOCS, Passages
from rag.records import Citation, Completion, Hit, Message, Tool

Show = Callable[[str], None]
"""Called with each piece of text that may be shown."""

_WRAPPING = " \t\n*_`\"'"
"""What models put around a word that they were told to reply with."""


class Write(Protocol):
    """A model: messages -> pieces of text, then one Completion."""

    def __call__(
        self, messages: Sequence[Message], deadline: Deadline, tools: Sequence[Tool], /
    ) -> Iterable[str | Completion]:
        """Stream one turn. Raises ModelError before the first text."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote. `hits` are the passages that markers number; `answered` False: it found no answer in them."""

    text: str
    answered: bool
    hits: tuple[Hit, ...]
    completion: Completion
    citations: tuple[Citation, ...] = ()
    unsupported: tuple[str, ...] = ()
    invalid_markers: int = 0


def written(pieces: Iterable[str | Completion], passages: Passages, show: Show) -> Written:
    """Stream an answer through the marker filter; nothing is shown until it can't be a refusal."""
    hits = tuple(passages.hits)
    markers = MarkerFilter(len(hits), passages.labels)
    held = _Held(show)
    completion = Completion(None, "")
    for piece in pieces:
        if isinstance(piece, Completion):
            completion = piece
        else:
            held.feed(markers.feed(piece))
    held.feed(markers.end())
    text = held.text
    if text.lstrip(_WRAPPING).startswith(NOT_IN_DOCS) or (completion.complete and not text):
        return Written(text, answered=False, hits=hits, completion=completion)
    held.release()
    citations, unsupported = resolve(text, hits)
    return Written(
        text,
        answered=True,
        hits=hits,
        completion=completion,
        citations=citations,
        unsupported=unsupported,
        invalid_markers=markers.invalid,
    )


class _Held:
    """Holds text back while it may still become the refusal word; then passes it on piece by piece."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._parts: list[str] = []
        self._open = False

    def feed(self, piece: str) -> None:
        self._parts.append(piece)
        if self._open:
            if piece:
                self._show(piece)
            return
        start = "".join(self._parts).lstrip(_WRAPPING)
        if not NOT_IN_DOCS.startswith(start[: len(NOT_IN_DOCS)]):
            self.release()

    def release(self) -> None:
        """Show what was held."""
        if not self._open:
            self._open = True
            self._show("".join(self._parts).lstrip())

    @property
    def text(self) -> str:
        return "".join(self._parts).strip()
