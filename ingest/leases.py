"""A generation stays while somebody reads it: readers share a lock on its folder, the system frees it when they end."""

import contextlib
import os
import weakref
from collections.abc import Iterator
from pathlib import Path

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
def unread(folder: Path) -> Iterator[bool]:
    """Whether nobody holds a lease of `folder`; while the block runs, nobody gets one."""
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
