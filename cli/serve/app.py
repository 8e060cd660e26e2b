"""The routes, and what wraps them: guard, rate limit, errors. `run_server` runs until it is interrupted."""

import errno
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cli.serve.api import Api, Handler, error_response
from cli.serve.connections import MAX_CONNECTIONS, Connection
from cli.serve.limits import RateLimit
from cli.serve.mcp.server import build_server
from cli.serve.openai_api import OpenAiApi
from cli.serve.openapi import openapi_document
from cli.serve.options import ServeOptions
from cli.serve.security import App, Guard, Receive, Scope, Send, error_body
from cli.serve.service import Service
from cli.serve.web.page import FILES, Web
from ingest.core.errors import DocsError, UsageError

logger = logging.getLogger("askdocs.serve")

_FREE = frozenset({"/healthz", "/widget.js", *(f"/page/{name}" for name in FILES)})
"""Paths that cost nothing and are not counted."""


def build_app(service: Service, options: ServeOptions) -> App:
    """The whole server as an ASGI application."""
    api, openai, web = Api(service), OpenAiApi(service), Web(service)
    mcp = build_server(service).streamable_http_app(
        json_response=True,
        stateless_http=True,
        max_request_body_size=256 * 1024,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),  # Guard checks all routes
    )

    mcp_routes = [route for route in mcp.routes if isinstance(route, Route)]
    for route in mcp_routes:
        route.methods = {"POST"}  # a GET would open a stream on which nothing is ever sent

    async def openapi(_request: Request) -> Response:
        return JSONResponse(openapi_document(service.options))

    routes = [
        _route("/", web.page, "GET"),
        _route("/page/{name}", web.file, "GET"),
        _route("/widget.js", web.widget, "GET"),
        _route("/api/search", api.search, "GET"),
        _route("/api/ask", api.ask, "POST"),
        _route("/api/page", api.page, "GET"),
        _route("/api/status", api.status, "GET"),
        _route("/api/feedback", api.feedback, "POST"),
        _route("/healthz", api.health, "GET"),
        _route("/openapi.json", openapi, "GET"),
        _route("/v1/models", openai.models, "GET"),
        _route("/v1/chat/completions", openai.completions, "POST"),
        *mcp_routes,
    ]

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with mcp.router.lifespan_context(mcp):
            yield
        service.close()

    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={404: _not_found, 405: _not_allowed})
    return Guard(_RateLimited(app, RateLimit(options.per_minute)), options)


def _route(path: str, handler: Handler, method: str) -> Route:
    """A route whose failures are answers: a DocsError as it says, anything else without details."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except DocsError as error:
            return error_response(request, error)
        except ClientDisconnect:  # it hung up, or sent more than it may: then this is what it reads
            body = error_body(request.url.path, "too-large", "the body is too long or broke off", "send less")
            return Response(body, 413, {"connection": "close"}, "application/json")
        except HTTPException:
            raise
        except Exception:
            logger.exception("%s %s failed", request.method, request.url.path)
            return Response(
                error_body(request.url.path, "failed", "the server failed", ""), 500, None, "application/json"
            )

    return Route(path, answer, methods=[method])


async def _not_found(request: Request, _error: Exception) -> Response:
    body = error_body(request.url.path, "not-found", "there is nothing at this path", "see /openapi.json")
    return Response(body, 404, None, "application/json")


async def _not_allowed(request: Request, error: Exception) -> Response:
    body = error_body(request.url.path, "method", "this path does not take that method", "see /openapi.json")
    return Response(body, 405, getattr(error, "headers", None), "application/json")


class _RateLimited:
    """Refuses clients that ask too often, with the seconds to wait."""

    def __init__(self, app: App, limit: RateLimit) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wait = 0.0
        if scope["type"] == "http" and scope["path"] not in _FREE:
            client = scope.get("client")
            wait = self._limit.wait_for(client[0] if client else "")
        if not wait:
            await self._app(scope, receive, send)
            return
        seconds = str(int(wait) + 1)
        body = error_body(scope["path"], "rate-limit", "too many requests", f"try again in {seconds} s")
        await Response(body, 429, {"retry-after": seconds}, "application/json")(scope, receive, send)


class _Announcing(uvicorn.Server):
    """Says when connections are accepted."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            self._on_start()


def run_server(app: App, options: ServeOptions, on_start: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `on_start` gets the address once connections are accepted. Raises UsageError."""
    listener = listen(options)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        http=Connection,
        ws="none",
        timeout_keep_alive=10,
        limit_concurrency=MAX_CONNECTIONS + 64,
        h11_max_incomplete_event_size=32 * 1024,
        lifespan="on",
    )
    name = f"[{options.host}]" if ":" in options.host else options.host
    address = f"http://{name}:{listener.getsockname()[1]}"
    _Announcing(config, lambda: on_start(address)).run(sockets=[listener])


def listen(options: ServeOptions) -> socket.socket:
    """The socket that the server accepts connections on. Raises UsageError for a port that can't be used."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    # asyncio turns Nagle's delay off only for a socket that names its protocol; else an answer waits 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
    except OSError as error:
        listener.close()
        why = "is in use by another program" if error.errno == errno.EADDRINUSE else f"can't be used: {error.strerror}"
        raise UsageError(
            f"port {options.port} of {options.host} {why}", "choose another; --port 0 takes a free one"
        ) from error
    return listener
