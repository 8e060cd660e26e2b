import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CommandLine, Result
from tests.rag.server import ModelServer, stalled

QUESTION = "What are model variants?"

ANSWER = """schema question answer answered complete mode backend citations unsupported chunks model usage cost_usd
index timings_ms request"""
CITATION = "marker url page title headings quote start end chunk_id"
CHUNK = """rank score cosine bm25 chunk_id page url title headings text context tokens start end file_path file_name
file_type file_size creation_date last_modified_date"""


@pytest.fixture(scope="module")
def quoted(starter: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> Result:
    return starter("ask", QUESTION, HOME=str(tmp_path_factory.mktemp("home")))


def test_the_note_about_the_key_comes_once_a_day_and_not_with_a_refusal(starter: CommandLine, tmp_path: Path) -> None:
    home = str(tmp_path)
    assert "API key" not in starter("ask", "How do I bake bread?", HOME=home).err
    assert "no API key" in starter("ask", QUESTION, HOME=home).err
    assert starter("ask", QUESTION, HOME=home).err == ""


@pytest.fixture(scope="module")
def document(starter: CommandLine) -> Any:
    return starter("ask", "--no-llm", "--json", "-k", "3", "-", stdin=f"  {QUESTION}\n").json


def test_without_a_key_the_pages_are_quoted_and_cited(quoted: Result) -> None:
    assert quoted.status == 0
    first, address, text, *_ = quoted.out.splitlines()
    assert first.startswith("[1] Frequently Asked Questions › ")
    assert address == "    https://openrouter.ai/docs/faq#what-are-model-variants"
    assert text.startswith("A model variant is a suffix, such as `:free`, written after a model's slug")
    assert quoted.out.count("https://openrouter.ai/docs/faq#what-are-model-variants") == 1
    assert quoted.out.count("A model variant is a suffix") == 1
    assert quoted.out.endswith(
        "From the starter pages that ship with askdocs; `askdocs reindex` fetches the real docs.\n"
    )
    assert quoted.err == "note: no API key, so the pages are quoted; set OPENROUTER_API_KEY for a written answer\n"


def test_the_json_document_has_the_keys_of_the_contract(document: Any) -> None:
    assert set(document) == set(ANSWER.split())
    assert document["schema"] == 1
    assert (document["answered"], document["complete"], document["mode"]) == (True, True, "extractive")
    assert document["backend"] == "none"
    assert (document["model"], document["cost_usd"]) == (None, 0.0)
    assert document["usage"] == {"prompt_tokens": 0, "completion_tokens": 0}
    assert set(document["index"]) == {"generation", "embedder", "pages", "chunks"}
    assert set(document["timings_ms"]) == {"imports", "start", "embed", "search", "answer", "total"}
    assert all(set(citation) == set(CITATION.split()) for citation in document["citations"])
    assert all(set(chunk) == set(CHUNK.split()) for chunk in document["chunks"])


def test_the_question_comes_from_stdin_and_numbers_make_sense(document: Any) -> None:
    assert document["question"] == QUESTION
    assert [chunk["rank"] for chunk in document["chunks"]] == [1, 2, 3]
    assert {citation["chunk_id"] for citation in document["citations"]} <= {c["chunk_id"] for c in document["chunks"]}
    timings = document["timings_ms"]
    assert 0 < timings["embed"] < timings["total"]
    assert timings["start"] + timings["embed"] + timings["search"] + timings["answer"] <= timings["total"] + 0.5


def test_ask_is_a_script_of_its_own(starter: CommandLine, quoted: Result) -> None:
    script = "import sys; from cli.start import ask; sys.argv[0] = 'ask'; ask()"
    command = [sys.executable, "-c", script, QUESTION]
    done = subprocess.run(command, cwd=starter.cwd, env=starter.environ, capture_output=True, check=True)
    assert done.stdout.decode() == quoted.out


def test_without_an_index_the_pages_at_hand_are_indexed_first(askdocs: CommandLine) -> None:
    (askdocs.cwd / "markdown_docs").mkdir()
    (askdocs.cwd / "markdown_docs" / "rivers.md").write_text("# Rivers\n\nThe longest river is the Nile.\n")
    with ModelServer() as server:
        embedder = {"ASKDOCS_EMBEDDER": "openrouter:acme/embed", **server.environ}
        first = askdocs("inspect", "longest river", "--json", **embedder)
        again = askdocs("inspect", "longest river", "--json", **embedder)
    assert first.json["chunks"][0]["text"] == "The longest river is the Nile."
    assert first.err == f"no index yet: indexing 1 page of {askdocs.cwd / 'markdown_docs'} (once)\n"
    assert (again.err, again.out) == ("", first.out)


def test_quiet_leaves_the_answer_alone(starter: CommandLine, quoted: Result) -> None:
    silent = starter("ask", "-q", QUESTION)
    assert (silent.status, silent.out, silent.err) == (0, quoted.out, "")


def test_an_encoding_without_the_characters_shows_question_marks(starter: CommandLine) -> None:
    plain = starter("ask", "--no-llm", QUESTION, PYTHONIOENCODING="ascii")
    assert (plain.status, plain.err) == (0, "")
    assert "[1] Frequently Asked Questions ? Models" in plain.out
    assert starter("ask", "--no-llm", "--json", "Größe?", PYTHONIOENCODING="ascii").json["question"] == "Größe?"


def test_a_reader_that_left_ends_the_command_silently(starter: CommandLine) -> None:
    for arguments in (["ask", "--no-llm", QUESTION], ["inspect", QUESTION, "-k", "200"]):
        reading, writing = os.pipe()
        os.close(reading)
        command = [sys.executable, "-m", "cli", *arguments]
        done = subprocess.run(
            command, cwd=starter.cwd, env=starter.environ, stdout=writing, stderr=subprocess.PIPE, check=False
        )
        os.close(writing)
        assert done.stderr == b""
        assert done.returncode == 128 + signal.SIGPIPE


def test_ctrl_c_keeps_what_was_shown_and_exits_130(starter: CommandLine) -> None:
    with ModelServer() as server:
        server.says(stalled("A suffix of the slug [1]. Th"))
        command = [sys.executable, "-m", "cli", "ask", QUESTION]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, cwd=starter.cwd, env={**starter.environ, **server.environ}, **pipes) as running:
            assert running.stdout is not None
            assert os.read(running.stdout.fileno(), 100).startswith(b"A suffix of the slug [1].")
            started = time.monotonic()
            running.send_signal(signal.SIGINT)
            _, err = running.communicate(timeout=20)
        assert time.monotonic() - started < 1
    assert running.returncode == 130
    assert err == b"interrupted\n"


def test_what_was_searched_for_is_told_where_it_is_not_what_was_typed(starter: CommandLine) -> None:
    misspelt = starter("ask", "What are modle varaints?", "--no-llm")
    assert (misspelt.status, "searched for: What are model variants?\n" in misspelt.err) == (0, True)
    assert "searched for" not in starter("ask", "What are modle varaints?", "--no-llm", "-q").err
    assert "searched for" not in starter("ask", "What are model variants?", "--no-llm").err
    german = starter("inspect", "Wie lösche ich einen Schlüssel?", "-k", "1")
    assert german.err.startswith("searched for: how delete")


BAKING = "What are model variants, and how do I bake sourdough bread?"


def test_a_question_of_which_one_half_is_answered_says_so(starter: CommandLine) -> None:
    half = starter("ask", BAKING, "--no-llm")
    assert half.status == 0
    assert half.out.startswith("The docs answer only half of this; not: how do I bake sourdough bread\n\n[1] ")
    assert "A model variant is a suffix" in half.out
    document = starter("ask", BAKING, "--no-llm", "--json").json
    assert (document["question"], document["answered"]) == (BAKING, True)
    assert document["answer"].startswith("The docs answer only half of this")
    shown = starter("ask", BAKING, "--no-llm", "--format", "markdown").out
    assert shown.startswith(f"# {BAKING}\n\nThe docs answer only half of this")


def test_a_page_that_came_from_a_file_is_cited_as_that_file(askdocs: CommandLine) -> None:
    folder = askdocs.cwd / "notes" / "water"
    folder.mkdir(parents=True)
    (folder / "rivers.md").write_text(
        "# Rivers\n\n## Length\n\nThe longest river of all is the Nile.\n\n## Depth\n\nThe Congo is deep.\n"
    )
    (folder / "lakes.md").write_text("# Lakes\n\n## Size\n\nThe largest lake is the Caspian Sea.\n")
    assert askdocs("reindex", "--from", "notes").status == 0
    asked = ("ask", "What is the longest river of all?", "--no-llm")
    assert askdocs(*asked).out.splitlines()[1] == "    notes/water/rivers.md"
    assert "(<notes/water/rivers.md>)" in askdocs(*asked, "--format", "markdown").out
    (folder / "rivers.md").unlink()
    assert askdocs(*asked).out.splitlines()[1].endswith(".md")
