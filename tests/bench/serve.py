"""`askdocs serve` and `askdocs mcp` next to their alternatives: latency, throughput, memory, start, generations.

Run `python -m tests.bench.serve --docs DIR --index DIR [--rounds R] [--requests N] [--only PART …] [--json FILE]` from
the repository's root, with the `serve` extra installed. The parts:

- latency: one request at a time, in turn with the same work in this process: `Retriever.search` alone (the bare search)
  and `Assistant.answer`; and with a hand-written Starlette app that does no more than call it;
- crowd: 16 clients at once, next to 16 threads that search in this process, and to the hand-written app; how late the
  event loop's heartbeat is meanwhile;
- cores: answers a second of a server that may use one core (it answers on threads), and of one that may use two;
- soak: many requests of 64 clients, quoted answers first, then a mix with every kind of wrong request;
- switches: twenty generations published while clients ask: answers lost, or from two generations at once;
- first_sentence: from the byte that completes a model's first sentence to its event at an HTTP client;
- mcp: start to the first list of tools, next to the SDK's own empty server; a warm search next to the bare search;
- start: process start to the first answer over HTTP, and the memory that it takes.
"""

import argparse
import contextlib
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.bench.pairs import REPOSITORY, environment, facts, ratios, report, table
from tests.bench.serve_load import Load, Request, Server, StdioClient, asks, load, serving
from tests.bench.serve_rows import rows_of
from tests.bench.warm import QUESTIONS

CLIENTS = 16
MANY = 64
SWITCHES = 20
FIRST = 4_100
"""What the page reads in the first generation."""
PARTS = ("latency", "crowd", "cores", "soak", "switches", "first_sentence", "mcp", "start")
PAGE = """\
---
url: "https://docs.example/turnstile"
title: "Turnstile"
---
# Turnstile

The turnstile counter reads {count}.
"""
"""What is changed in each generation; the count is looked for in the answer."""

Found = dict[str, Any]


class Bench:
    """The parts, over one index; what this process does itself is loaded once."""

    def __init__(self, docs: Path, index: Path, rounds: int, requests: int) -> None:
        from ingest.core.settings import load_settings
        from rag.open import open_assistant

        self.docs, self.index, self.rounds, self.requests = docs, index, rounds, requests
        settings = load_settings({"docs": docs, "index": index}, {}, Path.cwd())
        # One for each, so that none finds in its caches what the other one did for the same question.
        searching, answering = (open_assistant(settings, use_model=False).assistant for _ in range(2))
        self.search: Callable[[str], object] = lambda question: searching.search(question, 8)
        self.answer: Callable[[str], object] = answering.answer

    def latency(self) -> Found:
        with serving("ours", self.docs, self.index) as ours, serving("bare", self.docs, self.index) as bare:
            ours.wait_for_workers()
            ways: dict[str, Callable[[str], object]] = {
                "ours": ours.ask, "hand-written app": bare.ask, "search": self.search, "answer": self.answer,
            }  # fmt: skip
            clocks = {"ours": ours.cpu_seconds, "hand-written app": bare.cpu_seconds}
            taken: dict[str, list[float]] = {name: [] for name in ways}
            cpu = dict.fromkeys(ways, 0.0)
            for at in range(self.rounds + 1):
                for question in QUESTIONS:
                    for name, ask in ways.items():
                        clock = clocks.get(name, time.process_time)
                        used, milliseconds = clock(), _ms(ask, question)
                        if at:
                            taken[name].append(milliseconds)
                            cpu[name] += clock() - used
        over = {name: _over(taken["ours"], taken[name]) for name in taken if name != "ours"}
        return {
            "ms": {name: _quantiles(values) for name, values in taken.items()},
            "cpu_ms": {name: round(1000 * used / len(taken[name]), 1) for name, used in cpu.items()},
            "ours over": over,
        }

    def crowd(self) -> Found:
        count = 2 * CLIENTS * self.rounds
        taken: dict[str, list[float]] = {"ours": [], "hand-written app": [], "search": [], "answer": []}
        beats: dict[str, dict[str, list[float]]] = {}
        cpu: dict[str, float] = {}
        with serving("ours", self.docs, self.index) as ours, serving("bare", self.docs, self.index) as bare:
            servers = {"ours": ours, "hand-written app": bare}
            ours.wait_for_workers()
            for server in servers.values():
                load(server.port, asks(QUESTIONS, CLIENTS), CLIENTS)
                server.request("GET", "/beat")
            for _ in range(self.rounds):
                for name, server in servers.items():
                    used = server.cpu_seconds()
                    done = load(server.port, asks(QUESTIONS, count // self.rounds), CLIENTS)
                    cpu[name] = cpu.get(name, 0.0) + server.cpu_seconds() - used
                    assert set(done.statuses) == {200}
                    taken[name] += done.ms
                for name, ask in (("search", self.search), ("answer", self.answer)):
                    taken[name] += _threads(ask, count // self.rounds)
            for name, server in servers.items():
                beats[name] = server.request("GET", "/beat")
        return {
            "clients": CLIENTS,
            "ms": {name: _quantiles(values) for name, values in taken.items()},
            "cpu_ms": {name: round(1000 * used / count, 1) for name, used in cpu.items()},
            "beat": {name: {way: _quantiles(values) for way, values in one.items()} for name, one in beats.items()},
        }

    def cores(self) -> Found:
        per_second: dict[str, list[float]] = {"one core": [], "two cores": []}
        one_core = serving("ours", self.docs, self.index, core=0)
        with one_core as one, serving("ours", self.docs, self.index) as two:
            servers = {"one core": one, "two cores": two}
            for server in servers.values():
                server.wait_for_workers()
                load(server.port, asks(QUESTIONS, CLIENTS), CLIENTS)
            for _ in range(self.rounds):
                for name, server in servers.items():
                    done = load(server.port, asks(QUESTIONS, 4 * CLIENTS), CLIENTS)
                    per_second[name].append(len(done.ms) / done.seconds)
        samples = {name: [{"per_second": value} for value in values] for name, values in per_second.items()}
        return {
            "per_second": {name: facts(values)["per_second"] for name, values in samples.items()},
            "two over one": ratios(samples["two cores"], samples["one core"], "per_second"),
        }

    def soak(self) -> Found:
        mixes = {"answers": asks(QUESTIONS, self.requests), "mixed": mixed_requests(self.requests)}
        found: Found = {}
        with serving("ours", self.docs, self.index) as server:
            server.wait_for_workers()
            load(server.port, [*asks(QUESTIONS, 300), *mixed_requests(300)], MANY)
            for name, requests in mixes.items():
                before, files = server.megabytes(), server.open_files()
                done = load(server.port, requests, MANY)
                time.sleep(1)
                found[name] = {
                    "requests": len(done.ms),
                    "clients": MANY,
                    "errors": sum(status >= 500 for status in done.statuses),
                    "statuses": {str(status): done.statuses.count(status) for status in sorted(set(done.statuses))},
                    "per_second": round(len(done.ms) / done.seconds, 1),
                    "mb": [round(before, 1), round(server.megabytes(), 1)],
                    "open_files": [files, server.open_files()],
                }
        return found

    def switches(self) -> Found:
        with tempfile.TemporaryDirectory() as folder:
            docs, index = Path(folder) / "docs", Path(folder) / "index"
            docs.mkdir()
            for page in sorted(self.docs.glob("*.md"))[:60]:
                shutil.copy(page, docs)
            counts = {_publish(docs, index, FIRST): FIRST}
            with serving("ours", docs, index) as server:
                server.wait_for_workers()
                done = _ask_while(server, lambda at: counts.update({_publish(docs, index, at): at}))
        answers = [json.loads(body) for body in done.bodies]
        lost = sum(status != 200 for status in done.statuses)
        mixed = sum(str(counts[answer["index"]["generation"]]) not in answer["answer"] for answer in answers)
        seen = len({answer["index"]["generation"] for answer in answers})
        return {"switches": SWITCHES, "requests": len(answers), "lost": lost, "mixed": mixed, "generations seen": seen}

    def first_sentence(self) -> Found:
        from tests.bench import first_token
        from tests.rag.server import ModelServer, Reply, event

        words = [f"{word} " for word in "A variant is a suffix of the slug [1].".split()]
        taken: dict[str, list[float]] = {"ours": [], "openai loop": []}
        with ModelServer() as model:
            pieces = [event(word) for word in (*words, *[first_token.LAST] * 5)]
            model.says(Reply(first_token.Clock([*pieces, event(finish="stop"), "data: [DONE]\n\n"])))
            model.pause = 0.002
            with serving("ours", self.docs, self.index, **model.environ) as server:
                for at in range(10 * self.rounds + 3):
                    for name, values in taken.items():
                        first_token.Clock.sent = 0.0
                        seconds = _first_event(server) if name == "ours" else first_token.bare(model)
                        if at >= 3:
                            values.append(seconds * 1000)
        return {"ms": {name: _quantiles(values) for name, values in taken.items()}, "limit_ms": first_token.LIMIT_MS}

    def mcp(self) -> Found:
        where = ["--docs", str(self.docs), "--index", str(self.index), "--no-llm"]
        commands = {
            "ours": [sys.executable, "-m", "cli", "mcp", *where],
            "empty server": [sys.executable, "-m", "tests.bench.serve_load", "empty-mcp"],
        }
        ready: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
        taken: dict[str, list[float]] = {"ours": [], "search": []}
        for at in range(self.rounds + 1):
            for name, command in commands.items():
                client = StdioClient(command)
                if at:
                    ready[name].append({"ms": client.ready_ms})
                if name == "ours" and at == self.rounds:
                    self._warm_searches(client, taken)
                client.close()
        more = statistics.median(a - b for a, b in zip(taken["ours"], taken["search"], strict=True))
        return {
            "ready_ms": {name: facts(samples)["ms"] for name, samples in ready.items()},
            "ours over empty": ratios(ready["ours"], ready["empty server"], "ms"),
            "search_ms": {name: _quantiles(values) for name, values in taken.items()},
            "more_ms": round(more, 2),
        }

    def _warm_searches(self, client: StdioClient, taken: dict[str, list[float]]) -> None:
        for at in range(self.rounds + 1):
            for question in QUESTIONS:
                call = {"name": "search", "arguments": {"query": question}}
                found = _ms(lambda _, call=call: client.call("tools/call", call), ""), _ms(self.search, question)
                if at:
                    taken["ours"].append(found[0])
                    taken["search"].append(found[1])

    def start(self) -> Found:
        samples = []
        for at in range(self.rounds + 1):
            start = time.perf_counter()
            with serving("ours", self.docs, self.index) as server:
                listening = time.perf_counter() - start
                server.ask(QUESTIONS[0])
                answered = time.perf_counter() - start
                sample = {"listening_s": listening, "answered_s": answered, "cpu_s": server.cpu_seconds()}
                if at:
                    samples.append({**sample, "mb": server.megabytes()})
        return dict(facts(samples))


def mixed_requests(count: int) -> list[Request]:
    """Right and wrong requests in turn: every surface, bad bodies, foreign names, paths that are not there."""
    question = json.dumps({"question": QUESTIONS[0]}).encode()
    chat = json.dumps({"messages": [{"role": "user", "content": QUESTIONS[1]}], "stream": True}).encode()
    call = {"name": "search", "arguments": {"query": QUESTIONS[2]}}
    mcp = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    accepts = {"Accept": "application/json, text/event-stream"}
    kinds: list[Request] = [
        ("GET", "/api/search?q=streaming&k=3", None, {}),
        ("POST", "/api/ask", b'{"question": "How do I bake bread?", "stream": true}', {}),
        ("POST", "/api/ask", b"{", {}),
        ("POST", "/api/ask", b'{"question": 3, "history": [[[]]]}', {}),
        ("POST", "/api/ask", b"[" * 30_000, {}),
        ("POST", "/api/ask", b'{"question": "' + b"x" * 5_000 + b'"}', {}),
        ("POST", "/api/ask", b"x" * 300_000, {}),
        ("POST", "/api/ask", question, {"Host": "evil.example"}),
        ("POST", "/api/ask", question, {"Origin": "https://evil.example"}),
        ("POST", "/api/ask", question, {"Content-Type": "text/plain"}),
        ("POST", "/v1/chat/completions", chat, {}),
        ("POST", "/v1/chat/completions", b'{"messages": "x"}', {}),
        ("POST", "/mcp", json.dumps(mcp).encode(), accepts),
        ("POST", "/mcp", b'{"jsonrpc": "2.0", "id": 1, "method": "nothing"}', accepts),
        ("POST", "/mcp", b"\xff\xfe", accepts),
        ("GET", "/api/page?path=../../etc/passwd", None, {}),
        ("GET", "/page/..%2f..%2fsecrets", None, {}),
        ("GET", "/?q=%00%ff%ed%a0%80", None, {}),
        ("DELETE", "/api/ask", None, {}),
        ("GET", "/healthz", None, {}),
    ]
    return [kinds[at % len(kinds)] for at in range(count)]


def _ask_while(server: Server, publish: Callable[[int], object]) -> Load:
    """Four clients ask until all generations are published, and until a thousand answers came."""
    found, ended = Load([], [], [], 0.0), threading.Event()
    question = json.dumps({"question": "What does the turnstile counter read?"}).encode()

    def ask_on() -> None:
        while not ended.is_set() or len(found.statuses) < 1_000:
            one = load(server.port, [("POST", "/api/ask", question, {})] * 10, 1, keep=True)
            time.sleep(0.02)  # else a reindex gets no processor
            found.statuses.extend(one.statuses)
            found.bodies.extend(one.bodies)

    askers = [threading.Thread(target=ask_on) for _ in range(4)]
    for asker in askers:
        asker.start()
    for at in range(1, SWITCHES + 1):
        publish(FIRST + at)
    time.sleep(2)
    ended.set()
    for asker in askers:
        asker.join()
    return found


def _publish(docs: Path, index: Path, count: int) -> str:
    """Change a page and publish the generation; its name."""
    page = PAGE.format(count=count)
    (docs / "turnstile.md").write_text(page, encoding="utf-8")
    where = ["--docs", str(docs), "--index", str(index), "--json"]
    command = [sys.executable, "-m", "cli", "reindex", "--no-crawl", *where]
    done = subprocess.run(command, check=True, capture_output=True, env=environment(), cwd=REPOSITORY)
    return str(json.loads(done.stdout)["generation"])


def _first_event(server: Server) -> float:
    """Seconds from the byte that completes the first sentence to its event."""
    from tests.bench import first_token

    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    body = json.dumps({"question": "What are model variants?", "stream": True})
    with contextlib.closing(connection):
        connection.request("POST", "/api/ask", body, {"Content-Type": "application/json"})
        for line in connection.getresponse():
            if line.startswith(b"event: sentence"):
                return time.perf_counter() - first_token.Clock.sent
    raise AssertionError


def _threads(ask: Callable[[str], object], count: int) -> list[float]:
    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(lambda at: _ms(ask, QUESTIONS[at % len(QUESTIONS)]), range(count)))


def _ms(ask: Callable[[str], object], question: str) -> float:
    start = time.perf_counter()
    ask(question)
    return (time.perf_counter() - start) * 1000


_SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    at = {name: ordered[min(len(ordered) - 1, int(len(ordered) * share))] for name, share in _SHARES.items()}
    return {name: round(value, 2) for name, value in {**at, "max": ordered[-1]}.items()}


def _over(ours: Sequence[float], other: Sequence[float]) -> float:
    """Question by question: what slows both down leaves it alone."""
    return round(statistics.median(a / b for a, b in zip(ours, other, strict=True)), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=10_000, help="of each soak")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=[])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the command line sets it, before numpy is loaded
    bench = Bench(options.docs.resolve(), options.index.resolve(), options.rounds, options.requests)
    found: Found = {}
    for part in PARTS:
        if not options.only or part in options.only:
            started = time.perf_counter()
            found[part] = getattr(bench, part)()
            print(f"{part}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    table(("what", "ours", "beside it", "goal"), rows_of(found))
    report("serve", {"parts": found}, options.json)


if __name__ == "__main__":
    main()
