"""The HTTP API: search, ask (JSON or server-sent events), page, status, feedback, health."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from cli.serve.answerer import Answered, Asked, Query
from cli.serve.documents import answer_document, page_document, search_document, status_document
from cli.serve.events import EventStream, Shown, answer_events
from cli.serve.limits import Busy
from cli.serve.security import error_body
from cli.serve.service import Service, checked_context, checked_k
from cli.serve.web.fragments import fragment_url
from cli.serve.web.render import answer_html
from cli.serve.web.turn import PartialTurn, source_html, turn_html, words_to_mark
from ingest.core.errors import DocsError, UsageError
from rag.open import Opened
from rag.records import Citation, Exchange, Retrieved
from rag.serialize import citation_json

MAX_HISTORY: Final = 20
_HALF: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_STATUS: Final = {"usage": 400, "no-index": 503, "index-damaged": 503, "busy": 503, "model": 502}

Handler = Callable[[Request], Awaitable[Response]]


def error_response(request: Request, error: DocsError) -> Response:
    """An error as its surface shapes it. A damaged index's message names files, so it is replaced."""
    message, hint = error.message, error.hint
    if error.code in ("no-index", "index-damaged", "index-mismatch", "docs"):
        message, hint = "the index can't be read", "the operator can run: askdocs doctor"
    headers = {"retry-after": "5"} if isinstance(error, Busy) else None
    body = error_body(request.url.path, error.code, message, hint)
    return Response(body, _STATUS.get(error.code, 500), headers, "application/json")


async def read_json(request: Request) -> dict[str, Any]:
    """The body of a request. Raises UsageError for anything but a JSON object."""
    body = await request.body()
    try:
        document = json.loads(body)
        if _HALF.search(body):  # half a character as an escape, which JSON allows and no encoding takes
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise UsageError("the body is not valid JSON", 'send an object, such as {"question": "…"}') from error
    if not isinstance(document, dict):
        raise UsageError("the body is not a JSON object", 'send an object, such as {"question": "…"}')
    return document


@dataclass(frozen=True, slots=True)
class Api:
    """The handlers; each takes a request and gives a response."""

    service: Service

    async def search(self, request: Request) -> Response:
        """GET /api/search?q=&k=&under=&context= : the document of `inspect --json`."""
        query = request.query_params
        question, under = query.get("q", ""), query.get("under", "")
        k = checked_k(_number(query.get("k"), self.service.settings.k, "k"))
        context = checked_context(_number(query.get("context"), 0, "context"))
        body = await self.service.search(Query(question, k, under, context), partial(search_json, question))
        return Response(body, media_type="application/json")

    async def ask(self, request: Request) -> Response:
        """POST /api/ask : the document of `ask --json`, or its events where `stream` is true."""
        document = await read_json(request)
        asked = self._asked(document)
        turn = document.get("turn") is True
        if document.get("stream") is True:
            stream = ApiStream(PartialTurn(asked.id) if turn else None)
            return stream_response(answer_events(self.service, asked, stream, request))
        body = await self.service.answer(asked, partial(answer_json, turn=turn))
        return Response(body, media_type="application/json")

    async def page(self, request: Request) -> Response:
        """GET /api/page?path=&from= : a page's markdown, 40,000 characters at a time."""
        path = request.query_params.get("path", "")
        start = _number(request.query_params.get("from"), 0, "from")
        return JSONResponse(await self.service.read(partial(page_document, path=path, start=start)))

    async def status(self, _request: Request) -> Response:
        """GET /api/status : which index answers, and whether answers are written or quoted."""
        return JSONResponse(status_document(self.service))

    async def health(self, _request: Request) -> Response:
        """GET /healthz : 200 while the index is open."""
        return JSONResponse({"status": "ok", "generation": self.service.current().generation.name})

    async def feedback(self, request: Request) -> Response:
        """POST /api/feedback {"id", "vote": "up" | "down"} : kept where the server has a log."""
        document = await read_json(request)
        answer_id, vote = document.get("id"), document.get("vote")
        if not isinstance(answer_id, str) or not answer_id or len(answer_id) > 64 or vote not in ("up", "down"):
            raise UsageError('send {"id": "…", "vote": "up"} or "down"', "the id is that of the answer's document")
        await self.service.record_vote(answer_id, vote)
        return JSONResponse({"schema": 1, "recorded": self.service.has_log})

    def _asked(self, document: dict[str, Any]) -> Asked:
        question, under = document.get("question"), document.get("under", "")
        if not isinstance(question, str):
            raise UsageError("`question` must be a string", 'such as {"question": "What are model variants?"}')
        if not isinstance(under, str):
            raise UsageError("`under` must be a site path", "such as /docs/guides")
        for flag in ("stream", "turn"):
            if not isinstance(document.get(flag, False), bool):
                raise UsageError(f"`{flag}` must be true or false", "leave it out for one JSON document")
        k, context = document.get("k", self.service.settings.k), document.get("context")
        for name, value in (("k", k), ("context", 0 if context is None else context)):
            if not isinstance(value, int) or isinstance(value, bool):
                raise UsageError(f"`{name}` must be a whole number", "leave it out for the default")
        context = None if context is None else checked_context(context)
        history = read_history(document.get("history", []))
        options = self.service.default_options(k=checked_k(k), under=under, context=context, history=history)
        return Asked(question, options)


@dataclass
class ApiStream(EventStream):
    """`sentence` and `citation` as they are checked, then `done` with the whole document, or `error`.

    With `turn`, also what the web page shows, as HTML.
    """

    turn: PartialTurn | None = None

    def piece(self, shown: Shown) -> bytes:
        """A `sentence` and its `citation`s; with `turn` also the answer so far and their source cards."""
        sentence: dict[str, Any] = {"text": shown.piece.text, "unsupported": list(shown.piece.unsupported)}
        if self.turn is not None:
            sentence["html"] = self.turn.add(shown)
        events = [sse("sentence", sentence)]
        for citation in shown.piece.citations:
            card = {"card": source_html(citation, self.turn.prefix)} if self.turn is not None else {}
            events.append(sse("citation", {**citation_document(citation), **card}))
        return b"".join(events)

    def done(self, answered: Answered) -> bytes:
        """The last event of an answer. Reads the database."""
        return sse("done", full_document(answered, turn=self.turn is not None))

    def error(self, error: DocsError) -> bytes:
        """Why there is no answer."""
        return sse("error", {"code": error.code, "message": error.message, "hint": error.hint})


def full_document(answered: Answered, *, turn: bool = False) -> dict[str, Any]:
    """The document of `ask --json`, with links to the very sentence and the answer as HTML. Reads the database.

    With `turn`, also question, answer, sources and passages as the web page shows them.
    """
    document = answer_document(answered)
    document["citations"] = [citation_document(citation) for citation in answered.answer.citations]
    document["html"] = answer_html(answered.marked, answered.answer.citations, words_to_mark(answered))
    if turn:
        document["turn"] = turn_html(answered)
    return document


def answer_json(answered: Answered, *, turn: bool) -> bytes:
    """`full_document` as it is sent."""
    return to_json(full_document(answered, turn=turn))


def search_json(question: str, found: Retrieved, opened: Opened) -> bytes:
    """The document of `inspect --json` as it is sent."""
    return to_json(search_document(question, found, opened))


def to_json(document: dict[str, Any]) -> bytes:
    """A document as it is sent."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def citation_document(citation: Citation) -> dict[str, Any]:
    """A citation as `ask --json` has it, with a link that opens the page at the quoted words."""
    return {**citation_json(citation), "link": fragment_url(citation.hit.url, citation.quote)}


def stream_response(events: AsyncIterator[bytes]) -> Response:
    """Server-sent events that no proxy keeps back."""
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


def sse(name: str, data: Any) -> bytes:  # noqa: ANN401 - a JSON document
    """One event."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def read_history(history: Any) -> tuple[Exchange, ...]:  # noqa: ANN401 - JSON that nobody checked
    """The conversation so far: a list of {"question", "answer"}. Raises UsageError."""
    if not isinstance(history, list):
        raise UsageError("`history` must be a list", 'of {"question": "…", "answer": "…"}')
    exchanges = []
    for entry in history[-MAX_HISTORY:]:
        question, answer = (entry.get("question"), entry.get("answer", "")) if isinstance(entry, dict) else (None, None)
        if not isinstance(question, str) or not isinstance(answer, str):
            raise UsageError("`history` must be a list of questions and answers", '{"question": "…", "answer": "…"}')
        exchanges.append(Exchange(question, answer))
    return tuple(exchanges)


def _number(text: str | None, default: int, name: str) -> int:
    if text is None or text == "":
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise UsageError(f"{name} must be a whole number", "leave it out for the default")
    return int(text)
