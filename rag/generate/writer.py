"""A model's pieces of text -> a checked text: markers resolved, quotes found, a refusal recognised."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rag.generate.prompt import NOT_IN_DOCS, Passages
from rag.records import Citation, Completion, Hit
from rag.verify.citations import MarkerFilter, cited, judged
from rag.verify.links import LinkFilter
from rag.verify.sentence_gate import Release

Show = Callable[[str], None]
"""Called with each piece of text that may be shown."""

_WRAPPING = " \t\n*_`\"'"
"""What models put around a word that they were told to reply with."""


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
    removed_links: int = 0


def written(pieces: Iterable[str | Completion], passages: Passages, show: Show, *, strict: bool = False) -> Written:
    """Stream an answer through the filters of markers and links; nothing is shown until it can't be a refusal.

    Sentences without support are marked where they are shown, or with `strict` dropped.
    """
    hits = tuple(passages.hits)
    markers, links = MarkerFilter(len(hits), passages.labels), LinkFilter(hits)
    release = Release(show, lambda sentence: judged(sentence, hits), strict=strict)
    held = _Held(release.feed)
    completion = Completion(None, "")
    for piece in pieces:
        if isinstance(piece, Completion):
            completion = piece
        else:
            held.feed(links.feed(markers.feed(piece)))
    held.feed(links.feed(markers.end()) + links.end())
    text = held.text
    if text.lstrip(_WRAPPING).startswith(NOT_IN_DOCS) or (completion.complete and not text):
        return Written(text, answered=False, hits=hits, completion=completion)
    held.release()
    release.end(broken=not completion.complete)
    if strict and not release.text:
        return Written("", answered=False, hits=hits, completion=completion, unsupported=tuple(release.unsupported))
    return Written(
        release.text,
        answered=True,
        hits=hits,
        completion=completion,
        citations=cited(release.text, hits),
        unsupported=tuple(release.unsupported),
        invalid_markers=markers.invalid,
        removed_links=links.removed,
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
