"""`models` and `doctor` against a local server."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import CommandLine
from tests.rag.server import KEY, ModelServer, failure

MODELS: list[dict[str, Any]] = [
    {"id": "zed/z:free", "name": "Zed", "context_length": 131072, "pricing": {"prompt": "0", "completion": "0"}},
    {"id": "acme/a\x1b[31m", "context_length": 8000, "pricing": {"prompt": "0.00000015", "completion": "0.0000006"}},
    {"id": "openrouter/auto", "name": "Auto", "pricing": {"prompt": "-1", "completion": "-1"}},
    {"name": "no id"},
]
LIMITS = {"limit": 10, "limit_remaining": 2.5, "limit_reset": "monthly", "usage": 7.5, "is_free_tier": False}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        server.documents = {"models": {"data": MODELS}, "key": {"data": LIMITS}}
        yield server


def test_models_are_listed_with_context_and_price(askdocs: CommandLine, server: ModelServer) -> None:
    shown = askdocs("models", **server.environ)
    assert shown.status == 0
    assert [line.split() for line in shown.out.splitlines()] == [
        ["acme/a[31m", "8,000", "$0.15", "$0.60"],
        ["openrouter/auto", "?", "varies", "varies"],
        ["zed/z:free", "131,072", "free", "free"],
    ]
    assert shown.err == "3 of 3 models; prices in US dollars per million tokens (prompt, answer)\n"
    assert "authorization" not in server.requests[0].headers, "the catalogue is public"


def test_models_are_searched_and_filtered(askdocs: CommandLine, server: ModelServer) -> None:
    assert askdocs("models", "--free", "--json", **server.environ).json["models"] == [
        {
            "id": "zed/z:free",
            "name": "Zed",
            "context_length": 131072,
            "prompt_usd_per_million": 0.0,
            "completion_usd_per_million": 0.0,
            "free": True,
            "expires": None,
        }
    ]
    assert askdocs("models", "--search", "AUTO router", "-q", **server.environ).out.split()[0] == "openrouter/auto"
    assert askdocs("models", "--search", "nothing", **server.environ).out == ""


def test_a_list_that_is_none_is_a_named_failure(askdocs: CommandLine, server: ModelServer) -> None:
    server.documents["models"] = {"data": None}
    refused = askdocs("models", "--json", **server.environ)
    assert (refused.status, refused.json["error"]["code"]) == (1, "model")


def states(document: Any) -> dict[str, str]:
    return {check["name"]: check["state"] for check in document["checks"]}


def test_doctor_finds_all_well(starter: CommandLine, server: ModelServer) -> None:
    found = starter("doctor", "--json", "--model", "zed/z:free,~zed/latest", **server.environ)
    assert found.status == 0, found.out
    assert states(found.json) == dict.fromkeys(("docs", "index", "embedder", "key", "model", "disk"), "ok")
    assert "$2.50 of $10.00 left, resets monthly, $7.50 spent" in found.out
    assert KEY not in found.out


def test_doctor_names_a_fix_for_each_failure(askdocs: CommandLine, server: ModelServer) -> None:
    server.documents["key"] = failure(401, f"No user has {KEY}")
    shown = askdocs("doctor", "--model", "acme/none", **server.environ)
    assert shown.status == 1
    lines = shown.out.splitlines()
    failed = [line for line in lines if line.startswith("failed")]
    assert [line.split()[1] for line in failed] == ["docs", "index", "key", "model"]
    assert all(lines[lines.index(line) + 1].lstrip().startswith("fix: ") for line in failed)
    assert KEY not in shown.out


def test_a_fix_acts_on_the_docs_that_were_checked(askdocs: CommandLine) -> None:
    (askdocs.cwd / "mine").mkdir()
    fixes = {one["name"]: one["fix"] for one in askdocs("doctor", "--docs", "mine", "--json").json["checks"]}
    assert fixes["docs"] == f"run askdocs reindex --source URL --docs {askdocs.cwd / 'mine'}"
    assert f"askdocs reindex --no-crawl --docs {askdocs.cwd / 'mine'};" in fixes["index"]
    assert f"`askdocs reindex --no-crawl --docs {askdocs.cwd / 'mine'}`" in askdocs("status", "--docs", "mine").out


def test_doctor_without_a_key_is_no_failure(starter: CommandLine) -> None:
    found = starter("doctor", "--json")
    assert (found.status, states(found.json)["key"], found.json["healthy"]) == (0, "note", True)


def test_a_key_that_has_nothing_left_is_one(starter: CommandLine, server: ModelServer) -> None:
    server.documents["key"] = {"data": {**LIMITS, "limit_remaining": 0}}
    found = starter("doctor", "--json", "--model", "openrouter/auto", **server.environ)
    assert (found.status, states(found.json)["key"]) == (1, "failed")
