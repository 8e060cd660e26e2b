"""Convert a server's error response to a ModelError: the message, a hint, and whether to retry. Pure.

The shapes are those of https://openrouter.ai/docs/api_reference/errors-and-debugging: an `error`
object with `code`, `message`, `metadata`, or with `http_status` and `availability`; plus shapes
seen in practice: a text, a validation error, HTML.
"""

import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ingest.core.errors import ModelError
from ingest.core.json_values import as_object
from ingest.openrouter.retry import format_duration, requested_wait, reset_time
from ingest.text.unsafe import visible

_WORDS: Final = {
    "rate_limit_exceeded": 429,
    "insufficient_quota": 402,
    "payment_required": 402,
    "authentication": 401,
    "invalid_api_key": 401,
    "permission_denied": 403,
    "content_policy_violation": 403,
    "not_found": 404,
    "context_length_exceeded": 400,
    "invalid_request": 400,
    "timeout": 504,
    "server": 500,
    "server_error": 500,
    "provider_unavailable": 502,
    "provider_overloaded": 503,
    "overloaded": 529,
}
"""Status codes of errors that come in words, in the body of an answer with status 200."""

_HINTS: Final = {
    400: "check --model: `askdocs models --search TEXT` lists them; `askdocs status` shows the settings",
    401: "set OPENROUTER_API_KEY anew (keys: https://openrouter.ai/settings/keys); `askdocs doctor` checks it",
    402: "add credits at https://openrouter.ai/settings/credits, lower --max-tokens, or use a :free model or --no-llm",
    403: "the key may not use this model, or the request was blocked: try another --model, or use --no-llm",
    404: "no such model, or the account's settings (https://openrouter.ai/settings/privacy) rule out all its "
    "providers: try another --model",
    413: "fewer passages help: lower -k",
    422: "check --model and the settings; `askdocs status` shows them",
    429: "wait a little, or try another --model",
}
_TROUBLE: Final = "the service has trouble: try again later, try another --model, or use --no-llm"
_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504, *range(520, 530)})
"""Statuses after which a second attempt may succeed; 501 and 505 will not change."""
_TOO_LONG = re.compile(
    r"context[_ ](?:length|window|size)|context (?:the )?overflow"
    r"|too many (?:input )?tokens|(?:prompt|input|request) is too long"
    r"|maximum (?:\w+ ){0,2}length|maximum number of (?:\w+ )?tokens|reduce the length"
    r"|inputs? tokens? \+ max_new_tokens",
    re.IGNORECASE,
)
"""How OpenRouter, providers whose words it passes on, llama.cpp, vLLM, LM Studio and Ollama say that a prompt is too
long."""
_TOO_LONG_KINDS: Final = frozenset(
    {"context_length_exceeded", "exceed_context_size_error", "token_limit_exceeded", "string_too_long"}
)
_SECRETS = re.compile(r"sk-[\w-]{8,}|(?<=Bearer )\S+")


def response_error(status: int, body: object, headers: Mapping[str, str], where: str) -> ModelError:
    """Return the error for an error status, or for an `error` in the body of a success.

    `headers` have names in lower case; `where` names the server in the message.
    """
    error = _error_object(body)
    metadata = as_object(error.get("metadata"))
    status = status if status >= 300 else _status_in(error, metadata)
    said = _message(error, metadata) or f"HTTP {status}"
    fields = {**{str(k).lower(): str(v) for k, v in as_object(metadata.get("headers")).items()}, **headers}
    wait = requested_wait(as_object(error.get("availability")), metadata, fields)
    reset = reset_time(fields)
    message = f"{where} answered {status}: {said}{_reasons(metadata)}"
    if _is_daily(said, metadata, reset):
        return ModelError(f"{message} (resets {_moment(reset)})", "wait until then, or try another --model")
    if wait is None and reset is not None and status == 429:
        wait = max(0.0, reset - time.time()) or None
    hint = _HINTS.get(status, _TROUBLE)
    return ModelError(
        message if wait is None else f"{message} (it asks to wait {format_duration(wait)})",
        hint,
        retryable=_retryable(status, error, metadata),
        wait=wait,
        too_long=_is_too_long(status, said, error),
    )


def redirect_error(status: int, location: str, where: str) -> ModelError:
    """Return the error for a redirect: none is followed, because the key may go to the configured address only."""
    target = visible(location)[:120] or "nowhere"
    hint = "if that address is right, set OPENROUTER_BASE_URL to it: the key is sent nowhere else"
    return ModelError(f"{where} answered {status}: it redirects to {target}", hint)


def _error_object(body: object) -> dict[str, Any]:
    """Return the error object of a body of any shape; empty if there is none."""
    whole = as_object(body)
    error = whole.get("error", whole.get("detail"))
    if isinstance(error, str):
        return {**whole, "message": error}
    if isinstance(error, list) and error:
        error = error[0]
    return as_object(error) or (whole if "message" in whole else {})


def _status_in(error: Mapping[str, Any], metadata: Mapping[str, Any]) -> int:
    """Return the status inside an error object; 502 if it has no meaningful one."""
    for value in (error.get("http_status"), error.get("code"), error.get("status"), error.get("type")):
        word = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        if re.fullmatch(r"[45]\d\d", word, re.ASCII):
            return int(word)
        if value in _WORDS:
            return _WORDS[str(value)]
    return _WORDS.get(str(error.get("error_type") or metadata.get("error_type")), 502)


def _message(error: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    """Return the server's message on one line, or the provider's if OpenRouter's says nothing. Contains no key."""
    said = str(error.get("message") or error.get("msg") or error.get("name") or "")
    raw = metadata.get("raw")
    if raw and (not said or said.startswith("Provider returned error")):
        said = _inner(raw) or said
    return " ".join(visible(_SECRETS.sub("…", said)).split())[:300]


def _inner(raw: object) -> str:
    """Return the text of a provider's error, which is a string, an object, or an object serialized as a string."""
    if isinstance(raw, str):
        try:
            raw = json.loads(raw)
        except ValueError:
            return str(raw)
    error = _error_object(raw)
    return str(error.get("message") or "")


def _reasons(metadata: Mapping[str, Any]) -> str:
    """Return why a request was blocked; never `flagged_input`, which is the user's text."""
    for name in ("reasons", "patterns"):
        if isinstance(metadata.get(name), list):
            found = ", ".join(visible(str(reason))[:80] for reason in metadata[name][:5])
            return f" ({name}: {' '.join(found.split())})" if found else ""
    return ""


def _retryable(status: int, error: Mapping[str, Any], metadata: Mapping[str, Any]) -> bool:
    declared = as_object(error.get("availability")).get("retryable")
    if isinstance(declared, bool):
        return declared
    if status == 402:
        return metadata.get("limit_source") == "openrouter_in_flight_budget"
    return status in _PASSING and error.get("code") != "insufficient_quota"


def _is_daily(said: str, metadata: Mapping[str, Any], reset: float | None) -> bool:
    """Return whether a limit lasts too long to wait for."""
    source = str(metadata.get("limit_source") or "")
    return source.endswith("_daily") or "per-day" in said or (reset is not None and reset - time.time() > 60)


def _moment(reset: float | None) -> str:
    """Return when a limit resets; daily ones do at midnight UTC."""
    now = datetime.now(UTC)
    at = (now + timedelta(days=1)).replace(hour=0, minute=0) if reset is None else datetime.fromtimestamp(reset, UTC)
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _is_too_long(status: int, said: str, error: Mapping[str, Any]) -> bool:
    kinds = {str(error.get(name)) for name in ("type", "code")}
    kinds.add(str(as_object(error.get("metadata")).get("error_type")))
    # Some servers answer 500 to a request that is too long.
    is_refused = status in (400, 422, 500)
    return status == 413 or (is_refused and bool(kinds & _TOO_LONG_KINDS or _TOO_LONG.search(said)))
