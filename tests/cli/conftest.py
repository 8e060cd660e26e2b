import io
import sys
from collections.abc import Callable

import pytest

from cli.failures import guarded
from cli.main import app
from tests.conftest import Result

Here = Callable[..., Result]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """The command line in this process and its working folder, where many runs would cost seconds."""

    def run(*arguments: str, stdin: str | bytes = "") -> Result:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        status = guarded(app, list(arguments), "askdocs")
        said = capsys.readouterr()
        return Result(status, said.out, said.err)

    return run
