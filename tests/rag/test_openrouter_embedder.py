"""An index whose embedder is behind the network: what is sent, and when nothing may be sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingest.index.folder.database import Store
from ingest.index.folder.generations import current_generation
from tests.conftest import CommandLine, Result, bare_environment
from tests.rag.server import KEY, ModelServer, answer

REMOTE = ("--embedder", "openrouter:acme/embed")
PAGES = {"rivers": "The longest river is the Nile.", "peaks": "The highest mountain is Everest.", "seas": "Salt water."}


@dataclass(frozen=True)
class Remote:
    """A folder of three pages, its index by the server's embeddings, and how the first run went."""

    command: CommandLine
    server: ModelServer
    built: Result
    first: list[dict[str, object]]

    def __call__(self, *arguments: str | Path, stdin: str = "", **environ: str) -> Result:
        self.server.says(answer("The Nile [1]."))
        return self.command(*arguments, stdin=stdin, **self.server.environ, **environ)


def write_pages(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, text in PAGES.items():
        (folder / f"{name}.md").write_text(f"# {name.title()}\n\n{text}\n")


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    folder = tmp_path_factory.mktemp("remote")
    write_pages(folder / "markdown_docs")
    command = CommandLine(folder, bare_environment(folder))
    with ModelServer() as server:
        built = command("reindex", "--no-crawl", *REMOTE, **server.environ)
        yield Remote(command, server, built, [request.body for request in server.requests])


def test_an_embedder_of_a_server_of_ones_own_needs_no_slash_and_no_key(remote: Remote, tmp_path: Path) -> None:
    write_pages(tmp_path / "docs")
    remote.server.says(answer(""))
    environ = {**remote.server.environ, "OPENROUTER_API_KEY": ""}
    given = ("--docs", tmp_path / "docs", "--embedder", "openrouter:nomic-embed-text:v1.5")
    built = remote.command("reindex", "--no-crawl", *given, **environ)
    assert built.status == 0, built.err
    (sent,) = remote.server.requests
    assert sent.body["model"] == "nomic-embed-text:v1.5"
    assert "authorization" not in sent.headers
    at_openrouter = {**environ, "OPENROUTER_BASE_URL": "", "OPENROUTER_API_KEY": KEY}
    refused = remote.command("reindex", "--no-crawl", "--full", *given, **at_openrouter)
    assert refused.err.startswith("error: 'nomic-embed-text:v1.5' is not a model of OpenRouter\n")


def test_passages_are_sent_as_text_and_wanted_as_floats(remote: Remote) -> None:
    assert remote.built.status == 0, remote.built.err
    (body,) = remote.first
    assert (body["model"], body["encoding_format"], body["input_type"]) == ("acme/embed", "float", "search_document")
    assert sorted(str(text).partition("\n")[2] for text in body["input"]) == sorted(PAGES.values())  # type: ignore[attr-defined]  # a JSON list


def test_the_index_records_embedder_and_dimension(remote: Remote) -> None:
    generation = current_generation(remote.command.cwd / "markdown_docs.index")
    embedder = generation.manifest["embedder"]
    assert (embedder["name"], embedder["dimension"]) == ("openrouter:acme/embed", 64)
    store = Store(generation)
    added = store.added_vectors()
    assert added is not None
    assert (added.shape, store.vectors().shape) == ((3, 64), (3, 384))
    assert (added**2).sum(axis=1) == pytest.approx(1.0)


def test_a_question_is_embedded_by_the_same_model(remote: Remote) -> None:
    found = remote("inspect", "Which is the longest river?", "--json", *REMOTE)
    assert [(r.path, r.body["input"], r.body["input_type"]) for r in remote.server.requests] == [
        ("/v1/embeddings", ["Which is the longest river?"], "search_query")
    ]
    assert found.json["chunks"][0]["page"] == "/rivers"
    assert found.json["chunks"][0]["cosine"] > 0.3, "the bundled model's, which stays a signal"


@pytest.mark.parametrize("option", [REMOTE, ()], ids=["named again", "named by the index alone"])
def test_no_llm_ranks_by_bm25_alone_says_so_and_sends_nothing(remote: Remote, option: tuple[str, ...]) -> None:
    found = remote("ask", "--no-llm", "Which is the longest river?", *option)
    assert (found.status, remote.server.requests) == (0, [])
    assert found.out.startswith("[1] Rivers\n    markdown_docs/rivers.md\nThe longest river is the Nile.\n")
    assert found.err == "note: the embedder openrouter:acme/embed is remote and is not used; BM25 alone ranks\n"


def test_no_llm_sends_nothing_to_build_an_index_either(askdocs: CommandLine, server: ModelServer) -> None:
    write_pages(askdocs.cwd / "markdown_docs")
    refused = askdocs("ask", "--no-llm", "Which is the longest river?", *REMOTE, **server.environ)
    assert (refused.status, refused.out, server.requests) == (1, "", [])
    assert refused.err.startswith("error: there is no index at ")
    assert refused.err.splitlines()[1].startswith("hint: ")


def test_another_embedder_than_the_index_has_is_refused(remote: Remote) -> None:
    for command in ("ask", "inspect"):
        refused = remote(command, "Which is the longest river?", ASKDOCS_EMBEDDER="minilm")
        assert (refused.status, refused.out, remote.server.requests) == (1, "", [])
        error, hint = refused.err.splitlines()
        assert error.startswith("error: the index was built with the embedder openrouter:acme/embed")
        assert hint.startswith("hint: use --embedder openrouter:acme/embed, or rebuild it: askdocs reindex --no-crawl")


def test_a_model_that_changed_its_dimension_is_refused(remote: Remote) -> None:
    remote.server.dimension = 32
    try:
        refused = remote("inspect", "Which is the longest river?", *REMOTE)
    finally:
        remote.server.dimension = 64
    assert refused.status == 1
    assert refused.err.startswith(
        "error: openrouter:acme/embed now gives 32 dimensions, the index has 64\nhint: rebuild"
    )


def test_without_a_key_the_hint_names_it(remote: Remote) -> None:
    refused = remote.command("inspect", "Which is the longest river?", *REMOTE)
    assert refused.status == 1
    assert refused.err.startswith("error: there is no API key\nhint: set OPENROUTER_API_KEY")
    assert KEY not in refused.err
