"""Retry-After: how long a server asks to be left alone (RFC 9110, 10.2.3)."""

import time
from email.utils import parsedate_to_datetime

from ingest.core.json_values import as_number


def seconds_to_wait(value: object, date: str = "") -> float | None:
    """Seconds from now that a Retry-After value asks for: a number or a date; None where it is neither.

    `date` is the server's own Date header: a moment is counted from it, so that wrong clocks do not matter.
    """
    number = as_number(value)
    if number is not None:
        return number if number >= 0 else None
    moment, now = _timestamp(value), _timestamp(date)
    return None if moment is None else max(0.0, moment - (time.time() if now is None else now))


def _timestamp(text: object) -> float | None:
    try:
        return parsedate_to_datetime(str(text)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
