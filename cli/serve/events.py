"""Stream an answer: pass its pieces from a worker thread to the event loop.

A quoted answer is one piece. When the client disconnects, the model's stream is closed.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from cli.serve.service import Answered, Asked, Gone, Service, ends_when
from ingest.core.errors import DocsError
from rag.records import Event, Piece

KEEP_ALIVE: Final = 15.0
"""Seconds between signs of life while nothing comes, so that proxies keep the connection open."""

Step = Piece | Answered | DocsError | None
"""A checked piece, the finished answer, why there is none, or None: nothing came for a while."""


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
            self.loop.call_soon_threadsafe(self.steps.put_nowait, event)

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
                yield Piece(step.answer.text, step.answer.unsupported, step.answer.citations)
            shown = shown or isinstance(step, Piece)
            yield step
            if isinstance(step, Answered | DocsError):
                return
    finally:
        answering.gone = True
