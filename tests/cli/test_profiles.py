"""Which models are used, and what is said before any is fetched: --profile, --embedder, --late, --reranker, --yes."""

import json
from pathlib import Path

import pytest

from tests.conftest import CommandLine
from tests.ingest.embed.stand_ins import save_cross, save_late, save_sparse

UNREACHABLE = "http://127.0.0.1:9"
MODELS = {"embedder": "MongoDB/mdbr-leaf-ir", "late": "", "reranker": "cross-encoder/ettin-reranker-17m-v1"}


@pytest.fixture
def pages(askdocs: CommandLine) -> CommandLine:
    (askdocs.cwd / "markdown_docs").mkdir()
    for name, text in (
        ("boats", "Boats need oars. A skiff has two of them."),
        ("tea", "Green tea is steeped for 2 minutes."),
    ):
        (askdocs.cwd / "markdown_docs" / f"{name}.md").write_text(f"# {name.title()}\n\n{text}\n", encoding="utf-8")
    askdocs.environ["HF_ENDPOINT"] = UNREACHABLE
    return askdocs


def settings(command: CommandLine, *options: str) -> dict[str, dict[str, str]]:
    shown = command("status", "--json", *options)
    assert shown.status == 0, shown.err
    found: dict[str, dict[str, str]] = json.loads(shown.out)["settings"]
    return found


def test_a_profile_chooses_what_nothing_else_chose(pages: CommandLine) -> None:
    shown = settings(pages, "--profile", "better")
    assert {name: shown[name] for name in MODELS} == {
        name: {"value": value, "origin": "profile better"} for name, value in MODELS.items()
    }
    pages.environ.update(ASKDOCS_PROFILE="best", ASKDOCS_EMBEDDER="minilm")
    shown = settings(pages)
    assert shown["embedder"] == {"value": "minilm", "origin": "environment ASKDOCS_EMBEDDER"}
    assert (shown["late"]["value"], shown["late"]["origin"]) == (
        "answerdotai/answerai-colbert-small-v1",
        "profile best",
    )
    (pages.cwd / "askdocs.toml").write_text('profile = "fast"\nreranker = "a/b"\n')
    del pages.environ["ASKDOCS_PROFILE"]
    shown = settings(pages)
    assert shown["profile"]["value"] == "fast"
    assert shown["reranker"]["value"] == "a/b"
    assert shown["late"] == {"value": "", "origin": "default"}


def test_an_unknown_profile_names_those_there_are(pages: CommandLine) -> None:
    refused = pages("status", "--profile", "bst")
    assert refused.status == 2
    assert refused.err.startswith("error: profile takes fast, better or best (from option: 'bst')\nhint: ")


@pytest.mark.parametrize("name", ["reindex --no-crawl --profile best", "reindex --no-crawl --embedder a/b --yes"])
def test_a_hub_out_of_reach_is_one_line_and_a_hint(pages: CommandLine, name: str) -> None:
    refused = pages(*name.split())
    assert refused.status == 1
    lines = refused.err.splitlines()
    late = "answerdotai/answerai-colbert-small-v1 (about 134 MB, Apache-2.0)"
    wanted = "a/b" if "a/b" in name else "MongoDB/mdbr-leaf-ir (about 91 MB, Apache-2.0)"
    assert lines[0] == f"downloading from the hub: {wanted if 'a/b' in name else f'{wanted}; {late}'}"
    assert (
        lines[1]
        == f"error: the hub can't be reached, and the model {wanted.partition(' ')[0]!r} is not on this machine"
    )
    assert lines[2] == "hint: check the network, or set HF_ENDPOINT to a mirror, or give --embedder a folder"
    assert len(lines) == 3


def test_without_network_nothing_is_asked_of_the_hub(pages: CommandLine) -> None:
    assert pages("reindex", "--no-crawl").status == 0
    refused = pages("ask", "--no-llm", "--late", "a/b", "oars")
    assert refused.status == 1
    assert refused.err.splitlines() == [
        "error: the model 'a/b' is not on this machine, and the hub may not be asked",
        "hint: leave out --no-llm once, which downloads it, or leave out --late and --profile",
    ]


def test_a_sparse_embedder_a_late_model_and_a_reranker_rank_together(pages: CommandLine, tmp_path: Path) -> None:
    sparse, late, cross = (save(tmp_path / save.__name__) for save in (save_sparse, save_late, save_cross))
    built = pages("reindex", "--no-crawl", "--embedder", str(sparse))
    assert built.status == 0, built.err
    pages.environ["ASKDOCS_EMBEDDER"] = str(sparse)
    found = pages("inspect", "--json", "--explain", "How many oars does a skiff have?", "-k", "2")
    assert found.status == 0, found.err
    first = json.loads(found.out)["chunks"][0]
    assert "oars" in first["text"]
    assert {"late", "added"} <= first["explain"]["signals"].keys()
    pages.environ["ASKDOCS_LATE"] = str(late)
    found = pages("inspect", "--json", "--explain", "How many oars does a skiff have?", "-k", "2")
    assert found.status == 0, found.err
    near, far = (chunk["explain"]["signals"]["model"] for chunk in json.loads(found.out)["chunks"])
    assert near > far
    asked = pages(
        "ask", "--no-llm", "--json", "How many oars does a skiff have?", "--late", str(late), "--reranker", str(cross)
    )
    assert asked.status == 0, asked.err
    answer = json.loads(asked.out)
    assert answer["index"]["embedder"] == str(sparse)
    pages.environ["ASKDOCS_LATE"] = str(cross)
    refused = pages("ask", "--no-llm", "oars")
    assert refused.status == 1
    assert refused.err.splitlines()[-1] == "hint: a CrossEncoder goes with --reranker"
