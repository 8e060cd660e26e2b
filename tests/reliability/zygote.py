"""A process that has everything imported and forks a fresh askdocs for each order: a run costs what it does.

Orders come as JSON lines on stdin: {"arguments", "cwd", "environ", "fault", "kill_after"}; each is answered
by the child's exit status (negative: the signal) when it has ended.
"""

import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from tests.reliability.faults import Fault, arm


def warm() -> None:
    """Import what a reindex imports, without starting a thread or opening a database."""
    import openai

    import ingest.embed.minilm

    for name in ("duckdb", "filelock", "yaml", "cli.commands.reindex"):
        importlib.import_module(name)
    ingest.embed.minilm.MiniLm().count("warm")
    _ = openai.OpenAI(api_key="none").embeddings


def serve() -> None:
    warm()
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            _run(order)
        if order["kill_after"] is not None:
            time.sleep(order["kill_after"])
            os.kill(child, signal.SIGKILL)  # not reaped yet, so its number is still its own
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(order: dict[str, Any]) -> None:
    from cli.failures import guarded
    from cli.main import app

    try:
        os.chdir(order["cwd"])
        os.environ.update(order["environ"])
        for descriptor, name in ((0, os.devnull), (1, "out.txt"), (2, "err.txt")):
            flags = os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            os.dup2(os.open(name, flags, 0o644), descriptor)
        arm(Fault(**order["fault"]), Path(order["cwd"]))
        status = guarded(app, order["arguments"], "askdocs")
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException as error:  # noqa: BLE001 - a child must never return into the loop of its parent
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(99)
    os._exit(status)


if __name__ == "__main__":
    serve()
