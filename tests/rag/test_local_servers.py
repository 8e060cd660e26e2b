"""Servers of one's own: no key, no model named, words that differ, and what weak models write."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CommandLine
from tests.rag.conftest import QUESTION, Ask
from tests.rag.server import ModelServer, Reply, answer, event, failure, searches, whole

GOOD = "A model variant is a suffix written after a model's slug [1]."
PAGES_SAY = "the pages say:\n\n"


@pytest.fixture
def local(ask: Ask, server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """`ask` without a key."""
    monkeypatch.delenv("OPENROUTER_API_KEY")
    server.documents["models"] = {"object": "list", "data": [{"id": "tiny.gguf", "object": "model"}]}
    server.says(answer(GOOD))
    return ask


def test_a_server_of_ones_own_needs_no_key_and_its_only_model_answers(local: Ask, server: ModelServer) -> None:
    told = local("--json")
    assert (told.status, told.json["backend"], told.json["mode"]) == (0, "compatible", "openrouter")
    chat = server.requests[-1]
    assert chat.body["model"] == "tiny.gguf"
    assert "authorization" not in chat.headers


def test_of_several_models_one_has_to_be_named(local: Ask, server: ModelServer) -> None:
    server.documents["models"] = {"data": [{"id": "a"}, {"id": "b:7b"}]}
    told = local()
    assert told.status == 1
    assert told.err.splitlines()[-2:] == [f"error: {server.url} has 2 models", "hint: name one with --model: a, b:7b"]
    assert local("--model", "b:7b").status == 0
    assert server.requests[-1].body["model"] == "b:7b"


def test_with_a_key_the_default_model_is_asked_and_a_server_that_does_not_know_it_fails_fast(
    ask: Ask, server: ModelServer
) -> None:
    server.documents["models"] = {"data": [{"id": "tiny"}]}
    server.says(answer(GOOD))
    assert ask().status == 0
    assert [request.path for request in server.requests] == ["/v1/chat/completions"]
    server.says(failure(404, "model '~openai/gpt-mini-latest' not found, try pulling it first"), answer(GOOD))
    refused = ask()
    assert refused.status == 1
    assert "not found" in refused.err
    assert len(server.requests) == 1


def test_usage_that_is_not_known_is_null(local: Ask, server: ModelServer) -> None:
    server.says(Reply((event(GOOD), event(finish="stop"))))
    document = local("--json").json
    assert (document["usage"], document["cost_usd"]) == (None, None)
    assert "usage unknown" in local().err
    server.says(Reply((event(GOOD), event(finish="stop", usage={"prompt_tokens": 5, "completion_tokens": 3}))))
    document = local("--json").json
    assert (document["usage"], document["cost_usd"]) == ({"prompt_tokens": 5, "completion_tokens": 3}, None)
    assert "5 + 3 tokens · " in local().err


@pytest.mark.parametrize(
    ("message", "dropped"),
    [
        ("Unsupported value: 'temperature' does not support 0.1 with this model.", "temperature"),
        ("Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.", "max_tokens"),
        ("max_completion_tokens: Extra inputs are not permitted", "max_completion_tokens"),
        ("Unrecognized request argument supplied: stream_options", "stream_options"),
    ],
)
def test_a_parameter_that_a_server_refuses_is_left_out(
    local: Ask, server: ModelServer, message: str, dropped: str
) -> None:
    server.says(failure(400, message), answer(GOOD))
    assert local("--model", "m").status == 0
    first, second = (set(request.body) for request in server.requests)
    assert first - second == {dropped}


def test_a_model_without_tools_is_named(local: Ask, server: ModelServer) -> None:
    server.says(failure(400, "tiny does not support tools"))
    assert local("--model", "tiny", "--search-tool").err.splitlines()[-1].endswith("leave out --search-tool")


@pytest.mark.parametrize(
    "said",
    [
        '{"name": "search_docs", "arguments": {"query": "fallback models"}}',
        '<tool_call>\n{"name": "search_docs", "arguments": {"query": "fallback models"}}\n</tool_call>',
        '```json\n{"name": "search_docs", "parameters": {"query": "fallback models"}}\n```',
        'search_docs("fallback models")',
        'search_docs(query="fallback models")',
    ],
)
def test_a_call_that_is_written_as_text_is_one(local: Ask, server: ModelServer, said: str) -> None:
    server.says(answer(said), answer(GOOD))
    told = local("--model", "m", "--search-tool", "--json")
    assert told.json["answer"] == GOOD
    (call,) = [c for m in server.requests[1].body["messages"] for c in m.get("tool_calls", [])]
    assert json.loads(call["function"]["arguments"]) == {"query": "fallback models"}


def test_an_answer_that_mentions_the_tool_is_an_answer(local: Ask, server: ModelServer) -> None:
    server.says(answer(f"{GOOD} I used search_docs for it."))
    assert local("--model", "m", "--search-tool", "--json").json["answer"].startswith(GOOD)


def test_an_answer_without_a_verified_sentence_says_so_and_shows_the_pages(local: Ask, server: ModelServer) -> None:
    server.says(answer("Pigs fly high [2]. The moon is made of cheese."))
    told, document = local(), local("--json").json
    assert f"No sentence of this answer could be verified; {PAGES_SAY}" in told.out
    assert told.status == 0
    written, _, quoted = document["answer"].partition(PAGES_SAY)
    assert written.startswith("Pigs fly high [2].")
    assert "A model variant is a suffix" in quoted
    markers = {citation["marker"] for citation in document["citations"]}
    assert all(f"[{marker}]" in document["answer"] for marker in markers)
    assert any(marker > len(document["chunks"]) for marker in markers), "the quotes have numbers of their own"
    assert len(document["unsupported"]) == 2


def test_where_the_search_is_confident_a_models_refusal_is_not_the_last_word(local: Ask, server: ModelServer) -> None:
    server.says(answer("NOT_IN_DOCS"))
    told, document = local(), local("--json").json
    assert told.status == 3
    assert told.out.startswith(f"The model found no answer in the docs; {PAGES_SAY}")
    assert "\n[1] Frequently Asked Questions" in told.out
    assert document["answered"] is False
    assert document["citations"][0]["marker"] == 1


def test_strict_with_nothing_left_is_a_refusal(local: Ask, server: ModelServer) -> None:
    server.says(answer("Pigs fly high [2]."))
    told = local("--strict", "--json")
    assert (told.status, told.json["answered"], told.json["unsupported"]) == (3, False, ["Pigs fly high."])


def test_the_prompt_of_a_question_is_the_same_each_time(local: Ask, server: ModelServer) -> None:
    local()
    local()
    first, second = (r.body["messages"] for r in server.requests if r.path.endswith("/chat/completions"))
    assert first == second


def test_the_secret_of_labels_is_the_owners_alone(local: Ask, in_starter: Path) -> None:
    local()
    (kept,) = [path for path in Path.home().rglob("labels.key") if path.is_file()] or [None]
    assert kept is not None
    assert kept.stat().st_mode & 0o077 == 0
    assert len(kept.read_bytes()) == 32


def chat(starter: CommandLine, server: ModelServer, rewriting: str) -> Any:
    server.says(answer(GOOD), answer(rewriting), answer(GOOD))
    return starter("ask", "--chat", stdin=f"{QUESTION}\nWhich are static?\n", **server.environ)


@pytest.mark.parametrize(
    ("rewriting", "used"),
    [
        ("Which model variants are static?", True),
        ("静的なモデルのバリアントはどれですか？", True),
        ("Model variants are suffixes of a slug.", False),
        ("NOT_IN_DOCS", False),
        ("Sure! Here is the question you wanted me to rewrite", False),
        ("<think>They mean variants.</think>Which model variants are static?", True),
    ],
)
def test_a_rewriting_that_asks_nothing_is_dropped(
    starter: CommandLine,
    server: ModelServer,
    rewriting: str,
    used: bool,  # noqa: FBT001 - a parameter
) -> None:
    told = chat(starter, server, rewriting)
    asked = rewriting.partition("</think>")[2] or rewriting
    assert (f"asked as: {asked}\n" in told.err) is used
    assert ("asked as: Which are static? (model variants)\n" in told.err) is not used


def test_thinking_is_left_out_and_thinking_alone_is_no_answer(local: Ask, server: ModelServer) -> None:
    server.says(answer("<think>Hm. Is it", " [9]?</th", "ink>\n\n", GOOD))
    assert local().out.startswith(GOOD)
    server.says(answer("<think>Hm. And so on"))
    assert "hint: raise --max-tokens" in local().err
    server.says(answer("<think>Hm. And so on", finish="length"))
    assert "models that reason spend them on thinking first" in local().err


def test_replies_of_all_kinds_go_through_without_a_key(local: Ask, server: ModelServer) -> None:
    server.says(whole(GOOD))
    assert local("--model", "m").out.startswith(GOOD)
    server.says(searches("x"), answer(GOOD))
    assert local("--model", "m", "--search-tool").status == 0
    server.says(failure(401, "Invalid API Key"))
    assert "answered 401: Invalid API Key" in local("--model", "m").err
