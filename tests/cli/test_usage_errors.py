"""What is said of a wrong command line: in plain words, with a hint that fits the command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.usage_errors import fit_hint
from tests.cli.conftest import Here
from tests.conftest import CommandLine


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        ("ask x -k 0", "-k takes 1 or more", "see askdocs ask --help"),
        ("ask x -k 1001", "-k takes at most 1,000", "see askdocs ask --help"),
        ("inspect x -k many", "-k takes a whole number", "see askdocs inspect --help"),
        ("ask x --timeout soon", "--timeout takes a number", "see askdocs ask --help"),
        ("ask x --format xml", "--format takes text, markdown or json, not 'xml'", "see askdocs ask --help"),
        ("ask x --fromat text", "there is no option --fromat; did you mean --format?", "see askdocs ask --help"),
        ("ask x -k", "-k takes a value", "see askdocs ask --help"),
        ("models --free=1", "--free takes no value", "see askdocs models --help"),
        ("status extra", "there is an argument too many: extra", "see askdocs status --help"),
        ("statsu", "there is no command 'statsu'; did you mean 'status'?", "see askdocs --help"),
        ("Which models", "there is no command 'Which'", "to ask a question: ask 'Which models'"),
    ],
)
def test_usage_is_told_in_plain_words(here: Here, arguments: str, error: str, hint: str) -> None:
    refused = here(*arguments.split())
    assert (refused.status, refused.out) == (2, "")
    assert refused.err == f"error: {error}\nhint: {hint}\n"


def test_a_question_needs_no_quotes(starter: CommandLine) -> None:
    joined, quoted = (
        starter("ask", *words, "--no-llm", "-q", "-k3")
        for words in (["What", "are", "model", "variants?"], ["What are model variants?"])
    )
    assert joined == quoted
    assert joined.status == 0
    shown = starter("inspect", "model", "variants", "-k1", "--json")
    assert shown.json["question"] == "model variants"


def test_a_server_out_of_reach_is_named_without_numbers_and_other_commands_options(here: Here) -> None:
    os.environ["OPENROUTER_BASE_URL"] = "http://127.0.0.1:9/v1"
    try:
        refused = here("models")
    finally:
        del os.environ["OPENROUTER_BASE_URL"]
    assert refused.status == 1
    assert refused.err == (
        "error: http://127.0.0.1:9/v1 can't be reached: Connection refused\n"
        "hint: start that server or correct OPENROUTER_BASE_URL\n"
    )


@pytest.mark.parametrize(
    ("hint", "fitted"),
    [
        ("check the network, or use --no-llm", "check the network"),
        ("raise --timeout; try again", "try again"),
        ("run: askdocs reindex --no-crawl", "run: askdocs reindex --no-crawl"),
        ("use --known, or --unknown", "use --known"),
        ("use --unknown", ""),
    ],
)
def test_a_hint_names_options_of_its_command_alone(hint: str, fitted: str) -> None:
    assert fit_hint(hint, {"--known"}) == fitted


@pytest.mark.parametrize("arguments", [["--version"], ["-V"], ["--help"], ["-k", "0"]])
def test_the_script_ask_speaks_of_itself(arguments: list[str], starter: CommandLine) -> None:
    script = f"import sys; from cli.start import ask; sys.argv = ['ask', *{arguments!r}]; ask()"
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | starter.environ, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert "askdocs ask" not in said
    assert said.startswith(("askdocs 0", "Usage: ask [OPTIONS] [QUESTION]", "error: -k takes 1 or more\nhint: see ask"))


def test_both_scripts_complete_their_options(starter: CommandLine) -> None:
    for name, words in (("ask", "ask --no"), ("askdocs", "askdocs ask --no")):
        script = f"import sys; from cli.start import {name}; sys.argv = [{name!r}]; {name}()"
        environ = {
            f"_{name.upper()}_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | starter.environ | environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "--no-llm" in done.stdout.split(), done.stderr


def test_a_hint_acts_on_the_docs_that_were_named(here: Here, tmp_path: Path) -> None:
    index = tmp_path / "my index"
    (index / "CURRENT").parent.mkdir()
    (index / "CURRENT").write_text("nonsense")
    refused = here("ask", "--docs", "pages", f"--index={index}", "--no-llm", "What is it?")
    places = f"--docs pages --index '{index}'"
    assert refused.err.endswith(f"hint: rebuild it: askdocs reindex --no-crawl --full {places}\n")
