"""An OpenAI-compatible server on loopback: it streams scripted answers, embeds by hashing words, logs requests."""

import json
import re
import threading
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

KEY = "sk-or-v1-0123456789abcdef0123456789abcdef"
WAITING = ": OPENROUTER PROCESSING\n\n"


@dataclass(frozen=True)
class Reply:
    """One HTTP answer: after `delay` seconds its pieces one by one, then `waits` seconds of keep-alive comments."""

    pieces: tuple[str, ...]
    status: int = 200
    content_type: str = "text/event-stream"
    headers: dict[str, str] = field(default_factory=dict)
    waits: float = 0.0
    encoding: str = "utf-8"
    delay: float = 0.0


def event(delta: str | None = None, finish: str | None = None, **more: Any) -> str:
    """One `data:` line of a stream; without text and finish reason its list of choices is empty."""
    choices = [{"index": 0, "delta": {"role": "assistant", "content": delta or ""}, "finish_reason": finish}]
    chunk = {"id": "gen-1", "object": "chat.completion.chunk", "created": 1, "model": "acme/answerer-2"}
    return f"data: {json.dumps({**chunk, 'choices': choices if delta is not None or finish else [], **more})}\n\n"


def answer(*texts: str, finish: str = "stop") -> Reply:
    """A whole stream as OpenRouter sends it: comments, text, finish reason, usage, end mark."""
    usage = {"prompt_tokens": 1234, "completion_tokens": 56, "total_tokens": 1290, "cost": 0.00042}
    pieces = [WAITING, *map(event, texts), event(finish=finish), event(usage=usage), "data: [DONE]\n\n"]
    return Reply(tuple(pieces))


def cut(*texts: str) -> Reply:
    """A stream whose connection closes before the finish reason."""
    return Reply(tuple(map(event, texts)))


def broken(*texts: str) -> Reply:
    """A stream that ends with an error event; the HTTP status stays 200."""
    error = {"code": 502, "message": "Provider disconnected", "metadata": {"error_type": "provider_unavailable"}}
    return Reply((*map(event, texts), event("", finish="error", error=error)))


def stalled(*texts: str, seconds: float = 20.0) -> Reply:
    """A stream that says no more after these texts but keeps the connection alive."""
    return replace(cut(*texts), waits=seconds)


def failure(status: int, message: str, **headers: str) -> Reply:
    """An error in OpenRouter's shape."""
    body = json.dumps({"error": {"code": status, "message": message, "metadata": {}}, "user_id": "user_1"})
    return Reply((body,), status, "application/json", headers)


def whole(content: Any = "A suffix of the slug [1].", finish: str | None = "stop", **more: Any) -> Reply:
    """A completion in one JSON document, as servers send it that do not stream."""
    message = {"role": "assistant", "content": content, **more}
    body = {"model": "acme/answerer-2", "choices": [{"index": 0, "finish_reason": finish, "message": message}]}
    return Reply((json.dumps(body),), content_type="application/json")


def searches(*queries: Any, name: str = "search_docs", arguments: str | None = None) -> Reply:
    """A turn that calls the search tool, its arguments in two pieces as models stream them."""
    pieces = []
    for at, query in enumerate(queries):
        text = json.dumps({"query": query}) if arguments is None else arguments
        half = len(text) // 2
        for part in ({"name": name, "arguments": text[:half]}, {"arguments": text[half:]}):
            call = {"index": at, "id": f"call-{at}", "type": "function", "function": part}
            pieces.append(event(None, choices=[{"index": 0, "delta": {"tool_calls": [call]}}]))
    pieces.append(event(None, choices=[{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]))
    return Reply(
        (*pieces, event(usage={"prompt_tokens": 100, "completion_tokens": 10, "cost": 0.001}), "data: [DONE]\n\n")
    )


def raw(*pieces: bytes, status: int = 200, content_type: str = "text/event-stream", **headers: str) -> Reply:
    """An answer of exactly these bytes."""
    return Reply(tuple(piece.decode("latin-1") for piece in pieces), status, content_type, headers, encoding="latin-1")


def html(status: int) -> Reply:
    """What a proxy in between answers."""
    return Reply(("<html><body><h1>Bad gateway</h1></body></html>",), status, "text/html")


@dataclass(frozen=True)
class Request:
    """A request as it came; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class ModelServer(ThreadingHTTPServer):
    """Answers chat requests with `replies` in turn (the last one again and again), embeddings with word hashes."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"
        self.replies: list[Reply] = [answer("ok [1].")]
        self.requests: list[Request] = []
        self.dimension = 64
        self.pause = 0.0
        """Seconds between two pieces of a reply."""
        self.delays: dict[str, float] = {}
        """Seconds before embeddings and rerank answer, by the last part of the path."""
        self.documents: dict[str, Any] = {}
        """What GET requests find, by the last part of their path; a Reply is sent as it is."""

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def environ(self) -> dict[str, str]:
        """The environment that leads askdocs here."""
        return {"OPENROUTER_BASE_URL": self.url, "OPENROUTER_API_KEY": KEY}

    def says(self, *replies: Reply) -> None:
        """Forget the requests so far; answer the next ones with these."""
        self.replies, self.requests = list(replies), []

    def next_reply(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def vector(self, text: str) -> list[float]:
        """How often each word occurs, by a hash of the word: near texts share words."""
        counts = [0.0] * self.dimension
        for word in re.findall(r"\w+", text.lower()):
            counts[zlib.crc32(word.encode()) % self.dimension] += 1
        return counts


class _Handler(BaseHTTPRequestHandler):
    server: ModelServer
    disable_nagle_algorithm = True  # else a small piece waits 40 ms for the acknowledgement of the one before it

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(Request(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        time.sleep(self.server.delays.get(self.path.rpartition("/")[2], 0.0))
        if self.path.endswith("/embeddings"):
            self._send(Reply((json.dumps(self._embeddings(body)),), content_type="application/json"))
        elif self.path.endswith("/rerank"):
            rows = [{"index": i, "relevance_score": len(text) / 1e4} for i, text in enumerate(body["documents"])]
            self._send(Reply((json.dumps({"model": body["model"], "results": rows}),), content_type="application/json"))
        else:
            self._send(self.server.next_reply())

    def do_GET(self) -> None:
        self.server.requests.append(Request(self.path, {k.lower(): v for k, v in self.headers.items()}, {}))
        found = self.server.documents.get(self.path.rpartition("/")[2], failure(404, "Not found"))
        self._send(found if isinstance(found, Reply) else Reply((json.dumps(found),), content_type="application/json"))

    def _embeddings(self, body: dict[str, Any]) -> dict[str, Any]:
        rows = [
            {"object": "embedding", "index": i, "embedding": self.server.vector(t)} for i, t in enumerate(body["input"])
        ]
        return {"object": "list", "model": body["model"], "data": rows[::-1], "usage": {"prompt_tokens": 1}}

    def _send(self, reply: Reply) -> None:
        time.sleep(reply.delay)
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        for name, value in reply.headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        try:
            self._write(reply.pieces, reply.encoding)
            until = time.monotonic() + reply.waits
            while time.monotonic() < until:
                self._write([WAITING])
                time.sleep(0.05)
        except OSError:
            return  # the client has hung up

    def _write(self, pieces: Iterable[str], encoding: str = "utf-8") -> None:
        for piece in pieces:
            self.wfile.write(piece.encode(encoding))
            self.wfile.flush()
            time.sleep(self.server.pause)

    def log_message(self, *_: object) -> None:
        """Stay silent."""
