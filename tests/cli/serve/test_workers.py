"""Worker processes: they give what threads give, die without losing a question, follow the index, leave no orphan."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.cli.serve.conftest import QUESTION, Response, Running, events_of, serving
from tests.conftest import CommandLine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="child processes are read from /proc"),
]
AT_ONCE = 8
WORKERS = 2


def workers_of(pid: int) -> set[int]:
    """The worker processes of a server; multiprocessing's tracker of semaphores is not one."""
    found = {int(child) for one in Path(f"/proc/{pid}/task").iterdir() for child in _read(one / "children").split()}
    return {child for child in found if "spawn_main" in _read(Path(f"/proc/{child}/cmdline"))}


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def at_once(server: Running, count: int = AT_ONCE, **more: Any) -> list[Response]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda _: server.post("/api/ask", {"question": QUESTION} | more), range(count)))


def wait_until(is_true: Any, seconds: float = 30) -> None:
    ended = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < ended, "did not happen in time"
        time.sleep(0.05)


def start_workers(server: Running) -> set[int]:
    """Ask until workers answer."""
    at_once(server)
    wait_until(lambda: server.get("/api/status").json["workers"] == WORKERS)
    return workers_of(server.process.pid)


def is_alive(pid: int) -> bool:
    return "State:\tZ" not in (status := _read(Path(f"/proc/{pid}/status"))) and status != ""


@pytest.fixture(scope="module")
def busy(starter: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, CommandLine, Path]]:
    """A server whose workers run, on an index of its own, with a log."""
    folder = tmp_path_factory.mktemp("busy") / "work"
    shutil.copytree(starter.cwd, folder)
    log = folder / "questions.jsonl"
    command = CommandLine(folder, starter.environ)
    with serving(command, "--per-minute", "100000", "--workers", str(WORKERS), "--log", log) as server:
        start_workers(server)
        yield server, command, log


def test_one_question_at_a_time_starts_no_process(starter: CommandLine) -> None:
    with serving(starter, "--workers", str(WORKERS)) as server:
        first = server.post("/api/ask", {"question": QUESTION}).json
        assert first["answered"]
        assert not workers_of(server.process.pid)
        start_workers(server)
        same = at_once(server)[0].json
    assert {**same, "timings_ms": 0, "id": ""} == {**first, "timings_ms": 0, "id": ""}


def test_no_workers_are_started_where_none_are_wanted(starter: CommandLine) -> None:
    with serving(starter, "--workers", "0") as server:
        assert {response.status for response in at_once(server, 16)} == {200}
        assert not workers_of(server.process.pid)


def test_every_surface_answers_from_a_worker(busy: tuple[Running, CommandLine, Path]) -> None:
    server, _, log = busy
    events = events_of(server.post("/api/ask", {"question": QUESTION, "stream": True, "turn": True}))
    assert [events[0][0], events[-1][0]] == ["sentence", "done"]
    assert "card" in next(data for name, data in events if name == "citation")
    chat = {"messages": [{"role": "user", "content": QUESTION}]}
    assert server.post("/v1/chat/completions", chat).json["choices"][0]["message"]["annotations"]
    streamed = server.post("/v1/chat/completions", {**chat, "stream": True}).text
    assert '"role": "assistant"' in streamed.split("\n\n")[0]
    assert streamed.endswith("data: [DONE]\n\n")
    assert 'class="turn"' in server.get("/?q=What+are+model+variants%3F").text
    assert server.get("/api/search?q=variants&k=2").json["chunks"]
    assert len(log.read_text(encoding="utf-8").splitlines()) >= AT_ONCE


def test_wrong_requests_are_refused_as_without_workers(
    busy: tuple[Running, CommandLine, Path], running: Running
) -> None:
    server, _, _ = busy
    for path in (
        "/api/search?q=",
        "/api/page?path=nowhere",
        f"/api/search?q={'x' * 4_001}",
        "/api/search?q=a&under=//",
    ):
        assert (server.get(path).status, server.get(path).json) == (running.get(path).status, running.get(path).json)


def test_a_worker_that_dies_is_replaced_and_no_question_is_lost(busy: tuple[Running, CommandLine, Path]) -> None:
    server, _, _ = busy
    before = workers_of(server.process.pid)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(at_once, server, 60)
        time.sleep(0.3)
        os.kill(min(before), signal.SIGKILL)
        assert {response.status for response in asking.result()} == {200}
    wait_until(lambda: len(workers_of(server.process.pid)) == WORKERS)
    assert min(before) not in workers_of(server.process.pid)
    assert {response.status for response in at_once(server)} == {200}


def test_workers_heed_neither_ctrl_c_nor_sigterm(busy: tuple[Running, CommandLine, Path]) -> None:
    server, _, _ = busy
    before = workers_of(server.process.pid)
    for pid in before:
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGTERM)
    assert {response.status for response in at_once(server)} == {200}
    assert workers_of(server.process.pid) == before


def test_workers_follow_the_index_within_two_seconds_and_lose_no_question(
    busy: tuple[Running, CommandLine, Path],
) -> None:
    server, command, _ = busy
    first = server.get("/healthz").json["generation"]
    seen: list[tuple[int, str]] = []
    ended = threading.Event()

    def ask_on() -> None:
        while not ended.is_set():
            response = server.post("/api/ask", {"question": QUESTION})
            seen.append((response.status, response.json["index"]["generation"]))

    askers = [threading.Thread(target=ask_on) for _ in range(3)]
    for asker in askers:
        asker.start()
    (command.cwd / "markdown_docs" / "new.md").write_text(
        '---\nurl: "https://openrouter.ai/docs/new"\ntitle: New\n---\n# New\n\nZebrafish are striped.\n', "utf-8"
    )
    assert command("reindex", "--no-crawl").status == 0
    time.sleep(2)
    late = [response.json for response in at_once(server, question="What are zebrafish?")]
    ended.set()
    for asker in askers:
        asker.join()
    second = server.get("/healthz").json["generation"]
    assert second != first
    assert all("striped" in answer["answer"] and answer["index"]["generation"] == second for answer in late)
    assert {status for status, _ in seen} == {200}
    assert {name for _, name in seen} == {first, second}


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_the_server(starter: CommandLine, ended_by: signal.Signals) -> None:
    command = [sys.executable, "-m", "cli", "serve", "--port", "0", "--workers", str(WORKERS)]
    with subprocess.Popen(command, cwd=starter.cwd, env=starter.environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if line.startswith("serving "))
        server = Running(int(line.split("http://", 1)[1].split()[0].rpartition(":")[2]), process)
        workers = start_workers(server)
        process.send_signal(ended_by)
        process.wait(timeout=20)
        said = process.stderr.read()
    assert len(workers) == WORKERS
    wait_until(lambda: not any(map(is_alive, workers)), 5)
    assert ended_by == signal.SIGKILL or said.strip() in ("", "interrupted")
