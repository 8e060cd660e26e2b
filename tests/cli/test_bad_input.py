"""Whatever is wrong: one `error:` line, one `hint:` line, the right status, and no traceback."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Here
from tests.conftest import CommandLine, Result
from tests.rag.server import ModelServer

HOSTILE = "\x1b[31mred\x1b]52;c;ZXZpbA==\x07\u202edesrever\u2066\u009b2J\u200b\u061c"
ACTS = set("\x1b\x07\x00\u202e\u2066\x9b\u200b\u061c")


def two_lines(result: Result, status: int, error: str) -> None:
    assert result.status == status, result
    lines = result.err.splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["error", "hint"], result.err
    assert error in lines[0]
    assert all(len(line) < 500 for line in lines)
    assert result.out == ""


@pytest.mark.parametrize(
    ("arguments", "stdin", "error"),
    [
        (["ask", "-"], "What about the key? " * 50_000, "the question has 999,999 characters"),
        (["ask", "-"], "x" * 1_000_001, "the question on stdin has over 1 MB"),
        (["ask", "-"], b"caf\xe9", "the question on stdin is not UTF-8 text"),
        (["ask", "-"], "", "the question contains no word"),
        (["ask", "caf\udce9 models"], "", "the question is not text"),
        (["ask", "?!… --- 。"], "", "the question contains no word"),
        (["inspect", ""], "", "the question contains no word"),
        (["inspect"], "", "give one of a query, --page and --questions"),
        (["inspect", "models", "--page", "/docs/faq"], "", "give one of a query, --page and --questions"),
        (["inspect", "--page", "/docs/none"], "", "the index has no page /docs/none"),
        (["inspect", "--questions", "none.jsonl"], "", "--questions prints JSON lines"),
        (["ask", "models", "--bogus"], "", "there is no option --bogus"),
        (["ask", "models", "-k", "0"], "", "-k"),
        (["ask"], "", "question"),
        (["frobnicate"], "", "frobnicate"),
        (["ask", "models", "--config", "none.toml"], "", "there is no config file none.toml"),
    ],
)
def test_wrong_usage_is_told_in_two_lines(
    starter: CommandLine,
    here: Here,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    stdin: str | bytes,
    error: str,
) -> None:
    monkeypatch.chdir(starter.cwd)
    two_lines(here(*arguments, stdin=stdin), 2, error)


def test_a_process_ends_with_the_status_as_well(starter: CommandLine) -> None:
    two_lines(starter("ask", os.fsdecode(b"caf\xe9 models")), 2, "the question is not text")
    failed = starter("ask", "models", "--bogus", "--json")
    assert (failed.status, failed.err, failed.json["error"]["code"]) == (2, "", "usage")


def no_folder(_: Path) -> str:
    return "there is no docs folder at "


def empty_file(cwd: Path) -> str:
    (cwd / "markdown_docs").mkdir()
    (cwd / "markdown_docs" / "empty.md").touch()
    return "no usable page in "


def binary_file(cwd: Path) -> str:
    (cwd / "markdown_docs").mkdir()
    (cwd / "markdown_docs" / "binary.md").write_bytes(b"\x89PNG\0\0")
    return "the file is binary"


@pytest.mark.parametrize("prepare", [no_folder, empty_file, binary_file])
def test_docs_that_hold_nothing_are_told_in_two_lines(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepare: Callable[[Path], str]
) -> None:
    monkeypatch.chdir(tmp_path)
    error = prepare(tmp_path)
    two_lines(here("ask", "-q", "What are models?", "--docs", "markdown_docs"), 1, error)
    failed = here("ask", "-q", "What are models?", "--docs", "markdown_docs", "--json")
    assert failed.status == 1
    assert set(failed.json) == {"schema", "error"}
    assert set(failed.json["error"]) == {"code", "message", "hint"}
    assert failed.json["error"]["code"] == "docs"
    assert failed.err == ""


@pytest.mark.parametrize(
    ("text", "error", "hint"),
    [
        ("embeder = 'minilm'", "unknown key 'embeder'", "did you mean embedder?"),
        ("base_url = 'https://evil.example'", "unknown key 'base_url'", "known keys: "),
        ("k = 'many'", "k has a value that does not fit", "correct k"),
        ("k = ", "can't be read", "TOML"),
    ],
)
def test_a_config_file_is_read_strictly(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, error: str, hint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "askdocs.toml").write_text(text)
    failed = here("status")
    two_lines(failed, 2, error)
    assert hint in failed.err


def other_byte(index: Path) -> None:
    path = next(index.glob("*/vectors.npy"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def half_a_file(index: Path) -> None:
    path = next(index.glob("*/index.duckdb"))
    path.write_bytes(path.read_bytes()[:5000])


def lost_file(index: Path) -> None:
    next(index.glob("*/vocabulary.json")).unlink()


def foreign_pointer(index: Path) -> None:
    (index / "CURRENT").write_text("../../etc\n")


@pytest.mark.parametrize("damage", [other_byte, half_a_file, lost_file, foreign_pointer])
def test_a_damaged_index_names_the_command_that_mends_it(
    starter: CommandLine,
    here: Here,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Path], None],
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(starter.cwd / "markdown_docs.index", tmp_path / "markdown_docs.index")
    (tmp_path / "markdown_docs").mkdir()
    damage(tmp_path / "markdown_docs.index")
    failed = here("ask", "What are models?")
    two_lines(failed, 1, "")
    assert "askdocs reindex --no-crawl --full" in failed.err


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("{", "not valid JSON"),
        ("[1]", "without a question"),
        ('{"question": "?!"}', "contains no word"),
        ("[" * 99_999, "not valid JSON"),
    ],
)
def test_questions_name_the_line_that_is_wrong(
    starter: CommandLine, here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, error: str
) -> None:
    monkeypatch.chdir(starter.cwd)
    file = tmp_path / "questions.jsonl"
    file.write_text('{"question": "What are models?"}\n\n' + line)
    failed = here("inspect", "--questions", str(file), "-k1", "--json")
    first, second = failed.out.splitlines()
    assert '"rank": 1' in first
    assert "questions.jsonl, line 3: " in second
    assert error in second
    assert failed.status == 2


def test_pages_can_not_drive_the_terminal(here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASKDOCS_EMBEDDER", "openrouter:acme/embed")
    (tmp_path / "markdown_docs").mkdir()
    page = f"# Rivers {HOSTILE}\n\nThe longest river {HOSTILE} is the Nile.\n\n## Delta {HOSTILE}\n\nMud.\n"
    (tmp_path / "markdown_docs" / "rivers.md").write_text(page, encoding="utf-8")
    (tmp_path / "markdown_docs" / "nul.md").write_text("# Nul\0 byte\n")
    with ModelServer() as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        question = "Which is the longest river?"
        results = [
            here("reindex", "--no-crawl"),
            here("ask", "--no-llm", question),
            here("ask", "--no-llm", question, "--json"),
            here("ask", "--show-prompt", question),
            *(here("inspect", question, "--format", form) for form in ("table", "markdown", "json")),
            here("inspect", "--page", f"/none{HOSTILE}".replace("\0", "")),
        ]
    for result in results:
        assert not ACTS & set(result.out + result.err)
    assert [result.status for result in results] == [0, 0, 0, 0, 0, 0, 0, 2]
    quote = results[2].json["citations"][0]["quote"]
    assert quote == f"The longest river {HOSTILE} is the Nile.", "JSON keeps the page's characters, escaped"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--no-crawl", "--source", "https://h.org"], "--no-crawl reads no source", id="no-crawl-source"),
        pytest.param(["--add", "--replace"], "--add and --replace contradict each other", id="add-replace"),
        pytest.param(["--source", "notaurl"], "'notaurl' is not an http or https URL", id="no-url"),
        pytest.param(["--from", "nowhere"], "there is no file or folder nowhere", id="nothing-there"),
        pytest.param(["--from", "markdown_docs"], "is the docs folder itself", id="from-docs"),
        pytest.param(["--from", "."], "is the docs folder itself", id="from-around-docs"),
    ],
)
def test_a_reindex_that_can_not_be_meant_is_refused(askdocs: CommandLine, arguments: list[str], said: str) -> None:
    (askdocs.cwd / "markdown_docs").mkdir()
    (askdocs.cwd / "markdown_docs" / "page.md").write_text("# Page\n\nsome text\n", encoding="utf-8")
    result = askdocs("reindex", *arguments)
    assert (result.status, len(result.err.splitlines())) == (2, 2)
    assert said in result.err
    assert [path.name for path in askdocs.cwd.iterdir()] == ["markdown_docs"]
