"""How long to wait before another attempt: what servers ask for, and the pause itself."""

import math
import random
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final

from ingest.core.deadline import Deadline, report_wait
from ingest.core.errors import ModelError

_BACKOFF: Final = (0.5, 1.0, 2.0, 4.0)
"""Seconds before the second, third … attempt, where the server names none."""

_WORTH_TELLING: Final = 1.0
"""Seconds from which on a pause is told of: a shorter one nobody notices."""


def pause(error: ModelError, attempt: int, deadline: Deadline, attempts: int = 3) -> None:
    """Sleep before the attempt after number `attempt` (from 1); raise `error` when there is to be none.

    None follows the last one, a failure that stays, or a wait that would outlast the deadline.
    """
    if not error.retryable or attempt >= attempts:
        raise error
    backoff = _BACKOFF[min(attempt, len(_BACKOFF)) - 1]
    # The jitter keeps several clients from coming back at the same moment.
    wait = backoff * (0.8 + 0.2 * random.random()) if error.wait is None else error.wait  # noqa: S311 - no secret
    if wait >= deadline.left:
        raise error
    if wait >= _WORTH_TELLING:
        report_wait(wait, error.message)
    time.sleep(wait)


def requested_wait(
    availability: Mapping[str, Any], metadata: Mapping[str, Any], headers: Mapping[str, str]
) -> float | None:
    """Seconds that a server asks to wait, from the most specific place that names them; None without any."""
    places = (availability.get("retry_after"), metadata.get("retry_after_seconds"), headers.get("retry-after"))
    for value in places:
        seconds = _seconds(value)
        if seconds is not None:
            return seconds
    return None


def reset_time(headers: Mapping[str, str]) -> float | None:
    """The moment of `X-RateLimit-Reset` in seconds since the epoch; OpenRouter gives milliseconds."""
    value = _number(headers.get("x-ratelimit-reset"))
    if value is None or value < 1e9:
        return None
    moment = value / 1000 if value > 1e11 else value
    return moment if moment < 1e11 else None


def format_duration(seconds: float) -> str:
    """A duration as people say it."""
    if seconds > 365 * 86_400.0:
        return "over a year"
    for size, name in ((86_400.0, "days"), (3_600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} s"


def _seconds(value: object) -> float | None:
    """Both forms of Retry-After (RFC 9110, section 10.2.3): seconds, or a date."""
    number = _number(value)
    if number is not None:
        return number if number >= 0 else None
    try:
        return max(0.0, parsedate_to_datetime(str(value)).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
