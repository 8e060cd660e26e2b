from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.failures import guarded
from cli.main import app
from ingest.embed.minilm import MiniLm
from ingest.index.folder.database import Store
from ingest.index.folder.generations import current_generation
from rag.retrieve.search import Retriever
from tests.conftest import CommandLine, Result
from tests.rag.server import KEY, ModelServer

QUESTION = "What are model variants?"
Ask = Callable[..., Result]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="session")
def store(starter: CommandLine) -> Store:
    return Store(current_generation(starter.cwd / "markdown_docs.index"))


@pytest.fixture(scope="session")
def retriever(store: Store) -> Retriever:
    return Retriever(store, MiniLm())


@pytest.fixture
def in_starter(starter: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The starter folder as the working folder of this process."""
    monkeypatch.chdir(starter.cwd)
    return starter.cwd


@pytest.fixture
def ask(
    server: ModelServer, in_starter: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Ask:
    """`ask` in this process, so that many cases cost little; the key must never be in its output."""
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("ingest.openrouter.retry._BACKOFF", (0.01,) * 4)

    def run(*arguments: str) -> Result:
        status = guarded(app, ["ask", QUESTION, *arguments], "askdocs")
        said = capsys.readouterr()
        assert KEY not in said.out + said.err
        assert "Traceback" not in said.err or "-vv" in arguments
        return Result(status, said.out, said.err)

    return run
