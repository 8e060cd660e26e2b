"""Locks of an index folder: one writer, and leases of readers.

Readers share a lock on the folder of their generation, which is not removed meanwhile; the system frees
the lock when they end. The writer's process id is in `INDEX/holder` while a run is at work.
"""

import contextlib
import os
import weakref
from collections.abc import Iterator
from pathlib import Path

from ingest.core.errors import IndexLocked
from ingest.index.folder.files import HOLDER, LOCK

try:
    import fcntl

    _LOCKS = True
except ImportError:  # Windows removes no file that is open
    _LOCKS = False


class Lease:
    """Keeps the folder at `folder` from being removed until the last reference to this is gone.

    Raises FileNotFoundError when the folder is gone or going. Where the file system has no such
    locks, nothing is kept.
    """

    def __init__(self, folder: Path) -> None:
        if not _LOCKS:
            return
        descriptor = os.open(folder, os.O_RDONLY)
        weakref.finalize(self, os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FileNotFoundError(f"{folder} is being removed") from error
        except OSError:
            return
        if not os.path.samestat(os.fstat(descriptor), folder.stat()):
            raise FileNotFoundError(f"{folder} was replaced")


@contextlib.contextmanager
def exclusive_unless_read(folder: Path) -> Iterator[bool]:
    """Whether no reader has a lease of `folder`; while the block runs, none gets one."""
    if not _LOCKS:
        yield True
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = True
        except BlockingIOError:
            free = False
        except OSError:  # no such locks here, so there are no leases either
            free = True
        yield free
    finally:
        os.close(descriptor)


try:
    import fcntl

    _LOCKS = True
except ImportError:  # Windows: the lock itself decides, a little later
    _LOCKS = False


def index_locked(index: Path) -> IndexLocked:
    """The error that another run is at work, with its process id where that is known."""
    holder = ""
    with contextlib.suppress(OSError, ValueError):
        holder = f" (process {int((index / HOLDER).read_text(encoding='utf-8'))})"
    return IndexLocked(f"another reindex is running{holder} on {index}", "wait for it, then run again")


def refuse_if_locked(index: Path) -> None:
    """Raise IndexLocked when another run is at work: known in no time, while what a run imports takes a second.

    It promises nothing when it does not raise: the lock itself decides. A shared lock is tried, and
    only where the file names a holder, so that two runs that look at once do not refuse each other.
    """
    if not (_LOCKS and (index / HOLDER).exists()):
        return
    with contextlib.suppress(FileNotFoundError, PermissionError), (index / LOCK).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise index_locked(index) from None
        except OSError:  # no such locks here
            return
