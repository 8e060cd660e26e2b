"""Many questions with a model: some at a time, in order, resumed after an interruption, failures named."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.failures import guarded
from cli.main import app
from tests.conftest import REPOSITORY, CommandLine, Result
from tests.rag.server import KEY, ModelServer, Reply, answer, failure, stalled

SAID = answer("A model variant is a suffix written after a model's slug [1].")
QUESTIONS = [
    {"id": name, "question": text, "gold": [{"page": "/docs/faq", "section": text}], "facts": ["suffix", "unicorn"]}
    for name, text in (
        ("one", "What are model variants?"),
        ("two", "How are rate limits calculated?"),
        ("three", "What are model variants of models?"),
        ("four", "How does model fallback work?"),
    )
]


@pytest.fixture
def folder(starter: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with the starter index and four questions, one of them twice with other words."""
    shutil.copytree(starter.cwd, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    gold = json.loads((REPOSITORY / "eval" / "questions" / "starter.jsonl").read_text("utf-8").splitlines()[0])["gold"]
    lines = [json.dumps({**question, "gold": gold}) for question in QUESTIONS]
    (tmp_path / "work" / "four.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path / "work"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> Result:
    status = guarded(app, ["eval", "four.jsonl", *arguments], "askdocs")
    said = capsys.readouterr()
    assert KEY not in said.out + said.err
    return Result(status, said.out, said.err)


def test_answers_of_a_model_are_measured_and_costs_added_up(
    folder: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    server.says(SAID)
    done = run(capsys, "--json", "--save", "run.json", "--jobs", "3")
    document = done.json
    assert done.status == 0
    asked = len(server.requests)
    assert 1 <= asked <= 4  # a question that the docs do not answer costs no call
    assert document["mode"] == "openrouter"
    assert document["model"] == "acme/answerer-2"
    assert document["usage"] == {"prompt_tokens": 1234 * asked, "completion_tokens": 56 * asked}
    assert document["cost_usd"] == pytest.approx(0.00042 * asked)
    assert 0 < document["answers"]["facts"]["value"] <= 0.5  # no answer says unicorn
    outcomes = json.loads((folder / "run.json").read_text("utf-8"))["outcomes"]
    assert [outcome["id"] for outcome in outcomes] == ["one", "two", "three", "four"]
    assert outcomes[0]["answer"]["facts_found"] == 1
    assert KEY not in (folder / "run.json").read_text("utf-8")
    assert not (folder / "markdown_docs.index" / "eval").exists()  # complete: no journal is left


def test_a_run_goes_on_where_it_broke_off(
    folder: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    # The second question fails for good, the others are answered.
    server.says(SAID, failure(400, "no such model"), SAID)
    broken = run(capsys, "--json", "--jobs", "1")
    assert broken.status == 1
    assert [problem["what"] for problem in broken.json["problems"]] == ["two"]
    assert broken.json["questions"] == 3
    journal = next((folder / "markdown_docs.index" / "eval").glob("*.jsonl"))
    text = journal.read_text("utf-8")
    journal.write_text(text + '\n{"id": "fo', encoding="utf-8")  # as a crash in the middle of a line leaves it
    server.says(SAID)
    done = run(capsys, "--json")
    assert (done.status, done.json["questions"], done.json["resumed"]) == (0, 4, 3)
    assert len(server.requests) == 1
    assert not journal.exists()
    # Other settings are another run.
    server.says(failure(400, "no such model"))
    assert run(capsys, "--json", "-k", "4").status == 1


def test_a_key_that_is_refused_ends_the_run(
    folder: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    server.says(failure(401, "No auth credentials found"))
    done = run(capsys, "--jobs", "1")
    assert done.status == 1
    assert done.err.splitlines()[-2].startswith("error: ")
    assert len(server.requests) == 3


def test_a_slow_question_does_not_end_the_run(
    folder: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    server.says(stalled("A model"), SAID)
    done = run(capsys, "--jobs", "1", "--timeout", "1.5", "--max-tokens", "77", "--json", "--save", "run.json")
    assert {request.body["max_completion_tokens"] for request in server.requests} == {77}
    outcomes = json.loads((folder / "run.json").read_text("utf-8"))["outcomes"]
    assert [outcome["id"] for outcome in outcomes] == ["two", "three", "four"]
    assert 1 in [outcome["answer"]["facts_found"] for outcome in outcomes]
    (problem,) = done.json["problems"]
    assert problem["what"] == "one"
    assert done.status == 1


def test_without_a_key_quoted_answers_are_measured(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = run(capsys, "--json")
    assert done.json["mode"] == "extractive"
    assert "note: no API key" in done.err
    assert done.json["answers"]["citation_precision"]["value"] == 1.0  # quotes hold what they say
    assert done.json["answers"]["facts"]["value"] > 0


def costly(content: str) -> Reply:
    """A completion in one document that took 1,000 and 9 tokens."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
    body = {"model": "m", "choices": [choice], "usage": {"prompt_tokens": 1000, "completion_tokens": 9, "cost": 0.001}}
    return Reply((json.dumps(body),), content_type="application/json")


def test_what_a_model_rewrites_reads_and_what_judges_it_can_be_measured(
    folder: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    (folder / "four.jsonl").write_text((folder / "four.jsonl").read_text("utf-8").splitlines()[0], encoding="utf-8")
    verdict = json.dumps({"verdicts": [{"sentence": 1, "supported": False}]})
    server.says(costly("Which model variants exist?"), SAID, costly(verdict))
    options = ("--rewrite", "--context", "200", "--judge", "openrouter:acme/judge")
    done = run(capsys, "--json", "--save", "run.json", *options)
    assert done.status == 0, done.err
    rewriting, _, judging = server.requests
    assert "What are model variants?" in str(rewriting.body["messages"])
    assert judging.body["model"] == "acme/judge"
    saved = json.loads((folder / "run.json").read_text("utf-8"))
    assert saved["system"]["options"] == "--judge openrouter:acme/judge --rewrite --context 200"
    assert done.json["usage"]["prompt_tokens"] == 1000 + 1234 + 1000, "rewriting and judging cost as well"


@pytest.mark.parametrize("option", [("--rewrite",), ("--context", "200"), ("--judge", "openrouter:acme/judge")])
def test_such_options_are_refused_where_no_model_writes(
    folder: Path, capsys: pytest.CaptureFixture[str], option: tuple[str, ...]
) -> None:
    done = run(capsys, "--no-llm", *option)
    assert done.status == 2, folder
    assert f"error: {option[0]} needs answers that a model writes" in done.err
    assert "hint: leave out " in done.err
