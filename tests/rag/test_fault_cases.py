"""Every recorded or imagined way in which the API fails, byte for byte, through the command line.

The cases are no part of this repository: ASKDOCS_TEST_DATA names the folder that holds them.
"""

import importlib
import importlib.util
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.failures import guarded
from cli.main import app
from tests.rag.server import KEY

DATA = os.environ.get("ASKDOCS_TEST_DATA", "")
FOLDER = Path(DATA) / "faults"
CASES = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8")) if DATA else []
pytestmark = pytest.mark.skipif(not DATA, reason="ASKDOCS_TEST_DATA is not set")

# What each case comes to: (exit status, requests, a word of the error line or of the answer).
WANTED = {
    "400-bad-model": (1, 1, "acme/fake-1.0 is not a valid model ID"),
    "400-context-length": (1, 4, "maximum context length is 131072"),
    "400-models-max3": (1, 1, "3 items or fewer"),
    "401-no-key": (1, 1, "answered 401"),
    "401-bad-key": (1, 1, "User not found."),
    "402-credits": (1, 1, "requires more credits"),
    "403-guardrail": (1, 1, "(patterns: ignore all previous instructions)"),
    "403-moderation": (1, 1, "(reasons: violence)"),
    "404-no-endpoints": (1, 1, "data policy"),
    "408-timeout": (1, 3, "Operation timed out"),
    "422-unprocessable": (1, 1, "Invalid argument"),
    "429-free-minute": (1, 3, "free-models-per-min"),
    "429-upstream": (1, 3, "temporarily rate-limited upstream"),
    "429-huge-wait": (1, 1, "it asks to wait 24 h"),
    "500-masked": (1, 3, "answered 500"),
    "502-provider": (1, 3, "answered 502"),
    "503-unavailable": (1, 1, "it asks to wait 5 s"),  # longer than the time limit of these tests
    "504-timeout": (1, 3, "answered 504"),
    "524-edge": (1, 3, "answered 524"),
    "529-overloaded": (1, 3, "answered 529"),
    "200-error-only": (1, 3, "answered 502: Provider returned error"),
    "200-no-choices": (1, 2, "sent no answer"),
    "200-empty-content": (1, 2, "sent no answer"),
    "200-content-filter": (1, 1, "content filter held the answer back"),
    "200-keepalive-ws": (0, 1, "Use `Retry-After` [1]."),
    "200-truncated-cl": (1, 3, "broke off the connection"),
    "200-html": (1, 1, "web page instead of an answer"),
    "200-unknown-fields": (0, 1, "Use `Retry-After` [1]."),
    "s-ok": (0, 1, "Use `Retry-After` [1]."),
    "s-ok-empty-choices-usage": (0, 1, "ok"),
    "s-midstream-error": (1, 1, "incomplete: http://{host} answered 429: Rate limit exceeded"),
    "s-json-error-200": (1, 3, "answered 502: Provider returned error"),
    "s-cut-clean": (1, 1, "incomplete: the stream broke off"),
    "s-rst": (1, 1, "incomplete"),
    "s-stall": (1, 1, "incomplete"),
    "s-comments-forever": (1, 1, "did not answer within 2.5 s"),
    "s-split-utf8": (0, 1, "Réponse 🌼 ok"),
    "s-bad-json": (1, 1, "incomplete: a part of it could not be read"),
    "s-empty-data": (0, 1, "Use"),
    "s-no-space-no-final-nl": (0, 1, "ok"),
    "s-length": (1, 1, "cut at the limit of 800 tokens"),
    "s-content-filter": (1, 1, "content_filter"),
    "s-only-done": (1, 2, "sent no answer"),
    "s-model-switch": (0, 1, "anthropic/claude-haiku-4.5"),
    "s-slow-headers": (1, 1, "did not answer within 2.5 s"),
    "s-429-prestream": (1, 3, "Rate limit exceeded"),
    "e-wrong-endpoint": (1, 1, "is an embedding model"),
    "e-ok-float": (0, 1, ""),
    "e-base64": (0, 1, ""),
    "e-empty": (1, 1, "gave 0 vectors for 2 texts"),
    "e-short": (1, 1, "gave 1 vectors for 2 texts"),
    "e-404": (1, 1, "No endpoints found for acme/not-an-embedder."),
}


SILENT = ("s-comments-forever", "s-slow-headers", "s-stall")


@pytest.fixture(scope="module")
def faults() -> Iterator[Any]:
    importlib.import_module("openai")  # on a busy machine this alone takes longer than the time limit below
    spec = importlib.util.spec_from_file_location("fault_server", FOLDER / "server.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.FaultServer({case["id"]: case for case in CASES}) as server:
        yield server


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_fault_ends_as_it_should(
    case: dict[str, Any],
    faults: Any,
    in_starter: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    host = f"127.0.0.1:{faults.port}/{case['id']}/api/v1"
    monkeypatch.setenv("OPENROUTER_BASE_URL", f"http://{host}")
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    monkeypatch.setattr("ingest.openrouter.retry._BACKOFF", (0.01,) * 4)
    started = time.monotonic()
    if case["kind"] == "embed":
        for name in ("a", "b"):
            (tmp_path / f"{name}.md").write_text(f"# {name}\n\nA sentence about rivers.\n", encoding="utf-8")
        arguments = ["reindex", "--no-crawl", "--docs", str(tmp_path), "--embedder", "openrouter:acme/embed"]
    else:
        arguments = ["ask", "What are model variants?", "--timeout", "2.5" if case["id"] in SILENT else "4.5"]
    status = guarded(app, arguments, "askdocs")
    said = capsys.readouterr()
    wanted, requests, word = WANTED.get(case["id"], (None, None, ""))
    assert time.monotonic() - started < 10
    assert "Traceback" not in said.err
    assert not any(secret in said.out + said.err for secret in (KEY, "user_2abc", "kill"))
    assert word.format(host=host) in said.out + said.err
    if wanted is None:
        assert status in (0, 1, 3)
    else:
        assert (status, [entry[1] for entry in faults.log].count(case["id"])) == (wanted, requests)
    if status == 1:
        assert [line.partition(":")[0] for line in said.err.splitlines()][-2:] == ["error", "hint"]
    else:
        assert said.out.strip()
