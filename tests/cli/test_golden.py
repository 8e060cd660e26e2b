"""What the commands print at 80 and 120 columns, against texts that a person has read (`make golden` writes them).

What differs between two runs (times, ages, sizes, names of generations, folders) is masked. The answers of `ask` are
checked elsewhere: they follow the ranking, not the command line.
"""

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.terminal import run_on_terminal
from tests.conftest import REPOSITORY, CommandLine

GOLDEN = Path(__file__).parent / "golden"
QUESTIONS = str(REPOSITORY / "eval" / "questions" / "starter.jsonl")
COMMANDS = {
    "help": ["--help"],
    "ask-help": ["ask", "--help"],
    "reindex-help": ["reindex", "--help"],
    "inspect-help": ["inspect", "--help"],
    "eval-help": ["eval", "--help"],
    "status": ["status"],
    "doctor": ["doctor"],
    "reindex-dry-run": ["reindex", "--no-crawl", "--dry-run"],
    "reindex-unchanged": ["reindex", "--no-crawl"],
    "inspect": ["inspect", "What are model variants?", "-k", "2"],
    "inspect-explain": ["inspect", "What are model variants?", "-k", "2", "--explain"],
    "inspect-page": ["inspect", "--page", "/docs/quickstart"],
    "inspect-compare": ["inspect", "What are model variants?", "-k", "2", "--compare", "bm25"],
    "inspect-no-page": ["inspect", "--page", "fqa"],
    "eval": ["eval", QUESTIONS, "--retrieval-only"],
    "no-command": ["What", "is", "it?"],
    "no-rollback": ["reindex", "--rollback"],
    "no-folder": ["reindex", "--no-crawl", "--docs", "none"],
    "contradiction": ["reindex", "--from", "pages", "--source", "https://h.org"],
}
MASKS = [
    (r"\d{8}T\d{6,9}-[0-9a-f]{8}", "GENERATION"),
    (r"/\S*/(?=markdown_docs|none\b|questions)", "FOLDER/"),
    (r"\b\d+\.\d s\b", "N s"),
    (r"\b\d+ ms\b", "N ms"),
    (r"\b\d+ (?:s|minutes) old", "N s old"),
    (r"\b\d+\.\d [MG]B\b", "N MB"),
    (r"\b\d{4}-\d\d-\d\d\b", "DATE"),
    (r"\b\d+ [A-Z][a-z]+ 20\d\d\b", "DATE"),
    (r"Python \d\.\d+\.\d+", "Python VERSION"),
    (r"[ \t]+$", ""),
]


@pytest.fixture(scope="module")
def world(starter: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A copy of the starter folder with one changed page, for commands that write."""
    folder = tmp_path_factory.mktemp("golden") / "work"
    shutil.copytree(starter.cwd, folder)
    return CommandLine(folder, starter.environ)


def masked(text: str, folder: Path) -> str:
    text = re.sub(r"\x1b\[\?25l.*?\x1b\[\?25h", "", text, flags=re.DOTALL)  # a progress bar, which erases itself
    text = re.sub(r"\r|\x1b\[\d[AK]", "", text)
    text = text.replace(str(folder), "FOLDER").replace(str(folder.parent), "FOLDER")
    for pattern, name in MASKS:
        text = re.sub(pattern, name, text, flags=re.MULTILINE)
    # Where a line breaks at a path, and what fits behind it, depends on the length of the path; whether a progress bar
    # was drawn, and leaves its line, on the speed of the machine.
    text = re.sub(r"(FOLDER\S*)\s+(?=\()", r"\1 ", re.sub(r"(?:\n *| +)(?=FOLDER)", " ", text))
    return re.sub(r"\A(exit status \d+\n)\n+", r"\1\n", text)


def differs(name: str, text: str) -> str:
    """The approved text where it is another one; with REWRITE_GOLDEN it is written instead."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("REWRITE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return "" if path.read_text(encoding="utf-8") == text else path.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", COMMANDS)
def test_the_output_is_the_approved_one(world: CommandLine, name: str, width: int) -> None:
    status, shown = run_on_terminal(world, *COMMANDS[name], width=width, environ={"NO_COLOR": "1"})
    text = masked(f"exit status {status}\n\n{shown}", world.cwd)
    assert "\x1b" not in text, "no styling"
    too_long = [
        line for line in text.splitlines() if len(line) > width and "https://" not in line and "FOLDER" not in line
    ]
    assert too_long == [], "wider than the terminal"
    assert differs(f"{name}-{width}", text) in ("", text)


@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["colour", "NO_COLOR", "dumb"])
def test_styling_obeys_the_terminal_and_changes_no_text(world: CommandLine, environ: dict[str, str]) -> None:
    _, shown = run_on_terminal(world, "inspect", "What are model variants?", "-k", "1", environ=environ)
    plain = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", shown)
    assert ("\x1b[1m" in shown) == (environ == {})
    if environ != {"TERM": "dumb"}:
        _, bare = run_on_terminal(world, "inspect", "What are model variants?", "-k", "1", environ={"NO_COLOR": "1"})
        assert plain == re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", bare)
    assert "What are model variants?" in plain
