from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.generations import current_generation
from ingest.minilm import MiniLm
from ingest.store import Store
from rag.retrieve import Retriever
from tests.conftest import CommandLine
from tests.rag.server import ModelServer


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
