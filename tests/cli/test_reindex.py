"""`reindex` without a crawl, with a server's embeddings in place of the bundled model: that one takes seconds."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Here
from tests.conftest import Result
from tests.rag.server import ModelServer

REPORT = "schema source generation published pages requests chunks new_hosts changes problems seconds"
PAGES = "seen added changed unchanged removed aliases skipped failed"


class Folder:
    """A docs folder and how to reindex it."""

    def __init__(self, folder: Path, server: ModelServer, here: Here) -> None:
        self.docs = folder / "markdown_docs"
        self.docs.mkdir()
        self.server = server
        self._run = here

    def write(self, name: str, text: str) -> None:
        (self.docs / name).write_text(text, encoding="utf-8")

    def __call__(self, *arguments: str | Path) -> Result:
        self.server.requests.clear()
        return self._run(*map(str, arguments))

    @property
    def embedded(self) -> int:
        return sum(len(request.body["input"]) for request in self.server.requests)


@pytest.fixture
def folder(tmp_path: Path, here: Here, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASKDOCS_EMBEDDER", "openrouter:acme/embed")
    with ModelServer() as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        yield Folder(tmp_path, server, here)


def test_only_what_changed_is_embedded(folder: Folder) -> None:
    folder.write("rivers.md", "# Rivers\n\nThe longest river is the Nile.\n\n## Delta\n\nIt ends in a delta.\n")
    folder.write("peaks.md", "# Peaks\n\nThe highest mountain is Everest.\n")
    first = folder("reindex", "--no-crawl", "--json")
    assert set(first.json) == set(REPORT.split())
    assert set(first.json["pages"]) == set(PAGES.split())
    assert set(first.json["requests"]) == {"total", "not_modified", "bytes"}
    assert set(first.json["seconds"]) == {"crawl", "clean", "embed", "index", "total"}
    assert (first.json["schema"], first.json["published"], first.json["pages"]["seen"]) == (1, True, 2)
    assert first.json["chunks"] == {"total": 3, "embedded": 3, "reused": 0, "removed": 0}
    assert folder.embedded == 3

    folder.write("rivers.md", "# Rivers\n\nThe longest river is the Nile.\n\n## Delta\n\nIt ends in the sea.\n")
    second = folder("reindex", "--no-crawl", "--json").json
    assert second["chunks"] == {"total": 3, "embedded": 1, "reused": 2, "removed": 1}
    assert folder.embedded == 1
    assert second["generation"] != first.json["generation"]

    third = folder("reindex", "--no-crawl", "--json").json
    assert (third["published"], third["generation"], folder.embedded) == (False, second["generation"], 0)
    full = folder("reindex", "--no-crawl", "--full", "--json").json
    assert (full["published"], full["chunks"]["reused"], folder.embedded) == (True, 3, 0), "the cache survives --full"


def test_pages_without_front_matter_are_named_by_their_path(folder: Folder) -> None:
    (folder.docs / "world").mkdir()
    folder.write("world/rivers.md", "The longest river is the Nile.\n")
    shown = folder("reindex", "--no-crawl")
    assert (shown.status, shown.err) == (0, "")
    assert "pages   1 seen" in shown.out
    assert "chunks  1: 1 embedded, 0 reused\n" in shown.out
    (chunk,) = folder("inspect", "longest river", "--json").json["chunks"]
    assert (chunk["page"], chunk["title"]) == ("/world/rivers", "rivers")


def test_a_page_that_can_not_be_read_is_a_problem_not_the_end(folder: Folder) -> None:
    folder.write("rivers.md", "# Rivers\n\nThe longest river is the Nile.\n")
    folder.write("broken.md", "---\nurl: [unclosed\n---\n\n# Broken\n")
    (folder.docs / "binary.md").write_bytes(b"\x7fELF\0\0")
    folder.write("twice.md", "---\nurl: /rivers\n---\n\n# Rivers\n")
    done = folder("reindex", "--no-crawl", "--json")
    assert (done.status, done.json["pages"]["seen"], done.json["pages"]["failed"]) == (0, 1, 3)
    assert {Path(problem["url"]).name for problem in done.json["problems"]} == {"broken.md", "binary.md", "twice.md"}
    assert all(set(problem) == {"url", "reason", "detail", "kept_old"} for problem in done.json["problems"])
    assert len([line for line in done.err.splitlines() if line.startswith("problem: ")]) == 3


def test_a_folder_of_html_becomes_pages(folder: Folder, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    said = "The longest river of the world is the Nile; it runs north through eleven countries to the sea."
    page = f"<html><head><title>Rivers</title></head><body><main><h1>Rivers</h1><p>{said}</p></main></body></html>"
    (site / "rivers.html").write_text(page)
    (site / "manifest.jsonl").write_text(
        json.dumps({"url": "https://docs.example/rivers", "file": "rivers.html"}) + "\n"
    )
    done = folder("reindex", "--from", site, "--json")
    assert done.status == 0, done.out
    assert done.json["changes"] == [
        {
            "page": "/rivers",
            "what": "added",
            "sections": ["Rivers"],
            "details": [{"section": "Rivers", "what": "added"}],
        }
    ]
    assert (done.json["pages"]["added"], done.json["requests"]["total"]) == (1, 0)
    (chunk,) = folder("inspect", "longest river", "--json").json["chunks"]
    assert (chunk["url"], said in chunk["text"]) == ("https://docs.example/rivers", True)
    dry = folder("reindex", "--from", site, "--dry-run", "--json").json
    assert (dry["generation"], dry["published"], dry["pages"]["unchanged"]) == (None, False, 1)
