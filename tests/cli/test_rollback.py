"""`reindex --rollback`, and what `status` says before and after."""

import json
from pathlib import Path

import pytest

from tests.cli.test_reindex import Folder, folder  # noqa: F401 - the second is a fixture

BEFORE = "# Rivers\n\nThe longest river is the Nile.\n"
AFTER = "# Rivers\n\nThe longest river is the Amazon.\n"


@pytest.fixture
def twice(folder: Folder) -> Folder:  # noqa: F811 - pytest passes fixtures by name
    """Two generations, of which the first says Nile and the second Amazon."""
    for text in (BEFORE, AFTER):
        folder.write("rivers.md", text)
        assert folder("reindex", "--no-crawl").status == 0
    return folder


def said(folder: Folder) -> str:  # noqa: F811
    (chunk,) = folder("inspect", "longest river", "--json").json["chunks"]
    return str(chunk["text"])


def test_the_previous_index_answers_again(twice: Folder) -> None:
    state = twice("status", "--json").json["index"]
    done = twice("reindex", "--rollback")
    assert (done.status, f"{state['previous']} answers again: 1 chunk of 1 page" in done.out) == (0, True)
    assert "the index is not up to date with 1 page" in done.err
    assert said(twice).endswith("Nile.")
    shown = twice("status")
    assert "behind    the index is not up to date with 1 page; run: askdocs reindex --no-crawl" in shown.out
    assert "\nprevious " not in shown.out
    assert (twice.docs / "rivers.md").read_text() == AFTER


def test_the_next_reindex_indexes_the_markdown_again_and_one_can_return_once_more(twice: Folder) -> None:
    good = twice("status", "--json").json["index"]["previous"]
    twice("reindex", "--rollback")
    again = twice("reindex", "--no-crawl", "--json").json
    assert (again["published"], again["chunks"]["embedded"]) == (True, 0)
    assert said(twice).endswith("Amazon.")
    assert twice("reindex", "--no-crawl").status == 0, "a run that removes old generations"
    assert twice("status", "--json").json["index"]["previous"] == good
    assert twice("reindex", "--rollback", "--json").json["generation"] == good
    assert said(twice).endswith("Nile.")


def test_its_json_is_that_of_a_reindex_that_read_nothing(twice: Folder) -> None:
    previous = twice("status", "--json").json["index"]["previous"]
    document = twice("reindex", "--rollback", "--json").json
    reindexed = twice("reindex", "--no-crawl", "--json").json
    assert set(document) == set(reindexed)
    assert (document["generation"], document["published"], document["changes"]) == (previous, True, [])
    assert document["chunks"] == {"total": 1, "embedded": 0, "reused": 1, "removed": 0}


def test_a_damaged_index_can_be_left(twice: Folder) -> None:
    index = twice.docs.with_name("markdown_docs.index")
    current = index / (index / "CURRENT").read_text().strip()
    for path in current.iterdir():
        path.write_bytes(b"x")
    assert twice("ask", "longest river", "--no-llm").status == 1
    assert twice("reindex", "--rollback").status == 0
    assert said(twice).endswith("Nile.")


def test_there_is_nothing_to_return_to(folder: Folder) -> None:  # noqa: F811
    index = folder.docs.with_name("markdown_docs.index")
    none = folder("reindex", "--rollback", "--json")
    assert (none.status, none.json["error"]["code"], index.exists()) == (1, "no-index", False)
    folder.write("rivers.md", BEFORE)
    folder("reindex", "--no-crawl")
    once = folder("reindex", "--rollback")
    assert (once.status, once.err.startswith("error: there is no generation before 20")) == (1, True)
    assert said(folder).endswith("Nile.")


@pytest.mark.parametrize("other", [["--no-crawl"], ["--full"], ["--source", "https://h.org"], ["--changes", "x.md"]])
def test_it_goes_with_no_other_option(folder: Folder, other: list[str]) -> None:  # noqa: F811
    done = folder("reindex", "--rollback", *other)
    assert (done.status, "--rollback goes with no other option" in done.err) == (2, True)


def test_the_pointer_may_be_anything(twice: Folder, tmp_path: Path) -> None:
    index = twice.docs.with_name("markdown_docs.index")
    names = sorted(path.parent.name for path in index.glob("*/manifest.json"))
    (index / "CURRENT").write_bytes(b"\xff../../etc\n")
    assert twice("reindex", "--rollback", "--json").json["generation"] == names[-1], "the newest whole one"
    manifest = index / names[-1] / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "previous": "../../../etc"}))
    assert twice("reindex", "--rollback", "--json").json["generation"] == names[0]
