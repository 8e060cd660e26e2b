"""Messages -> streamed text and what it cost, through OpenRouter's chat completions."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ingest.core.deadline import Bounded, Deadline, DeadlinePassed
from ingest.core.errors import ModelError
from ingest.core.settings import Settings
from ingest.openrouter.client import ApiRequest, exchange, is_openrouter, malformed_error, redact_key, timeout_error
from ingest.openrouter.error_responses import response_error
from ingest.openrouter.retry import Retries
from rag.generate.stream import CompletionBuilder, NotAnswers, payloads
from rag.records import Completion, Message, Tool

_GRACE: Final = 2.0
"""Seconds after the finish reason in which usage may follow; a server may forget to end its stream."""


def stream_completion(
    settings: Settings, messages: Sequence[Message], deadline: Deadline | None = None, tools: Sequence[Tool] = ()
) -> Iterator[str | Completion]:
    """Yield the answer's text as it comes, and at the end one Completion.

    A stream that breaks off, fails or runs into the deadline (by default `settings.timeout` from
    now) after some text ends with a Completion that is not complete and names the `problem`.
    Before the first text, what may pass is met with two further attempts, an empty answer with
    one, and ModelError is raised when none helps.
    """
    deadline = deadline or Deadline(settings.timeout)
    request = chat_request(settings, messages, tools)
    retries = Retries(deadline)
    while True:
        builder = CompletionBuilder(settings.models[0])
        try:
            yield from _attempt(settings, request, builder, deadline)
            _check(settings, builder, expects_calls=bool(tools))
            break
        except ModelError as error:
            if builder.said:
                builder.problem = error.message
                break
            retries.wait(error, attempts=2 if isinstance(error, EmptyAnswer) else None)
    yield builder.completion()


class EmptyAnswer(ModelError):
    """The model said nothing, and nothing says why."""


def chat_request(settings: Settings, messages: Sequence[Message], tools: Sequence[Tool] = ()) -> dict[str, Any]:
    """The body of a chat request. Raises ModelError when no model is named.

    OpenRouter's own fields go to OpenRouter only: other servers may refuse them.
    """
    if not settings.models:
        raise ModelError("no model is named", "give one with --model or ASKDOCS_MODEL")
    request: dict[str, Any] = {
        "model": settings.models[0],
        "messages": list(messages),
        "stream": True,
        "max_completion_tokens": settings.max_tokens,
    }
    if tools:
        request["tools"] = list(tools)
    if is_openrouter(settings):
        request["models"] = settings.models
        # Compression would drop passages from the middle of the prompt.
        request["plugins"] = [{"id": "context-compression", "enabled": False}]
    return request


def _attempt(
    settings: Settings, request: Mapping[str, Any], builder: CompletionBuilder, deadline: Deadline
) -> Iterator[str]:
    """One request. Raises ModelError for whatever ends it before its finish reason."""
    pieces = exchange(settings, ApiRequest("/chat/completions", request), deadline)
    try:
        yield from _texts(settings, pieces, builder)
    except NotAnswers as wrong:
        raise malformed_error(wrong.data, settings) from None
    except (DeadlinePassed, ModelError) as error:
        if builder.finish and not builder.error:
            return  # only usage was missing
        raise (timeout_error(settings) if isinstance(error, DeadlinePassed) else error) from None
    finally:
        pieces.close()


def _texts(settings: Settings, pieces: Bounded[bytes], builder: CompletionBuilder) -> Iterator[str]:
    deadline = pieces.deadline
    for payload in payloads(pieces):
        text = builder.take(payload)
        if builder.error:
            raise _failure(settings, builder)
        if text:
            yield text
        if builder.endless:
            return
        if builder.finish and pieces.deadline is deadline:
            pieces.deadline = deadline.sooner(_GRACE)


def _failure(settings: Settings, builder: CompletionBuilder) -> ModelError:
    """The failure that an error inside an answer with status 200 stands for."""
    error = json.loads(redact_key(json.dumps(builder.error), settings))
    return response_error(200, {"error": error}, {}, settings.base_url)


_ENDINGS: Final = {
    "length": (
        "--max-tokens ended the answer before its first word",
        "raise --max-tokens: models that reason spend them on thinking first",
    ),
    "content_filter": (
        "the provider's content filter held the answer back",
        "try another --model, or use --no-llm",
    ),
}


def _check(settings: Settings, builder: CompletionBuilder, *, expects_calls: bool) -> None:
    """Raise ModelError for a stream that ended in order but without a word, or not in order."""
    if builder.said or (expects_calls and builder.calls):
        if not builder.finish and not builder.problem:
            builder.problem = "the stream broke off"
        return
    if builder.finish in _ENDINGS:
        message, hint = _ENDINGS[builder.finish]
        raise ModelError(message, hint)
    if builder.refusal:
        said = " ".join(builder.refusal.split())[:200]
        raise ModelError(f"the model declined to answer: {said}", "ask in other words, or try another --model")
    if builder.calls:
        raise ModelError("the model called a tool that it was not given", "try another --model")
    hint = "try again, or try another --model"
    if builder.problem:
        raise ModelError(f"the answer of {settings.base_url} is broken: {builder.problem}", hint, retryable=True)
    raise EmptyAnswer(f"{settings.base_url} sent no answer", hint, retryable=True)
