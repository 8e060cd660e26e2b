"""Where both scripts begin. Loads the application, which takes a while in which Ctrl-C must leave no traceback."""

import os
import signal
import sys

_INTERRUPTED = 130


def askdocs() -> None:
    """The `askdocs` script."""
    _start("askdocs", sys.argv[1:])


def ask() -> None:
    """The `ask` script: `ask …` is `askdocs ask …`, but for `ask --version`."""
    _start("ask", sys.argv[1:])


def _start(name: str, arguments: list[str]) -> None:
    _open_missing_streams()
    heeded = signal.getsignal(signal.SIGINT) != signal.SIG_IGN  # `nohup` and scripts' background jobs ignore it
    if heeded:
        signal.signal(signal.SIGINT, _end)
    from cli.failures import interrupt
    from cli.main import run

    if heeded:
        signal.signal(signal.SIGINT, interrupt)
    status = run(name, arguments)
    if heeded:
        signal.signal(signal.SIGINT, _end)
    if status == _INTERRUPTED:  # who interrupts waits for nothing: to take the loaded libraries down lasts a second
        os._exit(status)
    sys.exit(status)


def _end(*_: object) -> None:
    os.write(2, b"interrupted\n")
    os._exit(_INTERRUPTED)


def _open_missing_streams() -> None:
    """Give the streams that were closed (`>&-`) to the null device, so that no file of ours takes their place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8", closefd=False))
