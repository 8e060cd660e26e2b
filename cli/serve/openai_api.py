"""An API that OpenAI's clients speak: /v1/models and /v1/chat/completions, with citations as annotations.

The last message of the user is the question, what came before it the history of a follow-up. Citations are in the text
as `[n](url)`, because most clients show nothing else, and as `annotations` for those that do (Open WebUI).
"""

import json
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cli.serve.answerer import Answered, Asked
from cli.serve.api import read_json, stream_response
from cli.serve.events import EventStream, Shown, answer_events
from cli.serve.service import Service
from cli.serve.web.fragments import fragment_url
from ingest.core.errors import DocsError, UsageError
from rag.records import Citation, Exchange

MODEL: Final = "askdocs"
_TASK: Final = "### Task:"
"""What Open WebUI's own prompts for titles, tags and follow-up questions begin with."""

_MARKER: Final = re.compile(r"\[(\d{1,3})\](?!\()")
_CODE: Final = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]*`)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class OpenAiApi:
    """The handlers of /v1."""

    service: Service

    async def models(self, _request: Request) -> Response:
        """GET /v1/models : the one model that there is."""
        model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "askdocs"}
        return JSONResponse({"object": "list", "data": [model]})

    async def completions(self, request: Request) -> Response:
        """POST /v1/chat/completions : unknown fields are accepted and ignored."""
        document = await read_json(request)
        question, history = conversation(document.get("messages"))
        reply = _Reply(f"chatcmpl-{time.time_ns():x}", int(time.time()), str(document.get("model") or MODEL))
        if question.lstrip().startswith(_TASK):
            return self._task_reply(reply, await self.service.complete(question), stream=document.get("stream") is True)
        asked = Asked(question, self.service.default_options(history=history))
        if document.get("stream") is True:
            options = document.get("stream_options")
            usage = isinstance(options, Mapping) and options.get("include_usage") is True
            return stream_response(answer_events(self.service, asked, _ReplyStream(reply, usage), request))
        return JSONResponse(await self.service.answer(asked, reply.whole))

    @staticmethod
    def _task_reply(reply: "_Reply", text: str, *, stream: bool) -> Response:
        """What a client asked the model for its own use, such as a title: nothing is searched or cited."""
        if not stream:
            return JSONResponse(reply.document(text, [], "stop", _usage(None)))

        async def events() -> AsyncIterator[bytes]:
            yield reply.chunk({"role": "assistant", "content": text})
            yield reply.chunk({}, "stop")
            yield b"data: [DONE]\n\n"

        return stream_response(events())


@dataclass(frozen=True, slots=True)
class _Reply:
    """One completion in OpenAI's shape."""

    id: str
    created: int
    model: str

    def whole(self, answered: Answered) -> dict[str, Any]:
        """A completion that is not streamed."""
        text, annotations = linked(answered.answer.text, answered.answer.citations, 0)
        reason = "stop" if answered.answer.complete else "length"
        return self.document(text, annotations, reason, _usage(answered))

    def document(
        self, text: str, annotations: list[dict[str, Any]], reason: str, usage: Mapping[str, int]
    ) -> dict[str, Any]:
        """A completion as one document."""
        message = {"role": "assistant", "content": text, "refusal": None, "annotations": annotations}
        choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": None}
        return {**self._base("chat.completion"), "choices": [choice], "usage": dict(usage)}

    def chunk(self, delta: Mapping[str, Any], reason: str | None = None) -> bytes:
        """One event of a stream."""
        choice = {"index": 0, "delta": dict(delta), "finish_reason": reason, "logprobs": None}
        return self._line({**self._base("chat.completion.chunk"), "choices": [choice]})

    def usage(self, answered: Answered) -> bytes:
        """The last event of a stream that was asked for its usage."""
        return self._line({**self._base("chat.completion.chunk"), "choices": [], "usage": _usage(answered)})

    def _base(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}

    @staticmethod
    def _line(document: Mapping[str, Any]) -> bytes:
        return f"data: {json.dumps(document, ensure_ascii=False)}\n\n".encode()


@dataclass
class _ReplyStream(EventStream):
    """A completion in chunks; with `usage`, one more at the end says what it cost."""

    reply: _Reply
    usage: bool
    length: int = 0
    """Characters sent so far."""

    def start(self) -> bytes:
        """The chunk that names the role."""
        return self.reply.chunk({"role": "assistant", "content": ""})

    def piece(self, shown: Shown) -> bytes:
        """A chunk with the piece's text."""
        text, annotations = linked(shown.piece.text, shown.piece.citations, self.length)
        self.length += len(text)
        return self.reply.chunk({"content": text, **({"annotations": annotations} if annotations else {})})

    def done(self, answered: Answered) -> bytes:
        """The chunk that says why it ends, and what clients wait for."""
        last = self.reply.chunk({}, "stop" if answered.answer.complete else "length")
        return b"".join((last, self.reply.usage(answered) if self.usage else b"", b"data: [DONE]\n\n"))

    def error(self, error: DocsError) -> bytes:
        """An error in OpenAI's shape."""
        body = {"message": error.message, "type": "api_error", "code": error.code, "param": None}
        return f"data: {json.dumps({'error': body}, ensure_ascii=False)}\n\n".encode()


def _usage(answered: Answered | None) -> dict[str, int]:
    """Tokens; 0 where no model was asked or its server reported none, because clients require numbers here."""
    completion = answered.answer.completion if answered else None
    prompt = (completion.prompt_tokens if completion else 0) or 0
    written = (completion.completion_tokens if completion else 0) or 0
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}


def linked(text: str, citations: Sequence[Citation], start: int) -> tuple[str, list[dict[str, Any]]]:
    """The text with its markers as links, and an annotation for each. `start`: characters of the message before it."""
    by_marker = {citation.marker: citation for citation in citations}
    out: list[str] = []
    annotations: list[dict[str, Any]] = []
    length = start
    for index, part in enumerate(_CODE.split(text)):
        at = 0
        for found in () if index % 2 else _MARKER.finditer(part):
            citation = by_marker.get(int(found.group(1)))
            link = fragment_url(citation.hit.url, citation.quote) if citation else ""
            if citation is None or not link:
                continue
            before, mark = (
                part[at : found.start()],
                f"[{found.group(1)}]({link.replace(')', '%29').replace('(', '%28')})",
            )
            begin = length + len(before)
            cited = {
                "url": citation.hit.url,
                "title": citation.hit.chunk.title,
                "start_index": begin,
                "end_index": begin + len(mark),
            }
            annotations.append({"type": "url_citation", "url_citation": cited})
            out += [before, mark]
            length = begin + len(mark)
            at = found.end()
        out.append(part[at:])
        length += len(part[at:])
    return "".join(out), annotations


def conversation(messages: Any) -> tuple[str, tuple[Exchange, ...]]:  # noqa: ANN401 - JSON that nobody checked
    """The question and what was said before. System messages are ignored. Raises UsageError."""
    if not isinstance(messages, list) or not messages:
        raise UsageError("`messages` must be a list with a question", '[{"role": "user", "content": "…"}]')
    said = [
        (message.get("role"), _text(message.get("content"))) for message in messages if isinstance(message, Mapping)
    ]
    turns = [(role, text) for role, text in said if role in ("user", "assistant") and text]
    if not turns or turns[-1][0] != "user":
        raise UsageError("the last message is not the user's", '[{"role": "user", "content": "…"}]')
    exchanges: list[Exchange] = []
    for role, text in turns[:-1]:
        if role == "user":
            exchanges.append(Exchange(text, ""))
        elif exchanges:
            exchanges[-1] = Exchange(exchanges[-1].question, text)
    return turns[-1][1], tuple(exchanges[-20:])


def _text(content: Any) -> str:  # noqa: ANN401 - JSON that nobody checked
    """The text of a message, which may come in parts; pictures and files are left out."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [
        part.get("text") for part in content if isinstance(part, Mapping) and part.get("type") in ("text", "input_text")
    ]
    return "\n".join(part for part in parts if isinstance(part, str))
