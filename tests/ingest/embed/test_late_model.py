"""Token vectors of a late-interaction model in the index: a question encodes no passage, and ranks as before."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.core.errors import IndexDamaged
from ingest.embed.cache import VectorCache
from ingest.embed.late_model import LateModel
from ingest.embed.minilm import MiniLm
from ingest.index.build import IndexBuilder, IndexReport, LateSource, Models
from ingest.index.folder.database import Store
from ingest.index.folder.index import FolderIndex
from rag.retrieve.search import Retriever
from tests.conftest import CommandLine
from tests.ingest.embed.stand_ins import save_late
from tests.ingest.made import quiet, stored

QUESTION = "How many oars does a skiff have?"
BODIES = {
    "boats": "Boats need oars. A skiff has two of them.",
    "tea": "Green tea is steeped for 2 minutes.",
    "rowing": "A rowing boat is steered with its oars.",
}


class CountingModel(LateModel):
    """Remembers which passages it encoded."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.encoded: list[str] = []

    def _encode(self, texts: Sequence[str]) -> list[Any]:
        self.encoded += texts
        return super()._encode(texts)


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> CountingModel:
    return CountingModel(str(save_late(tmp_path_factory.mktemp("late"))))


@pytest.fixture(scope="module")
def minilm() -> MiniLm:
    return MiniLm()


def build(index: Path, minilm: MiniLm, late: LateModel | None, **bodies: str) -> IndexReport:
    """Nothing but the previous generation is reused: the cache is empty."""
    source = LateSource(late, VectorCache(None, late.fingerprint)) if late else None
    models = Models(minilm, VectorCache(None, minilm.fingerprint), late=source)
    return IndexBuilder(index, models, quiet).build(stored(**BODIES, **bodies))


def model_signals(store: Store, minilm: MiniLm, late: LateModel) -> list[float]:
    hits = Retriever(store, minilm, late).search(QUESTION, 3).hits
    return [hit.signals["model"] for hit in sorted(hits, key=lambda hit: hit.row)]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, minilm: MiniLm) -> IndexReport:
    return build(tmp_path_factory.mktemp("plain"), minilm, None)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, minilm: MiniLm, late: LateModel) -> Path:
    folder = tmp_path_factory.mktemp("late")
    build(folder, minilm, late)
    return folder


@pytest.fixture
def copy(index: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(index, tmp_path / "copy"))


def test_a_question_reads_them_and_encodes_no_passage(
    plain: IndexReport, index: Path, minilm: MiniLm, late: CountingModel
) -> None:
    computed = model_signals(Store(plain.generation), minilm, late)  # type: ignore[arg-type]  # of a folder
    store = FolderIndex(index).open()
    late.encoded.clear()
    read = model_signals(store, minilm, late)
    assert late.encoded == []
    assert read == pytest.approx(computed, abs=0.6)  # sums of nine cosines or so
    assert np.argmax(read) == np.argmax(computed) == 0  # boats
    tokens = np.load(store.generation.folder / "late_tokens.npy")
    assert (tokens.dtype, tokens.shape[1]) == (np.int8, 128)


def test_only_new_passages_are_encoded(copy: Path, minilm: MiniLm, late: CountingModel) -> None:
    (before,) = FolderIndex(copy).open().late_tokens([0])
    assert not build(copy, minilm, late).published
    late.encoded.clear()
    build(copy, minilm, late, zebra="Zebras have stripes.")
    assert [text.splitlines()[-1] for text in late.encoded] == ["Zebras have stripes."]
    assert FolderIndex(copy).open().late_tokens([0])[0].tolist() == before.tolist()


def test_without_the_model_the_index_has_none(plain: IndexReport, copy: Path, minilm: MiniLm) -> None:
    manifest = build(copy, minilm, None).generation.manifest
    assert "late" not in manifest
    assert manifest["files"].keys() == plain.generation.manifest["files"].keys()
    assert manifest["inputs"] == plain.generation.manifest["inputs"]


def test_damaged_ones_are_an_error(copy: Path, minilm: MiniLm, late: LateModel) -> None:
    store = FolderIndex(copy).open()
    path = store.generation.folder / "late_tokens.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(IndexDamaged) as error:
        model_signals(store, minilm, late)
    assert error.value.hint == "rebuild the index: askdocs reindex --no-crawl --full"


def test_reindex_stores_them_and_ask_uses_them(askdocs: CommandLine, late: LateModel) -> None:
    (askdocs.cwd / "markdown_docs").mkdir()
    for name, body in BODIES.items():
        (askdocs.cwd / "markdown_docs" / f"{name}.md").write_text(f"# {name}\n\n{body}\n", encoding="utf-8")
    built = askdocs("reindex", "--no-crawl", "--late", late.name)
    assert built.status == 0, built.err
    asked = askdocs("ask", "--no-llm", "--json", QUESTION, "--late", late.name)
    assert asked.status == 0, asked.err
    assert "two" in json.loads(asked.out)["answer"]
