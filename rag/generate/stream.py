"""Read a chat completion from the bytes of a response: its text, how it ended and what it cost. Pure.

The response may be an event stream or one JSON document. Framing follows
https://html.spec.whatwg.org/multipage/server-sent-events.html and tolerates careless servers: the first character
decides what a body is, whatever its content type says; the last event needs no blank line; events without blank lines
between them are separated. Chunks come from servers of many vendors, so no type is taken for granted. Usage may come
in a chunk with no choice, or with one that repeats the finish reason.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final

from ingest.core.json_values import as_number
from rag.records import Completion, ToolCall

Payload = dict[str, Any]

BROKEN: Final[Payload] = {}
"""Placeholder for an event that could not be read: its content is lost."""

_BOM: Final = b"\xef\xbb\xbf"


class NotAnswers(Exception):
    """The body is not an answer; the exception contains the beginning of the body."""

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
    """Yield the objects of one event; None for the end mark."""
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


MOST_TEXT: Final = 200_000
"""Characters of one answer that are read; no limit on tokens that a server obeys comes near it."""
_MOST_ARGUMENTS: Final = 4_000
_MOST_CALLS: Final = 8
_LONGEST_NAME: Final = 200


_THINKING: Final = re.compile(r"\A(?:\s*<(think|thinking|reasoning)>.*?</\1>\s*)+", re.DOTALL)
_THINKS: Final = re.compile(r"\s*<(?:think|thinking|reasoning)>")
_TAGS: Final = ("<think>", "<thinking>", "<reasoning>")


class ThinkingFilter:
    """Removes the <think> block that reasoning models write before their answer, however the stream is divided."""

    def __init__(self) -> None:
        self._start: str | None = ""
        self.thought = False

    def feed(self, text: str) -> str:
        """The part of the answer that is known now."""
        if self._start is None:
            return text
        self._start, thoughts = _THINKING.subn("", self._start + text)
        self.thought = self.thought or bool(thoughts) or bool(_THINKS.match(self._start))
        if _THINKS.match(self._start) or any(tag.startswith(self._start.lstrip()) for tag in _TAGS):
            return ""
        start, self._start = self._start, None
        return start

    def end(self) -> str:
        """Return the text withheld so far, when the stream has ended; an unclosed <think> block is not an answer."""
        start, self._start = self._start, None
        return "" if start is None or _THINKS.match(start) else start


class CompletionBuilder:
    """The state of one streamed (or whole) completion."""

    def __init__(self, model: str | None) -> None:
        self.model = model
        self.finish = ""
        self.problem = ""
        self.refusal = ""
        self.error: object = None
        self.length = 0
        self.said = False
        self.thinking = ThinkingFilter()
        self._usage: Mapping[str, Any] = {}
        self._calls: dict[int, dict[str, str]] = {}

    def take(self, chunk: Mapping[str, Any]) -> str:
        """The text that a chunk adds."""
        if chunk is BROKEN or chunk.get("damaged"):
            self.problem = "a part of it could not be read"
        if isinstance(chunk.get("model"), str):
            self.model = chunk["model"][:_LONGEST_NAME] or self.model
        if isinstance(chunk.get("usage"), dict):
            self._usage = chunk["usage"]
        choice = _first_choice(chunk.get("choices"))
        self.error = chunk.get("error") or choice.get("error") or self.error
        text = self._take_choice(choice)[: MOST_TEXT + 1 - self.length]
        self.length += len(text)
        if self.endless:
            self.problem = "it has no end"
        return self._heard(self.thinking.feed(text))

    def rest(self) -> str:
        """The text that is left when the stream is over."""
        return self._heard(self.thinking.end())

    def _heard(self, text: str) -> str:
        self.said = self.said or (not text.isspace() and bool(text))
        return text

    @property
    def endless(self) -> bool:
        """Whether the text exceeds the length of any plausible answer."""
        return self.length > MOST_TEXT

    def _take_choice(self, choice: Mapping[str, Any]) -> str:
        if isinstance(choice.get("finish_reason"), str):
            self.finish = choice["finish_reason"] or self.finish
        said = choice.get("delta") or choice.get("message")
        if not isinstance(said, dict):
            return choice["text"] if isinstance(choice.get("text"), str) else ""
        if isinstance(said.get("refusal"), str):
            self.refusal = (self.refusal + said["refusal"])[:1_000]
        self._take_calls(said.get("tool_calls"))
        return _text(said.get("content"))

    def _take_calls(self, calls: object) -> None:
        for at, call in enumerate(calls if isinstance(calls, list) else []):
            if not isinstance(call, dict):
                continue
            place = call["index"] if type(call.get("index")) is int else at
            if place not in self._calls and len(self._calls) == _MOST_CALLS:
                continue
            held = self._calls.setdefault(place, {"id": "", "name": "", "arguments": ""})
            named = call.get("function")
            function: dict[str, Any] = named if isinstance(named, dict) else {}
            for name, value in (("id", call.get("id")), ("name", function.get("name"))):
                held[name] = held[name] or (value[:100] if isinstance(value, str) else "")
            arguments = function.get("arguments")
            if isinstance(arguments, str):
                held["arguments"] = (held["arguments"] + arguments)[:_MOST_ARGUMENTS]

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """Return the tool calls so far, in order; a call without a name is ignored."""
        whole = [call for _, call in sorted(self._calls.items()) if call["name"]]
        return tuple(ToolCall(c["id"] or f"call_{at}", c["name"], c["arguments"]) for at, c in enumerate(whole))

    def completion(self) -> Completion:
        """Return the metadata of the turn."""
        return Completion(
            model=self.model,
            finish_reason=self.finish,
            prompt_tokens=_count(self._usage.get("prompt_tokens")),
            completion_tokens=_count(self._usage.get("completion_tokens")),
            cost_usd=_amount(self._usage.get("cost")),
            problem=self.problem,
            calls=self.calls,
        )


def _first_choice(choices: object) -> dict[str, Any]:
    """The choice with index 0, or without one; a second one was not asked for."""
    found = [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
    return next((choice for choice in found if choice.get("index") in (None, 0, "0")), {})


def _text(content: object) -> str:
    """The text of a message: a string, or parts of which some are text."""
    if isinstance(content, list):
        return "".join(_text(part.get("text")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _amount(value: object) -> float | None:
    """A number of tokens or dollars; None for anything else."""
    number = as_number(value)
    return number if number is not None and 0 <= number < 1e12 else None


def _count(value: object) -> int | None:
    """A number of tokens; None for anything else."""
    number = _amount(value)
    return None if number is None else int(number)
