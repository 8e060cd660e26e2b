"""Replies of servers that are broken, odd or hostile, byte for byte, and what each has to come to."""

from collections.abc import Iterable
from typing import Final

from tests.rag.raw_server import RESET, Step, chunk, chunked, document, gzipped, packed, stream

TEXT: Final = "A model variant is a suffix"
SAID: Final = chunk(TEXT + " ") + chunk("of the slug [1].")
GOOD: Final = SAID + chunk(finish="stop") + b"data: [DONE]\n\n"
Case = tuple[Iterable[Step], int, str]
"""What is sent; how many requests there are to be; words of the answer, or of the error line."""


def error(status: str, body: object, *headers: str) -> tuple[bytes]:
    return (document({"error": body}, status, *headers),)


def answer_of(content: object, **more: object) -> tuple[bytes]:
    return (document({"choices": [{"finish_reason": "stop", "message": {"content": content, **more}}]}),)


WHOLE: Final[dict[str, Case]] = {
    "hints-before": (
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n", stream(GOOD)),
        1,
        "",
    ),
    "http-1.0": ((b"HTTP/1.0 200 OK\r\n\r\n" + GOOD,), 1, ""),
    "gzip": ((packed(gzipped(GOOD)),), 1, ""),
    "no-content-type": ((b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + GOOD,), 1, ""),
    "index-as-text": ((stream(GOOD.replace(b'"index": 0', b'"index": "0"')),), 1, ""),
    "index-null": ((stream(GOOD.replace(b'"index": 0', b'"index": null')),), 1, ""),
    "event-names": ((stream(b"event: completion\nid: 1\n" + GOOD),), 1, ""),
    "not-a-number": (
        (
            stream(
                SAID, b'data: {"choices": [], "usage": {"cost": NaN, "prompt_tokens": -1}}\n\n', chunk(finish="stop")
            ),
        ),
        1,
        "",
    ),
    "usage-null": ((stream(SAID, chunk(finish="stop", usage=None)),), 1, ""),
    "usage-of-texts": (
        (stream(SAID, chunk(finish="stop", usage={"prompt_tokens": "12", "cost": "0.1"})),),
        1,
        "12 + ? tokens",
    ),
    "usage-endless": ((stream(SAID, chunk(finish="stop", usage={"cost": 1e308, "prompt_tokens": 10**400})),), 1, ""),
    "null-choices-first": ((stream(b'data: {"choices": null}\n\n', b'data: {"choices": [null]}\n\n', GOOD),), 1, ""),
    "finish-twice": ((stream(SAID, chunk(finish="stop"), chunk("", "stop"), chunk("", "stop")),), 1, ""),
    "done-missing-and-open": ((stream(SAID, chunk(finish="stop")), 8.0), 1, ""),
    "reasoning-details": (
        (
            stream(
                b'data: {"choices": [{"delta": {"reasoning_details": [{"text": "Hm"}], "content": null}}]}\n\n', GOOD
            ),
        ),
        1,
        "",
    ),
    "upper-case-reason": ((stream(SAID, chunk(finish="STOP")),), 1, ""),
    "long-model-name": ((stream(GOOD.replace(b"acme/answerer-2", b"a" * 90_000)),), 1, ""),
    "nul": ((stream(GOOD.replace(b"suffix", b"suffix\\u0000")),), 1, ""),
    "small-comments": ((stream(b":\n" * 50_000, GOOD),), 1, ""),
    "one-chunk-per-byte": ((chunked(*(bytes([byte]) for byte in GOOD)),), 1, ""),
    "parts": (answer_of([{"type": "text", "text": TEXT}, {"type": "x"}, None, {"text": " of the slug [1]."}]), 1, ""),
    "refusal-null": (answer_of(f"{TEXT} of the slug [1].", refusal=None, tool_calls=None), 1, ""),
}

PARTIAL: Final[dict[str, Case]] = {
    "broken-chunk": ((chunked(SAID, end=b"zz\r\nxx"),), 1, "broke off"),
    "chunked-cut": ((chunked(SAID, end=b"400\r\nda"),), 1, "broke off"),
    "length-too-long": ((b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n" + SAID,), 1, "broke off"),
    "length-too-short": ((b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(SAID) + GOOD,), 1, "broke off"),
    "gzip-cut": ((packed(gzipped(GOOD)[:-40]),), 1, ""),
    "reset": ((stream(SAID), 0.1, RESET), 1, "broke off"),
    "stall": ((stream(SAID), 8.0), 1, "did not answer within"),
    "error-after-finish": (
        (stream(SAID, chunk(finish="stop"), chunk(error={"code": 502, "message": "Lost"})),),
        1,
        "502: Lost",
    ),
    "error-code-as-text": ((stream(SAID, chunk(error={"code": "429", "message": None})),), 1, "429"),
    "error-is-true": ((stream(SAID, chunk(error=True)),), 1, "answered 502"),
    "error-is-a-list": ((stream(SAID, chunk(error=[{"code": 500, "message": "Oh"}])),), 1, "500: Oh"),
    "error-in-choice": (
        (stream(SAID, b'data: {"choices": [{"error": {"code": 503, "message": "Busy"}}]}\n\n'),),
        1,
        "503: Busy",
    ),
    "reason-error": ((stream(SAID, chunk("", "error")),), 1, "(error)"),
    "reason-length": ((stream(SAID, chunk("", "length")),), 1, "limit of"),
    "reason-tools": ((stream(SAID, chunk("", "tool_calls")),), 1, "tool"),
    "half-an-event": ((stream(SAID, b'data: {"choices": [{"delta": {"cont'),), 1, ""),
    "deep-event": (
        (stream(SAID, b"data: " + b'{"a":' * 50_000 + b"\n\n", chunk(finish="stop")),),
        1,
        "could not be read",
    ),
    "very-long": (
        (stream(chunk(TEXT + " of the slug [1]. " + "word " * 1_000_000), chunk(finish="stop")),),
        1,
        "no end",
    ),
    "done-alone": ((stream(SAID, b"data: [DONE]\n\n"),), 1, "broke off"),
    "utf-16": ((stream(SAID, "data: ÿ\n\n".encode("utf-16"), chunk(finish="stop")),), 1, "broke off"),
}
