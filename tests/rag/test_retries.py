"""When a request is sent again, after what wait, and what a user is told of limits."""

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from tests.rag.conftest import Ask
from tests.rag.server import ModelServer, Reply, answer, broken, failure

GOOD = answer("A suffix of the slug [1].")


def limited(metadata: dict[str, Any], status: int = 429, message: str = "Rate limit exceeded", **more: Any) -> Reply:
    body = {"error": {"code": status, "message": message, "metadata": metadata, **more}}
    return Reply((json.dumps(body),), status, "application/json")


def in_seconds(seconds: float) -> str:
    return str(int((time.time() + seconds) * 1000))


WAITS = {
    "seconds": lambda: failure(429, "Slow", Retry_After="1"),
    "a date": lambda: failure(
        503, "Slow", Retry_After=format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    ),
    "in the metadata": lambda: limited({"retry_after_seconds": 1}),
    "in its headers": lambda: limited({"headers": {"Retry-After": "1"}}),
    "availability first": lambda: limited(
        {"retry_after_seconds": 50}, availability={"retryable": True, "retry_after": 1}
    ),
    "a reset": lambda: limited({"headers": {"X-RateLimit-Reset": in_seconds(1.5)}}),
}


@pytest.mark.parametrize("form", WAITS)
def test_a_server_is_given_the_time_that_it_asks_for(ask: Ask, server: ModelServer, form: str) -> None:
    server.says(WAITS[form](), GOOD)
    started = time.monotonic()
    told = ask("--timeout", "30")
    assert (told.status, len(server.requests)) == (0, 2)
    assert 0.7 < time.monotonic() - started < 8


LIMITS = {
    "a day in seconds": (failure(429, "Slow", Retry_After="86400"), "it asks to wait 24 h"),
    "longer than the time limit": (failure(503, "Slow", Retry_After="45"), "it asks to wait 45 s"),
    "a daily cap by its words": (limited({}, message="Rate limit exceeded: free-models-per-day"), "00:00 UTC"),
    "a daily cap by its source": (limited({"limit_source": "openrouter_free_tier_daily"}), "00:00 UTC"),
    "a reset far away": (limited({"headers": {"X-RateLimit-Reset": "4102444800000"}}), "(resets 2100-01-01 00:00 UTC)"),
}


@pytest.mark.parametrize("form", LIMITS)
def test_a_limit_that_outlasts_the_deadline_is_told_at_once(ask: Ask, server: ModelServer, form: str) -> None:
    reply, reason = LIMITS[form]
    server.says(reply, GOOD)
    started = time.monotonic()
    told = ask("--timeout", "30")
    assert (told.status, len(server.requests)) == (1, 1)
    assert time.monotonic() - started < 8
    assert reason in told.err


@pytest.mark.parametrize("wrong", ["soon", "-5", "nan", "inf", ""])
def test_a_wait_that_is_none_is_not_obeyed(ask: Ask, server: ModelServer, wrong: str) -> None:
    server.says(failure(503, "Slow", Retry_After=wrong), GOOD)
    assert (ask().status, len(server.requests)) == (0, 2)


@pytest.mark.parametrize(
    ("reply", "requests"),
    [
        (limited({}, 402, "Budget"), 1),
        (limited({"limit_source": "openrouter_in_flight_budget"}, 402, "Budget"), 2),
        (limited({}, 503, "No provider", availability={"code": "constraint_filtered", "retryable": False}), 1),
        (limited({}, 404, "Capacity", availability={"code": "capacity_exhausted", "retryable": True}), 2),
        (limited({"error_type": "rate_limit_exceeded"}, 200), 2),
        (broken(), 2),
    ],
)
def test_what_a_server_says_of_retrying_counts(ask: Ask, server: ModelServer, reply: Reply, requests: int) -> None:
    server.says(reply, GOOD)
    told = ask()
    assert len(server.requests) == requests
    assert told.status == (0 if requests == 2 else 1)


def test_too_long_a_prompt_is_sent_again_with_half_of_the_passages_down_to_one(ask: Ask, server: ModelServer) -> None:
    long = limited({"error_type": "context_length_exceeded"}, 400, "This endpoint's maximum context length is 8192")
    server.says(long, GOOD)
    told = ask("--json", "-k", "6")
    sizes = [request.body["messages"][1]["content"].count(" label=") for request in server.requests]
    assert (told.status, sizes) == (0, [6, 3])
    assert len(told.json["chunks"]) == 3
    server.says(long)
    failed = ask("-k", "6")
    sizes = [request.body["messages"][1]["content"].count(" label=") for request in server.requests]
    assert (failed.status, sizes) == (1, [6, 3, 1])
    assert "hint: the model's context is too small for a single passage: load the model with a larger one" in failed.err
