"""A key in 40 failures and ten places where it could turn up: it never does."""

import io
import json
import logging
import os
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.failures import guarded
from cli.main import app
from ingest.core.errors import DocsError
from ingest.core.settings import load_settings
from tests.rag.conftest import QUESTION
from tests.rag.server import (
    ModelServer,
    Reply,
    answer,
    broken,
    cut,
    event,
    failure,
    html,
    raw,
    searches,
    stalled,
    whole,
)

SENTINEL = "sk-or-v1-SENTINEL0123456789abcdef"
ECHO = f"the key {SENTINEL} and Bearer {SENTINEL} were sent"
STATUSES = (400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529)
REPLIES: dict[str, Reply] = {
    **{f"{status} echo": failure(status, ECHO) for status in STATUSES},
    "huge wait": failure(429, ECHO, Retry_After="1000000"),
    "header echo": failure(401, "no", X_Echo=SENTINEL),
    "page": html(502),
    "page 200": html(200),
    "not json": Reply((f"{{{ECHO}",), content_type="application/json"),
    "broken event": Reply((f"data: {{{ECHO}\n\n",)),
    "error event": Reply((event("", finish="error", error={"code": 502, "message": ECHO}),)),
    "no end": cut("A suffix"),
    "nothing": cut(),
    "broken": broken("A suffix"),
    "stalled": stalled("A suffix"),
    "length": answer("A suffix", finish="length"),
    "filter": answer("A", finish="content_filter"),
    "null": whole(None),
    "no choices": Reply(('{"choices": null}',), content_type="application/json"),
    "tool": searches(ECHO),
    "bytes": raw(b"\xff\xfe" + ECHO.encode()),
}
KEYS = {
    "quoted": f"“{SENTINEL}”",
    "line break": f"{SENTINEL}\n{SENTINEL}",
    "space": f"{SENTINEL} {SENTINEL}",
    "accent": f"{SENTINEL}é",
    "control": f"{SENTINEL}\x1b[2J",
}
COMMANDS = (("models",), ("doctor",), ("status",))
PATHS = [
    *((name, reply, SENTINEL, ("ask", QUESTION)) for name, reply in REPLIES.items()),
    *((name, answer("ok"), key, ("ask", QUESTION)) for name, key in KEYS.items()),
    *((command[0], failure(401, ECHO), SENTINEL, command) for command in COMMANDS),
]


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


def test_there_are_forty_paths() -> None:
    assert len(PATHS) >= 40


def files_with(needle: bytes, *folders: Path) -> list[Path]:
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [path for path in found if needle in path.read_bytes()]


@pytest.mark.parametrize(("name", "reply", "key", "command"), PATHS, ids=[path[0] for path in PATHS])
def test_no_failure_shows_the_key(  # noqa: PLR0917 - parameters and fixtures
    name: str,
    reply: Reply,
    key: str,
    command: tuple[str, ...],
    server: ModelServer,
    in_starter: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.says(reply)
    server.documents = {"key": reply, "models": reply}
    monkeypatch.setenv("OPENROUTER_BASE_URL", server.url)
    monkeypatch.setenv("OPENROUTER_API_KEY", key)
    monkeypatch.setattr("ingest.openrouter.retry._BACKOFF", (0.01,) * 4)
    caplog.set_level(logging.DEBUG)
    sinks: dict[str, str] = {}
    for mode in ((), ("-vv",), ("--json",)):
        guarded(app, [*command, *mode, *(("--timeout", "2") if command[0] == "ask" else ())], "askdocs")
        said = capsys.readouterr()
        sinks |= {f"stdout {mode}": said.out, f"stderr {mode}": said.err}
    settings = load_settings({}, dict(os.environ), in_starter)
    trace = io.StringIO()
    try:
        settings.api_key.reveal()
    except DocsError:
        traceback.print_exc(file=trace)
    sinks |= {
        "log": "\n".join(record.getMessage() + str(record.args) + str(record.exc_text) for record in caplog.records),
        "repr": repr(settings),
        "trace": trace.getvalue(),
        "command line": Path("/proc/self/cmdline").read_text(encoding="utf-8", errors="replace"),
    }
    assert len(sinks) == 10
    assert {sink for sink, text in sinks.items() if "SENTINEL" in text or "SENTINEL" in json.dumps(text)} == set()


def test_nothing_of_it_was_written(in_starter: Path) -> None:
    """After all of the above, as they share the folder with index, pages and home."""
    assert files_with(b"SENTINEL", in_starter, Path(os.environ["HOME"])) == []
