"""Every odd reply of the table, through the command line: an answer, a marked part of one, or a named failure."""

import importlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.failures import guarded
from cli.main import app
from tests.conftest import Result
from tests.rag.conftest import Ask
from tests.rag.odd_failures import FAILED, OTHERS
from tests.rag.odd_replies import PARTIAL, TEXT, WHOLE, Case
from tests.rag.raw_server import RawServer
from tests.rag.server import KEY

TABLE: dict[str, Case] = {**WHOLE, **PARTIAL, **FAILED, **{name: ((sent,), 0, "") for name, sent in OTHERS.items()}}
LIMIT = 4.0
SILENT = ("stall", "endless-reasoning", "endless-blank-lines")


@pytest.fixture(scope="module")
def odd() -> Iterator[RawServer]:
    importlib.import_module("openai")  # on a busy machine this alone takes longer than the time limit
    with RawServer({name: case[0] for name, case in TABLE.items()}) as server:
        yield server


@pytest.fixture
def asked(ask: Ask, odd: RawServer, monkeypatch: pytest.MonkeyPatch) -> Ask:
    def run(name: str, *more: str) -> Result:
        monkeypatch.setenv("OPENROUTER_BASE_URL", f"http://127.0.0.1:{odd.port}/{name}/v1")
        odd.requests.clear()
        started = time.monotonic()
        told = ask("--timeout", "2" if name in SILENT else str(LIMIT), *more)
        assert time.monotonic() - started < LIMIT + 3
        assert "this is a bug" not in told.err
        assert not any(secret in told.out + told.err for secret in (KEY, "user_secret", "my secret words"))
        assert max(map(len, told.err.splitlines()), default=0) < 700
        return told

    return run


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_answer_is_one_whatever_its_form(asked: Ask, odd: RawServer, name: str) -> None:
    told = asked(name)
    assert (told.status, odd.requests[name]) == (0, 1)
    assert told.out.startswith(TEXT)
    assert WHOLE[name][2] in told.err


@pytest.mark.parametrize("name", PARTIAL)
def test_a_part_is_kept_and_called_incomplete(asked: Ask, odd: RawServer, name: str) -> None:
    told = asked(name)
    assert (told.status, odd.requests[name]) == (1, PARTIAL[name][1])
    assert told.out.startswith(TEXT)
    problem, hint = told.err.splitlines()[-2:]
    assert problem.startswith("error: the answer is incomplete: ")
    assert PARTIAL[name][2] in problem
    assert hint.startswith("hint: ")


@pytest.mark.parametrize("name", FAILED)
def test_no_answer_is_one_named_failure(asked: Ask, odd: RawServer, name: str) -> None:
    told = asked(name)
    assert (told.status, told.out, odd.requests[name]) == (1, "", FAILED[name][1])
    problem, hint = told.err.splitlines()
    assert problem.startswith("error: ")
    assert FAILED[name][2] in problem
    assert hint.startswith("hint: ")


@pytest.mark.parametrize("name", ["closes-at-once", "html-403", "reset", "gzip"])
def test_json_tells_the_same(asked: Ask, name: str) -> None:
    document = asked(name, "--json").json
    if name in FAILED:
        assert set(document["error"]) == {"code", "message", "hint"}
        assert all(document["error"].values())
    else:
        assert document["complete"] is (name in WHOLE)


def test_tls_where_there_is_none_is_named(ask: Ask, odd: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_BASE_URL", f"https://127.0.0.1:{odd.port}/gzip/v1")
    told = ask("--timeout", "3")
    assert told.status == 1
    assert "can't be reached" in told.err
    assert len(told.err.splitlines()) == 2


@pytest.fixture
def run(asked: Ask, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[[str, str], Result]:
    """A command that asks another address than that of answers."""

    def told(command: str, name: str) -> Result:
        rerank = asked(name, "--reranker", "openrouter:acme/rerank")  # sets the address as well
        if command == "rerank":
            return rerank
        (tmp_path / "a.md").write_text("# A\n\nA sentence about rivers.\n", encoding="utf-8")
        remote = ["--no-crawl", "--docs", str(tmp_path), "--embedder", "openrouter:acme/e"]
        status = guarded(app, [command, *(remote if command == "reindex" else [])], "askdocs")
        said = capsys.readouterr()
        return Result(status, said.out, said.err)

    return told


@pytest.mark.parametrize("command", ["models", "doctor", "rerank", "reindex"])
@pytest.mark.parametrize("name", OTHERS)
def test_other_addresses_may_be_as_odd(run: Callable[[str, str], Result], name: str, command: str) -> None:
    told = run(command, name)
    assert not any(text in told.err + told.out for text in ("Traceback", "this is a bug", KEY))
    if command == "models" and name == "o-data-odd":
        assert told.out.startswith("acme/a")
    elif command == "doctor":
        assert told.status == 1
        assert "key" in told.out
    else:
        assert (told.status, [line.partition(":")[0] for line in told.err.splitlines()]) == (1, ["error", "hint"])
