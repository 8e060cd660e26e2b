"""Stream an answer: pass its pieces from a thread or a worker process to the event loop.

A quoted answer is found at once; it is cut into sentences like a written one. When the client disconnects, the model's
stream is closed.
"""

import asyncio
import re
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from cli.serve.answerer import Answered, Asked
from cli.serve.service import Service
from ingest.core.errors import DocsError
from rag.generate.splitter import PieceSplitter
from rag.records import Answer, Event, OnEvent, Piece

KEEP_ALIVE: Final = 15.0
"""Seconds between signs of life while nothing comes, so that proxies keep the connection open."""

_MARKER: Final = re.compile(r"\[(\d{1,3})\]")


class Gone(Exception):
    """The client disconnected."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A checked piece. `answered` is the whole answer where it was known before its pieces: the pages are quoted."""

    piece: Piece
    answered: Answered | None = None


@dataclass
class EventStream:
    """How a surface writes an answer that it sends piece by piece. It can be pickled, and is used for one answer."""

    has_begun: bool = field(default=False, init=False)

    def start(self) -> bytes:
        """What is sent before anything is known."""
        return b""

    @abstractmethod
    def piece(self, shown: Shown) -> bytes:
        """The events of a checked piece."""

    @abstractmethod
    def done(self, answered: Answered) -> bytes:
        """The events that end an answer."""

    @abstractmethod
    def error(self, error: DocsError) -> bytes:
        """The events that end a stream that failed."""

    def next_piece(self, piece: Piece) -> bytes:
        """The events of a piece that a model wrote."""
        self.has_begun = True
        return self.piece(Shown(piece))

    def rest(self, answered: Answered) -> bytes:
        """What is left to send once the answer is whole: all of it where no piece was sent."""
        pieces = () if self.has_begun else answer_pieces(answered.answer)
        return b"".join([*(self.piece(Shown(piece, answered)) for piece in pieces), self.done(answered)])


@dataclass(slots=True)
class _Answering:
    """One answer in progress. A thread only calls `pass_on`. In `sent`, None ends the stream."""

    service: Service
    asked: Asked
    stream: EventStream
    loop: asyncio.AbstractEventLoop
    sent: "asyncio.Queue[bytes | None]" = field(default_factory=asyncio.Queue)
    gone: bool = False

    def pass_on(self, event: Event) -> None:
        if isinstance(event, Piece):
            self.loop.call_soon_threadsafe(self.sent.put_nowait, self.stream.next_piece(event))

    async def run(self) -> None:
        try:
            on_event = ends_when(lambda: self.gone, self.pass_on)
            self.sent.put_nowait(await self.service.answer(self.asked, self.stream.rest, on_event))
        except DocsError as error:
            self.sent.put_nowait(self.stream.error(error))
        except Gone:
            pass
        except Exception:  # a bug must not leave the client waiting
            self.sent.put_nowait(self.stream.error(DocsError("the server failed", "see its log")))
            raise
        finally:
            self.sent.put_nowait(None)


async def answer_events(service: Service, asked: Asked, stream: EventStream, request: Request) -> AsyncIterator[bytes]:
    """Yield the events of an answer as they come, a comment while nothing comes."""
    answering = _Answering(service, asked, stream, asyncio.get_running_loop())
    task = asyncio.create_task(answering.run())
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    if begun := stream.start():
        yield begun
    try:
        while True:
            try:
                events = await asyncio.wait_for(answering.sent.get(), KEEP_ALIVE)
            except TimeoutError:
                if await request.is_disconnected():
                    return
                events = b": waiting\n\n"
            if events is None:
                return
            yield events
    finally:
        answering.gone = True


def ends_when(gone: Callable[[], bool], pass_on: OnEvent) -> OnEvent:
    """An `on_event` that ends the answer once nobody waits for it."""

    def heed(event: Event) -> None:
        if gone():
            raise Gone
        pass_on(event)

    return heed


def answer_pieces(answer: Answer) -> Iterator[Piece]:
    """Cut a finished answer into its sentences, items, rows and code blocks; each has the citations that it names."""
    splitter = PieceSplitter()
    texts = [*splitter.feed(answer.text), *splitter.end()]
    left = {citation.marker: citation for citation in answer.citations}
    for at, text in enumerate(texts):
        named = [int(number) for number in _MARKER.findall(text)] if at + 1 < len(texts) else list(left)
        yield Piece(text, citations=tuple(left.pop(number) for number in dict.fromkeys(named) if number in left))
