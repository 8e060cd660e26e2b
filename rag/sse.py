"""The bytes of an answer -> JSON objects, whether it came as an event stream or as one document. Pure.

Framing as in https://html.spec.whatwg.org/multipage/server-sent-events.html, and forgiving where
servers are careless: the first character tells what a body is, whatever its content type says; the last
event needs no blank line; events without blank lines between them are told apart.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final

Payload = dict[str, Any]

BROKEN: Final[Payload] = {}
"""Stands for an event that could not be read: what it said is lost."""

_BOM: Final = b"\xef\xbb\xbf"


class NotAnswers(Exception):
    """The body is no answer at all; holds its beginning."""

    def __init__(self, data: bytes) -> None:
        super().__init__("no event stream, no JSON")
        self.data = data


def payloads(chunks: Iterable[bytes]) -> Iterator[Payload]:
    """Yield each event's object as soon as it is whole, or the one object of a JSON body.

    Ends at `[DONE]` or where the body ends. Raises NotAnswers for a body of neither kind.
    """
    chunks = iter(chunks)
    start = b""
    while not (head := start.removeprefix(_BOM).lstrip()) or _BOM.startswith(start):
        piece = next(chunks, None)
        if piece is None:
            break
        start += piece
    if head[:1] in (b"{", b"[", b"<"):
        yield _document(b"".join([head, *chunks]))
    else:
        yield from _events(_lines(chain([head], chunks)))


def _document(data: bytes) -> Payload:
    try:
        document = json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise NotAnswers(data) from None
    if not isinstance(document, dict):
        raise NotAnswers(data)
    return document if _is_utf8(data) else {**document, "damaged": True}


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines that end with LF, CRLF or CR, each as soon as its end is there."""
    open_line: list[bytes] = []
    after_cr = False
    for chunk in chunks:
        piece = chunk.removeprefix(b"\n") if after_cr else chunk
        if not piece:
            after_cr = after_cr and not chunk
            continue
        after_cr = piece.endswith(b"\r")
        *whole, rest = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in whole:
            yield b"".join([*open_line, line])
            open_line = []
        open_line.append(rest)
    yield b"".join(open_line)
    yield b""  # a stream that ends in the middle of an event may still have sent all of it


def _events(lines: Iterable[bytes]) -> Iterator[Payload]:
    data: list[bytes] = []
    name = b""
    for line in lines:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
        if line:
            continue
        for payload in _parsed(data, is_error=name == b"error"):
            if payload is None:
                return
            yield payload
        data, name = [], b""


def _parsed(data: list[bytes], *, is_error: bool) -> Iterator[Payload | None]:
    """The objects of one event; None stands for the end mark."""
    together = b"\n".join(data)
    parts = [together] if len(data) < 2 or _json(together) is not BROKEN else data
    for part in parts:
        text = part.strip()
        if text.startswith(b"[DONE]"):
            yield None
            return
        if text:
            found = _json(text)
            yield {"error": found or text.decode("utf-8", "replace")} if is_error and "error" not in found else found


def _json(data: bytes) -> Payload:
    try:
        value = json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return BROKEN
    if not isinstance(value, dict) or not value:
        return BROKEN
    return value if _is_utf8(data) else {**value, "damaged": True}


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
