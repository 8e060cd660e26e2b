"""Stream an answer: pass its pieces from a worker thread to the event loop.

A quoted answer is found at once; it is cut into sentences like a written one. When the client disconnects, the model's
stream is closed.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from cli.serve.service import Answered, Asked, Gone, Service, ends_when
from ingest.core.errors import DocsError
from rag.generate.splitter import PieceSplitter
from rag.records import Answer, Event, Piece

KEEP_ALIVE: Final = 15.0
"""Seconds between signs of life while nothing comes, so that proxies keep the connection open."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A checked piece. `answered` is the whole answer where it was known before its pieces: the pages are quoted."""

    piece: Piece
    answered: Answered | None = None


Step = Shown | Answered | DocsError | None
"""A checked piece, the finished answer, why there is none, or None: nothing came for a while."""

_MARKER: Final = re.compile(r"\[(\d{1,3})\]")


@dataclass(slots=True)
class _Answering:
    """One answer in progress. The worker's thread only calls `pass_on`."""

    service: Service
    asked: Asked
    loop: asyncio.AbstractEventLoop
    steps: "asyncio.Queue[Step]" = field(default_factory=asyncio.Queue)
    gone: bool = False

    def pass_on(self, event: Event) -> None:
        if isinstance(event, Piece):
            self.loop.call_soon_threadsafe(self.steps.put_nowait, Shown(event))

    async def run(self) -> None:
        try:
            self.steps.put_nowait(await self.service.answer(self.asked, ends_when(lambda: self.gone, self.pass_on)))
        except DocsError as error:
            self.steps.put_nowait(error)
        except Gone:
            pass
        except Exception:  # a bug must not leave the client waiting
            self.steps.put_nowait(DocsError("the server failed", "see its log"))
            raise


async def answer_steps(service: Service, asked: Asked, request: Request) -> AsyncIterator[Step]:
    """Yield pieces, then the finished answer or the error that ended it."""
    answering = _Answering(service, asked, asyncio.get_running_loop())
    task = asyncio.create_task(answering.run())
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    shown = False
    try:
        while True:
            try:
                step = await asyncio.wait_for(answering.steps.get(), KEEP_ALIVE)
            except TimeoutError:
                if await request.is_disconnected():
                    return
                step = None
            if isinstance(step, Answered) and not shown:
                for piece in answer_pieces(step.answer):
                    yield Shown(piece, step)
            shown = shown or isinstance(step, Shown)
            yield step
            if isinstance(step, Answered | DocsError):
                return
    finally:
        answering.gone = True


def answer_pieces(answer: Answer) -> Iterator[Piece]:
    """Cut a finished answer into its sentences, items, rows and code blocks; each has the citations that it names."""
    splitter = PieceSplitter()
    texts = [*splitter.feed(answer.text), *splitter.end()]
    left = {citation.marker: citation for citation in answer.citations}
    for at, text in enumerate(texts):
        named = [int(number) for number in _MARKER.findall(text)] if at + 1 < len(texts) else list(left)
        yield Piece(text, citations=tuple(left.pop(number) for number in dict.fromkeys(named) if number in left))
