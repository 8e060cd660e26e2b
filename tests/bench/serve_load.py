"""What the benchmark of `askdocs serve` needs: servers in processes of their own, and clients that keep them busy.

As a program it is such a server: `python -m tests.bench.serve_load ours serve --docs DIR --index DIR …` runs the real
command with a heartbeat on its event loop, which `GET /beat` reads and resets. `bare` in place of `ours` runs what one
would write by hand: a Starlette app with one route that calls `Assistant.answer` in a thread, without checks, limits or
a second surface. `empty-mcp` is the MCP SDK's own server over stdio with one tool that does nothing.
"""

import asyncio
import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.pairs import REPOSITORY, environment

BEAT = 0.002
"""Seconds between two heartbeats."""


@dataclass
class Server:
    """A running server: its process, its port, and a connection that is kept open."""

    process: "subprocess.Popen[str]"
    port: int
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def ask(self, question: str) -> Any:
        """POST /api/ask on the kept connection."""
        return self.request("POST", "/api/ask", json.dumps({"question": question}).encode())

    def request(self, method: str, path: str, body: bytes | None = None) -> Any:
        headers = {"Content-Type": "application/json"} if body else {}
        try:
            self.connection.request(method, path, body, headers)
            return json.loads(self.connection.getresponse().read())
        except http.client.RemoteDisconnected:  # it was idle for too long
            self.connection.close()
            self.connection.request(method, path, body, headers)
            return json.loads(self.connection.getresponse().read())

    def processes(self) -> list[int]:
        """The server's process and those that it started."""
        found, last = [self.process.pid], [self.process.pid]
        while last:
            last = [child for pid in last for child in _children(pid)]
            found += last
        return found

    def megabytes(self) -> float:
        """Memory of all processes that is theirs alone: index and model are mapped files, which the system may drop."""
        return sum(_anonymous_kb(pid) for pid in self.processes()) / 1024

    def cpu_seconds(self) -> float:
        """CPU time of all threads of all processes so far."""
        return sum(_ticks(pid) for pid in self.processes()) / os.sysconf("SC_CLK_TCK")

    def open_files(self) -> int:
        """Files, pipes and sockets of all processes."""
        return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in self.processes())

    def wait_for_workers(self) -> None:
        """Ask until there is a worker process for each core; a server of one core has none."""
        if len(os.sched_getaffinity(self.process.pid)) == 1:
            return
        ended = time.monotonic() + 60
        while time.monotonic() < ended:
            load(self.port, asks(("What are model variants?",), 16), 16)
            if self.request("GET", "/api/status")["workers"] == len(os.sched_getaffinity(0)):
                return
        raise RuntimeError("the workers were not started")


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return []


def _anonymous_kb(pid: int) -> int:
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon:"))
    return 0


def _ticks(pid: int) -> int:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    return 0


@contextlib.contextmanager
def serving(kind: str, docs: Path, index: Path, *, core: int | None = None, **environ: str) -> Iterator[Server]:
    """Run a server of this kind, `ours` or `bare`, until the block ends; on this core alone where it is named."""
    where = ["--docs", str(docs), "--index", str(index), "--port", "0", "--per-minute", "100000000"]
    model = [] if environ else ["--no-llm"]
    alone = [] if core is None else ["taskset", "--cpu-list", str(core)]
    command = [*alone, sys.executable, "-m", "tests.bench.serve_load", kind, "serve", *where, *model]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY, env={**environment(), **environ}
    ) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if line.startswith("serving "):
                break
        else:
            raise RuntimeError("".join(said))
        try:
            yield Server(process, int(line.split("http://", 1)[1].split()[0].rpartition(":")[2]))
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


@dataclass
class Load:
    """What clients saw: milliseconds and statuses in the order of arrival, and how long all of it took."""

    ms: list[float]
    statuses: list[int]
    bodies: list[bytes]
    seconds: float


Request = tuple[str, str, bytes | None, dict[str, str]]
"""Method, path, body, headers."""


def load(port: int, requests: Sequence[Request], clients: int, *, keep: bool = False) -> Load:
    """Send these requests from so many clients at once, each the next one as soon as it has an answer."""
    return asyncio.run(_load(port, requests, clients, keep=keep))


async def _load(port: int, requests: Sequence[Request], clients: int, *, keep: bool) -> Load:
    found = Load([], [], [], 0.0)
    waiting = iter(requests)

    async def client() -> None:
        reader = writer = None
        for method, path, body, headers in waiting:
            if writer is None or reader is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            start = time.perf_counter()
            writer.write(_bytes(method, path, body, headers))
            status, answer, goes_on = await _read(reader)
            found.ms.append((time.perf_counter() - start) * 1000)
            found.statuses.append(status)
            if keep:
                found.bodies.append(answer)
            if not goes_on:
                writer.close()
                writer = None
        if writer is not None:
            writer.close()

    start = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    found.seconds = time.perf_counter() - start
    return found


def _bytes(method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
    kind = {"Content-Type": "application/json", "Content-Length": str(len(body))} if body is not None else {}
    lines = [f"{name}: {value}\r\n" for name, value in {"Host": "127.0.0.1", **kind, **headers}.items()]
    return f"{method} {path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode("latin-1") + (body or b"")


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
    """Status and body of an answer, and whether the connection stays open."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    if fields.get(b"transfer-encoding") == b"chunked":
        parts = []
        while size := int(await reader.readuntil(b"\r\n"), 16):
            parts.append((await reader.readexactly(size + 2))[:-2])
        await reader.readexactly(2)
        body = b"".join(parts)
    else:
        body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
    return int(head.split(b" ", 2)[1]), body, fields.get(b"connection") != b"close"


def asks(questions: Sequence[str], count: int) -> list[Request]:
    """So many requests for a quoted answer."""
    bodies = [json.dumps({"question": question}).encode() for question in questions]
    return [("POST", "/api/ask", bodies[at % len(bodies)], {}) for at in range(count)]


class StdioClient:
    """A bare MCP client over stdin and stdout, of the era with a handshake, which every server speaks."""

    def __init__(self, command: Sequence[str]) -> None:
        """Start a server. `ready_ms`: from there to its first list of tools."""
        start = time.perf_counter()
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, cwd=REPOSITORY, env=environment(),
        )  # fmt: skip
        self._id = 0
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
        self.call("initialize", hello)
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        self.call("tools/list", {})
        self.ready_ms = (time.perf_counter() - start) * 1000

    def call(self, method: str, params: dict[str, Any]) -> Any:
        self._id += 1
        self._send({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params})
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if message.get("id") == self._id:
                return message["result"]
        raise RuntimeError(method)

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=30)


App = Callable[[Any, Any, Any], Awaitable[None]]


class _Beating:
    """An app with a heartbeat on its event loop: how late each beat came, and the loop's CPU time between two."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._late: list[float] = []
        self._busy: list[float] = []
        self._is_skipped = True
        """Whether the beat under way is not counted: it contains the report of those before it."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            task = asyncio.create_task(self._beat())
            await self._app(scope, receive, send)
            task.cancel()
        elif scope.get("path") == "/beat":
            body = json.dumps({"late_ms": self._late, "busy_ms": self._busy}).encode()
            self._late, self._busy, self._is_skipped = [], [], True
            await send(
                {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]}
            )
            await send({"type": "http.response.body", "body": body})
        else:
            await self._app(scope, receive, send)

    async def _beat(self) -> None:
        while True:
            start, used = time.perf_counter(), time.thread_time()
            await asyncio.sleep(BEAT)
            if not self._is_skipped:
                self._late.append((time.perf_counter() - start - BEAT) * 1000)
                self._busy.append((time.thread_time() - used) * 1000)
            self._is_skipped = False


def _ours(arguments: list[str]) -> int:
    import cli.serve.app as module
    from cli.main import run

    build = module.build_app
    module.build_app = lambda service, options: _Beating(build(service, options))  # type: ignore[assignment]
    return run("askdocs", arguments)


def _bare(arguments: list[str]) -> int:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    from ingest.core.settings import load_settings
    from rag.open import open_assistant
    from rag.serialize import answer_json, hit_json

    given = dict(zip(arguments[1::2], arguments[2::2], strict=False))
    settings = load_settings({"docs": given["--docs"], "index": given["--index"]}, {}, Path.cwd())
    opened = open_assistant(settings, use_model=False)

    def answer(question: str) -> dict[str, Any]:
        found = opened.assistant.answer(question)
        return answer_json(found, [hit_json(hit, None, settings.docs) for hit in found.hits], opened.generation)

    async def ask(request: Any) -> JSONResponse:
        return JSONResponse(await run_in_threadpool(answer, (await request.json())["question"]))

    app = _Beating(Starlette(routes=[Route("/api/ask", ask, methods=["POST"])]))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))

    async def main() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        print(f"serving bare at http://127.0.0.1:{listener.getsockname()[1]} (bare)", file=sys.stderr, flush=True)
        await server.serve(sockets=[listener])

    asyncio.run(main())
    return 0


def _empty_mcp(_arguments: list[str]) -> int:
    import anyio
    import mcp_types as types
    from mcp.server.lowlevel import Server as McpServer
    from mcp.server.stdio import stdio_server

    async def list_tools(_context: Any, _params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[types.Tool(name="nothing", input_schema={"type": "object"})])

    async def main() -> None:
        server: McpServer[Any] = McpServer("empty", on_list_tools=list_tools)
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())

    anyio.run(main)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line sets it
    sys.exit({"ours": _ours, "bare": _bare, "empty-mcp": _empty_mcp}[sys.argv[1]](sys.argv[2:]))
