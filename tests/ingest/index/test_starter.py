"""The shipped index of the starter pages is what a build of them gives, and is used for nothing else."""

import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.docs.folder import read_corpus
from ingest.embed.minilm import MiniLm
from ingest.index import starter as shipped
from ingest.index.base import StoredPage
from ingest.index.build import stored_pages
from ingest.index.folder.database import Store
from ingest.index.folder.generations import current_generation, writing
from tests.conftest import STARTER_PAGES, CommandLine
from tests.ingest.made import WordEmbedder


@pytest.fixture(scope="module")
def pages() -> list[StoredPage]:
    return stored_pages(read_corpus(STARTER_PAGES))


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"


def test_it_is_what_a_build_gives(index: Path, pages: list[StoredPage], starter: CommandLine) -> None:
    with writing(index):
        report = shipped.install(index, pages, MiniLm())
    assert report is not None, "the starter pages, chunks or format have changed: make starter-index"
    built, ours = Store(current_generation(starter.cwd / "markdown_docs.index")), Store(current_generation(index))
    assert ours.generation == report.generation
    assert ours.manifest["inputs"] == built.manifest["inputs"]
    assert ours.all_chunks() == built.all_chunks()
    assert ours.pages() == built.pages()
    assert list(ours.vocabulary) == list(built.vocabulary)
    np.testing.assert_array_equal(ours.vocabulary.weights, built.vocabulary.weights)
    assert (ours.vectors() * built.vectors()).sum(axis=1).min() > 0.9999, "bf16 may have embedded one of them"
    rows = range(report.total)
    for one, other in zip(ours.tokens(rows), built.tokens(rows), strict=True):
        assert one.shape == other.shape


def test_other_pages_other_embedders_and_damage_are_not_served_from_it(
    index: Path, pages: list[StoredPage], tmp_path: Path
) -> None:
    other = replace(pages[0], document=replace(pages[0].document, title="Another title"))
    damaged, cut = tmp_path / "damaged.zip", tmp_path / "cut.zip"
    whole = shipped.SHIPPED.read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    with zipfile.ZipFile(shipped.SHIPPED) as source, zipfile.ZipFile(damaged, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, data[:-1] if name == "vectors.npy" else data)
    with writing(index):
        assert shipped.install(index, [other, *pages[1:]], MiniLm()) is None
        assert shipped.install(index, pages[1:], MiniLm()) is None
        assert shipped.install(index, pages, WordEmbedder()) is None
        for archive in (damaged, cut, tmp_path / "missing.zip"):
            assert shipped.install(index, pages, MiniLm(), archive) is None
        assert sorted(path.name for path in index.iterdir()) == ["holder", "lock"]


def test_the_first_answer_loads_no_torch(askdocs: CommandLine) -> None:
    shutil.copytree(STARTER_PAGES, askdocs.cwd / "markdown_docs")
    command = [sys.executable, "-X", "importtime", "-m", "cli", "ask", "--no-llm", "What are model variants?"]
    done = subprocess.run(command, cwd=askdocs.cwd, env=askdocs.environ, capture_output=True, text=True, check=True)
    assert "[1]" in done.stdout
    assert "no index yet" in done.stderr
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert loaded & {"torch", "transformers", "sentence_transformers"} == set()
