"""What all commands have in common, whatever else they do."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from cli.examples import EXAMPLES
from cli.main import app
from tests.cli.conftest import Here

COMMANDS = ["ask", "reindex", "inspect", "eval", "status", "doctor", "models"]
SHARED = "--docs d --index i --config c --profile fast --yes --embedder minilm --model a/b --json -q -v".split()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_the_common_options(here: Here, command: str) -> None:
    shown = here(command, *SHARED, "--help")
    assert (shown.status, shown.err) == (0, "")
    assert shown.out.startswith(f"Usage: askdocs {command} [OPTIONS]")


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_verbose_tells_more_on_stderr_and_nothing_on_stdout(here: Here, tmp_path: Path, command: str) -> None:
    said, told = (here(command, "--docs", str(tmp_path / "none"), *extra) for extra in ([], ["-v"]))
    assert (said.err, told.out, told.status) == ("", said.out, said.status)
    assert re.fullmatch(r"took \d+\.\d\d s, and \d+\.\d\d s of CPU since the process began\n", told.err)


@pytest.mark.parametrize("verbose", [["-vv"], ["-v", "-v"], ["-qvv"], ["--verbose", "-v"]])
def test_twice_verbose_shows_the_traceback(here: Here, tmp_path: Path, verbose: list[str]) -> None:
    refused = here("status", "--config", str(tmp_path / "none.toml"), *verbose)
    assert refused.status == 2
    assert refused.err.startswith("Traceback") or "\nTraceback" in refused.err


def test_help_leaves_out_options_without_effect(here: Here) -> None:
    assert "--docs" not in here("models", "--help").out
    assert "--model" not in here("reindex", "--help").out
    assert "--model SLUG" in here("status", "--help").out


@pytest.mark.parametrize(("command", "example"), [(name, one) for name in EXAMPLES for one in EXAMPLES[name]])
def test_each_help_page_ends_with_examples_that_can_be_typed(here: Here, command: str, example: str) -> None:
    assert f"\n    {example}\n" in here(command, "--help").out.partition("Examples:")[2]
    words = shlex.split(example.partition(" | ")[0].rpartition(" -- ")[2])
    name, *rest = words if words[0] == "ask" else words[1:]
    assert name == command
    get_command(app).commands[name].make_context(name, rest)  # type: ignore[attr-defined] # it is a group


def test_a_wrong_option_is_answered_with_the_help_of_its_command(here: Here) -> None:
    refused = here("inspect", "models", "--exlpain")
    assert refused.status == 2
    assert refused.err.endswith("hint: see askdocs inspect --help\n")
    assert "--explain" in refused.err


def test_the_list_of_commands_says_each_whole(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    listed = here("--help").out.partition("Commands:\n")[2].splitlines()
    assert [
        line.split()[0] for line in listed
    ] == "ask reindex inspect eval impact gaps replay status models doctor serve mcp export".split()
    assert all(line.endswith(".") and not line.endswith("...") for line in listed)


def test_status_tells_where_the_answering_model_was_chosen(here: Here, tmp_path: Path) -> None:
    chosen = here("status", "--docs", str(tmp_path), "--model", "a/b", "--json").json["settings"]["model"]
    assert chosen == {"value": "a/b", "origin": "option"}
