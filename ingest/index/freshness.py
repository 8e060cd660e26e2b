"""The date of the docs in an index: when its pages were last compared with their source.

::

    INDEX/checked.json    {generation: time of the last crawl that found its pages as they are}

Pages keep the day they were fetched for as long as their content stays, so that their files don't
change; a site that has not changed for months would look outdated. The file is a note: without it,
the day of the youngest page counts.
"""

import contextlib
import json
from datetime import UTC, datetime
from pathlib import Path

from ingest.core.atomic import replace_file
from ingest.index.files import CHECKED
from ingest.index.generations import Generation, generation_names


def docs_date(index: Path, generation: Generation) -> str:
    """When the pages of a generation were last known to be those of their source, in ISO format; "" if never."""
    return max(str(generation.manifest["docs_date"]), checked_at(index, generation.name))


def checked_at(index: Path, name: str) -> str:
    """When a crawl last found the source as a generation has it; "" where that is not known."""
    return _read(index).get(name, "")


def record_check(index: Path, name: str, when: str = "") -> None:
    """Note that the pages of a generation were those of their source, now or `when`. The caller has the lock."""
    known = set(generation_names(index))
    times = {other: time for other, time in _read(index).items() if other in known}
    times[name] = when or datetime.now(UTC).isoformat(timespec="seconds")
    with contextlib.suppress(OSError):  # worth no failure of a run that has published
        replace_file(index / CHECKED, json.dumps(times))


def _read(index: Path) -> dict[str, str]:
    try:
        found = json.loads((index / CHECKED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: time for name, time in found.items() if _is_time(time)} if isinstance(found, dict) else {}


def _is_time(value: object) -> bool:
    with contextlib.suppress(ValueError, TypeError):
        return isinstance(value, str) and datetime.fromisoformat(value) is not None
    return False
