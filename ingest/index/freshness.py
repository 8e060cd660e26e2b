"""The date of the docs in an index: when its pages were last compared with their source.

::

    checked.json    {generation: time of the last crawl that found its pages as they are}

Pages keep the day they were fetched for as long as their content stays, so that their files don't
change; a site that has not changed for months would look outdated. It is a note of the index: without it,
the day of the youngest page counts.
"""

import contextlib
import json
from datetime import UTC, datetime

from ingest.core.database_url import IndexAddress
from ingest.core.errors import DocsError
from ingest.index.base import Published
from ingest.index.folder.files import CHECKED
from ingest.index.stores import index_at


def docs_date(index: IndexAddress, generation: Published) -> str:
    """When the pages of a generation were last known to be those of their source, in ISO format; "" if never."""
    return max(str(generation.manifest["docs_date"]), checked_at(index, generation.name))


def checked_at(index: IndexAddress, name: str) -> str:
    """When a crawl last found the source as a generation has it; "" where that is not known."""
    return _read(index).get(name, "")


def record_check(index: IndexAddress, name: str, when: str = "") -> None:
    """Note that the pages of a generation were those of their source, now or `when`. The caller has the lock."""
    known = set(index_at(index).names())
    times = {other: time for other, time in _read(index).items() if other in known}
    times[name] = when or datetime.now(UTC).isoformat(timespec="seconds")
    with contextlib.suppress(OSError, DocsError):  # worth no failure of a run that has published
        index_at(index).write_note(CHECKED, json.dumps(times))


def _read(index: IndexAddress) -> dict[str, str]:
    try:
        found = json.loads(index_at(index).read_note(CHECKED))
    except ValueError:
        return {}
    return {name: time for name, time in found.items() if _is_time(time)} if isinstance(found, dict) else {}


def _is_time(value: object) -> bool:
    with contextlib.suppress(ValueError, TypeError):
        return isinstance(value, str) and datetime.fromisoformat(value) is not None
    return False
