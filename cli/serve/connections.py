"""HTTP connections of clients that may be slow on purpose: a request must arrive, and an answer be taken, in time.

Uvicorn waits for the rest of a request as long as it takes, and refuses everybody once it has `MAX_CONNECTIONS`: a few
hundred half-sent requests (Slowloris) would keep a server busy for ever.
"""

import asyncio
from itertools import count
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS: Final = 448
"""Open at once. One more takes the place of the one that has been waiting for its request the longest."""

TO_SEND: Final = 15.0
"""Seconds for a whole request, from its first byte or from the connection on."""

TO_TAKE: Final = 30.0
"""Seconds for a client that does not read until it does."""

_ORDER = count()


class Connection(H11Protocol):
    """A connection that is closed when its client takes too long."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*arguments, **named)
        self.order = next(_ORDER)
        """Older connections have smaller numbers."""
        self._sending: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether it has no request that is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """Start the clock of its first request; make room where there is none."""
        super().connection_made(transport)
        self._sending = self.loop.call_later(TO_SEND, transport.abort)
        open_ones = [one for one in self.connections if isinstance(one, Connection) and not one.transport.is_closing()]
        if len(open_ones) > MAX_CONNECTIONS:
            waiting = (one for one in open_ones if one.is_waiting and one is not self)
            min(waiting, key=lambda one: one.order, default=self).transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request; its clock stops with the last one."""
        if self._sending is None:
            self._sending = self.loop.call_later(TO_SEND, self.transport.abort)
        super().data_received(data)
        if self.conn.their_state in (h11.DONE, h11.MUST_CLOSE, h11.CLOSED, h11.ERROR):
            self._stop_sending()

    def pause_writing(self) -> None:
        """Start the clock of a client that does not read."""
        super().pause_writing()
        if self._taking is None:
            self._taking = self.loop.call_later(TO_TAKE, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop it."""
        super().resume_writing()
        self._stop_taking()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all clocks."""
        self._stop_sending()
        self._stop_taking()
        super().connection_lost(exc)

    def _stop_sending(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None

    def _stop_taking(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None
