"""What all tests share: a clean environment, the command line, and one index of the starter pages."""

import faulthandler
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

REPOSITORY = Path(__file__).resolve().parents[1]
STARTER_PAGES = REPOSITORY / "markdown_docs"
SLOW_FIXTURES = {"askdocs", "starter", "here", "site", "server", "remote", "minilm", "machine", "running", "written"}
"""Each starts processes or servers, or loads a model; a test that needs one of them is left to `make check`."""
SLOW_FOLDERS = {"reliability", "scale"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what starts processes or servers, so that `make quick` is what a developer waits for."""
    for item in items:
        if SLOW_FIXTURES & set(getattr(item, "fixturenames", ())) or SLOW_FOLDERS & set(item.path.parts):
            item.add_marker(pytest.mark.slow)


def pytest_unconfigure() -> None:
    """Fail with a stack of every thread if this process has not ended a minute after its last test.

    A worker of xdist stays until the others have ended too: there only the main process is watched.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    faulthandler.dump_traceback_later(60, exit=True)


@dataclass(frozen=True)
class Result:
    """What a command printed and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class CommandLine:
    """Runs askdocs as users do: in a process of its own, in a folder, with a bare environment."""

    cwd: Path
    environ: Mapping[str, str]

    def __call__(self, *arguments: str | Path, stdin: str | bytes = "", **environ: str) -> Result:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "cli", *map(str, arguments)],
            cwd=self.cwd,
            env={**self.environ, **environ},
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            timeout=300,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def bare_environment(home: Path) -> dict[str, str]:
    """An environment without the user's keys and settings; HOME is `home`."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR", "SYSTEMROOT")}
    return {**kept, "HOME": str(home), "PYTHONPATH": str(REPOSITORY), "PYTHONIOENCODING": "utf-8"}


@pytest.fixture
def askdocs(tmp_path: Path) -> CommandLine:
    """The command line in an empty folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    return CommandLine(folder, bare_environment(tmp_path))


@pytest.fixture(scope="session")
def starter(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """The command line in a folder with the starter pages and their index. Read-only: shared by all tests.

    With several workers the first one builds the index and the others wait for it; each works on a copy of its own,
    since `eval` keeps a journal next to the index.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    built = shared / "starter-built"
    with FileLock(shared / "starter-built.lock"):
        if not (built / "done").exists():
            shutil.rmtree(built, ignore_errors=True)
            shutil.copytree(STARTER_PAGES, built / "work" / "markdown_docs")
            result = CommandLine(built / "work", bare_environment(built / "work"))("reindex", "--no-crawl")
            assert result.status == 0, result.err
            (built / "done").touch()
    folder = tmp_path_factory.mktemp("starter") / "work"
    shutil.copytree(built / "work", folder)
    return CommandLine(folder, bare_environment(folder))


@pytest.fixture(autouse=True)
def _no_user_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("ASKDOCS_", "OPENROUTER_", "OPENAI_")) and name != "ASKDOCS_TEST_DATA":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
