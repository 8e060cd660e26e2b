"""Retries: how long to wait before the next attempt, and the pause itself."""

import random
import time
from collections.abc import Mapping
from typing import Any, Final

from ingest.core.deadline import Deadline, report_wait
from ingest.core.errors import ModelError
from ingest.core.json_values import as_number
from ingest.core.retry_after import seconds_to_wait

_BACKOFF: Final = (0.5, 1.0, 2.0, 4.0)
"""Seconds before the second, third … attempt, where the server names none."""

_WORTH_REPORTING: Final = 1.0
"""Seconds from which on a pause is reported: nobody notices a shorter one."""


class Retries:
    """The attempts at one request within a deadline.

    Each retryable failure is followed by a pause and another attempt, up to `attempts`. If the time runs out
    meanwhile, the last failure is reported, because it says more than a timeout.
    """

    def __init__(self, deadline: Deadline, attempts: int = 3) -> None:
        self._deadline, self._attempts = deadline, attempts
        self._made = 0
        self._before: ModelError | None = None

    def wait(self, error: ModelError, attempts: int | None = None) -> None:
        """Sleep before the next attempt. Raises the failure to report if there is no next attempt.

        `attempts` overrides the request's limit for this kind of failure.
        """
        self._made += 1
        if self._before and not self._deadline.left:
            raise self._before from None
        self._before = error
        if not error.retryable or self._made >= (attempts or self._attempts):
            raise error
        wait = error.wait if error.wait is not None else self._backoff()
        if wait >= self._deadline.left:
            raise error
        if wait >= _WORTH_REPORTING:
            report_wait(wait, error.message)
        time.sleep(wait)

    def _backoff(self) -> float:
        """Return a growing pause with jitter, so that several clients do not retry at the same moment."""
        return _BACKOFF[min(self._made, len(_BACKOFF)) - 1] * (0.8 + 0.2 * random.random())  # noqa: S311 - no secret


def requested_wait(
    availability: Mapping[str, Any], metadata: Mapping[str, Any], headers: Mapping[str, str]
) -> float | None:
    """Return the seconds that a server asks to wait, from the most specific field; None if it names none."""
    places = (availability.get("retry_after"), metadata.get("retry_after_seconds"), headers.get("retry-after"))
    for value in places:
        seconds = seconds_to_wait(value)
        if seconds is not None:
            return seconds
    return None


def reset_time(headers: Mapping[str, str]) -> float | None:
    """Return `X-RateLimit-Reset` in seconds since the epoch; OpenRouter gives milliseconds."""
    value = as_number(headers.get("x-ratelimit-reset"))
    if value is None or value < 1e9:
        return None
    moment = value / 1000 if value > 1e11 else value
    return moment if moment < 1e11 else None


def format_duration(seconds: float) -> str:
    """Format a duration for people."""
    if seconds > 365 * 86_400.0:
        return "over a year"
    for size, name in ((86_400.0, "days"), (3_600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} s"
