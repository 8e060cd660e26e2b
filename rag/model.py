"""Messages -> streamed text and what it cost, through OpenRouter's chat completions."""

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from ingest.errors import ModelError
from ingest.openrouter import connect, translated
from ingest.settings import Settings
from rag.records import Completion, Message

_WAITS: Final = (0.5, 1.0)
"""Seconds before the second and the third attempt, where a failure may pass."""


def stream_answer(settings: Settings, messages: Sequence[Message]) -> Iterator[str | Completion]:
    """Yield the answer's text as it comes, and at the end one Completion.

    A stream that breaks off or runs into the deadline ends with a Completion whose
    `finish_reason` is empty, when some text came; otherwise, and for every failure before the
    first text, ModelError is raised. A failure that may pass is met with further attempts first,
    as long as `settings.timeout` allows.
    """
    request = _request(settings, messages)
    deadline = time.monotonic() + settings.timeout
    for wait in (*_WAITS, None):
        seen = _Seen(settings.models[0])
        try:
            yield from _attempt(settings, request, seen, deadline)
            break
        except ModelError as error:
            if seen.text:
                break
            if time.monotonic() >= deadline:
                raise _too_late(settings) from None  # the cause may hold the request, and so the key
            if wait is None or not error.retryable or time.monotonic() + wait >= deadline:
                raise
            time.sleep(wait)
    if not seen.text:
        raise _wordless(settings, seen)
    yield seen.completion()


def _attempt(settings: Settings, request: dict[str, Any], seen: "_Seen", deadline: float) -> Iterator[str]:
    """One request. Keep-alive comments reset the SDK's own time limit, so a timer closes the stream."""
    with translated(settings):
        left = max(0.1, deadline - time.monotonic())
        client = connect(settings, retries=0)  # the SDK would sleep up to two minutes, whatever the time limit
        with client.chat.completions.create(**request, timeout=left) as stream:
            timer = threading.Timer(max(0.0, deadline - time.monotonic()), stream.close)
            timer.daemon = True
            timer.start()
            try:
                for chunk in stream:
                    yield from seen.take(chunk)
            finally:
                timer.cancel()


def _too_late(settings: Settings) -> ModelError:
    message = f"{settings.base_url} did not answer within {settings.timeout:g} s"
    return ModelError(message, "try again, or raise --timeout", retryable=True)


def _wordless(settings: Settings, seen: "_Seen") -> ModelError:
    """The failure of a stream that ended in order but without a word."""
    if seen.finish == "length":
        message = "--max-tokens ended the answer before its first word"
        return ModelError(message, "raise --max-tokens: models that reason spend them on thinking first")
    return ModelError(f"{settings.base_url} sent no answer", "try again, or try another --model", retryable=True)


def _request(settings: Settings, messages: Sequence[Message]) -> dict[str, Any]:
    """The request body. OpenRouter's own fields go to OpenRouter only: other servers may refuse them."""
    if not settings.models:
        raise ModelError("no model is named", "give one with --model or ASKDOCS_MODEL")
    request: dict[str, Any] = {
        "model": settings.models[0],
        "messages": list(messages),
        "stream": True,
        "max_completion_tokens": settings.max_tokens,
    }
    host = urlsplit(settings.base_url).hostname or ""
    if host == "openrouter.ai" or host.endswith(".openrouter.ai"):
        # Compression would drop passages from the middle of the prompt.
        request["extra_body"] = {
            "models": settings.models,
            "plugins": [{"id": "context-compression", "enabled": False}],
        }
    return request


class _Seen:
    """What a stream has shown so far. Usage may come with an empty or a repeated choice."""

    def __init__(self, model: str | None) -> None:
        self.text = False
        self._model = model
        self.finish = ""
        self._usage: Any = None

    def take(self, chunk: Any) -> Iterator[str]:  # noqa: ANN401 - the SDK is imported late
        self._model = getattr(chunk, "model", None) or self._model
        self._usage = getattr(chunk, "usage", None) or self._usage
        for choice in (getattr(chunk, "choices", None) or [])[:1]:
            self.finish = choice.finish_reason or self.finish
            text = getattr(choice.delta, "content", None)
            if text:
                self.text = True
                yield text

    def completion(self) -> Completion:
        return Completion(
            model=self._model,
            finish_reason=self.finish,
            prompt_tokens=int(getattr(self._usage, "prompt_tokens", 0) or 0),
            completion_tokens=int(getattr(self._usage, "completion_tokens", 0) or 0),
            cost_usd=float(getattr(self._usage, "cost", 0.0) or 0.0),
        )
