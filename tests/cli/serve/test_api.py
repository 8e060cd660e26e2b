"""The HTTP API gives what the command line gives."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.serve.conftest import QUESTION, Running, events_of, serving
from tests.conftest import CommandLine
from tests.rag.server import KEY, Reply, answer, failure

OFF_TOPIC = "How do I bake sourdough bread?"


def test_search_is_what_inspect_prints(running: Running, starter: CommandLine) -> None:
    served = running.get("/api/search?q=What+are+model+variants%3F&k=3").json
    printed = starter("inspect", QUESTION, "-k", "3", "--json").json
    assert [chunk["chunk_id"] for chunk in served["chunks"]] == [chunk["chunk_id"] for chunk in printed["chunks"]]
    assert {name: served[name] for name in ("schema", "question", "index")} == {
        name: printed[name] for name in ("schema", "question", "index")
    }
    assert served["chunks"][0]["text"] == printed["chunks"][0]["text"]
    assert "/" not in served["chunks"][0]["file_path"]


def test_search_with_context_is_what_inspect_prints_with_it(running: Running, starter: CommandLine) -> None:
    served = running.get("/api/search?q=What+are+model+variants%3F&k=5&context=700").json["chunks"]
    printed = starter("inspect", QUESTION, "-k", "5", "--context", "700", "--json").json["chunks"]
    assert [(one["start"], one["text"]) for one in served] == [(one["start"], one["text"]) for one in printed]
    assert running.get("/api/search?q=x&context=99999").status == 400
    assert running.post("/api/ask", {"question": QUESTION, "context": "many"}).status == 400
    assert running.post("/api/ask", {"question": QUESTION, "context": 300}).json["answered"]


def test_ask_is_what_ask_prints(running: Running, starter: CommandLine) -> None:
    served = running.post("/api/ask", {"question": QUESTION}).json
    printed = starter("ask", QUESTION, "--no-llm", "--json").json
    for name in (
        "question",
        "answer",
        "answered",
        "complete",
        "mode",
        "backend",
        "unsupported",
        "model",
        "index",
        "request",
    ):
        assert served[name] == printed[name], name
    assert [c["quote"] for c in served["citations"]] == [c["quote"] for c in printed["citations"]]
    assert all(c["link"].startswith(c["url"].split("#")[0]) for c in served["citations"])


def test_a_stream_ends_with_the_same_document(running: Running) -> None:
    whole = running.post("/api/ask", {"question": QUESTION}).json
    response = running.post("/api/ask", {"question": QUESTION, "stream": True})
    events = events_of(response)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    assert events[0][0] == "sentence"
    assert [name for name, _ in events].count("citation") == len(whole["citations"])
    name, done = events[-1]
    assert name == "done"
    assert {**done, "timings_ms": 0, "id": ""} == {**whole, "timings_ms": 0, "id": ""}


def test_a_refusal_names_the_nearest_pages(running: Running) -> None:
    refused = running.post("/api/ask", {"question": OFF_TOPIC}).json
    assert refused["answered"] is False
    assert refused["citations"] == []
    assert refused["chunks"]


def test_under_restricts_and_reports_paths_that_do_not_exist(running: Running) -> None:
    found = running.get("/api/search?q=streaming&under=/docs/api_reference").json["chunks"]
    assert found
    assert all(chunk["page"].startswith("/docs/api_reference") for chunk in found)
    nothing = running.get("/api/search?q=streaming&under=/nowhere")
    assert (nothing.status, nothing.json["error"]["code"]) == (400, "usage")


def test_a_page_comes_whole_or_in_parts(running: Running, starter: CommandLine) -> None:
    page = running.get("/api/page?path=/docs/faq").json
    assert page["text"].startswith("# ")
    assert page["next"] is None
    assert page["characters"] == len(page["text"])
    rest = running.get("/api/page?path=/docs/faq&from=100").json
    assert rest["text"] == page["text"][100:]
    chunk = starter("inspect", QUESTION, "-k", "1", "--json").json["chunks"][0]
    cited = running.get(f"/api/page?path={chunk['page']}").json
    assert cited["text"][chunk["start"] : chunk["end"]] == chunk["text"]
    file = running.get("/api/search?q=variants&k=1").json["chunks"][0]
    for name, wanted in (("faq.md", "/docs/faq"), ("docs/faq.md", "/docs/faq"), (file["file_name"], file["page"])):
        assert running.get(f"/api/page?path={name}").json["page"] == wanted  # as files are named in answers


def test_a_follow_up_uses_the_history(running: Running) -> None:
    history = [{"question": "What is response caching?", "answer": "Answers of a model that are kept. [1]"}]
    followed = running.post("/api/ask", {"question": "and how long is it kept?", "history": history}).json
    assert "caching" in followed["question"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": 3},
        {"question": ""},
        {"question": "…"},
        {"question": "x" * 4001},
        {"question": QUESTION, "k": 0},
        {"question": QUESTION, "k": 51},
        {"question": QUESTION, "k": "8"},
        {"question": QUESTION, "under": 1},
        {"question": QUESTION, "history": "none"},
        {"question": QUESTION, "history": [{"answer": "x"}]},
        {"question": QUESTION, "stream": "yes"},
        [],
        "text",
        b"{",
        b"\xff\xfe",
        b"[" * 50_000,
        b'{"question": "\\ud800"}',
        b'{"question": "caching", "under": "\\ud800"}',
        b'{"question": "caching", "k": 1e400}',
        b'{"question": "caching", "k": ' + b"9" * 5_000 + b"}",
    ],
)
def test_wrong_bodies_are_refused_with_a_reason(running: Running, body: Any) -> None:
    response = running.post("/api/ask", body)
    assert response.status == 400
    error = response.json["error"]
    assert error["code"] == "usage"
    assert error["message"]


def test_what_is_not_there_is_said_in_the_same_shape(running: Running) -> None:
    assert running.get("/api/nothing").json["error"]["code"] == "not-found"
    assert running.request("DELETE", "/api/search").status == 405
    assert running.get("/api/page?path=/nowhere").status == 400
    assert running.get("/api/search?q=x&k=many").status == 400


def test_status_says_what_answers_and_no_path(running: Running, starter: CommandLine) -> None:
    response = running.get("/api/status")
    assert response.json["answers"] == "quoted"
    assert response.json["index"]["pages"] == starter("status", "--json").json["index"]["pages"]
    assert str(starter.cwd) not in response.text
    assert running.get("/healthz").json["status"] == "ok"


def test_a_log_keeps_questions_and_votes_masked_and_without_addresses(starter: CommandLine, tmp_path: Path) -> None:
    log = tmp_path / "questions.jsonl"
    with serving(starter, "--log", log) as server:
        asked = server.post("/api/ask", {"question": "What are model variants? I am ann@example.com"}).json
        assert server.post("/api/feedback", {"id": asked["id"], "vote": "down"}).json["recorded"] is True
        assert server.post("/api/feedback", {"id": "bob@example.com", "vote": "up"}).status == 400
    lines = log.read_text("utf-8")
    assert "ann@example.com" not in lines
    assert "127.0.0.1" not in lines
    question, vote = map(json.loads, lines.splitlines())
    assert question["id"] == asked["id"] == vote["vote_on"]
    assert question["answered"] is True
    assert 0 < question["confidence"] <= 1
    assert vote["vote"] == "down"


def test_a_vote_needs_an_id_and_a_direction(running: Running) -> None:
    assert running.post("/api/feedback", {"id": "abc", "vote": "up"}).json["recorded"] is False
    assert running.post("/api/feedback", {"id": "abc", "vote": "sideways"}).status == 400
    assert running.post("/api/feedback", {"vote": "up"}).status == 400


def test_a_model_writes_sentence_by_sentence(written: Callable[..., Any]) -> None:
    with written() as (server, model):
        model.says(answer("A variant is a suffix ", "of the slug [1]. ", "Pigs fly [1]."), answer("x"))
        events = events_of(server.post("/api/ask", {"question": QUESTION, "stream": True}))
        names = [name for name, _ in events]
        done = events[-1][1]
        assert names[-1] == "done"
        assert names.count("sentence") >= 2
        assert done["mode"] == "openrouter"
        assert any("Pigs fly" in sentence for sentence in done["unsupported"]), (done["answer"], done["unsupported"])
        assert KEY not in str(events)


def test_a_judge_decides_for_a_server_as_for_ask(written: Callable[..., Any]) -> None:
    verdicts = json.dumps({"verdicts": [{"sentence": 1, "supported": False}]})
    judged = {"model": "acme/judge-1", "choices": [{"message": {"role": "assistant", "content": verdicts}}]}
    with written("--judge", "openrouter:acme/judge") as (server, model):
        model.says(
            answer("A variant is a suffix of the slug [1]."),
            Reply((json.dumps(judged),), content_type="application/json"),
        )
        done = server.post("/api/ask", {"question": QUESTION}).json
        assert done["unsupported"] == ["A variant is a suffix of the slug."]
        assert model.requests[-1].body["model"] == "acme/judge"


def test_a_judge_of_a_server_needs_a_model(starter: CommandLine) -> None:
    refused = starter("serve", "--judge", "openrouter:acme/judge", "--no-llm", "--port", "0")
    assert refused.status == 2
    assert "--judge needs a model, which writes what is judged" in refused.err


def test_a_model_that_fails_is_an_error_without_secrets(written: Callable[..., Any]) -> None:
    with written() as (server, model):
        model.says(failure(401, f"bad key {KEY}"))
        response = server.post("/api/ask", {"question": QUESTION})
        assert response.status == 502
        assert response.json["error"]["code"] == "model"
        assert KEY not in response.text
        model.says(failure(401, "bad key"))
        assert events_of(server.post("/api/ask", {"question": QUESTION, "stream": True}))[-1][0] == "error"


def test_a_budget_that_is_used_up_means_quoted_answers_and_a_note(written: Callable[..., Any]) -> None:
    with written("--budget", "0.0004") as (server, model):
        model.says(answer("A variant is a suffix of the slug [1]."))
        assert server.post("/api/ask", {"question": QUESTION}).json["mode"] == "openrouter"
        second = server.post("/api/ask", {"question": QUESTION}).json
        assert second["mode"] == "extractive"
        assert "budget" in second["note"]
        assert len(model.requests) == 1


def test_too_many_requests_are_told_when_to_come_again(starter: CommandLine) -> None:
    with serving(starter, "--per-minute", "5") as server:
        answers = [server.get("/api/search?q=streaming") for _ in range(8)]
        assert [response.status for response in answers].count(200) == 5
        assert answers[-1].status == 429
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert server.get("/healthz").status == 200


def test_a_quoted_answer_streams_by_sentence_with_its_citations(running: Running) -> None:
    whole = running.post("/api/ask", {"question": "How do I set a fallback model?"}).json
    events = events_of(running.post("/api/ask", {"question": whole["question"], "stream": True}))
    sentences = [data for name, data in events if name == "sentence"]
    assert len(sentences) > 1
    assert "".join(sentence["text"] for sentence in sentences) == whole["answer"]
    said, cited = "", []
    for name, data in events[:-1]:
        if name == "sentence":
            said += data["text"]
        else:
            assert f"[{data['marker']}]" in said  # a source comes with the sentence that names it, not at the end
            cited.append(data)
    assert cited == whole["citations"]


def test_a_stream_for_people_has_the_answer_so_far_as_html(running: Running) -> None:
    asked = {"question": "How do I set a fallback model?", "stream": True, "turn": True}
    events = events_of(running.post("/api/ask", asked))
    done = events[-1][1]
    sentences = [data for name, data in events if name == "sentence"]
    cards = [data["card"] for name, data in events if name == "citation"]
    assert len(sentences[0]["html"]) < len(sentences[-1]["html"])
    assert sentences[-1]["html"] in done["turn"]  # the same ids: what is shown already stays as it is
    assert cards
    assert all(card in done["turn"] for card in cards)
    assert done["id"] in cards[0]
