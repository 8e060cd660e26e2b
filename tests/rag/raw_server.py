"""A loopback server that sends scripted bytes, whatever HTTP says of them; the path names the script."""

import contextlib
import json
import socket
import struct
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, Self

Step = bytes | float | str
"""Bytes to send, seconds to wait, or "reset"."""

RESET: Final = "reset"
OK: Final = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: "


def chunk(text: str | None = None, finish: str | None = None, **more: Any) -> bytes:
    """One event of a stream; without text and finish reason its list of choices is empty."""
    choice = {"index": 0, "delta": {"role": "assistant", "content": text or ""}, "finish_reason": finish}
    body = {
        "id": "gen-9",
        "model": "acme/answerer-2",
        "choices": [choice] if text is not None or finish else [],
        **more,
    }
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def stream(*events: bytes) -> bytes:
    """A stream that ends with its connection."""
    return OK + b"text/event-stream\r\n\r\n" + b"".join(events)


def chunked(*parts: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """A stream in chunked encoding."""
    head = OK + b"text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + end


def document(body: object, status: str = "200 OK", *headers: str) -> bytes:
    """A JSON body; bytes and texts are sent as they are."""
    data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(data)}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + data


def packed(data: bytes, name: str = "gzip") -> bytes:
    """A stream in a content encoding."""
    return OK + b"text/event-stream\r\nContent-Encoding: " + name.encode() + b"\r\n\r\n" + data


def gzipped(data: bytes) -> bytes:
    """The data as gzip."""
    packer = zlib.compressobj(wbits=31)
    return packer.compress(data) + packer.flush()


class RawServer:
    """Answers each request with the steps of the script that the first part of its path names."""

    def __init__(self, scripts: Mapping[str, Iterable[Step]]) -> None:
        self._scripts = scripts
        self.requests: Counter[str] = Counter()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._socket.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            if connection.recv(1, socket.MSG_PEEK) == b"\x16":  # the first byte of TLS
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return
            name = _read_request(connection)
            self.requests[name] += 1
            for step in self._scripts.get(name, ()):
                if isinstance(step, float):
                    time.sleep(step)
                elif isinstance(step, bytes):
                    connection.sendall(step)
                else:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
            connection.shutdown(socket.SHUT_WR)


def _read_request(connection: socket.socket) -> str:
    """Read a whole request; return the first part of its path."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65_536)
        if not piece:
            return ""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line), 0)
    while len(body) < length:
        body += connection.recv(65_536) or b" " * length
    return head.split(b" ")[1].split(b"/")[1].decode()
