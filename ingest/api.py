"""A request with a JSON answer: retried as long as that may help, within one deadline."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ingest.deadline import Bounded, Deadline, DeadlinePassed
from ingest.errors import ModelError
from ingest.openrouter import exchange, too_late, without_key
from ingest.refusals import refused
from ingest.settings import Settings
from ingest.waits import pause


def get_json(settings: Settings, path: str, deadline: Deadline, *, key: bool = True) -> dict[str, Any]:
    """The JSON object behind GET `path`. Raises ModelError."""
    return _call(settings, deadline, 3, lambda: exchange(settings, "GET", path, None, deadline, key=key))


def post_json(
    settings: Settings, path: str, body: Mapping[str, Any], deadline: Deadline, attempts: int = 3
) -> dict[str, Any]:
    """The JSON object that answers `body`. Raises ModelError."""
    return _call(settings, deadline, attempts, lambda: exchange(settings, "POST", path, body, deadline))


def _call(settings: Settings, deadline: Deadline, attempts: int, send: Callable[[], Bounded[bytes]]) -> dict[str, Any]:
    attempt = 1
    before: ModelError | None = None
    while True:
        try:
            return _answer(settings, b"".join(send()))
        except DeadlinePassed:
            raise before or too_late(settings) from None
        except ModelError as error:
            before = error
            pause(error, attempt, deadline, attempts)
            attempt += 1


def _answer(settings: Settings, data: bytes) -> dict[str, Any]:
    """The object in a body. Raises ModelError for what is none, and for one that is an error."""
    try:
        body = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise unreadable(data, settings) from None
    if not isinstance(body, dict):
        raise unreadable(data, settings)
    if body.get("error"):
        raise refused(200, json.loads(without_key(json.dumps(body), settings)), {}, settings.base_url)
    return body


def unreadable(data: bytes, settings: Settings) -> ModelError:
    """The failure of a body that is not what it should be."""
    if data.lstrip().startswith(b"<"):
        hint = "check OPENROUTER_BASE_URL: it usually ends in /v1"
        return ModelError(f"{settings.base_url} sent a web page instead of an answer", hint)
    return ModelError(f"the answer of {settings.base_url} is broken: it is no JSON", "try again", retryable=True)
