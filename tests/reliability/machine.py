"""Runs askdocs in processes that start at once, that a fault befalls, or that are killed."""

import json
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from tests.conftest import REPOSITORY, bare_environment
from tests.rag.server import ModelServer
from tests.reliability.faults import Fault

SHIM_SOURCE = Path(__file__).with_name("failing_calls.c")


@dataclass(frozen=True)
class Run:
    """How a run ended: `status` is negative for the signal that killed it."""

    status: int
    out: str
    err: str
    seconds: float


def build_shim(folder: Path) -> Path | None:
    """Compile the library that lets system calls fail; None where there is no compiler or no Linux."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler or sys.platform != "linux":
        return None
    made = folder / "failing_calls.so"
    command = [compiler, "-O1", "-shared", "-fPIC", "-o", str(made), str(SHIM_SOURCE), "-ldl"]
    done = subprocess.run(command, capture_output=True, check=False)
    return None if done.returncode else made


class _Server(ModelServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing: clients that are killed in the middle of a request are what this is for."""


class Machine:
    """One zygote and one embeddings server; `folder` holds all the files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shim = build_shim(folder)
        self.server = _Server()
        self.environ = {**bare_environment(folder), **self.server.environ, "ASKDOCS_EMBEDDER": "openrouter:acme/embed"}

    def __enter__(self) -> Self:
        self.server.__enter__()
        preload = {"LD_PRELOAD": str(self.shim)} if self.shim else {}
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.zygote"],
            cwd=REPOSITORY,
            env={**self.environ, **preload},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._answer() != "ready":
            raise RuntimeError("the zygote did not start")
        return self

    def __exit__(self, *_: object) -> None:
        with self._zygote as zygote:
            assert zygote.stdin
            zygote.stdin.close()
            zygote.wait(timeout=60)
        self.server.__exit__()

    def run(self, cwd: Path, *arguments: str, fault: Fault | None = None, kill_after: float | None = None) -> Run:
        """Run askdocs in `cwd`; with `kill_after`, kill -9 it after so many seconds."""
        assert self._zygote.stdin
        order = {"arguments": arguments, "cwd": str(cwd), "environ": self.environ}
        order |= {"fault": asdict(fault or Fault()), "kill_after": kill_after}
        started = time.perf_counter()
        self._zygote.stdin.write(json.dumps(order) + "\n")
        self._zygote.stdin.flush()
        status = int(self._answer())
        seconds = time.perf_counter() - started
        out, err = (path.read_text() if path.exists() else "" for path in (cwd / "out.txt", cwd / "err.txt"))
        return Run(status, out, err, seconds)

    def _answer(self) -> str:
        assert self._zygote.stdout
        return self._zygote.stdout.readline().strip()
