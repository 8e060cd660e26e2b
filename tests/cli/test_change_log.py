"""What changed in the docs: on the terminal, and as a file that untrusted pages can't turn into something else."""

import os
import re
from pathlib import Path

import pytest

from cli.commands.change_log import change_log, code
from ingest.core.records import Document
from ingest.docs.changes import differences
from tests.cli.test_reindex import Folder, folder  # noqa: F401 - the second is a fixture
from tests.ingest.made import document

RIVERS = "# Rivers\n\nThe longest river is the Nile.\n\n## Delta\n\nIt ends in a delta.\n\n## Old\n\nGone soon.\n"
EDITED = RIVERS.replace("a delta", "the sea").replace("## Old\n\nGone soon", "## New\n\nJust came")


@pytest.fixture
def edited(folder: Folder) -> Folder:  # noqa: F811 - pytest passes fixtures by name
    """An index of two pages, of which one was edited since, one removed, and a third written."""
    folder.write("rivers.md", RIVERS)
    folder.write("peaks.md", "# Peaks\n\nThe highest mountain is Everest.\n")
    folder("reindex", "--no-crawl")
    folder.write("rivers.md", EDITED)
    folder.write("seas.md", "# Seas\n\nThe deepest sea.\n")
    (folder.docs / "peaks.md").unlink()
    return folder


def test_sections_are_told_apart_in_json_and_on_the_terminal(edited: Folder) -> None:
    done = edited("reindex", "--no-crawl", "--dry-run", "--json").json
    assert done["pages"] | {"aliases": 0} == {
        "seen": 2,
        "added": 1,
        "changed": 1,
        "unchanged": 0,
        "removed": 1,
        "aliases": 0,
        "skipped": 0,
        "failed": 0,
    }
    assert done["chunks"] == {"total": 4, "embedded": 3, "reused": 1, "removed": 3}
    changes = {change["page"]: change for change in done["changes"]}
    assert changes["/rivers"]["sections"] == ["Delta", "New", "Old"]
    assert [part["what"] for part in changes["/rivers"]["details"]] == ["changed", "added", "removed"]
    assert (changes["/peaks"]["what"], changes["/peaks"]["sections"]) == ("removed", ["Peaks"])
    shown = edited("reindex", "--no-crawl", "--dry-run").out
    assert "  ~ /rivers\n      ~ Delta\n      + New\n      - Old\n" in shown
    assert "  + /seas  (1 section)\n" in shown
    assert "chunks  4: 3 to embed, 1 reused, 3 removed\n" in shown
    again = edited("reindex", "--no-crawl", "--json").json
    assert (again["changes"], again["chunks"]) == (done["changes"], done["chunks"]), "a dry run says what will be done"


def test_a_change_log_is_written(edited: Folder, tmp_path: Path) -> None:
    log = tmp_path / "changes.md"
    assert edited("reindex", "--no-crawl", "--dry-run", "--changes", log).status == 0
    text = log.read_text(encoding="utf-8")
    assert "3 pages: 1 added, 1 changed, 1 removed" in text
    assert "A dry run" in text
    section = "### Changed: `Delta`\n\n```diff\n- It ends in a delta.\n+ It ends in the sea.\n```\n"
    assert section in text
    assert "## Added: `Seas`\n\n`/seas`\n\n```diff\n+ The deepest sea.\n```\n\n- `Seas`\n" in text
    assert "## Removed: `Peaks`" in text
    edited("reindex", "--no-crawl", "--changes", log)
    assert section in log.read_text(encoding="utf-8"), "it is written again"
    edited("reindex", "--no-crawl", "--changes", log)
    assert "Nothing changed." in log.read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["changes.md"]
    printed = edited("reindex", "--no-crawl", "--changes", "-")
    assert printed.out.startswith("# Changes of the docs, 2")
    assert "time " not in printed.out


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("markdown_docs", "is a folder"),
        ("nowhere/x.md", "there is no folder"),
        ("markdown_docs/changes.md", "is inside"),
        ("markdown_docs.index/changes.md", "is inside"),
        ("notes.md", "exists already, and is not a change log"),
        ("pipe", "is not a regular file"),
    ],
)
def test_it_is_written_over_nothing_else(edited: Folder, tmp_path: Path, target: str, said: str) -> None:
    (tmp_path / "notes.md").write_text("# My notes\n")
    os.mkfifo(tmp_path / "pipe")
    before = (tmp_path / "markdown_docs.index" / "CURRENT").read_text()
    done = edited("reindex", "--no-crawl", "--changes", target)
    assert (done.status, said in done.err) == (2, True), done.err
    assert (tmp_path / "notes.md").read_text() == "# My notes\n"
    assert (tmp_path / "markdown_docs.index" / "CURRENT").read_text() == before, "refused before anything is done"


def test_json_and_the_log_do_not_share_stdout(edited: Folder) -> None:
    assert edited("reindex", "--no-crawl", "--json", "--changes", "-").status == 2


HOSTILE = "@everyone `x` ``` <script>alert(1)</script> [a](javascript:b) \x1b[31m\u202e http://evil.example #1"


def log_of(*pages: Document, before: tuple[Document, ...] = ()) -> str:
    return change_log(differences(before, pages).changes, day="2026-11-21", sources=[HOSTILE], dry_run=False)


def outside_code(text: str) -> str:
    """What is neither in a fence nor in a code span, by the rules of CommonMark."""
    text = re.sub(r"^(`{3,})diff\n.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", text)


def test_text_of_pages_stays_text() -> None:
    body = f"intro\n\n```\n{HOSTILE}\n```\n\n## {HOSTILE}\n\n{HOSTILE}\n# Changes of the docs\n"
    page = document(body, f"https://h.org/{'`' * 3}@x", HOSTILE)
    for text in (log_of(page), log_of(page, before=(document("old", page.url, "Old"),)), log_of(before=(page,))):
        assert not re.search(r"evil|script|everyone|@", outside_code(text)), text
        assert "\x1b" not in text
        assert "\u202e" not in text


@pytest.mark.parametrize("text", ["", "`", "``", "a`b", "`a`", "a\nb", " ", "```", "`" * 50])
def test_a_code_span_holds_any_text(text: str) -> None:
    span = code(text)
    assert "\n" not in span
    assert outside_code(span) == ""


def test_moved_pages_are_told_once_and_long_ones_in_short() -> None:
    old = document("same\n\n## Part\n\nwords", "https://h.org/old")
    new = document("same\n\n## Part\n\nwords", "https://h.org/new", aliases=("https://h.org/old",))
    text = log_of(new, before=(old,))
    assert "## Moved: `Alpha`\n\n`https://h.org/new`\n\nBefore: `https://h.org/old`" in text
    assert "Removed" not in text
    long = "\n\n".join(f"Line {number} {'x' * 500}" for number in range(500))
    text = log_of(document(long), before=(document("short"),))
    assert "… and 489 more lines" in text
    assert max(map(len, text.splitlines())) < 170
    many = "\n\n".join(f"## Part {number}\n\ntext" for number in range(50))
    assert "- … and 30 more sections" in log_of(document(many))
