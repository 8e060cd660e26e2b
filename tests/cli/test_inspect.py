import itertools
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.commands.inspect_output import chunks_markdown, why_lines
from tests.cli.test_ask import CHUNK, QUESTION
from tests.conftest import REPOSITORY, CommandLine


@pytest.fixture(scope="module")
def document(starter: CommandLine) -> Any:
    return starter("inspect", QUESTION, "-k", "4", "--json", "--explain").json


def test_the_json_document_has_the_keys_of_the_contract(document: Any) -> None:
    assert set(document) == {"schema", "question", "index", "chunks"}
    assert (document["schema"], document["question"]) == (1, QUESTION)
    assert set(document["index"]) == {"generation", "embedder"}
    assert [chunk["rank"] for chunk in document["chunks"]] == [1, 2, 3, 4]
    assert all(set(chunk) == {*CHUNK.split(), "explain"} for chunk in document["chunks"])


def test_a_chunk_tells_its_page_and_file(document: Any, starter: CommandLine) -> None:
    first = document["chunks"][0]
    assert (first["page"], first["title"]) == ("/docs/faq", "Frequently Asked Questions")
    assert first["headings"] == ["Models and providers", "What are model variants?"]
    path = Path(first["file_path"])
    assert path == starter.cwd / "markdown_docs" / first["file_name"]
    assert (first["file_type"], first["file_size"]) == ("text/markdown", path.stat().st_size)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", first["creation_date"])
    body = path.read_text(encoding="utf-8").split("\n---\n\n", 1)[1]
    assert body[first["start"] : first["end"]] == first["text"]
    assert first["explain"]["cosine_rank"] == 1
    assert sum(first["explain"]["terms"].values()) == pytest.approx(first["bm25"], abs=1e-3)
    assert set(first["explain"]["terms"]) >= {"model", "variant"}


def test_every_process_gives_the_same_scores(starter: CommandLine) -> None:
    file = REPOSITORY / "eval" / "questions" / "starter.jsonl"
    found = {starter("inspect", "--questions", file, "--json", PYTHONHASHSEED=seed).out for seed in "123"}
    assert len(found) == 1


def test_questions_give_one_line_each_in_order(starter: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    asked = [
        {"id": "q7", "question": "What is streaming?"},
        {"question": "A line\u2028separator, and a next\u0085line?"},
        {"id": 3, "question": QUESTION, "answerable": True},
    ]
    file.write_text("\ufeff" + "\n\n".join(json.dumps(entry, ensure_ascii=False) for entry in asked), encoding="utf-8")
    found = starter("inspect", "--questions", file, "-k", "2", "--json")
    lines = [json.loads(line) for line in found.out.strip("\n").split("\n")]
    assert [line["question"] for line in lines] == [entry["question"] for entry in asked]
    assert [line.get("id") for line in lines] == ["q7", None, 3]
    assert "id" not in lines[1]
    assert [len(line["chunks"]) for line in lines] == [2, 2, 2]
    assert all(set(line) - {"id"} == {"schema", "question", "index", "chunks"} for line in lines)


@pytest.mark.parametrize("name", ["/docs/faq", "https://openrouter.ai/docs/faq#what-are-model-variants", "/docs/faq/"])
def test_a_pages_chunks_come_in_its_order(starter: CommandLine, name: str) -> None:
    chunks = starter("inspect", "--page", name, "--json").json["chunks"]
    assert len(chunks) > 3
    assert {chunk["page"] for chunk in chunks} == {"/docs/faq"}
    assert [chunk["rank"] for chunk in chunks] == list(range(1, len(chunks) + 1))
    starts = [chunk["start"] for chunk in chunks]
    assert starts == sorted(starts)
    assert all(one["end"] <= other["start"] for one, other in itertools.pairwise(chunks))


def test_markdown_is_the_report_of_the_contract(starter: CommandLine) -> None:
    report = starter("inspect", QUESTION, "-k", "2").out  # a pipe: markdown is the default
    assert report == starter("inspect", QUESTION, "-k", "2", "--format", "markdown", NO_COLOR="1").out
    top, first, second = report.split("─" * 60 + "\n")
    assert top == f"# Query: {QUESTION}\n\n# Retrieved 2 chunks from {starter.cwd / 'markdown_docs.index'}\n\n"
    assert first.startswith("## Chunk 1\n\n")
    assert second.startswith("## Chunk 2\n")
    head, meta, text, *_ = first.removeprefix("## Chunk 1\n\n").split("\n\n")
    assert re.fullmatch(r"\*\*Similarity Score:\*\* \d\.\d{4}", head)
    assert meta.split("\n")[0] == "**Metadata:**"
    assert [line[2:].partition(":")[0] for line in meta.split("\n")[1:]] == (
        "file_path file_name file_type file_size creation_date last_modified_date url headings tokens".split()
    )
    assert "\n- headings: Frequently Asked Questions › " in meta  # the title of the page comes first
    assert text.startswith("A model variant is a suffix, such as `:free`")


def on_a_terminal(command: CommandLine, *arguments: str, **environ: str) -> str:
    """What a command prints on a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    env = {**command.environ, "TERM": "xterm-256color", "COLUMNS": "100", **environ}
    with subprocess.Popen(
        [sys.executable, "-m", "cli", *arguments], cwd=command.cwd, env=env, stdout=theirs, stderr=theirs
    ) as running:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # Linux says so when the other side is closed
                break
            if not piece:
                break
            shown += piece
    os.close(ours)
    assert running.returncode == 0, shown
    return shown.decode()


def test_a_terminal_gets_a_table_and_colour_only_if_wanted(starter: CommandLine) -> None:
    shown = on_a_terminal(starter, "inspect", QUESTION, "-k", "2", "--explain")
    plain = on_a_terminal(starter, "inspect", QUESTION, "-k", "2", "--explain", NO_COLOR="1")
    text = re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert re.search(r"rank +score +cosine rank +bm25 rank +passage", text)
    assert "https://openrouter.ai/docs/faq#what-are-model-variants" in text
    assert re.search(r" 0\.\d{3} +#1 +\d+\.\d\d +#\d+ ", text)
    assert re.search(r"terms: .*variant \d\.\d\d", text)
    assert all(len(line) <= 100 for line in text.splitlines())
    assert "\x1b[" in shown
    assert "\x1b" not in plain


def test_a_narrow_terminal_gets_whole_addresses_and_lines_to_read(starter: CommandLine) -> None:
    shown = on_a_terminal(starter, "inspect", QUESTION, "-k", "1", "--explain", NO_COLOR="1", COLUMNS="40")
    lines = shown.splitlines()
    assert "      https://openrouter.ai/docs/faq#what-are-model-variants" in lines
    assert "      A model variant is a suffix, such" in [line.rstrip() for line in lines]
    assert all(len(line) <= 40 for line in lines[1:] if "https:" not in line)


def test_explain_has_a_legend_of_what_it_shows(starter: CommandLine) -> None:
    shown = on_a_terminal(starter, "inspect", QUESTION, "-k", "2", "--explain", NO_COLOR="1")
    figures = re.search(r"signals: (.*)", shown)
    assert figures
    for name in ("score", "cosine", "bm25", *re.findall("[a-z]+", figures[1])):
        assert re.search(rf"^{name} +\w", shown, re.MULTILINE), f"{name} is not explained"


def test_a_page_has_no_scores(starter: CommandLine) -> None:
    for shown in (
        on_a_terminal(starter, "inspect", "--page", "/docs/faq", NO_COLOR="1"),
        starter("inspect", "--page", "/docs/faq", "--format", "markdown").out,
        starter("inspect", "--page", "/docs/faq", "--format", "html").out.partition("<body>")[2],
    ):
        assert "What are model variants?" in shown
        assert "score" not in shown.lower()
        assert "0.000" not in shown


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("faq", ""),
        ("model-variants/free", ""),
        ("work/docs/faq.md", ""),
        ("fqa", "hint: perhaps /docs/faq"),
        ("/docs/api_reference/limit", "hint: perhaps /docs/api_reference/limits"),
        ("zzzzzz", "hint: name it by its path"),
    ],
)
def test_a_page_is_found_by_the_end_of_its_path_or_suggested(starter: CommandLine, name: str, said: str) -> None:
    found = starter("inspect", "--page", name, "--json")
    if said:
        assert found.status == 2
        assert said.removeprefix("hint: ") in found.json["error"]["hint"]
    else:
        assert {chunk["page"].rpartition("/")[2] for chunk in found.json["chunks"]} == {
            name.rpartition("/")[2].removesuffix(".md")
        }


def test_explain_is_one_table_of_markdown(starter: CommandLine) -> None:
    report = starter("inspect", QUESTION, "-k", "3", "--explain").out
    table = [line for line in report.split("─" * 60)[0].splitlines() if line.startswith("|")]
    assert len(table) == 2 + 3
    assert table[0].startswith("| rank | score | cosine | cosine rank | bm25 | bm25 rank |")
    assert re.search(r"\| #1 \| .* variant \d+\.\d\d \| .*What are model variants\? \|", table[2])


def test_signals_of_a_hit_are_shown_whatever_they_are_called() -> None:
    chunk = {
        "rank": 1,
        "score": 0.5,
        "cosine": 0.4,
        "bm25": 2.0,
        "title": "T",
        "headings": ["A|B"],
        "url": "",
        "text": "",
    }
    why = {"cosine_rank": None, "bm25_rank": 7, "terms": {"x": 2.0}, "signals": {"title boost": 0.25, "length": -0.1}}
    document = {"question": "q", "index": {}, "chunks": [{**chunk, "tokens": 1, "explain": why}]}
    table = [line for line in chunks_markdown(document, Path("i"), explain=True).splitlines() if line.startswith("|")]
    assert "| title boost | length |" in table[0]
    assert table[2] == "| 1 | 0.5000 | 0.4000 | - | 2.000 | #7 | +0.2500 | -0.1000 | x 2.00 | T › A\\|B |"
    assert list(why_lines({"explain": why})) == ["terms: x 2.00", "signals: title boost +0.250, length -0.100"]


@pytest.mark.parametrize("name", ["bm25", "cosine"])
def test_another_ranking_stands_beside_it(starter: CommandLine, name: str) -> None:
    found = starter("inspect", QUESTION, "-k", "5", "--compare", name, "--json").json
    other = found["compare"]
    assert (other["with"], other["index"]["generation"]) == (name, found["index"]["generation"])
    scores = [chunk[name] for chunk in other["chunks"]]
    assert scores == sorted(scores, reverse=True)
    ranks = {chunk["chunk_id"]: chunk["rank"] for chunk in other["chunks"]}
    assert all(ranks.get(c["chunk_id"], c["other_rank"]) == c["other_rank"] for c in found["chunks"])
    assert any(chunk["other_rank"] for chunk in found["chunks"])


def test_an_older_generation_is_compared_by_its_name(starter: CommandLine, tmp_path: Path) -> None:
    shutil.copytree(starter.cwd, tmp_path / "work")
    command = CommandLine(tmp_path / "work", starter.environ)
    old = command("inspect", QUESTION, "-k", "1", "--json").json["index"]["generation"]
    page = next((tmp_path / "work" / "markdown_docs").glob("*faq.md"))
    page.write_text(page.read_text("utf-8").replace("A model variant is", "A variant of a model is"), encoding="utf-8")
    assert command("reindex", "--no-crawl").status == 0
    for name in (old, old[:18], "previous"):
        found = command("inspect", QUESTION, "-k", "3", "--compare", name, "--json").json
        assert found["compare"]["index"]["generation"] == old != found["index"]["generation"]
    assert "A model variant is" in found["compare"]["chunks"][0]["text"]
    table = command("inspect", QUESTION, "-k", "2", "--compare", "previous").out
    assert f"| rank | current ({found['index']['generation']}) | previous ({old}) |" in table
    unknown = command("inspect", QUESTION, "--compare", "nothing")
    assert (unknown.status, f"there are: bm25, cosine, {old}" in unknown.err) == (2, True)


def test_html_is_a_page_without_scripts(starter: CommandLine) -> None:
    page = starter("inspect", QUESTION, "-k", "2", "--format", "html", "--explain", "--compare", "bm25").out
    assert page.startswith("<!doctype html>")
    assert "<script" not in page
    assert 'href="https://openrouter.ai/docs/faq#what-are-model-variants"' in page
    assert "Why they rank so" in page
    assert "Two rankings" in page
