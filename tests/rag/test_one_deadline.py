"""All requests of one question share one time limit; who waits is told what for."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.conftest import CommandLine
from tests.rag.conftest import QUESTION, Ask
from tests.rag.server import ModelServer, answer, failure, searches, stalled

GOOD = answer("A suffix of the slug [1].")
RERANKED = ("--reranker", "openrouter:acme/rerank")


def timed(run: Callable[[], object]) -> float:
    started = time.monotonic()
    run()
    return time.monotonic() - started


def test_reranking_takes_from_the_time_of_the_answer(ask: Ask, server: ModelServer) -> None:
    ask("--timeout", "9", *RERANKED)  # the libraries are loaded now
    server.says(stalled("A suffix"))
    server.delays["rerank"] = 1.4
    spent = timed(lambda: ask("--timeout", "2", *RERANKED))
    assert 1.8 < spent < 3.0, "not 1.4 s and then 2 s more"
    server.delays["rerank"] = 20.0
    spent = timed(lambda: ask("--timeout", "1", *RERANKED))
    assert 0.9 < spent < 2.0


def test_searches_of_the_model_do_too(ask: Ask, server: ModelServer) -> None:
    server.says(searches("fallback models"), replace(GOOD, delay=20.0))
    server.delays["rerank"] = 0.7
    told = []
    spent = timed(lambda: told.append(ask("--timeout", "2", "--search-tool", *RERANKED)))
    assert spent < 3.0
    assert told[0].status == 1
    assert "did not answer within 2 s" in told[0].err


def test_a_rewriting_that_hangs_leaves_time_for_the_answer(starter: CommandLine, server: ModelServer) -> None:
    server.says(GOOD, replace(GOOD, delay=20.0), GOOD)
    told = []

    def chat() -> None:
        given = ("ask", "--chat", "--timeout", "3")
        told.append(starter(*given, stdin=f"{QUESTION}\nWhich of them are static?\n", **server.environ))

    assert timed(chat) < 9
    assert told[0].out.count("A suffix of the slug [1].") == 2
    assert "asked as: Which of them are static? (model variants)\n" in told[0].err


def test_a_wait_is_told_of_on_stderr(ask: Ask, server: ModelServer) -> None:
    slow = failure(429, "Slow\u001b[2J down", Retry_After="1")
    server.says(slow, GOOD)
    told = ask("--timeout", "9")
    assert told.err.startswith(f"waiting 1 s, then trying again: {server.url} answered 429: Slow[2J down (")
    assert told.status == 0
    server.says(slow, GOOD)
    told = ask("--timeout", "9", "--json")
    assert told.err.count("waiting 1 s, then trying again") == 1
    assert told.json["complete"]
    server.says(slow, GOOD)
    assert "waiting" not in ask("--timeout", "9", "-q").err


@pytest.mark.parametrize("wait", ["0.4", "86400"])
def test_what_is_over_at_once_or_never_waited_for_is_not_told_of(ask: Ask, server: ModelServer, wait: str) -> None:
    server.says(failure(429, "Slow", Retry_After=wait), GOOD)
    assert "waiting" not in ask("--timeout", "9").err
