"""`ask` with a model: the command line against a local server that speaks OpenRouter's protocol."""

import json
import time
from collections.abc import Iterator

import pytest

from tests.conftest import CommandLine, Result
from tests.rag.conftest import QUESTION, Ask
from tests.rag.server import KEY, ModelServer, Reply, answer, broken, cut, event, failure, html, stalled

SAID = ("A model variant is a suffix written after a model's sl", "ug [", "1", ", 9]. Pigs fly ", "high [2].")
SHOWN = "A model variant is a suffix written after a model's slug [1]. Pigs fly high [2]."
STRANGER = {"OPENAI_API_KEY": "sk-openai-stranger", "OPENAI_ORG_ID": "org-1", "OPENAI_PROJECT_ID": "proj-1"}


@pytest.fixture(scope="module")
def whole(starter: CommandLine) -> Iterator[tuple[Result, Result, ModelServer]]:
    """One answer as text and one as JSON, from processes with a stranger's keys in their environment."""
    with ModelServer() as server:
        server.says(answer(*SAID))
        environ = {**server.environ, **STRANGER}
        text = starter("ask", QUESTION, **environ)
        yield (
            text,
            starter("ask", QUESTION, "--json", "--max-tokens", "77", "--model", "acme/a, acme/b", **environ),
            server,
        )


def test_the_answer_is_streamed_with_its_sources(whole: tuple[Result, Result, ModelServer]) -> None:
    text, _, _ = whole
    assert (text.status, text.out.splitlines()[0]) == (0, f"{SHOWN} [unsupported]")
    assert "[1] Frequently Asked Questions › Models and providers › What are model variants?" in text.out
    assert "    https://openrouter.ai/docs/faq#what-are-model-variants\n    “A model variant is a suffix" in text.out
    assert "note: 1 citation marks named no passage and were removed\n" in text.err
    assert "unsupported: Pigs fly high.\n" in text.err
    assert "acme/answerer-2 · 1234 + 56 tokens · $0.000420 · " in text.err


def test_the_json_answer_tells_the_same(whole: tuple[Result, Result, ModelServer]) -> None:
    _, found, _ = whole
    document = found.json
    assert (document["answer"], document["mode"], document["model"]) == (SHOWN, "openrouter", "acme/answerer-2")
    assert document["backend"] == "compatible"
    assert (document["answered"], document["complete"]) == (True, True)
    assert document["usage"] == {"prompt_tokens": 1234, "completion_tokens": 56}
    assert document["cost_usd"] == 0.00042
    assert document["unsupported"] == ["Pigs fly high."]
    assert [citation["marker"] for citation in document["citations"]] == [1, 2]
    assert document["citations"][0]["quote"].startswith("A model variant is a suffix, such as `:free`")


def test_the_request_is_modest_and_names_nobody_else(whole: tuple[Result, Result, ModelServer]) -> None:
    first, second = whole[2].requests
    assert first.path == "/v1/chat/completions"
    assert first.headers["authorization"] == f"Bearer {KEY}"
    assert (first.body["stream"], first.body["max_completion_tokens"]) == (True, 800)
    assert (second.body["max_completion_tokens"], second.body["model"]) == (77, "acme/a")
    assert (second.body["max_tokens"], second.body["temperature"]) == (77, 0.1), "Ollama knows the former alone"
    assert second.body["stream_options"] == {"include_usage": True}
    assert not {"plugins", "models"} & set(first.body), "OpenRouter's own fields are not for other servers"
    system, user = first.body["messages"]
    assert "NOT_IN_DOCS" in system["content"]
    assert f"Question: {QUESTION}\n(Answer from the passages above." in user["content"]
    sent = json.dumps([first.headers, first.body, second.headers, second.body])
    assert not [value for value in STRANGER.values() if value in sent]


def test_openrouter_itself_gets_fallbacks_and_no_compression(server: ModelServer, starter: CommandLine) -> None:
    origin = server.url.removesuffix("/v1")
    openrouter = {"OPENROUTER_BASE_URL": "http://eu.openrouter.ai/api/v1", "HTTP_PROXY": origin}
    starter("ask", QUESTION, "--model", "acme/a,acme/b", **{**server.environ, **openrouter})
    (request,) = server.requests
    assert request.path.endswith("/api/v1/chat/completions")
    assert request.body["models"] == ["acme/a", "acme/b"]
    assert request.body["plugins"] == [{"id": "context-compression", "enabled": False}]
    assert not {"max_tokens", "stream_options"} & set(request.body), "deprecated there"


@pytest.mark.parametrize(
    "word", [["NOT_IN_DOCS"], ["NOT", "_IN_", "DOCS."], [" ", "NOT_IN_DOCS\n", "Sorry."], ["**", "NOT_IN_DOCS**"]]
)
def test_a_model_may_say_that_the_docs_hold_no_answer(ask: Ask, server: ModelServer, word: list[str]) -> None:
    server.says(answer(*word))
    refused = ask()
    assert refused.status == 3
    assert refused.out.startswith(
        "The model found no answer in the docs; the pages say:\n\n[1] Frequently Asked Questions"
    )
    assert "NOT_IN" not in refused.out


def test_text_that_begins_like_the_refusal_is_shown_whole(ask: Ask, server: ModelServer) -> None:
    server.says(answer("NOT", "_IN", " vain is a suffix of the model's slug [1]."))
    assert ask().out.startswith("NOT_IN vain is a suffix of the model's slug [1].")
    server.says(answer("**", "NOT"))
    assert ask().out.startswith("**NOT\n\nNo sentence of this answer could be verified; the pages say:\n\n")


@pytest.mark.parametrize(
    ("reply", "hint"),
    [
        (cut("A suffix", " of the slug"), "try again"),
        (broken("A suffix", " of the slug"), "try again"),
        (stalled("A suffix", " of the slug"), "--timeout"),
        (answer("A suffix", " of the slug", finish="length"), "--max-tokens"),
    ],
    ids=["cut", "error event", "deadline", "length"],
)
def test_a_partial_answer_is_kept_and_called_incomplete(ask: Ask, server: ModelServer, reply: Reply, hint: str) -> None:
    server.says(reply)
    started = time.monotonic()
    partial, document = ask("--timeout", "1.5", "-q"), ask("--timeout", "1.5", "--json")
    assert time.monotonic() - started < 8
    assert (partial.status, partial.out.splitlines()[0]) == (1, "A suffix of the slug")
    error, said = partial.err.splitlines()
    assert error.startswith("error: the answer is incomplete")
    assert said.startswith("hint: ")
    assert hint in said
    assert (document.status, document.json["complete"], document.json["answered"]) == (1, False, True)
    assert document.json["answer"] == "A suffix of the slug"


@pytest.mark.parametrize(
    ("reply", "message", "hint"),
    [
        (failure(401, "User not found."), "answered 401: User not found.", "OPENROUTER_API_KEY"),
        (failure(402, "This request requires more credits"), "answered 402: This request requires", "credits"),
        (failure(429, "Rate limit exceeded", Retry_After="60"), "answered 429: Rate limit exceeded", "wait"),
        (failure(500, "In\u001b[31mternal\r\nerror"), "answered 500: In[31mternal error", "try again"),
        (html(502), "answered 502: HTTP 502", "try again"),
        (html(200), "sent a web page instead of an answer", "OPENROUTER_BASE_URL"),
        (Reply(("{not json",), content_type="application/json"), "is broken: it is not valid JSON", "try again"),
        (Reply(("data: {not json\n\n",)), "is broken", "try again"),
        (broken(), "answered 502: Provider disconnected", "try again"),
        (cut(), "sent no answer", "try again"),
        (stalled(), "did not answer within 1.5 s", "--timeout"),
        (answer(finish="length"), "--max-tokens ended the answer before its first word", "--max-tokens"),
    ],
)
def test_a_failure_is_one_error_line_and_one_hint_line(
    ask: Ask, server: ModelServer, reply: Reply, message: str, hint: str
) -> None:
    server.says(reply)
    started = time.monotonic()
    failed = ask("--timeout", "1.5")
    assert time.monotonic() - started < 5, "the time limit holds for waits between attempts as well"
    assert (failed.status, failed.out) == (1, "")
    error, said = failed.err.splitlines()
    assert error.startswith("error: ")
    assert message in error
    assert said.startswith("hint: ")
    assert hint in said


def test_a_passing_failure_is_tried_again(ask: Ask, server: ModelServer) -> None:
    server.says(failure(503, "overloaded"), answer("A suffix of the slug [1]."))
    assert (ask().status, len(server.requests)) == (0, 2)
    server.says(failure(401, "no"), answer("A suffix of the slug [1]."))
    assert (ask().status, len(server.requests)) == (1, 1)


def test_with_vv_a_traceback_is_shown_without_the_key(ask: Ask, server: ModelServer) -> None:
    server.says(failure(401, "User not found."))
    failed = ask("-vv")
    assert "Traceback (most recent call last)" in failed.err
    assert failed.err.splitlines()[-2].startswith("error: ")


def test_without_a_server_the_hint_says_what_to_check(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_BASE_URL", "http://127.0.0.1:9/v1")
    failed = ask("--timeout", "3")
    assert failed.status == 1
    assert "can't be reached" in failed.err.splitlines()[0]
    assert "OPENROUTER_BASE_URL" in failed.err.splitlines()[1]


def test_no_request_is_made_where_none_is_needed(ask: Ask, server: ModelServer, starter: CommandLine) -> None:
    assert ask("--no-llm").status == 0
    prompt = ask("--show-prompt")
    assert "A model variant is a suffix" in prompt.out
    assert f"\n\nQuestion: {QUESTION}\n(Answer from" in prompt.out
    messages = ask("--show-prompt", "--json").json["messages"]
    assert [message["role"] for message in messages] == ["system", "user"]
    assert starter("ask", "How do I bake sourdough bread?", **server.environ).status == 3
    assert server.requests == []


def test_text_of_a_model_can_not_drive_the_terminal(ask: Ask, server: ModelServer) -> None:
    server.says(
        Reply(
            (
                *map(
                    event,
                    (
                        "A suf\x1b",
                        "]0;x\x07fix\u202e \u009b31m of the slug \ud83d [1].",
                    ),
                ),
                event(finish="stop"),
            )
        )
    )
    shown, document = ask(), ask("--json")
    assert not set(shown.out + document.out) & set("\x1b\x07\u202e\x9b")
    assert "of the slug" in shown.out
    assert not set(document.json["answer"]) & set("\x1b\x07\u202e\x9b"), "nor a page that shows it"


def test_a_server_that_echoes_the_key_is_quoted_without_it(ask: Ask, server: ModelServer) -> None:
    server.says(failure(401, f"No user has the key {KEY}"))
    result = ask()
    assert result.status == 1
    assert "answered 401: No user has the key …" in result.err


def test_a_key_that_can_not_be_sent_stops_only_what_sends_it(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", f"“{KEY}”")
    assert ask("--no-llm").status == 0
    refused = ask()
    assert refused.status == 2
    assert refused.err.startswith("error: the API key contains characters that no key has\nhint: ")


def test_a_removed_marker_leaves_no_gap(ask: Ask, server: ModelServer) -> None:
    server.says(answer("A variant is a suffix of a model's slug [", "99", "] such as :free [1]."))
    assert ask().out.startswith("A variant is a suffix of a model's slug such as :free [1].\n")
