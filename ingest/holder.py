"""Who holds the lock of an index folder: the process id in `INDEX/holder`, there while a run is at work."""

import contextlib
from pathlib import Path
from typing import Final

from ingest.errors import IndexLocked

try:
    import fcntl

    _LOCKS = True
except ImportError:  # Windows: the lock itself tells, a little later
    _LOCKS = False

HOLDER: Final = "holder"


def locked(index: Path) -> IndexLocked:
    """The error that another run is at work, with its process id where that is known."""
    holder = ""
    with contextlib.suppress(OSError, ValueError):
        holder = f" (process {int((index / HOLDER).read_text(encoding='utf-8'))})"
    return IndexLocked(f"another reindex is running{holder} on {index}", "wait for it, then run again")


def refuse_while_held(index: Path) -> None:
    """Raise IndexLocked when another run is at work: known in no time, while what a run imports takes a second.

    It promises nothing when it does not raise: the lock itself decides. A shared lock is tried, and
    only where the file names a holder, so that two runs that look at once do not refuse each other.
    """
    if not (_LOCKS and (index / HOLDER).exists()):
        return
    with contextlib.suppress(FileNotFoundError, PermissionError), (index / "lock").open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise locked(index) from None
        except OSError:  # no such locks here
            return
