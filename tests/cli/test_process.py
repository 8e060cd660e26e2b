"""How a process ends, whatever becomes of its streams, and whenever Ctrl-C comes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_ask import QUESTION
from tests.conftest import CommandLine

ASK = ("ask", "--no-llm", QUESTION)
needs_full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")


def run(command: CommandLine, *arguments: str, shell: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """A command below a shell, which redirects or closes its streams."""
    line = ["sh", "-c", f'"$@" {shell}', "sh", sys.executable, "-W", "error", "-m", "cli", *arguments]
    env = {**command.environ, **environ}
    return subprocess.run(line, cwd=command.cwd, env=env, capture_output=True, text=True, timeout=60, check=False)


@needs_full_device
@pytest.mark.parametrize("arguments", [ASK, (*ASK, "--json"), ("inspect", QUESTION, "--json"), ("--version",)])
def test_a_full_disk_behind_stdout_is_told_on_stderr(starter: CommandLine, arguments: tuple[str, ...]) -> None:
    ended = run(starter, *arguments, shell="> /dev/full")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "error: output: No space left on device\nhint: check permissions and free space\n"


@needs_full_device
def test_a_failure_that_can_not_be_printed_is_told_on_stderr(starter: CommandLine) -> None:
    ended = run(starter, "ask", "", "--json", shell="> /dev/full")
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[0] == "error: the question contains no word"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_as_good_as_dev_null(starter: CommandLine, closed: str) -> None:
    ended = run(starter, *ASK, shell=closed)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("[1] Frequently Asked Questions" if ">" not in closed or closed == "2>&-" else "")


def test_a_question_from_a_closed_stdin_is_none(starter: CommandLine) -> None:
    ended = run(starter, "ask", "-", "--no-llm", shell="<&-")
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: the question contains no word\n")


@pytest.mark.parametrize("arguments", [("--help",), ASK, ("inspect", QUESTION, "-k", "99", "--json"), ("status",)])
def test_a_reader_that_leaves_ends_it_silently(starter: CommandLine, arguments: tuple[str, ...]) -> None:
    ended = run(starter, *arguments, shell="| true")
    assert (ended.stdout, ended.stderr) == ("", "")


def test_the_shells_completion_ends_well(askdocs: CommandLine) -> None:
    found = askdocs(_ASKDOCS_COMPLETE="complete_bash", COMP_WORDS="askdocs in", COMP_CWORD="1")
    assert (found.status, found.out.split(), found.err) == (0, ["inspect"], "")


INTERRUPTED = """
import os, signal, sys
class Finder:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
sys.argv = ["askdocs", *{arguments!r}]
from cli.start import askdocs
askdocs()
"""


def _python(
    script: str, starter: CommandLine, first: Callable[[], object] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a script where the starter pages are; `first` is called in the new process before it begins."""
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=starter.cwd,
        env=starter.environ,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=first,
    )


@pytest.mark.parametrize("module", ["typer", "cli.failures", "ingest.core.settings", "numpy", "tokenizers"])
def test_ctrl_c_while_modules_load_shows_no_traceback(starter: CommandLine, module: str) -> None:
    script = INTERRUPTED.format(module=module, arguments=list(ASK))
    ended = _python(script, starter)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "interrupted\n")


def test_ctrl_c_in_a_destructor_ends_it_as_well(starter: CommandLine) -> None:
    script = """
import os, signal, sys
import ingest.index.folder.locks
ingest.index.folder.locks.os.close = lambda _: os.kill(os.getpid(), signal.SIGINT)  # what a lease's finalizer calls
sys.argv = ["askdocs", "status"]
from cli.start import askdocs
askdocs()
"""
    ended = _python(script, starter)
    assert (ended.returncode, ended.stderr) == (130, "interrupted\n")


def test_a_signal_that_is_ignored_stays_ignored(starter: CommandLine) -> None:
    ignore: Callable[[], object] = lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)  # noqa: E731 - as `nohup` does
    script = INTERRUPTED.format(module="typer", arguments=[*ASK, "--json"])
    ended = _python(script, starter, first=ignore)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["answered"]


def test_the_script_ask_tells_its_version(starter: CommandLine) -> None:
    script = "import sys; from cli.start import ask; sys.argv = ['ask', '--version']; ask()"
    ended = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | starter.environ, capture_output=True, text=True, check=True
    )
    assert ended.stdout.startswith("askdocs ")
