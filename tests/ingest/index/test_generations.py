import json
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.core.errors import CorpusError, IndexDamaged, IndexLocked, IndexMismatch, IndexMissing, UsageError
from ingest.index.build import build_index
from ingest.index.folder import database
from ingest.index.folder.database import Store
from ingest.index.folder.generations import (
    FORMAT,
    Generation,
    building,
    current_generation,
    generation_names,
    publish,
    writing,
)
from ingest.index.folder.locks import refuse_if_locked
from tests.ingest.made import WordEmbedder, quiet, stored

FILES = ["index.duckdb", "vectors.npy", "vocabulary.json", "offsets.npy", "documents.npy", "weights.npy", "idf.npy"]
FILES += [
    "chunks.jsonl",
    "chunk_places.npy",
    "chunk_checksums.npy",
    "page_vectors.npy",
    "page_numbers.npy",
    "pages.json",
    "pages.jsonl",
    "page_places.npy",
    "page_checksums.npy",
    "tokens.npy",
    "token_places.npy",
    "token_checksums.npy",
    "token_means.npy",
    "whitening.npy",
]


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def built(index: Path) -> Generation:
    with writing(index):
        return build_index(index, stored(a="alpha text", b="beta text"), WordEmbedder(), quiet).generation


def publish_named(index: Path, name: str) -> Generation:
    with building(index, name) as folder:
        (folder / "data").write_text(name)
        return publish(index, folder, {"chunks": 0})


def test_what_is_published_is_what_opens(index: Path, built: Generation) -> None:
    opened = current_generation(index)
    assert opened == built
    assert sorted(opened.manifest["files"]) == sorted(FILES)
    assert [chunk.text for chunk in Store(opened).all_chunks()] == ["alpha text", "beta text"]
    assert sorted(path.name for path in index.iterdir() if path.name != "lock") == sorted(["CURRENT", built.name])


def test_no_index_is_said_as_such(index: Path) -> None:
    with pytest.raises(IndexMissing) as caught:
        current_generation(index)
    assert "reindex" in caught.value.hint


@pytest.mark.parametrize(
    "pointer",
    [b"", b"\n", b"nonsense", b"../outside", b"/etc", b".building-x", b"\xff\xfe", b"a\0b", b"x" * 5_000, b"lock"],
)
def test_a_pointer_to_nothing_is_damage(index: Path, built: Generation, pointer: bytes) -> None:
    (index / "CURRENT").write_bytes(pointer)
    with pytest.raises(IndexDamaged) as caught:
        current_generation(index)
    assert "reindex --no-crawl --full" in caught.value.hint


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_a_flipped_byte_a_truncation_and_a_missing_file_are_damage(index: Path, built: Generation, name: str) -> None:
    path = built.folder / name
    whole = path.read_bytes()
    at = whole.find(b"chunks") + 9 if name == "manifest.json" else len(whole) // 2
    for data in (whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], whole[:-1], None):
        path.unlink() if data is None else path.write_bytes(data)
        with pytest.raises(IndexDamaged) as caught:
            current_generation(index)
        assert "reindex --no-crawl --full" in caught.value.hint
    path.write_bytes(whole)
    assert current_generation(index) == built


def test_a_foreign_log_beside_the_database_is_damage(index: Path, built: Generation) -> None:
    (built.folder / "index.duckdb.wal").write_bytes(b"")
    with pytest.raises(IndexDamaged, match="foreign log") as caught:
        current_generation(index)
    assert "delete index.duckdb.wal" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["[]", "{}", "null", f'{{"format": {FORMAT}}}', f'{{"format": {FORMAT}, "files": []}}', "{"]
)
def test_a_manifest_of_another_shape_is_damage(index: Path, built: Generation, text: str) -> None:
    (built.folder / "manifest.json").write_text(text.replace("FORMAT", str(FORMAT)))
    with pytest.raises(IndexDamaged):
        current_generation(index)


def test_another_format_is_a_mismatch(index: Path, built: Generation) -> None:
    path = built.folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 2}))
    with pytest.raises(IndexMismatch, match="made by an older askdocs") as caught:
        current_generation(index)
    assert "reindex" in caught.value.hint


def test_a_run_that_fails_changes_nothing(index: Path, built: Generation) -> None:
    def fail() -> None:
        with building(index, "20990101T000000000-new") as folder:
            (folder / "half").write_text("x")
            raise OSError(28, "No space left on device")

    with writing(index), pytest.raises(CorpusError, match="No space left"):
        fail()
    assert current_generation(index) == built
    assert not list(index.glob(".building*"))


def test_what_a_crash_left_is_removed_by_the_next_run(index: Path, built: Generation) -> None:
    (index / ".building-20260101T0-x").mkdir()
    (index / ".building-20260101T0-x" / "index.duckdb").write_text("half")
    (index / ".building-pointer").write_text("20260101T0-x")
    with writing(index):
        assert not list(index.glob(".building*"))
    assert current_generation(index) == built


NAMES = [f"20261121T08000000{number}-0123abcd" for number in range(3)]


def test_the_current_generation_and_the_one_before_stay(index: Path) -> None:
    for name in NAMES:
        with writing(index):
            publish_named(index, name)
    with writing(index):
        assert generation_names(index) == NAMES[1:]
    (index / "CURRENT").write_text(f"{NAMES[1]}\n")
    with writing(index):
        assert generation_names(index) == NAMES[1:]


def test_a_second_writer_is_told_who_holds_the_lock(index: Path) -> None:
    script = (
        "import sys, pathlib; from ingest.index.folder.generations import writing\n"
        "with writing(pathlib.Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(index)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(IndexLocked, match=rf"process {holder.pid}\b") as caught, writing(index):
            pass
        assert "wait" in caught.value.hint
        with pytest.raises(IndexLocked, match=rf"process {holder.pid}\b"):
            refuse_if_locked(index)
        holder.kill()
    assert (index / "holder").exists()
    refuse_if_locked(index)
    with writing(index):
        assert current_or_none(index) is None, "a dead process holds no lock"


def current_or_none(index: Path) -> Generation | None:
    try:
        return current_generation(index)
    except IndexMissing:
        return None


def test_folders_of_others_are_never_removed(index: Path) -> None:
    with writing(index):
        publish_named(index, NAMES[0])
    for name in ("app", "public"):
        (index / name).mkdir()
        (index / name / "manifest.json").write_text("{}", encoding="utf-8")
    for name in NAMES[1:]:
        with writing(index):
            publish_named(index, name)
    assert (index / "app" / "manifest.json").exists()
    assert (index / "public" / "manifest.json").exists()


def test_a_folder_with_other_files_is_no_place_for_an_index(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match=r"contains other files, such as thesis\.tex"), writing(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_chunks_that_are_written_over_several_connections_are_all_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = stored(a="alpha text", b="beta text", c="gamma text")
    whole = Store(build_index(tmp_path / "one", pages, WordEmbedder(), quiet).generation).all_chunks()  # type: ignore[arg-type]
    monkeypatch.setattr(database, "_PAGES_AT_ONCE", 1)
    monkeypatch.setattr(database, "_CHUNKS_AT_ONCE", 1)
    parts = Store(build_index(tmp_path / "two", pages, WordEmbedder(), quiet).generation).all_chunks()  # type: ignore[arg-type]
    assert len(whole) == 3
    assert parts == whole
