"""What a command may import: starting must not wait for libraries that it does not use."""

import os
import subprocess
import sys

import pytest

from ingest.index.folder.generations import writing
from tests.conftest import CommandLine

MODELS = {"torch", "transformers", "sentence_transformers", "llama_index", "openai"}
HEAVY = MODELS | {"duckdb", "numpy", "bs4", "lxml", "httpcore2", "httpx2", "rich.progress", "yaml"}


def imported(command: CommandLine, *arguments: str) -> set[str]:
    """Every module that a command imports, and the packages that these are of."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cli", *arguments],
        cwd=command.cwd,
        env=command.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    modules = {line.rpartition("|")[2].strip() for line in lines}
    assert {"cli.main", "typer"} <= modules
    return modules | {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize("arguments", [("--help",), ("ask", "--help"), ("reindex", "--help"), ("eval", "--help")])
def test_help_imports_nothing_heavy(askdocs: CommandLine, arguments: tuple[str, ...]) -> None:
    assert imported(askdocs, *arguments) & HEAVY == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask", "--no-llm", "What are model variants?"),
        ("ask", "What are model variants?", "--json"),
        ("inspect", "What are model variants?"),
        ("status",),
    ],
)
def test_without_a_model_no_model_library_is_imported(starter: CommandLine, arguments: tuple[str, ...]) -> None:
    assert imported(starter, *arguments) & MODELS == set()


@pytest.mark.parametrize("question", ["What are model variants?", "What is OpenRouter?", "How do I stream responses?"])
def test_a_quoted_answer_needs_no_database(starter: CommandLine, question: str) -> None:
    assert "duckdb" not in imported(starter, "ask", "--no-llm", question)


def test_a_second_reindex_is_refused_before_anything_heavy_is_imported(askdocs: CommandLine) -> None:
    index = askdocs.cwd / "index"
    with writing(index):
        command = [sys.executable, "-X", "importtime", "-m", "cli", "reindex", "--no-crawl", "--index", str(index)]
        done = subprocess.run(
            command, cwd=askdocs.cwd, env=askdocs.environ, capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert f"error: another reindex is running (process {os.getpid()})" in done.stderr
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "typer" in loaded
    assert loaded & HEAVY == set()
