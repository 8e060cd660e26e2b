"""Stream chat completions from OpenRouter: text and its cost."""

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ingest.core.deadline import Bounded, Deadline, DeadlinePassed
from ingest.core.errors import ModelError
from ingest.core.settings import Settings
from ingest.openrouter.catalog import list_models
from ingest.openrouter.client import ApiRequest, exchange, is_openrouter, malformed_error, redact_key, timeout_error
from ingest.openrouter.error_responses import response_error
from ingest.openrouter.retry import Retries
from ingest.text.unsafe import visible
from rag.generate.stream import CompletionBuilder, NotAnswers, payloads
from rag.records import Completion, Message, Tool

_LISTED: Final = 8
"""Models that a hint lists."""

_GRACE: Final = 2.0
"""Seconds after the finish reason in which usage may follow; a server may forget to end its stream."""


class ServerModel:
    """The chat model named in the settings. If they name none, the user's own server is asked which model it has.

    With a key the default models are asked as they are: the server may be a proxy for OpenRouter.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._is_chosen = is_openrouter(settings) or settings.origins.get("model") != "default"
        self._choosing = threading.Lock()

    def __call__(
        self, messages: Sequence[Message], deadline: Deadline, tools: Sequence[Tool] = ()
    ) -> Iterator[str | Completion]:
        """Stream one turn. Raises ModelError before the first text."""
        if not self._settings.api_key:
            self._choose()
        yield from stream_completion(self._settings, messages, deadline, tools)

    def _choose(self) -> None:
        with self._choosing:
            if not self._is_chosen:
                self._settings, self._is_chosen = choose_model(self._settings), True


def stream_completion(
    settings: Settings, messages: Sequence[Message], deadline: Deadline | None = None, tools: Sequence[Tool] = ()
) -> Iterator[str | Completion]:
    """Yield a first Completion, which names the model, the answer's text as it comes, and a last Completion.

    A stream that breaks off, fails or runs into the deadline (by default `settings.timeout` from
    now) after some text ends with a Completion that is not complete and names the `problem`.
    Before the first text, a transient failure is retried twice and an empty answer once; then
    ModelError is raised.
    """
    deadline = deadline or Deadline(settings.timeout)
    request = chat_request(settings, messages, tools)
    retries = Retries(deadline)
    announced = False
    while True:
        builder = CompletionBuilder(request["model"])
        try:
            for text in _attempt(settings, request, builder, deadline):
                if not announced:
                    announced = True
                    yield builder.completion()
                yield text
            _check(settings, builder, expects_calls=bool(tools))
            break
        except ModelError as error:
            if builder.said:
                builder.problem = error.message
                break
            refused = _refused_parameter(error, request)
            if refused:
                del request[refused]
                continue
            if tools and _REFUSES_TOOLS.search(error.message):
                raise ModelError(error.message, "this model can't search by itself: leave out --search-tool") from None
            retries.wait(error, attempts=2 if isinstance(error, EmptyAnswer) else None)
    yield builder.completion()


_OPTIONAL: Final = ("temperature", "max_completion_tokens", "max_tokens", "stream_options")
"""Parameters that an answer can do without; servers and models differ in which of them they take."""
_REFUSES = re.compile(r"unsupported|not supported|unrecognized|unknown|unexpected|not permitted|extra", re.IGNORECASE)
_REFUSES_TOOLS = re.compile(
    r"tools?\b[^.]*(?:unsupported|not support|jinja)|(?:unsupported|not support)[^.]*\btools?\b", re.IGNORECASE
)


def _refused_parameter(error: ModelError, request: Mapping[str, Any]) -> str:
    """Return the optional parameter that the server rejects by name; "" if it names none."""
    if error.retryable or not _REFUSES.search(error.message):
        return ""
    named = [name for name in _OPTIONAL if name in request and re.search(rf"\b{name}\b", error.message)]
    return min(named, key=error.message.index, default="")


class EmptyAnswer(ModelError):
    """The model returned no text and gave no reason."""


def chat_request(settings: Settings, messages: Sequence[Message], tools: Sequence[Tool] = ()) -> dict[str, Any]:
    """The body of a chat request. Raises ModelError when no model is named.

    OpenRouter's own fields are sent to OpenRouter only, because other servers may refuse them. The others need fields
    that OpenRouter deprecates: Ollama and older servers know only `max_tokens`, and report usage only on request.
    """
    if not settings.models:
        raise ModelError("no model is named", "give one with --model or ASKDOCS_MODEL")
    request: dict[str, Any] = {
        "model": settings.models[0],
        "messages": list(messages),
        "stream": True,
        "max_completion_tokens": settings.max_tokens,
        "temperature": settings.temperature,
    }
    if tools:
        request["tools"] = list(tools)
    if is_openrouter(settings):
        request["models"] = settings.models
        # Compression would drop passages from the middle of the prompt.
        request["plugins"] = [{"id": "context-compression", "enabled": False}]
    else:
        request["max_tokens"] = settings.max_tokens
        request["stream_options"] = {"include_usage": True}
    return request


def choose_model(settings: Settings) -> Settings:
    """Return the settings with a model of the server if the user named none. Raises ModelError.

    OpenRouter has the default models. Another server is asked for its models: a single one is used; if there are
    several, the user has to name one.
    """
    if is_openrouter(settings) or settings.origins.get("model") != "default":
        return settings
    known = [model.id for model in list_models(settings)]
    if len(known) != 1:
        listed = ", ".join(known[:_LISTED]) + (", …" if len(known) > _LISTED else "")
        raise ModelError(f"{settings.base_url} has {len(known)} models", f"name one with --model: {visible(listed)}")
    return replace(settings, model=known[0])


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
    yield builder.rest()


def _failure(settings: Settings, builder: CompletionBuilder) -> ModelError:
    """Return the ModelError for an error inside a response with status 200."""
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
    """Raise ModelError for a stream that ended normally but without text, or that did not end normally."""
    if builder.said or (expects_calls and builder.calls):
        if not builder.finish and not builder.problem:
            builder.problem = "the stream broke off"
        return
    if builder.thinking.thought and builder.finish not in _ENDINGS:
        raise ModelError("the model thought, and ended before its answer", "raise --max-tokens, or try another --model")
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
