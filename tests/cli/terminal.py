"""A pseudo terminal: run a command as a person sees it, with a width and, where wanted, colours."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping

from tests.conftest import CommandLine


def run_on_terminal(
    command: CommandLine, *arguments: str, width: int = 80, environ: Mapping[str, str] | None = None, typed: str = ""
) -> tuple[int, str]:
    """Exit status, and all that the terminal gets: stdout and stderr together, with `\\n` line ends.

    `typed` is what a person has typed before anything was asked.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    kept = {name: value for name, value in command.environ.items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen(
        [sys.executable, "-m", "cli", *arguments],
        cwd=command.cwd,
        env={**kept, "TERM": "xterm-256color", **(environ or {})},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as running:
        os.close(theirs)
        os.write(ours, typed.encode())
        shown = b""
        while True:
            try:
                piece = os.read(ours, 65_536)
            except OSError:  # Linux says so when the other side is closed
                break
            if not piece:
                break
            shown += piece
    os.close(ours)
    return running.returncode, shown.decode().replace("\r\n", "\n")
