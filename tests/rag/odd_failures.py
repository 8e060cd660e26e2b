"""Replies that hold no answer, byte for byte, and what the one error line has to say."""

import itertools
import json
from typing import Final

from tests.rag.odd_replies import TEXT, Case, answer_of, error
from tests.rag.raw_server import OK, RESET, chunk, chunked, document, gzipped, packed, stream

LONG: Final = (
    "prompt is too long: 210000 tokens > 200000 maximum",
    "Input is too long for requested model.",
    "The input token count (40000) exceeds the maximum number of tokens allowed (32768).",
    "This model's maximum prompt length is 8192 but the request contains 9000 tokens.",
    "Please reduce the length of the messages or completion.",
    "Requested tokens exceed context window of 4096",
    "inputs tokens + max_new_tokens must be <= 4096",
    "the request exceeds the available context size (4096 tokens), try increasing it",
    "Trying to keep the first 5000 tokens when context the overflows.",
)

FAILED: Final[dict[str, Case]] = {
    "closes-at-once": ((), 3, "broke off the connection"),
    "reset-at-once": ((RESET,), 3, "broke off the connection"),
    "no-http": ((b"SSH-2.0-OpenSSH_9.6\r\n",), 3, "broke off the connection"),
    "half-a-head": ((b"HTTP/1.1 200 OK\r\nContent-Ty",), 3, "broke off the connection"),
    "endless-head": ((b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 60_000,), 3, "broke off the connection"),
    "bad-chunk-first": ((chunked(end=b"-5\r\n"),), 3, "broke off the connection"),
    "bad-gzip": ((packed(b"\x1f\x8b\x08" + b"x" * 40),), 1, "is broken"),
    "gzip-bomb": ((packed(gzipped(b"{" + b" " * 300_000_000)),), 1, "over 64 MB"),
    "too-large": ((OK + b"text/plain\r\n\r\n", *itertools.repeat(b": waiting\n" * 100_000, 100)), 1, "over 64 MB"),
    "status-204": ((b"HTTP/1.1 204 No Content\r\n\r\n",), 2, "sent no answer"),
    "status-304": ((b"HTTP/1.1 304 Not Modified\r\n\r\n",), 1, "304"),
    "status-999": ((document({"error": {"message": "Odd"}}, "999 Odd"),), 1, "Odd"),
    "status-402-afford": (
        error(
            "402 Payment Required", {"code": 402, "message": "You requested up to 800 tokens, but can only afford 12."}
        ),
        1,
        "can only afford 12",
    ),
    "redirect-without-a-place": (
        (b"HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\n\r\n",),
        1,
        "redirects to nowhere",
    ),
    "body-null": ((document(None),), 2, "sent no answer"),
    "body-text": ((document('"ok"'),), 2, ""),
    "body-empty-object": ((document({}),), 2, "sent no answer"),
    "choices-object": ((document({"choices": {"0": {"message": {"content": TEXT}}}}),), 2, "sent no answer"),
    "content-number": (answer_of(7), 2, "sent no answer"),
    "delta-text": (
        (stream(b'data: {"choices": [{"delta": "hello", "finish_reason": "stop"}]}\n\n'),),
        2,
        "sent no answer",
    ),
    "usage-alone": ((stream(chunk(usage={"cost": 0.1})),), 2, "sent no answer"),
    "tools-without-calls": ((stream(chunk("", "tool_calls")),), 2, "sent no answer"),
    "endless-reasoning": (
        (OK + b"text/event-stream\r\n\r\n", *[b'data: {"choices": [{"delta": {"reasoning": "Hm"}}]}\n\n', 0.05] * 200),
        1,
        "did not answer within",
    ),
    "endless-blank-lines": ((OK + b"text/event-stream\r\n\r\n", *[b"\n", 0.05] * 200), 1, "did not answer within"),
    "html-403": (
        (b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 16\r\n\r\n<html>No</html>\n",),
        1,
        "answered 403: HTTP 403",
    ),
    "html-520": ((b"HTTP/1.1 520 \r\nContent-Length: 16\r\n\r\n<html>No</html>\n",), 3, "answered 520"),
    "error-text": (error("400 Bad Request", "acme/x is not a valid model ID"), 1, "not a valid model ID"),
    "error-null": (error("400 Bad Request", None), 1, "answered 400"),
    "error-number": (error("500 Oh", 7), 3, "answered 500"),
    "message-object": (error("400 Bad Request", {"message": {"text": "Odd"}}), 1, "Odd"),
    "message-null": (error("422 Unprocessable", {"code": None, "message": None, "metadata": None}), 1, "answered 422"),
    "metadata-text": (
        error("429 Too Many", {"message": "Slow", "metadata": "none", "availability": "none"}),
        3,
        "Slow",
    ),
    "raw-json": (
        error(
            "429 Too Many",
            {
                "message": "Provider returned error",
                "metadata": {"raw": json.dumps({"error": {"message": "Quota of acme reached"}})},
            },
        ),
        3,
        "Quota of acme reached",
    ),
    "raw-odd": (
        error(
            "502 Bad Gateway",
            {"message": "Provider returned error", "metadata": {"raw": [1, {"error": []}], "provider_name": 7}},
        ),
        3,
        "Provider returned error",
    ),
    "code-float": ((document({"error": {"code": 429.0, "message": "Slow"}}),), 3, "answered 429: Slow"),
    "code-huge": ((document({"error": {"code": 10**80, "message": "Odd"}}),), 3, "Odd"),
    "code-word": (
        (document({"error": {"code": "invalid_api_key", "message": "Bad key"}}),),
        1,
        "answered 401: Bad key",
    ),
    "moderated": (
        error(
            "403 Forbidden",
            {"message": "Flagged", "metadata": {"reasons": ["violence\u001b[2J"], "flagged_input": "my secret words"}},
        ),
        1,
        "(reasons: violence[2J)",
    ),
    "reasons-text": (error("403 Forbidden", {"message": "Flagged", "metadata": {"reasons": "violence"}}), 1, "Flagged"),
    "wait-past": (error("503 Busy", {"message": "Busy"}, "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"), 3, "Busy"),
    "wait-huge": (error("429 Slow", {"message": "Slow"}, "Retry-After: 1" + "0" * 200), 1, "asks to wait over a year"),
    "wait-month": (error("429 Slow", {"message": "Slow"}, "Retry-After: 1000000"), 1, "asks to wait 12 days"),
    "wait-odd": (
        error(
            "429 Slow",
            {"message": "Slow", "metadata": {"retry_after_seconds": [1]}},
            "Retry-After: 10 Foo 99999 99:99:99",
        ),
        3,
        "Slow",
    ),
    "reset-past": (error("429 Slow", {"message": "Slow"}, "X-RateLimit-Reset: 1000000000000"), 3, "Slow"),
    "user-id": (
        (document({"error": {"message": "No"}, "user_id": "user_secret"}, "401 Unauthorized"),),
        1,
        "answered 401: No",
    ),
    "no-policy": (
        error("404 Not Found", {"message": "No allowed providers are available for the selected model."}),
        1,
        "No allowed providers",
    ),
    "conflict": (error("409 Conflict", {"message": "Conflict"}), 1, "answered 409: Conflict"),
    "too-early": (error("425 Too Early", {"message": "Early"}), 1, "answered 425: Early"),
    "legal": (error("451 Unavailable", {"message": "Not in your country"}), 1, "answered 451"),
    "huge-error": ((document(b"x" * 3_000_000, "500 Oh"),), 3, "answered 500"),
    "error-bomb": ((packed(gzipped(b" " * 300_000_000)).replace(b"200 OK", b"500 Oh"),), 3, "answered 500"),
    **{
        f"long-{at}": (error("400 Bad Request", {"code": 400, "message": said}), 4, said[:20])
        for at, said in enumerate(LONG)
    },
}

OTHERS: Final[dict[str, bytes]] = {
    "o-html": document(b"<html>login</html>"),
    "o-null": document(b"null"),
    "o-list": document([1]),
    "o-data-null": document({"data": None}),
    "o-data-odd": document({"data": [1, {"id": 5}, {"id": "acme/a", "pricing": 7, "context_length": "x", "name": []}]}),
    "o-results-odd": document({"results": [None, {"index": 99, "relevance_score": 1}, {"index": "0"}]}),
    "o-results-nan": document(b'{"results": [{"index": 0, "relevance_score": NaN}]}'),
    "o-vector-nan": document(b'{"data": [{"index": 0, "embedding": [NaN, 1]}]}'),
    "o-vector-odd": document({"data": [{"index": 0, "embedding": {"a": 1}}]}),
    "o-error": document({"error": {"code": 403, "message": "Key limit exceeded (monthly limit)"}}),
    "o-limit": document({"error": "Slow"}, "429 Slow", "Retry-After: 1000000"),
    "o-deep": document(b"[" * 200_000),
    "o-gzip-cut": packed(gzipped(b'{"data": []}')[:-12]),
    "o-closes": b"",
}
"""For the addresses of models, keys, embeddings and rerank."""
