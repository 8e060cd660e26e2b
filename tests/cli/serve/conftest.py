"""A running `askdocs serve`, in a process of its own, over the starter index."""

import http.client
import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import STARTER_PAGES, CommandLine, bare_environment
from tests.rag.server import ModelServer

QUESTION = "What are model variants?"


@dataclass(frozen=True)
class Response:
    """Status, headers in lower case, and body of an HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Running:
    """A server on loopback."""

    port: int
    process: "subprocess.Popen[str]"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def request(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Response:
        """Send a request; a body that is not bytes is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        declared = {"Content-Type": "application/json"} if data is not None else {}
        try:
            connection.request(method, path, data, {**declared, **(headers or {})})
            got = connection.getresponse()
            return Response(got.status, {name.lower(): value for name, value in got.getheaders()}, got.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Response:
        return self.request("GET", path, headers=headers)

    def post(self, path: str, body: Any, **headers: str) -> Response:
        return self.request("POST", path, body, headers)


@contextmanager
def serving(command: CommandLine, *arguments: str | Path, **environ: str) -> Iterator[Running]:
    """Run `askdocs serve` until the block ends; it must then end by itself within seconds."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "serve", "--port", "0", *map(str, arguments)],
        cwd=command.cwd,
        env={**command.environ, **environ},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    said: list[str] = []
    try:
        for line in process.stderr:
            said.append(line)
            if line.startswith("serving "):
                break
        else:
            pytest.fail("".join(said))
        port = int(line.split("http://", 1)[1].split()[0].rpartition(":")[2])
        drain = threading.Thread(target=lambda: said.extend(process.stderr or ()), daemon=True)
        drain.start()
        yield Running(port, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) in (0, 130)
        drain.join(timeout=5)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stderr.close()
    assert not [line for line in said if "Traceback" in line], "".join(said)


@pytest.fixture(scope="session")
def starter(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """The command line in a folder with the starter pages and the index that ships with them: nothing is embedded."""
    folder = tmp_path_factory.mktemp("served") / "work"
    shutil.copytree(STARTER_PAGES, folder / "markdown_docs")
    command = CommandLine(folder, bare_environment(folder))
    assert command("ask", QUESTION, "--no-llm").status == 0
    return command


@pytest.fixture(scope="session")
def running(starter: CommandLine) -> Iterator[Running]:
    """A keyless server; all tests of the session share it."""
    with serving(starter, "--per-minute", "100000") as server:
        yield server


@pytest.fixture
def written(starter: CommandLine) -> Iterator[Callable[..., Any]]:
    """Starts servers that let the scripted model write."""
    with ModelServer() as model:

        @contextmanager
        def start(*arguments: str | Path) -> Iterator[tuple[Running, ModelServer]]:
            with serving(starter, "--per-minute", "100000", *arguments, **model.environ) as server:
                yield server, model

        yield start


def events_of(response: Response) -> list[tuple[str, Any]]:
    """The named events of a stream, in order."""
    found = []
    for part in response.text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in part.splitlines() if ": " in line and not line.startswith(":"))
        if "event" in lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


@pytest.fixture
def browser(chromium: Any) -> Any:
    """The Chromium that all tests share, on an empty page and with an empty log of requests."""
    chromium.get("about:blank")
    chromium.get_log("performance")
    return chromium


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One Chromium for all tests."""
    from tests.cli.serve.browser import open_browser

    driver = open_browser()
    try:
        yield driver
    finally:
        driver.quit()
