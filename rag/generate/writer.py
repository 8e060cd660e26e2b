"""Check a model's answer while it streams: cut it into pieces and show each when it is complete and checked."""

import re
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Thread
from typing import Final

from ingest.text.markdown import LIST_MARKER, fenced_code
from ingest.text.unsafe import visible
from rag.generate.echo import EchoFilter, has_code
from rag.generate.prompt import Passages
from rag.generate.splitter import PieceSplitter
from rag.records import Citation, Completion, Hit, Piece
from rag.verify.citations import claim_of, claim_with_passages, find_citations
from rag.verify.sentence_gate import Judge, SentenceGate, kind_of
from rag.verify.support import read_ahead
from rag.verify.support_check import BUNDLED_CHECK, SupportCheck

OnPiece = Callable[[Piece], None]

_SENTINEL: Final = r"(?:NOT?[_ -](?:FOUND[_ -])?IN[_ -](?:THE[_ -])?DOCS?|(?i:not?_(?:found_)?in_(?:the_)?docs?))"
"""Pattern source for NOT_IN_DOCS and the variants that weak models write."""
_REFUSAL = re.compile(rf"[\s*_`\"'\[(<]*{_SENTINEL}(?!\w)(?=.|\n)")
"""A text that begins so is a refusal, whatever follows; one character after the word shows that the word has ended."""
_HAS_SENTINEL = re.compile(rf"(?<!\w){_SENTINEL}(?!\w)")

_TEMPLATE_END = re.compile(r"<\|[a-z_]{2,30}\|>|</s>|\[/?INST\]|\(Answer from the passages above")
"""Marks of chat templates, and the end of the prompt: after one of them, the model is talking to itself."""

_REPEATS: Final = 3
"""A sentence that is written so often ends the answer: the model is in a loop."""
_SHORTEST_REPEAT: Final = 5
"""Words; shorter sentences and blocks of code may be repeated, but not empty blocks."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote. `hits` are the passages that marks number; `answered` False: it found no answer in them."""

    text: str
    answered: bool
    hits: tuple[Hit, ...]
    completion: Completion
    citations: tuple[Citation, ...] = ()
    unsupported: tuple[str, ...] = ()
    invalid_markers: int = 0
    removed_links: int = 0
    verified: int = 0
    """Sentences that a cited passage supports."""
    judged: Completion | None = None
    """The request that judged the sentences; None if there was none."""


def write_answer(
    stream: Iterable[str | Completion],
    passages: Passages,
    on_piece: OnPiece,
    *,
    strict: bool = False,
    judge: SupportCheck = BUNDLED_CHECK,
) -> Written:
    """Read a model's answer and check it piece by piece; `on_piece` gets each piece that is shown.

    A refusal, or a sentence that comes again and again, closes the stream. A `judge` that wants all sentences at once
    is asked when the answer is complete, and nothing is shown before. Raises what the stream and the judge raise.
    """
    hits = tuple(passages.hits)
    Thread(target=read_ahead, args=(hits,), daemon=True).start()  # most of it while the server still thinks
    source = _Source(stream)

    def draft(is_good: Judge, show: OnPiece) -> _Draft:
        return _Draft(
            SentenceGate(hits, passages.labels, is_good, strict=strict), EchoFilter(passages), show, source, strict
        )

    with _closing(stream):
        if not judge.at_once:
            written = draft(lambda said: _is_good(said, hits, judge), on_piece)
            written.take_all((piece, source.is_over) for piece in source.pieces())
            return written.result(hits)
        asked: dict[str, bool] = {}
        pieces: list[tuple[str, bool]] = []
        first = draft(lambda said: asked.setdefault(said, True), lambda _: None)
        first.take_all(_kept(((piece, source.is_over) for piece in source.pieces()), pieces))
    verdicts = judge.decide([claim_with_passages(said, hits) for said in asked])
    good = dict(zip(asked, verdicts.supported, strict=True))
    second = draft(good.__getitem__, on_piece)
    second.take_all(pieces)
    return replace(second.result(hits), judged=verdicts.completion)


def _is_good(said: str, hits: Sequence[Hit], judge: SupportCheck) -> bool:
    """Whether the passages that a sentence cites support it."""
    return judge.decide([claim_with_passages(said, hits)]).supported[0]


def _kept(pieces: Iterable[tuple[str, bool]], into: list[tuple[str, bool]]) -> Iterator[tuple[str, bool]]:
    for piece in pieces:
        into.append(piece)
        yield piece


@contextmanager
def _closing(stream: Iterable[str | Completion]) -> Iterator[None]:
    """Close a generator at the end, and with it the connection to the server."""
    try:
        yield
    finally:
        if isinstance(stream, Generator):
            stream.close()


class _Source:
    """The pieces of a stream; it ends with a refusal as soon as the text begins with one."""

    def __init__(self, stream: Iterable[str | Completion]) -> None:
        self._stream = stream
        self._start: str | None = ""
        self.completion = Completion(None, "")
        self.refused = False
        self.is_over = False

    def pieces(self) -> Iterator[str]:
        splitter = PieceSplitter()
        for part in self._stream:
            if isinstance(part, Completion):
                self.completion = part
                continue
            yield from splitter.feed(self._after_start(visible(part)))
            if self.refused:
                return
        self.is_over = True
        yield from splitter.feed(self._start or "")
        yield from splitter.end()

    def _after_start(self, text: str) -> str:
        """The text, once its start shows that it is not a refusal."""
        if self._start is None:
            return text
        self._start += text
        self.refused = bool(_REFUSAL.match(self._start))
        if self.refused or _may_refuse(self._start):
            return ""
        start, self._start = self._start, None
        return start


def _may_refuse(text: str) -> bool:
    """Whether the text may still become the word of a refusal."""
    word = text.lstrip(" \t\n*_`\"'[(<")
    return len(word) < 24 and re.fullmatch(r"[A-Za-z_ -]*", word) is not None and word[:1].upper() in ("", "N")


@dataclass(slots=True)
class _Draft:
    """The answer as far as it was checked."""

    gate: SentenceGate
    echo: EchoFilter
    on_piece: OnPiece
    source: _Source
    strict: bool
    parts: list[str] = field(default_factory=list)
    unsupported: list[str] = field(default_factory=list)
    invalid_marks: int = 0
    removed_links: int = 0
    verified: int = 0
    ended: bool = False
    refused: bool = False
    problem: str = ""
    seen: Counter[str] = field(default_factory=Counter)

    def take_all(self, pieces: Iterable[tuple[str, bool]]) -> None:
        """Check pieces, each with whether the stream had ended when it came, as long as the answer goes on."""
        for piece, is_over in pieces:
            self.take(piece, is_over=is_over)
            if self.ended:
                return

    def take(self, piece: str, *, is_over: bool) -> None:
        """Check a piece and show the part that passes."""
        template = _TEMPLATE_END.search(piece)
        if template and kind_of(piece) != "code":
            piece, self.ended = piece[: template.start()], True
        if _HAS_SENTINEL.search(piece):
            self.refused = self.ended = not self.parts
            return
        if not piece.strip() or self._is_loop(piece):
            return
        piece = self.echo.filter(piece)
        self.ended = self.ended or self.echo.ended
        if not piece.strip():
            return
        if not self.parts:
            piece = piece.lstrip()
        whole = not is_over or self.source.completion.complete or piece.rstrip().endswith(_STOPS)
        checked = self.gate.check(piece, is_statement=whole or self.strict)
        self.unsupported += checked.unsupported
        self.invalid_marks += checked.invalid_marks
        self.removed_links += checked.removed_links
        self.verified += checked.verified
        if checked.text:
            self._show(Piece(checked.text, checked.unsupported, checked.citations, checked.marked))

    def _show(self, piece: Piece) -> None:
        self.parts.append(piece.text)
        self.on_piece(piece)

    def _is_loop(self, piece: str) -> bool:
        claim = " ".join(claim_of(piece).casefold().split())
        is_empty_code = kind_of(piece) == "code" and not has_code(piece)
        if claim.count(" ") + 1 < _SHORTEST_REPEAT and not is_empty_code:
            return False
        self.seen[claim] += 1
        if self.seen[claim] < _REPEATS:
            return False
        self.problem, self.ended = "the model repeats itself", True
        return True

    def result(self, hits: tuple[Hit, ...]) -> Written:
        """The answer; a block of code that it leaves open is closed."""
        completion = self.source.completion
        if self.ended or self.source.refused:
            completion = replace(completion, finish_reason="stop", problem=self.problem)
        if not "".join(self.parts).strip():
            return Written("", answered=False, hits=hits, completion=completion, unsupported=tuple(self.unsupported))
        closing = closing_fence("".join(self.parts))
        if closing:
            self._show(Piece(closing))
        text = "".join(self.parts).strip()
        return Written(
            text,
            answered=True,
            hits=hits,
            completion=completion,
            citations=find_citations(text, hits),
            unsupported=tuple(self.unsupported),
            invalid_markers=self.invalid_marks,
            removed_links=self.removed_links,
            verified=self.verified,
        )


_STOPS: Final = (".", "!", "?", "]", "|", "。", "！", "？")


def closing_fence(text: str) -> str:
    """The line that closes the block of code which a text leaves open; "" where it leaves none."""
    open_code = next((code for code in fenced_code(text) if not code.closed), None)
    if open_code is None:
        return ""
    before = open_code.lines[0].text.partition(open_code.mark)[0]
    indent = re.sub(LIST_MARKER, lambda marker: " " * len(marker[0]), before)
    return ("" if text.endswith("\n") else "\n") + indent + open_code.mark
