import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CommandLine
from tests.rag.server import KEY

SETTINGS = (
    "docs index profile embedder late reranker device precision model k max_tokens temperature timeout contact referer "
    "api_key base_url yes"
)


@pytest.fixture(scope="module")
def document(starter: CommandLine) -> Any:
    return starter("status", "--json", OPENROUTER_API_KEY=KEY, ASKDOCS_MODEL="acme/a").json


def test_it_tells_what_is_indexed(document: Any, starter: CommandLine) -> None:
    assert set(document) == {"schema", "docs", "index", "settings"}
    pages = len(list((starter.cwd / "markdown_docs").glob("*.md")))
    index = document["index"]
    assert (document["docs"]["pages"], index["pages"], index["behind"]) == (pages, pages, 0)
    assert document["docs"]["sources"] == ["starter"]
    assert index["chunks"] > pages
    assert (index["embedder"]["name"], index["embedder"]["dimension"]) == ("minilm", 384)
    assert 0 <= index["age_seconds"] < 86_400
    assert (index["sources"], index["previous"], index["checked_at"]) == (["starter"], None, None)
    assert index["bytes"] > 384 * 4 * index["chunks"]
    assert (starter.cwd / "markdown_docs.index" / index["generation"]).is_dir()


def test_it_tells_where_each_setting_comes_from(document: Any) -> None:
    settings = document["settings"]
    assert set(settings) == set(SETTINGS.split())
    assert settings["model"] == {"value": "acme/a", "origin": "environment ASKDOCS_MODEL"}
    assert settings["k"] == {"value": 8, "origin": "default"}


def test_the_key_is_never_shown(starter: CommandLine, document: Any) -> None:
    assert document["settings"]["api_key"] == {"value": True, "origin": "environment OPENROUTER_API_KEY"}
    shown = starter("status", "-q", "-vv", OPENROUTER_API_KEY=KEY)
    assert (shown.status, shown.err) == (0, "")
    assert "api_key     set  (environment OPENROUTER_API_KEY)" in shown.out
    assert KEY not in shown.out + str(document)


def test_precedence_is_option_environment_file_default(starter: CommandLine, askdocs: CommandLine) -> None:
    shutil.copytree(starter.cwd / "markdown_docs", askdocs.cwd / "pages")
    (askdocs.cwd / "askdocs.toml").write_text('docs = "pages"\nk = 3\nembedder = "acme"\nmodel = "file/m"\n')
    state = askdocs("status", "--json", "--embedder", "minilm", ASKDOCS_EMBEDDER="other", ASKDOCS_MODEL="env/m").json
    origins = {name: (entry["value"], entry["origin"].partition(" ")[0]) for name, entry in state["settings"].items()}
    assert origins["embedder"] == ("minilm", "option")
    assert origins["model"] == ("env/m", "environment")
    assert origins["k"] == (3, "config")
    assert origins["max_tokens"] == (800, "default")
    assert origins["docs"] == (str(askdocs.cwd / "pages"), "config")
    assert state["index"] is None
    assert "index     none yet" in askdocs("status").out


def test_pages_that_changed_since_are_counted(starter: CommandLine, askdocs: CommandLine) -> None:
    for name in ("markdown_docs", "markdown_docs.index"):
        shutil.copytree(starter.cwd / name, askdocs.cwd / name)
    faq = askdocs.cwd / "markdown_docs" / "openrouter.ai__docs__faq.md"
    faq.write_text(faq.read_text(encoding="utf-8") + "\nOne more line.\n", encoding="utf-8")
    (askdocs.cwd / "markdown_docs" / "new.md").write_text("# New\n\nText.\n")
    (askdocs.cwd / "markdown_docs" / "binary.md").write_bytes(b"\0\1\2")
    shown = askdocs("status")
    assert "behind    the index is not up to date with 2 pages; run: askdocs reindex --no-crawl\n" in shown.out
    assert "problem   " in shown.out
    assert "binary.md" in shown.out


def test_pages_are_ahead_when_only_what_answers_show_of_them_changed(
    starter: CommandLine, askdocs: CommandLine
) -> None:
    for name in ("markdown_docs", "markdown_docs.index"):
        shutil.copytree(starter.cwd / name, askdocs.cwd / name)
    faq = askdocs.cwd / "markdown_docs" / "openrouter.ai__docs__faq.md"
    text = faq.read_text(encoding="utf-8")
    faq.write_text(text.replace("---\n", '---\netag: "new"\n', 1), encoding="utf-8")
    assert askdocs("status", "--json").json["index"]["behind"] == 0
    faq.write_text(text.replace("---\n", "---\nlast_modified: 2026-11-20\n", 1), encoding="utf-8")
    assert askdocs("status", "--json").json["index"]["behind"] == 1
    assert askdocs("reindex", "--no-crawl", "--json").json["chunks"]["embedded"] == 0
    assert askdocs("status", "--json").json["index"]["behind"] == 0


def test_the_corpus_is_read_once(
    starter: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import cli.commands.status

    read: list[Path] = []
    real = cli.commands.status.read_corpus
    monkeypatch.setattr(cli.commands.status, "read_corpus", lambda folder: (read.append(folder), real(folder))[1])
    cli.commands.status.run_status({"docs": starter.cwd / "markdown_docs"}, json=True)
    assert '"behind": 0' in capsys.readouterr().out
    assert len(read) == 1
