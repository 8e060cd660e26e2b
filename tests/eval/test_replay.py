"""A recorded answer is asked again from the same passages: what differs is shown, and what is missing is named."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CommandLine
from tests.rag.server import ModelServer, Request, answer

QUESTION = "What are model variants?"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def world(starter: CommandLine, tmp_path: Path) -> CommandLine:
    """A copy of the starter folder, whose pages and index a test may change."""
    shutil.copytree(starter.cwd, tmp_path / "world")
    return CommandLine(tmp_path / "world", starter.environ)


def recorded(world: CommandLine, *options: str, **environ: str) -> dict[str, Any]:
    done = world("ask", QUESTION, "--json", *options, **environ)
    assert done.status in (0, 3), done.err
    (world.cwd / "a.json").write_text(done.out, encoding="utf-8")
    found: dict[str, Any] = done.json
    return found


def messages(request: Request) -> str:
    """The prompt that a server got."""
    return json.dumps(request.body["messages"])


def test_a_quoted_answer_is_the_same_again(world: CommandLine) -> None:
    then = recorded(world, "--no-llm")
    again = world("replay", "a.json", "--json")
    assert again.status == 0, again.err
    assert again.json["effect"] == "same answer"
    assert again.json["after"]["answer"] == then["answer"]
    assert again.json["generation"] == {
        "recorded": then["index"]["generation"],
        "used": then["index"]["generation"],
        "exact": True,
    }
    assert (again.json["citations_lost"], again.json["citations_won"], again.json["prompt_same"]) == ([], [], None)
    piped = world("replay", "-", stdin=(world.cwd / "a.json").read_text(encoding="utf-8"))
    assert piped.out.startswith(f"{QUESTION}\nsame answer: {len(then['chunks'])} passages of ")


def test_a_written_answer_is_asked_with_the_same_prompt_and_differs_by_words(
    world: CommandLine, server: ModelServer
) -> None:
    def says(text: str) -> None:
        server.says(answer(text))

    says("A variant is a suffix of the slug [1].")
    then = recorded(world, "--model", "acme/one", "--max-tokens", "321", "--temperature", "0.7", **server.environ)
    first = server.requests[-1]
    says("A model variant is a suffix of the slug [2].")
    again = world("replay", "a.json", **server.environ)
    second = server.requests[-1]
    assert messages(first) == messages(second), "the same passages, rules and labels"
    for name in ("model", "temperature", "max_completion_tokens"):
        assert first.body[name] == second.body[name]
    assert "the same prompt" in again.out
    assert "A {+model+} variant is a suffix of the slug [-[1]" in again.out
    assert f"\n+ {then['chunks'][1]['url']}" in again.out
    assert "note: asking again cost $0.000420" in again.err
    document = world("replay", "a.json", "--json", "--model", "acme/two", **server.environ).json
    assert server.requests[-1].body["model"] == "acme/two", "an option of now comes before what was recorded"
    assert (document["effect"], document["prompt_same"]) == ("other source", True)


def test_without_a_key_a_written_answer_names_what_is_missing(world: CommandLine, server: ModelServer) -> None:
    server.says(answer("A variant is a suffix of the slug [1]."))
    recorded(world, **server.environ)
    refused = world("replay", "a.json")
    assert (refused.status, refused.out) == (2, "")
    assert "acme/answerer-2" in refused.err
    assert "OPENROUTER_API_KEY" in refused.err


def drop_other_generations(world: CommandLine) -> str:
    """Leave only the current generation on disk, as two reindexes do."""
    index = world.cwd / "markdown_docs.index"
    current = (index / "CURRENT").read_text(encoding="utf-8").strip()
    for folder in index.iterdir():
        if folder.is_dir() and folder.name != current:
            shutil.rmtree(folder)
    return current


def change_page(world: CommandLine, old: str, new: str) -> None:
    """Change these words wherever pages have them, and index the pages."""
    changed = 0
    for path in (world.cwd / "markdown_docs").glob("*.md"):
        text = path.read_text(encoding="utf-8")
        if old in text:
            path.write_text(text.replace(old, new), encoding="utf-8")
            changed += 1
    assert changed
    done = world("reindex", "--no-crawl")
    assert done.status == 0, done.err


def test_when_the_generation_is_gone_unchanged_passages_are_used_and_changed_ones_named(world: CommandLine) -> None:
    then = recorded(world, "--no-llm")
    unused = {path.name for path in (world.cwd / "markdown_docs").glob("*.md")}
    used = {chunk["file_name"] for chunk in then["chunks"]}
    other = world.cwd / "markdown_docs" / min(unused - used)
    other.write_text(other.read_text(encoding="utf-8") + "\n\nOne more sentence on nothing.\n", encoding="utf-8")
    assert world("reindex", "--no-crawl").status == 0
    current = drop_other_generations(world)
    same = world("replay", "a.json", "--json").json
    assert (same["effect"], same["generation"]["exact"], same["generation"]["used"]) == ("same answer", False, current)
    change_page(world, then["chunks"][0]["text"].split("\n")[0], "Something else entirely.")
    drop_other_generations(world)
    gone = world("replay", "a.json")
    assert gone.status == 1
    assert f"the generation {then['index']['generation']} is gone, and " in gone.err
    assert "passages are not in the index as they were" in gone.err
    assert "restore the markdown pages of then and run askdocs reindex --no-crawl" in " ".join(gone.err.split())


def test_a_run_is_replayed_question_by_question(world: CommandLine, server: ModelServer) -> None:
    lines = [{"id": f"q{at}", "question": text, "gold": [{"page": "/docs/faq", "section": "Models and Providers"}]}
             for at, text in enumerate([QUESTION, "How do I get an API key?", "Which models are free?"])]  # fmt: skip
    (world.cwd / "q.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    server.says(answer("Yes, it is a suffix of the slug [1]."))
    run = world("eval", "q.jsonl", "--save", "run.json", "--jobs", "1", **server.environ)
    assert run.status == 0, run.err
    server.says(answer("Yes, it is a suffix of the slug [1]."), answer("Something else about the slug [1]."))
    document = world("replay", "--batch", "run.json", "--json", **server.environ).json
    assert (document["questions"], document["problems"]) == (3, [])
    assert document["effects"] == {"same answer": 1, "other wording": 2}
    assert all(one["prompt_same"] for one in document["replays"])
    assert document["cost_usd"] == pytest.approx(3 * 0.00042)
    shown = world("replay", "--batch", "run.json", **server.environ)
    assert shown.out.startswith("q.jsonl: 3 answers asked again from ")
    assert "{+Something+}" in shown.out or "{+Something else about+}" in shown.out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not an answer of ask --json"),
        ('{"question": "What?"}', "is not an answer of ask --json"),
        ('{"askdocs_run": 1}', "a saved run, not an answer"),
        ('{"schema": 1, "error": {"code": "x"}}', "the record of a failure"),
        ('[[[["deep"', "is not an answer of ask --json"),
    ],
)
def test_another_file_is_refused_by_name(starter: CommandLine, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text, encoding="utf-8")
    refused = starter("replay", path)
    assert refused.status == 2
    assert said in " ".join(refused.err.split())
    assert "Traceback" not in refused.err
