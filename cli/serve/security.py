"""Access checks and security headers of the server. Pure ASGI: it wraps all routes, MCP and SSE included.

A bind to 127.0.0.1 does not keep out the user's own browser: a page of any site can send requests there, and by DNS
rebinding read the answers (CVE-2025-49596, CVE-2025-66414, CVE-2025-66416). So the names in Host and Origin are
compared with lists, and a body must be declared as JSON, which no form can do.
"""

import base64
import json
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from cli.serve.options import LOOPBACK_NAMES, ServeOptions

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY: Final = 256 * 1024
"""Bytes of a request; a conversation of twenty long answers has 100 kB."""

MAX_HEADERS: Final = 100

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_PUBLIC: Final = frozenset({"/healthz"})
"""Paths without a token: a load balancer has none."""

_EMBEDDED: Final = frozenset({"/page/answer.js", "/page/answer.css", "/api/ask", "/api/feedback"})
"""Paths that a page of an allowed origin may use."""

_SCRIPT: Final = "/widget.js"
"""What a page of an allowed origin loads as a script: then a browser sends no Origin, and the script has no secret."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request is refused."""

    status: int
    code: str
    message: str
    hint: str


class Guard:
    """Lets a request through to the application, or answers it."""

    def __init__(self, app: App, options: ServeOptions) -> None:
        self._app = app
        self._options = options
        names = {*LOOPBACK_NAMES, *options.hosts}
        if options.host not in ("0.0.0.0", "::"):  # noqa: S104 - compared with, not bound to
            names.add(options.host)
        self._hosts = frozenset(name.strip("[]").lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection's request."""
        if scope["type"] != "http":
            await (self._app(scope, receive, send) if scope["type"] == "lifespan" else _close(receive, send))
            return
        headers = _headers(scope)
        origin = headers.get("origin", "")
        foreign = origin in self._options.origins and scope["path"] in _EMBEDDED
        # A cache that serves both must not give a site what the page at / got: docs.… and ask.… of one domain share it.
        cors = _cors(origin) if foreign else (_VARY,) if self._options.origins else ()
        problem = self._problem(scope, headers, origin, foreign=foreign)
        if problem is not None:
            await _refuse(scope, send, problem, cors)
        elif foreign and scope["method"] == "OPTIONS":
            await _respond(send, 204, b"", cors)
        else:
            await self._app(scope, _limited(receive), _with_headers(send, cors))

    def _problem(self, scope: Scope, headers: dict[str, str], origin: str, *, foreign: bool) -> Problem | None:
        """Why a request is refused; None where it is not."""
        caller = self._caller_problem(scope, headers, origin, foreign=foreign)
        if caller is not None:
            return caller
        if not self._is_authorized(scope, headers, foreign=foreign):
            return Problem(401, "token", "a token is required", "send the header Authorization: Bearer TOKEN")
        return _body_problem(scope, headers)

    def _caller_problem(self, scope: Scope, headers: dict[str, str], origin: str, *, foreign: bool) -> Problem | None:
        host = headers.get("host", "")
        if sum(name == b"host" for name, _ in scope["headers"]) != 1 or not self._is_ours(host):
            return Problem(421, "host", "this server does not go by that name", "start it with --allow-host NAME")
        if foreign or (self._options.origins and scope["path"] == _SCRIPT and scope["method"] == "GET"):
            return None
        site = headers.get("sec-fetch-site", "none")
        own = not origin or self._is_own_origin(origin, scope["scheme"], host)
        if own and (site in ("none", "same-origin") or _is_navigation(scope, headers)):
            return None
        return Problem(403, "origin", "requests from other sites are refused", "start it with --allow-origin ORIGIN")

    def _is_ours(self, host: str) -> bool:
        name, port = _split_host(host)
        return name in self._hosts and (not port or port.isdigit())

    def _is_own_origin(self, origin: str, scheme: str, host: str) -> bool:
        given, separator, rest = origin.partition("://")
        return bool(separator) and given == scheme and rest.lower() == host.lower() and self._is_ours(rest)

    def _is_authorized(self, scope: Scope, headers: dict[str, str], *, foreign: bool) -> bool:
        if not self._options.token or scope["path"] in _PUBLIC or (foreign and scope["method"] == "OPTIONS"):
            return True
        return secrets.compare_digest(_given_token(headers.get("authorization", "")), self._options.token.encode())


def _given_token(authorization: str) -> bytes:
    """The token of a request: a program's Bearer token, or the password that a person gave to the browser."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return given.strip().encode()
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(given.strip(), validate=True).partition(b":")[2]
    except ValueError:
        return b""


def _body_problem(scope: Scope, headers: dict[str, str]) -> Problem | None:
    if len(scope["headers"]) > MAX_HEADERS:
        return Problem(431, "headers", "too many headers", "send fewer")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if scope["method"] == "POST" and kind != "application/json":
        return Problem(415, "content-type", "the body must be application/json", "send Content-Type: application/json")
    length = headers.get("content-length", "")
    if length and (not length.isdigit() or len(length) > 9 or int(length) > MAX_BODY):
        return Problem(413, "too-large", f"the body has more than {MAX_BODY:,} bytes", "shorten question or history")
    return None


def _is_navigation(scope: Scope, headers: dict[str, str]) -> bool:
    """A link that a person followed to the page; what it shows no script of another site can read."""
    return scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate" and scope["path"] == "/"


def _split_host(host: str) -> tuple[str, str]:
    """Name in lower case without brackets, and port; "" for a malformed header (CVE-2026-48710)."""
    if not host or any(character in host for character in "/\\@?# \t,"):
        return "", ""
    if host.startswith("["):
        name, closed, rest = host[1:].partition("]")
        return (name.lower(), rest[1:]) if closed and (not rest or rest.startswith(":")) else ("", "")
    name, _, port = host.partition(":")
    return name.lower(), port


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


_VARY = (b"vary", b"Origin")


def _cors(origin: str) -> tuple[tuple[bytes, bytes], ...]:
    return (
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-headers", b"content-type, authorization"),
        (b"access-control-allow-methods", b"GET, POST"),
        (b"cross-origin-resource-policy", b"cross-origin"),
        _VARY,
    )


def _limited(receive: Receive) -> Receive:
    """`receive` for bodies without a length: they end the request once they are too long."""
    seen = 0

    async def read() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MAX_BODY:
            return {"type": "http.disconnect"}
        return message

    return read


def _with_headers(send: Send, cors: tuple[tuple[bytes, bytes], ...]) -> Send:
    async def write(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message.get("headers", ())}
            added = [pair for pair in (*_HEADERS, *cors) if pair[0] not in own]
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        await send(message)

    return write


async def _refuse(scope: Scope, send: Send, problem: Problem, cors: tuple[tuple[bytes, bytes], ...]) -> None:
    body = error_body(scope["path"], problem.code, problem.message, problem.hint)
    await _respond(send, problem.status, body, cors)


def error_body(path: str, code: str, message: str, hint: str) -> bytes:
    """The body of an error: OpenAI's shape under /v1, ours elsewhere."""
    if path.startswith("/v1/"):
        document: dict[str, Any] = {
            "error": {
                "message": f"{message}; {hint}" if hint else message,
                "type": _openai_type(code),
                "code": code,
                "param": None,
            }
        }
    else:
        document = {"schema": 1, "error": {"code": code, "message": message, "hint": hint}}
    return json.dumps(document, ensure_ascii=False).encode()


def _openai_type(code: str) -> str:
    if code == "token":
        return "authentication_error"
    if code in ("rate-limit", "busy"):
        return "rate_limit_error"
    return "api_error" if code in ("failed", "model", "index-damaged", "no-index") else "invalid_request_error"


async def _respond(send: Send, status: int, body: bytes, cors: tuple[tuple[bytes, bytes], ...]) -> None:
    kind = [(b"content-type", b"application/json")] if body else []
    if status == 401:
        kind.append((b"www-authenticate", b'Basic realm="the token as password"'))  # a browser then asks for it
    start = {
        "type": "http.response.start",
        "status": status,
        "headers": [*kind, (b"content-length", str(len(body)).encode())],
    }
    await _with_headers(send, cors)(start)
    await send({"type": "http.response.body", "body": body})


async def _close(receive: Receive, send: Send) -> None:
    """Refuse a WebSocket: there are none here."""
    await receive()
    await send({"type": "websocket.close", "code": 1008})
