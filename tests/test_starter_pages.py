"""The pages that ship with askdocs are whole, say what they are, and name the real page."""

from pathlib import Path

import pytest

from ingest.docs.folder import STARTER, file_name, read_corpus, read_front_matter
from ingest.text.markdown import blocks_of
from tests.conftest import STARTER_PAGES

CORPUS = read_corpus(STARTER_PAGES)


def test_there_are_enough_and_all_are_readable() -> None:
    assert 30 <= len(CORPUS.files) <= 50
    assert CORPUS.problems == ()


@pytest.mark.parametrize("path", [file.path for file in CORPUS.files], ids=lambda path: path.stem)
def test_each_page_is_whole(path: Path) -> None:
    meta, body = read_front_matter(path.read_text(encoding="utf-8"), path.name)
    document = next(file.document for file in CORPUS.files if file.path == path)
    assert document.url.startswith("https://openrouter.ai/docs/")
    assert path.name == file_name(document.url)
    assert document.source == STARTER
    assert meta["sha256"] == document.sha256, "run askdocs over the page again: its body was edited"
    assert body.startswith(f"# {document.title}\n\n{document.description}\n")
    assert "Starter page" in body.splitlines()[-1]
    headings = [block for block in blocks_of(body) if block.kind == "heading"]
    assert len(document.anchors) in (0, len(headings)), "one entry per heading, or none at all"
