"""`--no-llm` reaches no network, whatever models are named."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.cli.terminal import run_on_terminal
from tests.cli.test_ask import QUESTION
from tests.conftest import CommandLine


class Hub:
    """Stands where the hub is looked for, and counts who comes."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.visits = 0
        self.environ = {"HF_ENDPOINT": f"http://127.0.0.1:{self._socket.getsockname()[1]}"}
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                visitor, _ = self._socket.accept()
                self.visits += 1
                visitor.recv(4096)
                visitor.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                visitor.close()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    yield hub
    hub.close()


def test_another_embedder_than_the_indexs_is_told_without_loading_it(starter: CommandLine, hub: Hub) -> None:
    for extra in ([], ["--no-llm"]):
        refused = starter("ask", QUESTION, "--embedder", "acme/none", *extra, **hub.environ)
        assert refused.status == 1
        assert refused.err.startswith(
            "error: the index was built with the embedder minilm "
        )  # nothing is fetched first
    assert hub.visits == 0


def test_no_reranker_is_downloaded(starter: CommandLine, hub: Hub) -> None:
    refused = starter("ask", QUESTION, "--reranker", "acme/none", "--no-llm", **hub.environ)
    assert (refused.status, hub.visits) == (1, 0)
    assert refused.err.startswith("error: the model 'acme/none' is not on this machine, and the hub may not be asked")


def test_no_embedder_is_downloaded_to_build_a_first_index(askdocs: CommandLine, hub: Hub) -> None:
    (askdocs.cwd / "markdown_docs").mkdir()
    (askdocs.cwd / "markdown_docs" / "rivers.md").write_text("# Rivers\n\nThe longest river is the Nile.\n")
    refused = askdocs("ask", "Which river?", "-q", "--embedder", "acme/none", "--no-llm", **hub.environ)
    assert (refused.status, hub.visits) == (1, 0)
    assert refused.err.startswith("error: the model 'acme/none' is not on this machine, and the hub may not be asked\n")
    assert len(refused.err.splitlines()) == 2
    online = askdocs("ask", "Which river?", "-q", "--embedder", "acme/none", **hub.environ)
    assert online.status == 1
    assert hub.visits > 0, "the fixture stands where the hub is looked for"
    assert [line.partition(":")[0] for line in online.err.splitlines()] == ["error", "hint"]


def test_on_a_terminal_a_download_waits_for_a_yes(askdocs: CommandLine, hub: Hub) -> None:
    (askdocs.cwd / "markdown_docs").mkdir()
    (askdocs.cwd / "markdown_docs" / "rivers.md").write_text("# Rivers\n\nThe longest river is the Nile.\n")
    reindex = ("reindex", "--no-crawl", "--embedder", "acme/none")
    for typed in ("n\n", "\n"):
        status, shown = run_on_terminal(askdocs, *reindex, environ=hub.environ, typed=typed)
        assert (status, hub.visits) == (2, 0)
        assert "not on this machine: acme/none\n" in shown
        assert "Download from the hub? [y/N]: " in shown
        assert "error: nothing was downloaded\n" in shown
    status, shown = run_on_terminal(askdocs, *reindex, environ=hub.environ, typed="y\n")
    assert status == 1
    assert hub.visits > 0
    assert "error: the model 'acme/none' can't be loaded" in shown
    before = hub.visits
    status, shown = run_on_terminal(askdocs, *reindex, "--yes", environ=hub.environ)
    assert status == 1
    assert hub.visits > before
    assert "Download from the hub?" not in shown
    assert "downloading from the hub: acme/none\n" in shown
