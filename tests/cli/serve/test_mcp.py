"""The MCP tools through the official client: both protocol eras, over stdio and HTTP."""

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

mcp = pytest.importorskip("mcp", reason="askdocs[serve] is not installed")

from mcp import Client, MCPError, StdioServerParameters  # noqa: E402 - after the skip
from mcp.client.stdio import stdio_client  # noqa: E402

from tests.cli.serve.conftest import QUESTION, Running  # noqa: E402
from tests.conftest import CommandLine  # noqa: E402

WAYS = [("http", "auto"), ("http", "legacy"), ("stdio", "auto"), ("stdio", "legacy")]
Use = Callable[[Callable[[Any], Awaitable[Any]]], Any]


@pytest.fixture(params=WAYS, ids="-".join)
def use(request: pytest.FixtureRequest, running: Running, starter: CommandLine) -> Use:
    """Runs a coroutine with a connected client."""
    transport, mode = request.param
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "cli", "mcp"], env=dict(starter.environ), cwd=str(starter.cwd)
    )

    @asynccontextmanager
    async def connect() -> AsyncIterator[Any]:
        target = f"{running.url}/mcp" if transport == "http" else stdio_client(command)
        async with Client(target, mode=mode) as client:
            yield client

    def run(work: Callable[[Any], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            async with connect() as client:
                return await work(client)

        return anyio.run(main)

    return run


def test_the_tools_are_read_only_in_a_fixed_order_with_schemas(use: Use) -> None:
    async def work(client: Any) -> Any:
        return (await client.list_tools()).tools, (await client.list_tools()).tools

    first, second = use(work)
    assert (
        [tool.name for tool in first] == ["search", "fetch", "ask_docs", "read_page"] == [tool.name for tool in second]
    )
    for tool in first:
        assert tool.annotations.read_only_hint is True
        assert tool.output_schema["type"] == "object"
        assert tool.description


def test_search_then_fetch_have_the_shapes_that_connectors_require(use: Use) -> None:
    async def work(client: Any) -> Any:
        found = await client.call_tool("search", {"query": QUESTION})
        fetched = await client.call_tool("fetch", {"id": found.structured_content["results"][0]["id"]})
        return found, fetched

    found, fetched = use(work)
    results = found.structured_content["results"]
    assert results
    assert all(set(result) == {"id", "title", "url"} for result in results)
    assert json.loads(found.content[0].text) == found.structured_content
    document = fetched.structured_content
    assert set(document) == {"id", "title", "text", "url", "metadata"}
    assert "suffix" in document["text"]
    assert document["url"].startswith("https://openrouter.ai/docs/")


def test_ask_docs_answers_with_citations_and_refuses(use: Use) -> None:
    async def work(client: Any) -> Any:
        asked = await client.call_tool("ask_docs", {"question": QUESTION})
        refused = await client.call_tool("ask_docs", {"question": "How do I bake sourdough bread?"})
        return asked.structured_content, refused.structured_content

    asked, refused = use(work)
    assert asked["answered"]
    assert asked["citations"]
    assert all(citation["quote"] for citation in asked["citations"])
    assert "chunks" not in asked
    assert not refused["answered"]


def test_a_page_is_read_in_parts_below_what_clients_show(use: Use) -> None:
    async def work(client: Any) -> Any:
        return await client.call_tool("read_page", {"path": "/docs/faq"})

    page = use(work)
    assert page.structured_content["text"].startswith("# ")
    assert len(page.content[0].text) < 50_000


def test_what_a_model_can_mend_is_a_result_and_an_unknown_tool_is_an_error(use: Use) -> None:
    async def work(client: Any) -> Any:
        wrong = [
            await client.call_tool("fetch", {"id": "\x00"}),
            await client.call_tool("fetch", {"id": "'; DROP TABLE chunks; --"}),
            await client.call_tool("fetch", {"id": 7}),
            await client.call_tool("search", {}),
            await client.call_tool("read_page", {"path": "/docs/faq", "from": True}),
            await client.call_tool("read_page", {"path": "../../etc/passwd"}),
            await client.call_tool("fetch", {"id": "nothing"}),
            await client.call_tool("search", {"query": "…"}),
            await client.call_tool("search", {"query": "x" * 5000}),
            await client.call_tool("read_page", {"path": "/nowhere"}),
            await client.call_tool("read_page", {"path": "/docs/faq", "from": -1}),
            await client.call_tool("ask_docs", {"question": QUESTION, "under": "/nowhere"}),
        ]
        with pytest.raises(MCPError) as unknown:
            await client.call_tool("remove_everything", {})
        return wrong, unknown.value.code

    wrong, code = use(work)
    assert all(result.is_error for result in wrong)
    assert all(result.content[0].text for result in wrong)
    assert code == -32602


def test_only_post_is_served_so_that_no_stream_stays_open(running: Running) -> None:
    for method in ("GET", "DELETE", "PUT", "OPTIONS"):
        assert running.request(method, "/mcp", headers={"Accept": "text/event-stream"}).status == 405
