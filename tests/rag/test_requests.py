"""Every request that can be sent, against the official schema, and free of what belongs to others.

The schema is no part of this repository: ASKDOCS_TEST_DATA names the folder that holds it.
"""

import gzip
import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import CommandLine
from tests.rag.server import KEY, ModelServer, Request, answer, searches

DATA = os.environ.get("ASKDOCS_TEST_DATA", "")
STRANGER = {
    "OPENAI_API_KEY": "sk-stranger-0000000000",
    "OPENAI_ADMIN_KEY": "sk-stranger-1111111111",
    "OPENAI_ORG_ID": "org-stranger",
    "OPENAI_PROJECT_ID": "proj-stranger",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/stranger",
    "OPENAI_CUSTOM_HEADERS": "X-Stranger: stranger\nAuthorization: Bearer stranger\nHTTP-Referer: https://stranger",
    "ANTHROPIC_API_KEY": "stranger",
}
HEADERS = set("host accept accept-encoding connection content-type content-length user-agent authorization".split())
MODELS = [{"id": slug, "pricing": {"prompt": "0", "completion": "0"}} for slug in ("acme/a", "acme/b", "acme/c")]
QUESTION = "What are model variants?"


@pytest.fixture(scope="module")
def sent(starter: CommandLine) -> Iterator[list[Request]]:
    """What a run of every command that speaks to a server sends to OpenRouter itself, by way of a proxy."""
    with ModelServer() as server:
        server.documents = {"models": {"data": MODELS}, "key": {"data": {"limit": None, "usage": 1.5}}}
        origin = server.url.removesuffix("/v1")
        proxy = {"OPENROUTER_BASE_URL": "http://eu.openrouter.ai/api/v1", "HTTP_PROXY": origin, "no_proxy": ""}
        environ = {"OPENROUTER_API_KEY": KEY, **proxy, **STRANGER, "ASKDOCS_MODEL": "acme/a,acme/b,acme/c,acme/d"}
        requests: list[Request] = []

        def run(*arguments: str, **more: str) -> None:
            server.requests.clear()
            done = starter(*arguments, **{**environ, **more})
            assert done.status == 0, done.err
            requests.extend(server.requests)

        server.replies = [searches("fallback models"), answer("A suffix of the slug [1].")]
        run("ask", QUESTION, "--search-tool", "--reranker", "openrouter:acme/rerank")
        pages = starter.cwd.parent / "two_pages"
        pages.mkdir()
        (pages / "a.md").write_text("# A\n\nThe longest river is the Nile.\n", encoding="utf-8")
        remote = ("--docs", str(pages), "--embedder", "openrouter:acme/embed")
        run("reindex", "--no-crawl", *remote)
        run("inspect", "longest river", *remote)
        run("models")
        run("doctor")
        yield requests


def test_every_kind_of_request_was_sent(sent: list[Request]) -> None:
    kinds = {request.path.partition("/api/v1")[2] for request in sent}
    assert kinds == {"/chat/completions", "/rerank", "/embeddings", "/models", "/key"}
    chats = [request.body for request in sent if request.path.endswith("/chat/completions")]
    assert [len(chat["messages"]) for chat in chats] == [2, 4], "the second holds the call and what it found"


def test_nothing_of_other_vendors_leaves(sent: list[Request]) -> None:
    for request in sent:
        text = json.dumps([request.path, request.headers, request.body])
        assert "stranger" not in text
        assert "stainless" not in text.lower()
        assert set(request.headers) <= {*HEADERS, "x-openrouter-title", "proxy-connection"}
        wanted = None if request.path.endswith("/models") else f"Bearer {KEY}"
        assert request.headers.get("authorization") == wanted
        assert request.headers["x-openrouter-title"] == "askdocs"


def test_requests_are_bounded(sent: list[Request]) -> None:
    for request in sent:
        if request.path.endswith("/chat/completions"):
            assert request.body["max_completion_tokens"] == 800
            assert request.body["models"] == ["acme/a", "acme/b", "acme/c"]
            assert {"id": "context-compression", "enabled": False} in request.body["plugins"]


def test_the_referer_is_sent_where_it_is_configured(server: ModelServer, starter: CommandLine, tmp_path: Path) -> None:
    config = tmp_path / "askdocs.toml"
    config.write_text('referer = "https://example.org/docs-tool"\n', encoding="utf-8")
    starter("ask", QUESTION, "--config", config, **server.environ)
    assert server.requests[0].headers["http-referer"] == "https://example.org/docs-tool"


@cache
def schema() -> dict[str, Any]:
    path = Path(DATA) / "reference" / "openrouter-openapi.yaml.gz"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # 1.4 MB: the pure one takes half a minute
    found: dict[str, Any] = yaml.load(gzip.decompress(path.read_bytes()), Loader=loader)
    return found


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        part = schema()["components"]["schemas"][name]
    return part


def known(body: Any, part: dict[str, Any], path: str) -> Iterator[str]:
    """Fields of a body that its schema does not name, or calls deprecated, at any depth that is described plainly."""
    part = resolved(part)
    choices = [resolved(one) for one in part.get("anyOf", part.get("oneOf", []))]
    if isinstance(body, list):
        for item in body:
            yield from known(item, part.get("items", {}), f"{path}[]")
    elif isinstance(body, dict) and choices:
        yield from min((list(known(body, one, path)) for one in choices), key=len)
    elif isinstance(body, dict) and "properties" in part:
        for name, value in body.items():
            yield from known_field(name, value, part, f"{path}.{name}")


def known_field(name: str, value: Any, part: dict[str, Any], path: str) -> Iterator[str]:
    if name not in part["properties"]:
        if not part.get("additionalProperties"):
            yield f"{path} is unknown"
    elif is_deprecated(part["properties"][name]):
        yield f"{path} is deprecated"
    else:
        yield from known(value, part["properties"][name], path)


def is_deprecated(part: dict[str, Any]) -> bool:
    """Some fields are marked, of others only the description says it."""
    said = f"{part.get('description', '')} {resolved(part).get('description', '')}"
    return bool(resolved(part).get("deprecated")) or "deprecated" in said.lower()


@pytest.mark.skipif(not DATA, reason="ASKDOCS_TEST_DATA is not set")
def test_requests_validate_against_the_official_schema(sent: list[Request]) -> None:
    from jsonschema import Draft202012Validator

    for request in sent:
        operation = schema()["paths"][request.path.partition("/api/v1")[2]]["post" if request.body else "get"]
        if not request.body:
            continue
        wanted = operation["requestBody"]["content"]["application/json"]["schema"]
        validator = Draft202012Validator({**wanted, "components": schema()["components"]})
        assert [error.message for error in validator.iter_errors(request.body)] == []
        assert list(known(request.body, wanted, request.path)) == []


@pytest.mark.skipif(not DATA, reason="ASKDOCS_TEST_DATA is not set")
@pytest.mark.parametrize(
    ("change", "problem"),
    [({"max_tokens": 5}, "deprecated"), ({"plugin": []}, "unknown"), ({"models": "acme/a"}, "")],
)
def test_the_schema_would_notice(sent: list[Request], change: dict[str, Any], problem: str) -> None:
    from jsonschema import Draft202012Validator

    chat = next(request for request in sent if request.path.endswith("/chat/completions"))
    body = {**chat.body, **change}
    wanted = schema()["paths"]["/chat/completions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    if problem:
        assert problem in " ".join(known(body, wanted, ""))
    else:
        assert not Draft202012Validator({**wanted, "components": schema()["components"]}).is_valid(body)
