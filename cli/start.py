"""The entry point of both scripts. Handles Ctrl-C before it loads the application, which takes a while.

So little is imported here.
"""

import gc
import os
import signal
import sys

_INTERRUPTED = 130
_COLLECT_EVERY = 100_000
"""Objects between two collections of garbage. By default it is 700, and while modules are loaded, none is garbage."""


def askdocs() -> None:
    """The `askdocs` script."""
    _start("askdocs", sys.argv[1:])


def ask() -> None:
    """The `ask` script: `ask …` is `askdocs ask …`, but for `ask --version`."""
    _start("ask", sys.argv[1:])


def _start(name: str, arguments: list[str]) -> None:
    _open_missing_streams()
    gc.set_threshold(_COLLECT_EVERY)
    heeded = signal.getsignal(signal.SIGINT) != signal.SIG_IGN  # `nohup` and scripts' background jobs ignore it
    if heeded:
        signal.signal(signal.SIGINT, _end)
    from cli.failures import interrupt
    from cli.main import run

    if heeded:
        signal.signal(signal.SIGINT, interrupt)
        sys.unraisablehook = _heed_in_destructors
    _leave(run(name, arguments))


def _leave(status: int) -> None:
    """End the process at once. Unloading the libraries takes 60 ms after a question, with torch a second.

    There is nothing left to do: files and locks are closed by those who opened them, or by the system.
    """
    import contextlib

    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # reported already, or there is nobody to report to
            stream.flush()
    os._exit(status)


def _end(*_: object) -> None:
    os.write(2, b"interrupted\n")
    os._exit(_INTERRUPTED)


def _heed_in_destructors(failed: "sys.UnraisableHookArgs") -> None:
    """End on Ctrl-C where Python can't raise, and would show a traceback and continue."""
    if failed.exc_type is KeyboardInterrupt:
        _end()
    sys.__unraisablehook__(failed)


def _open_missing_streams() -> None:
    """Give the streams that were closed (`>&-`) to the null device, so that no file of ours takes their place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8", closefd=False))
