"""The OpenAI-compatible API through the clients that people use."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.serve.clients import MISSING, python_client
from tests.cli.serve.conftest import QUESTION, Running
from tests.conftest import CommandLine
from tests.rag.server import answer

MESSAGES: list[Any] = [{"role": "user", "content": QUESTION}]


@pytest.fixture
def client(running: Running) -> Any:
    openai = pytest.importorskip("openai")
    return openai.OpenAI(base_url=f"{running.url}/v1", api_key="none", max_retries=0)


def test_the_model_list_has_what_clients_read(client: Any) -> None:
    assert [model.id for model in client.models.list()] == ["askdocs"]


def test_a_completion_has_text_annotations_and_usage(client: Any, running: Running) -> None:
    done = client.chat.completions.create(model="askdocs", messages=MESSAGES)
    message = done.choices[0].message
    assert done.usage.total_tokens == 0
    assert message.annotations
    for annotation in message.annotations:
        cited = annotation.url_citation
        mark = message.content[cited.start_index : cited.end_index]
        assert mark.startswith("[")
        assert mark.endswith(")")
        assert cited.url.split("#")[0] in mark


def test_a_stream_says_the_same_and_reports_usage_when_asked(client: Any) -> None:
    whole = client.chat.completions.create(model="askdocs", messages=MESSAGES).choices[0].message
    chunks = list(
        client.chat.completions.create(
            model="askdocs", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.content
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens == 0
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    annotated = [
        delta
        for chunk in chunks
        if chunk.choices
        for delta in (getattr(chunk.choices[0].delta, "annotations", None) or [])
    ]
    assert len(annotated) == len(whole.annotations)


def test_the_async_client_streams_as_well(running: Running) -> None:
    openai = pytest.importorskip("openai")

    async def main() -> str:
        async with openai.AsyncOpenAI(base_url=f"{running.url}/v1", api_key="none") as client:
            stream = await client.chat.completions.create(model="askdocs", messages=MESSAGES, stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert "suffix" in asyncio.run(main())


def test_unknown_fields_parts_and_system_messages_are_accepted(running: Running) -> None:
    body = {
        "model": "whatever",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is response caching?"},
            {"role": "assistant", "content": "Kept answers."},
            {"role": "user", "content": [{"type": "text", "text": QUESTION}, {"type": "image_url", "image_url": {}}]},
        ],
        "temperature": 0.2, "top_p": 1, "presence_penalty": 0, "user": "u", "made_up": {"a": [1]}, "n": 1,
    }  # fmt: skip
    done = running.post("/v1/chat/completions", body)
    assert done.status == 200
    assert "suffix" in done.json["choices"][0]["message"]["content"]


@pytest.mark.parametrize(
    "body",
    [{}, {"messages": []}, {"messages": "x"}, {"messages": [{"role": "assistant", "content": "x"}]}, {"messages": [3]}],
)
def test_errors_have_openai_s_shape(running: Running, body: Any) -> None:
    response = running.post("/v1/chat/completions", body)
    assert response.status == 400
    assert set(response.json["error"]) == {"message", "type", "code", "param"}
    assert response.json["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("stream", ["true", "false"])
def test_half_a_character_is_refused_before_anything_is_sent(running: Running, stream: str) -> None:
    messages = f'"messages": [{{"role": "user", "content": "{QUESTION}"}}]'
    response = running.post("/v1/chat/completions", f'{{"model": "\\ud800", "stream": {stream}, {messages}}}'.encode())
    assert response.status == 400
    assert response.json["error"]["type"] == "invalid_request_error"


def test_a_client_s_own_tasks_go_to_the_model_without_a_search(written: Callable[..., Any]) -> None:
    task = "### Task:\nGenerate a concise title.\n### Chat History:\nUSER: What are model variants?"
    with written() as (server, model):
        model.says(answer("Model variants"))
        done = server.post("/v1/chat/completions", {"messages": [{"role": "user", "content": task}]})
        assert done.json["choices"][0]["message"]["content"] == "Model variants"
        assert len(model.requests) == 1
        sent = json.dumps(model.requests[0].body)
        assert "suffix" not in sent


def test_a_task_without_a_model_is_answered_with_nothing(running: Running) -> None:
    done = running.post("/v1/chat/completions", {"messages": [{"role": "user", "content": "### Task:\nMake a title."}]})
    assert done.status == 200
    assert done.json["choices"][0]["message"]["content"] == ""


needs_llm = pytest.mark.skipif(not python_client("llm", "llm"), reason=MISSING)
needs_llama_index = pytest.mark.skipif(not python_client("llama-index"), reason=MISSING)


@needs_llm
def test_llm_on_the_command_line(running: Running, tmp_path: Path) -> None:
    (tmp_path / "extra-openai-models.yaml").write_text(
        f"- model_id: docs\n  model_name: askdocs\n  api_base: {running.url}/v1\n  api_key_name: none\n", "utf-8"
    )
    environ = {
        "PATH": os.environ["PATH"],
        "LLM_USER_PATH": str(tmp_path),
        "HOME": str(tmp_path),
        "OPENAI_API_KEY": "none",
    }
    for more in ([], ["--no-stream"]):
        done = subprocess.run(
            [str(python_client("llm", "llm")), "-m", "docs", *more, QUESTION],
            env=environ, capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        assert "suffix" in done.stdout


LLAMA_INDEX = """
import sys
from llama_index.llms.openai_like import OpenAILike
llm = OpenAILike(model="askdocs", api_base=sys.argv[1], api_key="none", is_chat_model=True)
print(llm.complete(sys.argv[2]).text)
print("".join(part.delta or "" for part in llm.stream_complete(sys.argv[2])))
"""


@needs_llama_index
def test_llama_index_openai_like(running: Running) -> None:
    done = subprocess.run(
        [str(python_client("llama-index")), "-c", LLAMA_INDEX, f"{running.url}/v1", QUESTION],
        capture_output=True, text=True, check=True, timeout=240,
    )  # fmt: skip
    assert done.stdout.count("suffix") >= 2


LLAMA_INDEX_TOOLS = """
import asyncio, sys
from llama_index.tools.mcp import BasicMCPClient, McpToolSpec

async def main(command, question):
    found = await McpToolSpec(client=BasicMCPClient(command[0], args=command[1:])).to_tool_list_async()
    tools = {tool.metadata.name: tool for tool in found}
    print(" ".join(tools))
    print((await tools["ask_docs"].acall(question=question)).content)

asyncio.run(main(sys.argv[1:-1], sys.argv[-1]))
"""


@needs_llama_index
@pytest.mark.parametrize("transport", ["http", "stdio"])
def test_llama_index_s_tools_over_mcp(running: Running, starter: CommandLine, transport: str) -> None:
    target = [f"{running.url}/mcp"] if transport == "http" else [sys.executable, "-m", "cli", "mcp"]
    done = subprocess.run(
        [str(python_client("llama-index")), "-c", LLAMA_INDEX_TOOLS, *target, QUESTION],
        capture_output=True, text=True, check=False, timeout=240, cwd=starter.cwd, env=dict(starter.environ),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    names, _, said = done.stdout.partition("\n")
    assert names.split() == ["search", "fetch", "ask_docs", "read_page"]
    assert "suffix" in said


def test_open_webui_s_requests_get_what_it_reads(running: Running) -> None:
    """As its middleware sends and reads them: source chips come from `delta.annotations` of the type url_citation."""
    assert [model["id"] for model in running.get("/v1/models").json["data"]] == ["askdocs"]
    body = {
        "stream": True, "model": "askdocs", "messages": MESSAGES, "stream_options": {"include_usage": True},
        "chat_id": "c", "session_id": "s", "id": "m", "features": {"web_search": False}, "metadata": {}, "tools": None,
    }  # fmt: skip
    response = running.post("/v1/chat/completions", body, Authorization="Bearer none")
    assert response.headers["content-type"].startswith("text/event-stream")
    lines = [line[6:] for line in response.text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    deltas = [choice["delta"] for line in lines[:-1] for choice in json.loads(line)["choices"]]
    assert all("tool_calls" not in delta for delta in deltas)
    chips = [one["url_citation"] for delta in deltas for one in delta.get("annotations", [])]
    assert chips
    assert all(chip["url"].startswith("https://") and chip["title"] for chip in chips)


def test_librechat_s_requests_get_what_it_reads(running: Running) -> None:
    """With the parameters that it sends by default; it shows no annotations, so the text has links."""
    body = {
        "model": "askdocs", "messages": [{"role": "system", "content": "Be kind."}, *MESSAGES], "stream": False,
        "temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0, "user": "u1", "max_tokens": 100,
    }  # fmt: skip
    done = running.post("/v1/chat/completions", body).json
    assert re.search(r"\[1\]\(https://[^)\s]+\)", done["choices"][0]["message"]["content"])
    assert done["usage"]["total_tokens"] == 0
