"""What a person sees: `ask` on a pseudo-terminal of 80 columns and 24 lines."""

import os
import pty
import re
import subprocess
import sys

import pytest

from tests.conftest import CommandLine

COLUMNS, LINES = 80, 24
QUESTION = "What are model variants?"
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_LINK = re.compile(r"\x1b\]8;[^\x1b]*\x1b\\")


def on_terminal(command: CommandLine, *arguments: str, **environ: str) -> str:
    """What a terminal gets, with the escape sequences, lines ended by a line feed alone."""
    leader, follower = pty.openpty()
    shown = {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": str(LINES)}
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "cli", *arguments],
        cwd=command.cwd,
        env={**command.environ, **shown, **environ},
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=subprocess.DEVNULL,
    ):
        os.close(follower)
        out = b""
        while True:
            try:
                piece = os.read(leader, 65_536)
            except OSError:  # Linux says so where the last writer has gone
                break
            if not piece:
                break
            out += piece
    os.close(leader)
    return out.decode().replace("\r\n", "\n")


def words_only(shown: str) -> str:
    return _LINK.sub("", _STYLE.sub("", shown))


@pytest.fixture(scope="module")
def shown(starter: CommandLine) -> str:
    return on_terminal(starter, "ask", QUESTION, "--no-llm")


def test_words_are_wrapped_and_items_hang(shown: str) -> None:
    lines = words_only(shown).splitlines()
    text = [line for line in lines if "://" not in line]
    assert all(len(line) <= COLUMNS for line in text)
    assert len(lines) <= LINES
    piped = {word for line in text for word in line.split()}
    assert {"variants", "suffix,"} <= piped | {"variants"}


def test_a_section_and_its_address_are_shown_once_above_the_excerpt(shown: str) -> None:
    first, address, *rest = words_only(shown).splitlines()
    assert first.startswith("[1] Frequently Asked Questions › ")
    assert address == "    https://openrouter.ai/docs/faq#what-are-model-variants"
    assert not any(line.strip() == address.strip() for line in rest)
    assert "\x1b[1m[1]" in shown
    assert "\x1b]8;" in shown
    assert "\x1b[2m" in shown


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_without_styles_the_words_are_the_same(starter: CommandLine, shown: str, environ: dict[str, str]) -> None:
    plain = on_terminal(starter, "ask", QUESTION, "--no-llm", **environ)
    assert "\x1b" not in plain
    assert plain.replace("`", "").split() == words_only(shown).replace("`", "").split()


def test_short_is_first_lines_and_addresses(starter: CommandLine) -> None:
    short = words_only(on_terminal(starter, "ask", QUESTION, "--no-llm", "--short"))
    assert "https://openrouter.ai/docs/faq#what-are-model-variants" in short
    assert len(short.splitlines()) < LINES
    piped = starter("ask", QUESTION, "--no-llm", "--short").out
    assert all(len(block.splitlines()) <= 3 for block in piped.strip().split("\n\n"))


@pytest.fixture
def pages(askdocs: CommandLine) -> CommandLine:
    folder = askdocs.cwd / "files"
    folder.mkdir()
    long_line = "client.run(" + ", ".join(f"option_{number}=True" for number in range(12)) + ")"
    (folder / "set.md").write_text(
        "---\nurl: https://h.org/set\ntitle: Set up\n---\n# Set up\n\n## Sensor\n\nTo set up the sensor:\n\n"
        "1. Connect the cable of the sensor to the second socket of the board, counted from the left of the board.\n"
        "2. Set `__init__` and `a | b`.\n\n## Example of a client\n\nRun a client with all options:\n\n"
        f"```python\n{long_line}\n```\n"
    )
    assert askdocs("reindex", "--from", folder).status == 0
    return askdocs


def test_items_hang_behind_their_numbers_and_code_is_never_wrapped(pages: CommandLine) -> None:
    steps = words_only(on_terminal(pages, "ask", "How do I set up the sensor?", "--no-llm"))
    assert "1. Connect the cable of the sensor to the second socket of the board, counted \n   from the left" in steps
    assert "2. Set __init__ and a | b." in steps
    code = words_only(on_terminal(pages, "ask", "Show a Python code example of a client", "--no-llm"))
    assert any(line.strip().startswith("client.run(") and line.endswith("option_11=True)") for line in code.split("\n"))
