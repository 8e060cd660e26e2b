"""Limits of the server: requests per minute for each address, and money and tokens per day for all."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from ingest.core.errors import DocsError

_ADDRESSES: Final = 10_000
"""Addresses that are remembered; the one that was quiet for longest is forgotten first."""


class Busy(DocsError):
    """Too many questions are waiting."""

    code = "busy"


@dataclass(slots=True)
class RateLimit:
    """A token bucket for each address (RFC 2697's idea): `per_minute` requests on average, as many at once."""

    per_minute: int
    clock: Callable[[], float] = time.monotonic
    _buckets: "OrderedDict[str, tuple[float, float]]" = field(default_factory=OrderedDict)

    def wait_for(self, address: str) -> float:
        """Take one request from the address's bucket. Returns 0, or the seconds until there is one."""
        now = self.clock()
        left, then = self._buckets.pop(address, (float(self.per_minute), now))
        left = min(self.per_minute, left + (now - then) * self.per_minute / 60)
        wait = 0.0 if left >= 1 else (1 - left) * 60 / self.per_minute
        self._buckets[address] = (left - 1 if left >= 1 else left, now)
        while len(self._buckets) > _ADDRESSES:
            self._buckets.popitem(last=False)
        return wait


@dataclass(slots=True)
class Budget:
    """What models may cost a day (UTC). Threads may use it at the same time.

    A call is paid when it ended, so calls under way when the cap is reached may exceed it by their own cost.
    """

    usd: float | None
    tokens: int | None
    today: Callable[[], str] = lambda: datetime.now(UTC).date().isoformat()
    _day: str = ""
    _spent: float = 0.0
    _used: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self, usd: float, tokens: int) -> None:
        """Count what a call cost."""
        with self._lock:
            self._turn_day()
            self._spent += usd
            self._used += tokens

    def is_used_up(self) -> bool:
        """Whether no further model may be asked today."""
        with self._lock:
            self._turn_day()
            spent = self.usd is not None and self._spent >= self.usd
            return spent or (self.tokens is not None and self._used >= self.tokens)

    def _turn_day(self) -> None:
        day = self.today()
        if day != self._day:
            self._day, self._spent, self._used = day, 0.0, 0
