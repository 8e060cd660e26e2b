"""Send one request to OpenRouter, or any OpenAI-compatible server, and stream the bytes of its response.

The only file that imports the openai package (2 or 3) and the HTTP client below it. The SDK sends the request
and classifies failures; `rag/generate/stream.py` and `get_json` here read the body, because the SDK's own reader
takes an error or a broken stream for an empty success. A request with a JSON response is retried within one
deadline as long as a retry may help.
"""

import contextlib
import importlib
import json
import logging
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ingest.core.deadline import Bounded, Deadline, DeadlinePassed, within
from ingest.core.errors import ModelError
from ingest.core.settings import Settings
from ingest.openrouter.error_responses import redirect_error, response_error
from ingest.openrouter.retry import Retries
from ingest.text.unsafe import visible

if TYPE_CHECKING:
    import httpx2
    from openai import OpenAI

_SENT: Final = frozenset(
    "host accept accept-encoding connection content-type content-length transfer-encoding user-agent "
    "authorization http-referer x-openrouter-title".split()
)
"""The request headers that leave: the SDK adds others from the environment of its own vendor."""

_LONGEST: Final = 64_000_000
"""Bytes of an answer. The largest, 64 embeddings of 4,096 numbers, has under 10 MB."""
_LONGEST_ERROR: Final = 1_000_000
_LONGEST_PACKED_ERROR: Final = 50_000
"""Compressed bytes: a thousand times as many may come out of them."""


_ERRNO = re.compile(r"\[Errno -?\d+\] ")


def is_openrouter(settings: Settings) -> bool:
    """Return whether requests go to OpenRouter itself: other servers may refuse its own fields."""
    host = urlsplit(settings.base_url).hostname or ""
    return host == "openrouter.ai" or host.endswith(".openrouter.ai")


def load() -> None:
    """Import the libraries, which takes up to a second; call it before the time limit of a request starts."""
    import openai  # noqa: F401 - the import is the point


def load_in_background() -> None:
    """Start the import in a thread while the caller searches; `load` then waits for the rest."""
    if "openai" not in sys.modules:
        threading.Thread(target=load, daemon=True).start()


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """POST of `body` to `path`, or GET without a body. Without `key`, no key is needed and none is sent."""

    path: str
    body: Mapping[str, Any] | None = None
    key: bool = True


def exchange(settings: Settings, request: ApiRequest, deadline: Deadline) -> Bounded[bytes]:
    """Send a request; iterate over the decoded body of the response, piece by piece.

    Raises ModelError if there is no key and, while iterating, for any failure; DeadlinePassed.
    """
    if request.key and not settings.api_key and is_openrouter(settings):
        hint = "set OPENROUTER_API_KEY (keys: https://openrouter.ai/settings/keys), or use --no-llm"
        raise ModelError("there is no API key", hint)
    secret = settings.api_key.reveal() if request.key else ""
    left = deadline.left
    return within(deadline, lambda: _pieces(settings, secret, request, left))


def _pieces(settings: Settings, secret: str, request: ApiRequest, left: float) -> Iterator[bytes]:
    with _translate_errors(settings):
        from openai import Stream

        http = _http_library()
        options: Any = {"timeout": http.Timeout(max(0.1, left), connect=max(0.1, min(10.0, left)))}
        with _connect(settings, secret) as client:
            asked: Any = {"cast_to": http.Response, "options": options, "stream": True, "stream_cls": Stream[Any]}
            send = client.get
            if request.body is not None:
                send, asked["body"] = client.post, request.body
            answered: Any = send(request.path, **asked)
            # openai 2 returns its own stream object around the response.
            response: httpx2.Response = answered.response if isinstance(answered, Stream) else answered
            with contextlib.closing(response):
                yield from _up_to_longest(response.iter_bytes())


def _connect(settings: Settings, secret: str) -> "OpenAI":
    """Create a client that sends the key to the configured base URL, without redirects or retries.

    The client reads only the proxy settings from the environment, because all programs of the user go through them.
    """
    import openai

    def only_ours(request: "httpx2.Request") -> None:
        for name in list(request.headers):
            if name not in _SENT:
                del request.headers[name]
        request.headers["User-Agent"] = "askdocs"
        request.headers.pop("Authorization", None)
        if secret:
            request.headers["Authorization"] = f"Bearer {secret}"
        # App attribution in OpenRouter's current form: https://openrouter.ai/docs/app-attribution
        request.headers["X-OpenRouter-Title"] = "askdocs"
        request.headers["HTTP-Referer"] = settings.referer
        if not settings.referer:
            del request.headers["HTTP-Referer"]

    def limited(response: "httpx2.Response") -> None:
        if response.status_code >= 300:
            packed = "content-encoding" in response.headers
            response.stream = _cut(response.stream, _LONGEST_PACKED_ERROR if packed else _LONGEST_ERROR)

    # Debug logs of these libraries contain headers, and a server may echo the key in one.
    logging.getLogger("httpcore2").setLevel(logging.INFO)
    logging.getLogger("httpcore").setLevel(logging.INFO)
    make: Any = getattr(openai, "DefaultHttpx2Client", None) or openai.DefaultHttpxClient
    http = make(follow_redirects=False, event_hooks={"request": [only_ours], "response": [limited]})
    return openai.OpenAI(api_key=secret or "none", base_url=settings.base_url, max_retries=0, http_client=http)


@cache
def _http_library() -> Any:  # noqa: ANN401 - one of two modules with the same names
    """Return the HTTP client below the installed openai: httpx2 since openai 3, httpx before.

    LlamaIndex's model classes need openai 2, so both are supported.
    """
    import openai

    return importlib.import_module("httpx2" if hasattr(openai, "DefaultHttpx2Client") else "httpx")


def _up_to_longest(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the decoded `pieces`. Raises ModelError if the body exceeds the limit."""
    taken = 0
    for piece in pieces:
        taken += len(piece)
        if taken > _LONGEST:
            raise ModelError(f"the answer has over {_LONGEST // 1_000_000} MB", "check OPENROUTER_BASE_URL")
        yield piece


def _cut(stream: Any, most: int) -> "httpx2.SyncByteStream":  # noqa: ANN401 - the library is imported late
    """Limit an error's body to its first `most` bytes, because the SDK reads it as a whole."""
    base: Any = _http_library().SyncByteStream

    class Cut(base):  # type: ignore[misc] # a class of the installed library
        def __iter__(self) -> Iterator[bytes]:
            left = most
            for piece in stream:
                yield piece[:left]
                left -= len(piece)
                if left <= 0:
                    return

        def close(self) -> None:
            stream.close()

    return Cut()


@contextlib.contextmanager
def _translate_errors(settings: Settings) -> Iterator[None]:
    """Turn all exceptions of the SDK and its HTTP client into a ModelError that names the fix.

    Always raises `from None`: the causes contain the request, and so the key.
    """
    import openai

    http = _http_library()
    where = settings.base_url
    try:
        yield
    except openai.APIStatusError as error:
        raise _status_error(error, settings) from None
    except (openai.APITimeoutError, http.TimeoutException):
        raise timeout_error(settings) from None
    except (openai.APIConnectionError, http.TransportError) as error:
        raise _unreachable(error, settings) from None
    except (http.InvalidURL, http.UnsupportedProtocol):
        raise ModelError(f"{visible(where)[:120]} is not an address", "correct OPENROUTER_BASE_URL") from None
    except (ValueError, openai.OpenAIError, http.HTTPError, http.StreamError) as error:
        # For bodies that can't be decoded the libraries raise many types of exception.
        raise ModelError(f"the answer of {where} is broken: {type(error).__name__}", "try again") from None


def timeout_error(settings: Settings) -> ModelError:
    """Return the error for a server that took longer than the user's time limit."""
    message = f"{settings.base_url} did not answer within {settings.timeout:g} s"
    return ModelError(message, "try again, or raise --timeout", retryable=True)


def _unreachable(error: BaseException, settings: Settings) -> ModelError:
    http, where = _http_library(), settings.base_url
    look = "check the network" if is_openrouter(settings) else "start that server"
    cause = error if isinstance(error, http.TransportError) else error.__cause__ or error
    if isinstance(cause, (http.ReadError, http.WriteError, http.RemoteProtocolError, http.CloseError)):
        hint = f"try again; if it stays, {look} or correct OPENROUTER_BASE_URL"
        return ModelError(f"{where} broke off the connection", hint, retryable=True)
    reason = " ".join(_ERRNO.sub("", visible(str(cause))).split())[:120]
    hint = f"{look} or correct OPENROUTER_BASE_URL, or use --no-llm"
    return ModelError(f"{where} can't be reached{f': {reason}' if reason else ''}", hint, retryable=True)


def _status_error(error: Any, settings: Settings) -> ModelError:  # noqa: ANN401 - the SDK is imported late
    response = error.response
    status = int(response.status_code)
    if 300 <= status < 400:
        return redirect_error(
            status, redact_key(str(response.headers.get("location", "")), settings), settings.base_url
        )
    text = redact_key(response.content.decode("utf-8", "replace"), settings)
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    headers = {name.lower(): redact_key(value, settings) for name, value in response.headers.items()}
    return response_error(status, body, headers, settings.base_url)


def redact_key(text: str, settings: Settings) -> str:
    """Remove the key from a server's message: some servers echo the request."""
    secret = settings.api_key.reveal()
    return text.replace(secret, "…") if secret else text


def get_json(settings: Settings, path: str, deadline: Deadline, *, key: bool = True) -> dict[str, Any]:
    """GET `path` and return its JSON object. Raises ModelError."""
    return _call(settings, ApiRequest(path, key=key), deadline)


def post_json(
    settings: Settings, path: str, body: Mapping[str, Any], deadline: Deadline, attempts: int = 3
) -> dict[str, Any]:
    """POST `body` and return the JSON object of the response. Raises ModelError."""
    return _call(settings, ApiRequest(path, body), deadline, attempts)


def _call(settings: Settings, request: ApiRequest, deadline: Deadline, attempts: int = 3) -> dict[str, Any]:
    retries = Retries(deadline, attempts)
    while True:
        try:
            return _parse_answer(settings, b"".join(exchange(settings, request, deadline)))
        except DeadlinePassed:
            retries.wait(timeout_error(settings))
        except ModelError as error:
            retries.wait(error)


def _parse_answer(settings: Settings, data: bytes) -> dict[str, Any]:
    """Parse a body as a JSON object. Raises ModelError if it is not an object, or is an error."""
    try:
        body = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise malformed_error(data, settings) from None
    if not isinstance(body, dict):
        raise malformed_error(data, settings)
    if body.get("error"):
        raise response_error(200, json.loads(redact_key(json.dumps(body), settings)), {}, settings.base_url)
    return body


def malformed_error(data: bytes, settings: Settings) -> ModelError:
    """Return the error for a body that does not have the expected form."""
    if data.lstrip().startswith(b"<"):
        hint = "check OPENROUTER_BASE_URL: it usually ends in /v1"
        return ModelError(f"{settings.base_url} sent a web page instead of an answer", hint)
    return ModelError(f"the answer of {settings.base_url} is broken: it is not valid JSON", "try again", retryable=True)
