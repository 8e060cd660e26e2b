"""What one turn of a model says: chunks of a chat completion -> text, how it ended, what it cost. Pure.

Chunks come from servers of many makers, so nothing about their types is taken for granted. Usage may
come in a chunk with no choice, or with one that repeats the finish reason.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

from rag.records import Completion, ToolCall
from rag.sse import BROKEN

MOST_TEXT: Final = 200_000
"""Characters of one answer that are read; no limit on tokens that a server obeys comes near it."""
_MOST_ARGUMENTS: Final = 4_000
_MOST_CALLS: Final = 8
_LONGEST_NAME: Final = 200


class Turn:
    """The state of one streamed (or whole) completion."""

    def __init__(self, model: str | None) -> None:
        self.model = model
        self.finish = ""
        self.problem = ""
        self.refusal = ""
        self.error: object = None
        self.length = 0
        self.said = False
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
        self.said = self.said or (not text.isspace() and bool(text))
        if self.endless:
            self.problem = "it has no end"
        return text

    @property
    def endless(self) -> bool:
        """Whether more text came than anyone asks for."""
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
        """The tool calls so far, in order; one without a name is none."""
        whole = [call for _, call in sorted(self._calls.items()) if call["name"]]
        return tuple(ToolCall(c["id"] or f"call_{at}", c["name"], c["arguments"]) for at, c in enumerate(whole))

    def completion(self) -> Completion:
        """What the turn came with."""
        return Completion(
            model=self.model,
            finish_reason=self.finish,
            prompt_tokens=int(_amount(self._usage.get("prompt_tokens"))),
            completion_tokens=int(_amount(self._usage.get("completion_tokens"))),
            cost_usd=_amount(self._usage.get("cost")),
            usage_known=bool(self._usage),
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


def _amount(value: object) -> float:
    """A number of tokens or dollars; 0 for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0.0
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return 0.0
    return number if math.isfinite(number) and 0 <= number < 1e12 else 0.0
