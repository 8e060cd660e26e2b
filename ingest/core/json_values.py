"""Values of untrusted JSON and headers, read as the type that is wanted: anything else is None, or empty."""

import math
from typing import Any


def as_number(value: object) -> float | None:
    """A finite number, also one written as text; None for anything else, booleans included."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_text(value: object) -> str | None:
    """A text; None for an empty one and for anything else."""
    return value if isinstance(value, str) and value else None


def as_object(value: object) -> dict[str, Any]:
    """A JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}
