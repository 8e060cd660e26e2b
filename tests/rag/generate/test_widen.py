"""Passages with the text around them, on the command line: nothing twice, within the budget, exact to the character."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest.docs.folder import read_corpus
from tests.cli.conftest import here
from tests.conftest import Result
from tests.rag.conftest import QUESTION
from tests.rag.server import ModelServer, answer, failure

__all__ = ["here"]

QUESTIONS = [QUESTION, "How is my data logged?", "How do I stream a response?"]
Here = Callable[..., Result]


def bodies() -> dict[str, str]:
    return {page.url: page.body for page in read_corpus(Path("markdown_docs")).documents}


def length(chunks: list[dict[str, Any]]) -> int:
    return sum(chunk["end"] - chunk["start"] for chunk in chunks)


def size(chunk: dict[str, Any]) -> int:
    return len(chunk["context"].split()) + len(chunk["text"].split())


@pytest.mark.usefixtures("in_starter")
@pytest.mark.parametrize("words", [150, 900])
def test_passages_grow_within_their_section_up_to_the_budget(here: Here, words: int) -> None:
    pages = bodies()
    widened = 0
    for question in QUESTIONS:
        alone = here("inspect", question, "-k", "8", "--json").json["chunks"]
        wide = here("inspect", question, "-k", "8", "--context", str(words), "--json").json["chunks"]
        # A bridge between two passages costs the heading of one of them, so the total never exceeds the budget.
        assert sum(map(size, wide)) <= words or len(wide) == 1
        assert wide[0]["chunk_id"] == alone[0]["chunk_id"]
        assert [chunk["rank"] for chunk in wide] == sorted(chunk["rank"] for chunk in wide)
        places = Counter[tuple[str, int]]()
        for chunk in wide:
            page = chunk["url"].partition("#")[0]
            assert chunk["text"] == pages[page][chunk["start"] : chunk["end"]]
            places.update((page, at) for at in range(chunk["start"], chunk["end"]))
        assert max(places.values()) == 1, "no character is there twice"
        if words > 800:
            covered = set(places)
            assert all((chunk["url"].partition("#")[0], chunk["start"]) in covered for chunk in alone)
        widened += length(wide) > length(alone)
    assert words < 800 or widened, "some passage has text around it"


@pytest.mark.usefixtures("in_starter")
def test_without_words_passages_are_as_they_are_ranked(here: Here) -> None:
    plain, none = (here("inspect", QUESTION, *extra, "--json").out for extra in ((), ("--context", "0")))
    assert plain == none


RIVERS = "Amber Brook Cedar Delta Ember Fern Gorse Hazel Iris Juniper Kelp Larch Maple Nettle Olive Poplar".split()
MANUAL = "# Locks\n\nHow the locks of the canal work.\n\n## Gates\n\n" + "\n".join(
    f"- The {river} gate opens to the west after the keeper of that lock has drained its upper chamber to "
    f"{3 + at} feet and has rung the bell of the {river.lower()} tower."
    for at, river in enumerate(RIVERS)
)


GATE = ("When does the Hazel gate open?", "-k", "1")


@pytest.fixture
def canal(here: Here, server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    """A page with one section of several chunks, indexed, and a server to ask about it."""
    monkeypatch.chdir(tmp_path)
    Path("docs").mkdir()
    Path("docs/locks.md").write_text(MANUAL, encoding="utf-8")
    assert here("reindex", "--no-crawl", "--docs", "docs", "--index", "index").status == 0
    for name, value in {**server.environ, "ASKDOCS_DOCS": "docs", "ASKDOCS_INDEX": "index"}.items():
        monkeypatch.setenv(name, value)
    return here


def test_citations_of_the_text_around_a_passage_are_exact(canal: Here, server: ModelServer) -> None:
    """Each sentence of a widened passage can be cited, also those that no ranked chunk contains."""
    (plain,) = canal("inspect", *GATE, "--json").json["chunks"]
    for river in RIVERS[0], RIVERS[-1]:
        assert river not in plain["text"]
        (line,) = (line for line in MANUAL.splitlines() if river in line)
        server.says(answer(f"{line} [1]"))
        document = canal("ask", *GATE, "--context", "2000", "--json").json
        (chunk,), (cited,) = document["chunks"], document["citations"]
        assert (document["unsupported"], chunk["chunk_id"]) == ([], plain["chunk_id"])
        assert chunk["text"] == MANUAL[chunk["start"] : chunk["end"]]
        assert cited["quote"] == MANUAL[cited["start"] : cited["end"]]
        assert cited["quote"].lstrip("- ") in line
        narrow = canal("ask", *GATE, "--context", "0", "--json").json
        assert narrow["unsupported"], "the passage alone does not say it"


def test_a_replay_reads_the_same_passages(canal: Here, server: ModelServer) -> None:
    (line,) = (line for line in MANUAL.splitlines() if "Hazel" in line)
    server.says(answer(f"{line} [1]"))
    recorded = canal("ask", GATE[0], "-k", "2", "--context", "400", "--json")
    assert len(recorded.json["chunks"][0]["parts"]) > 1
    Path("a.json").write_text(recorded.out, encoding="utf-8")
    again = canal("replay", "a.json", "--json").json
    first, second = (request.body["messages"] for request in server.requests)
    assert first == second
    assert again["prompt_same"]


def test_a_model_with_a_small_context_gets_the_passages_alone_first(canal: Here, server: ModelServer) -> None:
    too_long = failure(400, "the request exceeds the available context size")
    (line,) = (line for line in MANUAL.splitlines() if "Hazel" in line)
    server.says(too_long, too_long, answer(f"{line} [1]"))
    told = canal("ask", GATE[0], "-k", "2", "--context", "3000", "--json")
    assert (told.status, told.json["unsupported"]) == (0, [])
    sizes = [len(json.dumps(request.body["messages"])) for request in server.requests]
    assert sizes[0] > sizes[1] > sizes[2], "the section, two passages, one"
    (chunk,) = told.json["chunks"]
    assert (chunk["start"], chunk["end"]) != (MANUAL.index("- The Amber"), len(MANUAL))


@pytest.mark.usefixtures("in_starter")
def test_a_budget_without_a_model_is_refused_with_the_way_to_see_the_passages(here: Here) -> None:
    refused = here("ask", QUESTION, "--no-llm", "--context", "500")
    assert refused.status == 2
    assert refused.err.startswith("error: --context is for a model")
    assert "--show-prompt" in refused.err
