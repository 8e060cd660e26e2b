"""Answers that are broken, odd or hostile: a whole answer, a named failure, or a part that is called one."""

import json
import time
from typing import Any

import pytest

from rag.verify.sentence_gate import MARK
from tests.rag.conftest import Ask
from tests.rag.server import ModelServer, Reply, answer, event, failure, raw, stalled, whole

TEXT = "A suffix of the slug"
DONE = "data: [DONE]\n\n"
ERROR = {"code": 502, "message": "Provider disconnected"}


def chunk(text: str | None = None, finish: str | None = None, **more: Any) -> bytes:
    return event(text, finish, **more).encode()


def choice(**fields: Any) -> str:
    return event(None, choices=[{"index": 0, **fields}])


PARTS = 'data: {\ndata: "choices": [{"delta": {"content": "A suffix of the slug"}, "finish_reason": "stop"}]}\n\n'
WHOLE: dict[str, Reply] = {
    "one JSON document": whole(TEXT),
    "text in parts": whole([{"type": "text", "text": "A suffix "}, {"type": "text", "text": "of the slug"}]),
    "blank lines before JSON": Reply(("\n\n", " \n", *whole(TEXT).pieces), content_type="application/json"),
    "stream that calls itself JSON": Reply(answer(TEXT).pieces, content_type="application/json"),
    "JSON that calls itself a stream": Reply(whole(TEXT).pieces),
    "CRLF": raw(*(piece.encode().replace(b"\n", b"\r\n") for piece in answer(TEXT).pieces)),
    "CR alone": raw(*(piece.encode().replace(b"\n", b"\r") for piece in answer(TEXT).pieces)),
    "CRLF cut in two": raw(chunk(TEXT)[:-2] + b"\r", b"\n\r", b"\n" + chunk(finish="stop")),
    "byte order mark": raw(b"\xef", b"\xbb\xbf" + chunk(TEXT), chunk(finish="stop")),
    "data on several lines": Reply((PARTS,)),
    "no blank lines": Reply((event(TEXT)[:-1], event(finish="stop")[:-1], DONE)),
    "no end mark": Reply((event(TEXT), event(finish="stop"))),
    "no end of the connection": Reply((event(TEXT), event(finish="stop")), waits=20.0),
    "finish reason repeated with usage": Reply((event(TEXT, "stop"), event("", "stop", usage={"cost": None}), DONE)),
    "unknown finish reason": Reply((event(TEXT, "new_reason_2030"), DONE)),
    "other fields of the standard": Reply(
        ("id: 7\nretry: 10\nevent: message\n", event(TEXT), "x\n\n", event(finish="stop"))
    ),
    "byte by byte": raw(*(bytes([byte]) for byte in chunk(TEXT) + chunk(finish="stop"))),
    "odd types": Reply((choice(delta=None), choice(delta={"content": None}), event(TEXT, "stop", usage=[1], model=7))),
    "odd usage": Reply((event(TEXT, "stop", usage={"prompt_tokens": "many", "cost": -1, "completion_tokens": True}),)),
    "reasoning first": Reply((choice(delta={"content": "", "reasoning": "Hm"}), event(TEXT, "stop"), DONE)),
    "second choice": Reply((event(None, choices=[{"index": 1, "delta": {"content": "No"}}]), event(TEXT, "stop"))),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_answer_in_an_odd_form_is_one(ask: Ask, server: ModelServer, name: str) -> None:
    server.says(WHOLE[name])
    started = time.monotonic()
    told = ask("--timeout", "10", "-q")
    assert (told.status, told.out.splitlines()[0], told.err) == (0, TEXT + MARK, "")  # it cites nothing
    assert time.monotonic() - started < 8
    assert len(server.requests) == 1


PARTIAL: dict[str, tuple[Reply, str]] = {
    "no finish reason": (Reply((event(TEXT), DONE)), "the stream broke off"),
    "error as text": (Reply((event(TEXT), event(None, error="overloaded"))), "overloaded"),
    "error code as a word": (
        Reply((event(TEXT), event(None, error={"code": "server_error", "message": "Oh"}))),
        "500: Oh",
    ),
    "error event": (Reply((event(TEXT), 'event: error\ndata: {"message": "Oh"}\n\n')), "Oh"),
    "error in the choice": (Reply((event(TEXT), choice(delta={}, error=ERROR, finish_reason="error"))), "Provider"),
    "finish reason error": (Reply((event(TEXT, "error"), DONE)), "(error)"),
    "not UTF-8": (raw(chunk("A suffix X").replace(b"X", b"\xff"), chunk(finish="stop")), "could not be read"),
    "an event that is no object": (Reply((event(TEXT), "data: 7\n\n", event(finish="stop"))), "could not be read"),
    "an unwanted tool call": (
        Reply((event(TEXT), choice(delta={"tool_calls": [{"function": {"name": "rm"}}]}, finish_reason="tool_calls"))),
        "a tool that it was not given",
    ),
    "endless": (Reply((event("word " * 50_000),) * 6), "it has no end"),
    "filtered": (Reply((event(TEXT), event(finish="content_filter"))), "content filter"),
}


@pytest.mark.parametrize("name", PARTIAL)
def test_a_part_of_an_answer_is_shown_and_called_one(ask: Ask, server: ModelServer, name: str) -> None:
    reply, reason = PARTIAL[name]
    server.says(reply)
    told = ask("--timeout", "20", "-q")
    assert told.status == 1
    assert told.out.startswith(("A suffix", "word"))
    error, hint = told.err.splitlines()
    assert error.startswith("error: the answer is incomplete")
    assert reason.strip("()") in error
    assert hint.startswith("hint: ")
    assert len(server.requests) == 1


FAILED: dict[str, tuple[Reply, int, str]] = {
    "no choices": (Reply((json.dumps({"choices": []}),)), 2, "sent no answer"),
    "null choices": (Reply((json.dumps({"choices": None}),)), 2, "sent no answer"),
    "null content": (whole(None), 2, "sent no answer"),
    "blank content": (whole("  \n"), 2, "sent no answer"),
    "reasoning alone": (whole("", reasoning="Hm"), 2, "sent no answer"),
    "an empty body": (Reply(("",)), 2, "sent no answer"),
    "plain text": (Reply(("upstream error",), content_type="text/plain"), 2, "sent no answer"),
    "refusal": (whole(None, refusal="I can't\u001b[31m help."), 1, "declined to answer: I can't"),
    "unwanted tool call": (whole(None, "tool_calls", tool_calls=[{"function": {"name": "rm"}}]), 1, "a tool that"),
    "filtered": (whole("", "content_filter"), 1, "content filter"),
    "a list": (Reply(("[1]",), content_type="application/json"), 3, "is not valid JSON"),
    "deep JSON": (Reply(("[" * 100_000,), content_type="application/json"), 3, "is not valid JSON"),
    "error object": (Reply((json.dumps({"error": {"code": 401, "message": "No"}}),)), 1, "answered 401: No"),
    "error with a status": (Reply((json.dumps({"error": {"http_status": 503, "message": "No"}}),)), 3, "503: No"),
    "validation error": (Reply((json.dumps({"success": False, "error": {"name": "ZodError"}}),)), 3, "ZodError"),
    "error first in a stream": (Reply((event(None, error=ERROR),)), 3, "answered 502: Provider disconnected"),
    "broken gzip": (Reply(("no gzip",), headers={"Content_Encoding": "gzip"}), 1, "is broken"),
}


@pytest.mark.parametrize("name", FAILED)
def test_no_answer_is_a_named_failure(ask: Ask, server: ModelServer, name: str) -> None:
    reply, requests, reason = FAILED[name]
    server.says(reply)
    told = ask("--timeout", "20")
    assert (told.status, told.out) == (1, "")
    error, hint = told.err.splitlines()
    assert error.startswith("error: ")
    assert reason in error
    assert hint.startswith("hint: ")
    assert len(server.requests) == requests


STATUSES = [400, 401, 402, 403, 404, 405, 408, 409, 412, 413, 418, 422, 429, 451]
STATUSES += [500, 501, 502, 503, 504, 505, 520, 524, 529, 599]


@pytest.mark.parametrize("status", STATUSES)
def test_every_error_status_is_named_and_only_passing_ones_are_tried_again(
    ask: Ask, server: ModelServer, status: int
) -> None:
    server.says(failure(status, "It says so"))
    told = ask()
    passing = status in (408, 429, 500, 502, 503, 504) or 520 <= status < 530
    assert (told.status, told.out, len(server.requests)) == (1, "", 3 if passing else 4 if status == 413 else 1)
    assert f"answered {status}: It says so" in told.err
    assert len(told.err.splitlines()) == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(ask: Ask, server: ModelServer, status: int) -> None:
    with ModelServer() as elsewhere:
        server.says(Reply(("",), status, headers={"Location": elsewhere.url + "/chat/completions"}))
        told = ask()
        assert elsewhere.requests == []
    assert told.status == 1
    assert f"it redirects to {elsewhere.url}" in told.err
    assert "OPENROUTER_BASE_URL" in told.err


def test_nothing_outlasts_the_deadline(ask: Ask, server: ModelServer) -> None:
    drip = raw(*[b" "] * 2000)
    for reply in (stalled(), drip):
        server.says(reply)
        server.pause = 0.05
        started = time.monotonic()
        told = ask("--timeout", "1.5")
        assert time.monotonic() - started < 4
        assert "did not answer within 1.5 s" in told.err
        server.pause = 0.0
