"""`ask` beyond one plain answer: a chat, a model that searches, a reranker, a plan, markdown."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CommandLine, Result
from tests.rag.server import KEY, ModelServer, Reply, answer, event, searches

QUESTION = "What are model variants?"
SAID = answer("A suffix of the slug [1].")
PRICES = {"data": [{"id": "acme/a", "pricing": {"prompt": "0.000001", "completion": "0.000002"}}]}


@pytest.fixture
def server() -> Any:
    with ModelServer() as server:
        yield server


def prompt(request: Any) -> str:
    return str(request.body["messages"][1]["content"])


def test_a_chat_without_a_key_carries_the_subject_over(starter: CommandLine) -> None:
    told = starter(
        "ask", "--chat", "--no-llm", stdin=f"{QUESTION}\n\nWhich of them are static?\nHow do I bake bread?\n"
    )
    assert told.status == 0
    assert "asked as: Which of them are static? (model variants)\n" in told.err
    assert "asked as: How do I" not in told.err, "it has a subject of its own"
    assert told.out.startswith("[1] Frequently Asked Questions › ")
    assert "The docs do not answer this question." in told.out


def test_a_chat_with_a_model_has_it_rewrite_the_question(starter: CommandLine, server: ModelServer) -> None:
    server.says(SAID, answer("Which model variants are static?"), SAID)
    told = starter("ask", "--chat", stdin=f"{QUESTION}\nWhich are static?\n", **server.environ)
    assert told.status == 0, told.err
    assert "asked as: Which model variants are static?\n" in told.err
    assert told.out.count("A suffix of the slug [1].") == 2
    assert told.err.count(" tokens · $0.000420 · ") == 3, "the rewriting costs as well"
    rewriting, asking = server.requests[1:]
    assert "Last question: Which are static?" in prompt(rewriting)
    assert f"Question: {QUESTION}\nAnswer: A suffix of the slug [1]." in prompt(rewriting)
    assert "\nQuestion: Which model variants are static?\n" in prompt(asking)


def test_a_chat_goes_on_after_a_failure(starter: CommandLine, server: ModelServer) -> None:
    server.says(Reply(('{"error": {"message": "No"}}',), 401, "application/json"))
    told = starter("ask", "--chat", stdin=f"{QUESTION}\n???\n", **server.environ)
    assert told.status == 0
    assert told.err.count("error: ") == 2
    assert "the question contains no word" in told.err


def test_a_rewriting_that_is_none_is_not_used(starter: CommandLine, server: ModelServer) -> None:
    server.says(SAID, answer("Sure!\nHere it is: …"), SAID)
    told = starter("ask", "--chat", stdin=f"{QUESTION}\nWhich of them are static?\n", **server.environ)
    assert "asked as: Which of them are static? (model variants)\n" in told.err


@pytest.mark.parametrize("more", [("--json",), ("--dry-run",), ("--format", "markdown")])
def test_a_chat_is_for_reading(starter: CommandLine, more: tuple[str, ...]) -> None:
    assert starter("ask", "--chat", *more).status == 2


GERMAN = "Was sind Modellvarianten und wie viele gibt es seit 2025?"


def test_the_model_may_rewrite_what_is_searched_for(starter: CommandLine, server: ModelServer) -> None:
    server.says(answer("What are model variants since 2025?"), SAID)
    told = starter("ask", GERMAN, "--rewrite", "--json", "-k", "3", **server.environ)
    rewriting, asking = server.requests
    assert "language with the code en" in rewriting.body["messages"][0]["content"]
    assert prompt(rewriting) == f"Question: {GERMAN}"
    assert f"\nQuestion: {GERMAN}\n" in prompt(asking), "the answer is to the question as it was asked"
    assert "searched for: What are model variants since 2025?\n" in told.err
    assert told.json["question"] == GERMAN
    assert told.json["usage"] == {"prompt_tokens": 2 * 1234, "completion_tokens": 2 * 56}
    assert told.json["cost_usd"] == pytest.approx(2 * 0.00042)
    assert told.json["request"]["rewrite"] is True
    found = starter("inspect", "What are model variants since 2025?", "-k", "1", "--json").json["chunks"][0]
    assert told.json["chunks"][0]["chunk_id"] == found["chunk_id"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (answer("There are five of them."), "what the model wrote instead is not the question"),
        (answer("What are model variants?"), "what the model wrote instead is not the question"),
        (Reply(('{"error": {"message": "No"}}',), 400, "application/json"), "No"),
    ],
    ids=["an answer", "without its number", "an error"],
)
def test_a_rewriting_that_fails_is_reported_and_not_used(
    starter: CommandLine, server: ModelServer, reply: Reply, reason: str
) -> None:
    server.says(reply, SAID)
    told = starter("ask", GERMAN, "--rewrite", **server.environ)
    assert told.status == 0
    assert "note: the question was not rewritten: " in told.err
    assert reason in told.err
    assert "searched for: What are model variants?" not in told.err
    assert len(server.requests) == 2


def test_a_follow_up_is_completed_and_then_rewritten(starter: CommandLine, server: ModelServer) -> None:
    server.says(
        answer(f"{QUESTION}"), SAID, answer("Which model variants are static?"), answer("Static variants?"), SAID
    )
    told = starter("ask", "--chat", "--rewrite", stdin=f"{QUESTION}\nWhich are static?\n", **server.environ)
    assert told.status == 0, told.err
    assert "asked as: Which model variants are static?\n" in told.err
    assert "searched for: Static variants?\n" in told.err
    assert prompt(server.requests[3]) == "Question: Which model variants are static?"
    assert "\nQuestion: Which model variants are static?\n" in prompt(server.requests[4])


def test_rewriting_needs_a_model(starter: CommandLine) -> None:
    refused = starter("ask", QUESTION, "--rewrite", "--no-llm")
    assert (refused.status, refused.out) == (2, "")
    assert "--rewrite needs a model, which rewrites the question" in refused.err


def found_by(request: Any) -> list[str]:
    return [message["content"] for message in request.body["messages"] if message["role"] == "tool"]


def test_a_model_may_search_and_cite_what_it_found(starter: CommandLine, server: ModelServer) -> None:
    server.says(searches("fallback models", "rate limits"), SAID)
    told = starter("ask", QUESTION, "--search-tool", "--json", "-k", "2", **server.environ)
    first, second = server.requests
    assert [tool["function"]["name"] for tool in first.body["tools"]] == ["search_docs"]
    assert len(found_by(second)) == 2
    assert all("</passage-" in text for text in found_by(second))
    assert len(told.json["chunks"]) > 2
    assert told.json["citations"][0]["chunk_id"] == told.json["chunks"][0]["chunk_id"]
    assert told.json["usage"] == {"prompt_tokens": 1334, "completion_tokens": 66}


def test_a_model_searches_three_times_at_most(starter: CommandLine, server: ModelServer) -> None:
    server.says(*[searches("fallback models")] * 3, SAID)
    assert starter("ask", QUESTION, "--search-tool", **server.environ).status == 0
    assert ["tools" in request.body for request in server.requests] == [True, True, True, False]
    server.says(searches("fallback models"))
    told = starter("ask", QUESTION, "--search-tool", **server.environ)
    assert (told.status, len(server.requests)) == (1, 4)
    assert "a tool that it was not given" in told.err


@pytest.mark.parametrize(
    "reply",
    [
        searches("x", name="run_shell"),
        searches("x", arguments='{"query": 7}'),
        searches("x", arguments="{not json"),
        searches("x", arguments='["a"]'),
        searches("x", arguments='{"query": "' + "a" * 9_000 + '"}'),
        searches("", "   "),
    ],
    ids=["another tool", "no text", "no JSON", "a list", "endless", "empty"],
)
def test_arguments_of_a_model_are_not_trusted(starter: CommandLine, server: ModelServer, reply: Reply) -> None:
    server.says(reply, SAID)
    assert starter("ask", QUESTION, "--search-tool", **server.environ).status == 0
    second = server.requests[1]
    assert set(found_by(second)) == {"There is one tool: search_docs, with a text as query."}
    calls = [call for message in second.body["messages"] for call in message.get("tool_calls", [])]
    assert all(set(json.loads(call["function"]["arguments"])) == {"query"} for call in calls)


def test_searching_needs_a_model(starter: CommandLine) -> None:
    refused = starter("ask", QUESTION, "--search-tool")
    assert (refused.status, refused.err.splitlines()[1][:6]) == (2, "hint: ")


def test_a_remote_reranker_reorders_the_passages(starter: CommandLine, server: ModelServer) -> None:
    server.says(SAID)
    plain = starter("ask", QUESTION, "--json", "-k", "5", **server.environ).json["chunks"]
    found = starter(
        "ask", QUESTION, "--json", "-k", "5", "--context", "0", "--reranker", "openrouter:acme/rerank", **server.environ
    ).json
    lengths = [len(chunk["context"]) + len(chunk["text"]) for chunk in found["chunks"]]
    assert lengths == sorted(lengths, reverse=True), "the server's scores are lengths"
    assert [chunk["rank"] for chunk in found["chunks"]] == [1, 2, 3, 4, 5]
    assert [chunk["chunk_id"] for chunk in found["chunks"]] != [chunk["chunk_id"] for chunk in plain]
    refused = starter("ask", QUESTION, "--no-llm", "--reranker", "openrouter:acme/rerank", **server.environ)
    assert refused.status == 2


def test_a_reranker_that_is_none_is_named(starter: CommandLine, tmp_path: Path) -> None:
    refused = starter("ask", QUESTION, "--no-llm", "--reranker", str(tmp_path), HF_HUB_OFFLINE="1")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.splitlines()[-2].startswith(f"error: the model '{tmp_path}' can't be loaded: ")


def test_a_dry_run_says_what_would_be_sent_and_its_price(starter: CommandLine, server: ModelServer) -> None:
    server.documents["models"] = PRICES
    plan = starter("ask", QUESTION, "--dry-run", "--model", "acme/a", "--max-tokens", "100", **server.environ)
    assert [request.path for request in server.requests] == ["/v1/models"]
    assert "authorization" not in server.requests[0].headers
    assert "model     acme/a\n" in plan.out
    found = starter("ask", QUESTION, "--dry-run", "--json", "--model", "acme/a", **server.environ).json
    assert found["request"]["max_completion_tokens"] == 800
    assert 300 < found["prompt_tokens"] < 5_000
    assert found["cost_usd"] == pytest.approx((found["prompt_tokens"] + 1600) / 1e6)
    assert KEY not in json.dumps(found)


def test_a_dry_run_tells_when_nothing_would_be_sent(starter: CommandLine, server: ModelServer) -> None:
    assert "pages are quoted" in starter("ask", QUESTION, "--dry-run").out
    assert "do not answer" in starter("ask", "How do I bake bread?", "--dry-run", **server.environ).out
    assert server.requests == []


def test_an_answer_as_markdown(starter: CommandLine, server: ModelServer) -> None:
    server.says(SAID)
    shown = starter("ask", QUESTION, "--format", "markdown", **server.environ)
    assert shown.out.startswith(f"# {QUESTION}\n\nA suffix of the slug [1].\n\n## Sources\n\n1. [Frequently Asked")
    assert "](<https://openrouter.ai/docs/faq#what-are-model-variants>)\n\n   > A model variant is" in shown.out
    server.says(Reply((event("A suffix"),)))
    cut: Result = starter("ask", QUESTION, "--format", "markdown", **server.environ)
    assert cut.status == 1
    assert "*This answer is incomplete.*" in cut.out
    assert "## Nearest pages\n\n- " in starter("ask", "How do I bake bread?", "--format", "markdown").out
