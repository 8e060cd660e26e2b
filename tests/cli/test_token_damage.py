"""Token vectors are most of an index: they are reused, and damage to them is named, though they are checked late."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import ingest.index.folder.files
from cli.failures import guarded
from cli.main import app
from ingest.embed.base import Embedding
from ingest.embed.minilm import MiniLm
from ingest.index.folder.database import Store
from ingest.index.folder.generations import current_generation

PAGES = {
    "keys": "Send the key in the header.",
    "limits": "Twenty requests a minute.",
    "prices": "Prices are per token.",
}
QUESTION = "How many requests are there in a minute?"
Tokens = NDArray[np.int8]


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the bundled model has embedded; and large files, which are checked late, begin at no size."""
    texts: list[str] = []
    real = MiniLm.embed_stream

    def remembered(model: MiniLm, some: Sequence[str]) -> Iterator[tuple[int, Embedding]]:
        texts.extend(some)
        return real(model, some)

    monkeypatch.setattr(MiniLm, "embed_stream", remembered)
    monkeypatch.setattr(ingest.index.folder.files, "_LARGE", 0)
    return texts


@pytest.fixture
def run(
    tmp_path: Path, embedded: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    """Run askdocs on three pages that are indexed: what it prints with --json."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Any:
        guarded(app, [*arguments, "--json"], "askdocs")
        return json.loads(capsys.readouterr().out)

    (tmp_path / "markdown_docs").mkdir()
    for name, text in PAGES.items():
        write(tmp_path, name, text)
    assert run("reindex", "--no-crawl")["chunks"]["embedded"] == len(embedded) == 3
    return run


def write(folder: Path, name: str, text: str) -> None:
    (folder / "markdown_docs" / f"{name}.md").write_text(f"# {name.title()}\n\n{text}\n", encoding="utf-8")


def store(folder: Path) -> Store:
    return Store(current_generation(folder / "markdown_docs.index"))


def by_page(folder: Path) -> dict[str, Tokens]:
    opened = store(folder)
    return dict(zip(opened.urls(), opened.tokens(range(len(opened.urls()))), strict=True))


def test_token_vectors_are_reused_and_come_back_from_the_cache(
    tmp_path: Path, run: Callable[..., Any], embedded: list[str]
) -> None:
    before = by_page(tmp_path)
    assert all(len(tokens) > 3 for tokens in before.values())
    write(tmp_path, "prices", "Prices are per image.")
    assert run("reindex", "--no-crawl")["chunks"]["embedded"] == 1
    assert [text.splitlines()[-1] for text in embedded[3:]] == ["Prices are per image."]
    after = by_page(tmp_path)
    changed = {url for url in before if not np.array_equal(before[url], after[url])}
    assert [url for url in before if "prices" in url] == list(changed)
    whole = run("reindex", "--no-crawl", "--full")
    assert (whole["published"], whole["chunks"]["embedded"], len(embedded)) == (True, 0, 4)
    for url, tokens in by_page(tmp_path).items():
        np.testing.assert_array_equal(tokens, after[url])


def flipped(data: bytearray, at: int) -> bytes:
    data[at] ^= 1 << (at % 8)
    return bytes(data)


def damages(path: Path) -> dict[str, bytes]:
    """The file with a bit flipped every few places, its head included; cut; swapped; another type."""
    whole = path.read_bytes()
    rows = np.load(path)
    head = len(whole) - rows.nbytes
    places = [*range(0, head, 17), *range(head, len(whole), 499), len(whole) - 1]
    made = {f"bit at {at}": flipped(bytearray(whole), at) for at in places}
    made |= {"cut": whole[:-128], "empty": b"", "longer": whole + bytes(128)}
    made |= {"swapped": whole[:head] + rows[::-1].tobytes(), "zeros": whole[:head] + bytes(rows.nbytes)}
    return made | {"unsigned": whole[:head].replace(b"|i1", b"|u1") + whole[head:]}


def test_damaged_token_vectors_are_named_and_never_answered_from(tmp_path: Path, run: Callable[..., Any]) -> None:
    right = run("inspect", QUESTION)["chunks"]
    path = store(tmp_path).generation.folder / "tokens.npy"
    whole, unnoticed = path.read_bytes(), []
    for name, damaged in damages(path).items():
        path.write_bytes(damaged)
        said = run("inspect", QUESTION)
        if "error" in said:
            assert said["error"]["code"] == "index-damaged", name
            assert "reindex --no-crawl --full" in said["error"]["hint"], name
        else:
            assert said["chunks"] == right, name
            unnoticed.append(name)
    path.write_bytes(whole)
    assert run("inspect", QUESTION)["chunks"] == right
    head = len(whole) - sum(tokens.nbytes for tokens in by_page(tmp_path).values())
    harmless = [name for name in unnoticed if name.startswith("bit at ") and int(name[7:]) < head]
    assert [name for name in unnoticed if name not in harmless] == ["unsigned"], "what a head says is not believed"


@pytest.mark.parametrize(
    ("name", "asked"),
    [("chunks.jsonl", (QUESTION,)), ("pages.jsonl", (QUESTION,)), ("index.duckdb", ("--page", "/prices"))],
)
def test_damage_to_texts_is_named_though_they_are_checked_late(
    name: str, asked: tuple[str, ...], tmp_path: Path, run: Callable[..., Any]
) -> None:
    right = run("inspect", *asked)["chunks"]
    path = store(tmp_path).generation.folder / name
    whole = path.read_bytes()
    step = len(whole) // 40
    made = [flipped(bytearray(whole), at) for at in range(0, len(whole), step)]
    lines = whole.splitlines(keepends=True)
    for damaged in [*made, whole[:-1], b"", whole + b"\n", b"".join(lines[1:] + lines[:1])]:
        path.write_bytes(damaged)
        said = run("inspect", *asked)
        assert said["error"]["code"] == "index-damaged"
        assert "reindex --no-crawl --full" in said["error"]["hint"]
    path.write_bytes(whole)
    assert run("inspect", *asked)["chunks"] == right


def test_a_run_over_damaged_token_vectors_mends_them_without_embedding(
    tmp_path: Path, run: Callable[..., Any], embedded: list[str]
) -> None:
    right, before = run("inspect", QUESTION)["chunks"], by_page(tmp_path)

    def damage() -> None:
        path = store(tmp_path).generation.folder / "tokens.npy"
        path.write_bytes(path.read_bytes()[:-50] + bytes(50))
        assert run("inspect", QUESTION)["error"]["code"] == "index-damaged"

    damage()
    assert run("reindex", "--no-crawl", "--full")["chunks"]["embedded"] == 0
    assert run("inspect", QUESTION)["chunks"] == right
    damage()
    write(tmp_path, "prices", "Prices are per image.")
    assert run("reindex", "--no-crawl")["chunks"]["embedded"] == 1
    kept = {url: tokens for url, tokens in by_page(tmp_path).items() if "prices" not in url}
    assert len(kept) == 2
    assert all(np.array_equal(tokens, before[url]) for url, tokens in kept.items())
    assert len(embedded) == 4


def test_a_run_that_finds_no_change_notices_damage_and_mends_it(
    tmp_path: Path, run: Callable[..., Any], embedded: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    right = run("inspect", QUESTION)["chunks"]
    for name in ("tokens.npy", "vectors.npy", "index.duckdb"):
        path = store(tmp_path).generation.folder / name
        path.write_bytes(flipped(bytearray(path.read_bytes()), -1))
        assert guarded(app, ["reindex", "--no-crawl"], "askdocs") == 0
        said = capsys.readouterr()
        assert f"note: {path} is not as it was written; the index is written again\n" in said.err
        assert " published\n" in said.out
        assert run("inspect", QUESTION)["chunks"] == right
    assert run("reindex", "--no-crawl")["published"] is False
    assert len(embedded) == 3, "the cache had the vectors"
