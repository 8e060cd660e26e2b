"""Options that exclude each other, folders that can't be used, and what an interrupted reindex says."""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cli.contradictions import CONTRADICTIONS, Contradiction
from tests.cli.conftest import Here
from tests.conftest import CommandLine
from tests.ingest.crawl.site import Site

VALUES = {
    "--from": ["--from", "pages"],
    "--source": ["--source", "https://h.org/docs"],
    "--include": ["--include", "/a"],
    "--exclude": ["--exclude", "/a"],
    "--format": ["--format", "html"],
    "--compare": ["--compare", "bm25"],
    "--context": ["--context", "500"],
    "--page": ["--page", "/docs/faq"],
    "--questions": ["--questions", "q.jsonl"],
    "--new": ["--new", "/docs/faq"],
    "--models": ["--models", "a,b"],
    "--from-log": ["--from-log", "q.log"],
    "--impact": ["--impact", "q.jsonl"],
    "--save": ["--save", "r.json"],
    "--judge": ["--judge", "nli"],
    "--report": ["--report", "r.html"],
    "--baseline": ["--baseline", "r.json"],
}


@pytest.mark.parametrize("pair", CONTRADICTIONS, ids=lambda pair: f"{pair.command} {pair.one} {pair.other}")
def test_each_pair_is_refused(here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pair: Contradiction) -> None:
    monkeypatch.chdir(tmp_path)
    given = [word for option in (pair.one, pair.other) for word in VALUES.get(option, option.split())]
    question = ["Why?"] if pair.command == "ask" else []
    refused = here(pair.command, *question, *given)
    assert refused.status == 2
    told = refused.out if "--json" in given else refused.err
    assert f"{pair.one} and {pair.other} contradict each other" in told or "give one of a query" in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("reindex --no-crawl --docs none", "there is no docs folder at CWD/none"),
        ("reindex --no-crawl --docs file", "CWD/file is a file, not a docs folder"),
        (
            "reindex --no-crawl --docs file/docs --index i",
            "CWD/file is a file, so there can be no folder CWD/file/docs",
        ),
        ("reindex --no-crawl --docs empty", "the docs folder CWD/empty is empty"),
        ("reindex --from none", "there is no file or folder none"),
        ("reindex --from empty", "the folder empty is empty"),
        ("reindex --no-crawl --docs pages --index file", "CWD/file is a file, not an index folder"),
        ("reindex --no-crawl --docs pages --index /proc/i", "the index folder /proc/i can't be created: No such file"),
        ("inspect x --docs pages --index file", "CWD/file is a file, not an index folder"),
        ("eval none", "there is no file none"),
        ("eval empty", "empty is a folder, not a file"),
        ("eval image", "image is not UTF-8 text"),
        ("eval file --baseline none", "there is no file none"),
    ],
)
def test_what_is_wrong_with_a_path_comes_first(askdocs: CommandLine, arguments: str, error: str) -> None:
    for folder in ("empty", "pages"):
        (askdocs.cwd / folder).mkdir()
    (askdocs.cwd / "pages" / "a.md").write_text("# A\n\nsome text\n", encoding="utf-8")
    (askdocs.cwd / "file").write_text('{"question": "Why is that?", "answerable": false}', encoding="utf-8")
    (askdocs.cwd / "image").write_bytes(b"\x89PNG\xff")
    before = sorted(path.name for path in askdocs.cwd.iterdir())
    refused = askdocs(*arguments.split())
    assert refused.err.startswith(f"error: {error.replace('CWD', str(askdocs.cwd))}"), refused.err
    assert refused.err.count("\n") == 2
    assert sorted(path.name for path in askdocs.cwd.iterdir()) == before, "no empty index folder is left"


def test_an_interrupted_reindex_says_what_is_kept_and_how_to_go_on(askdocs: CommandLine) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def wait(_: object) -> str:
        asked.set()
        go_on.wait(60)
        return "<html><body><main><h1>Late</h1></main></body></html>"

    with Site({"/docs": wait}) as site:
        command = [sys.executable, "-c", "from cli.start import askdocs; askdocs()"]
        command += ["reindex", "--source", site.url("/docs"), "--allow-private"]
        with subprocess.Popen(
            command, cwd=askdocs.cwd, env=os.environ | askdocs.environ, stderr=subprocess.PIPE, text=True
        ) as run:
            assert asked.wait(120)
            run.send_signal(signal.SIGINT)
            _, said = run.communicate(timeout=60)
            go_on.set()
    assert run.returncode == 130
    assert re.fullmatch(
        r"The old index stays in use; what was fetched and embedded so far is kept\.\n"
        r"To continue, run the same command again\.\ninterrupted\n",
        said,
    ), said
