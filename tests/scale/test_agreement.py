"""An index in Postgres answers as one of files does."""

import json
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from ingest.core.database_url import DatabaseUrl
from ingest.core.settings import load_settings
from ingest.core.urls import site_path
from ingest.index.base import Candidates, Weights
from ingest.index.stores import index_at
from ingest.text.terms import terms
from rag.open import Opened, open_assistant
from tests.bench.scale import copy_index
from tests.conftest import REPOSITORY, STARTER_PAGES, CommandLine, bare_environment
from tests.ingest.embed.stand_ins import save_late
from tests.scale.conftest import own_schema

QUESTIONS = [
    json.loads(line)["question"]
    for name in ("starter", "openrouter")
    for line in (REPOSITORY / "eval" / "questions" / f"{name}.jsonl").read_text().splitlines()
    if line.strip()
]
WORDS, VECTORS = Weights(1, 0, 0, 0), Weights(0, 1, 0, 0)


@pytest.fixture(scope="module")
def both(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Opened, Opened]]:
    """The shipped index of the starter pages, as files and copied into Postgres: nothing is embedded. Read-only."""
    folder = tmp_path_factory.mktemp("both")
    shutil.copytree(STARTER_PAGES, folder / "markdown_docs")
    asked = CommandLine(folder, bare_environment(folder))("ask", "--no-llm", "What are model variants?")
    assert asked.status == 0, asked.err

    def opened(index: str | Path) -> Opened:
        docs = folder / "markdown_docs"
        return open_assistant(load_settings({"docs": docs, "index": index}, {}, folder), use_model=False)

    files = folder / "markdown_docs.index"
    with own_schema(postgres) as url:
        copy_index(index_at(files).open(), DatabaseUrl(url))
        yield opened(files), opened(url)


def ids(opened: Opened, found: Candidates) -> list[str]:
    return [chunk.id for chunk in opened.store.chunks(found.rows.tolist())]


def test_each_ranking_has_the_same_fifty_with_the_same_scores(both: tuple[Opened, Opened]) -> None:
    from ingest.embed.minilm import MiniLm

    files, postgres = both
    model = MiniLm()
    for question in QUESTIONS[::4]:
        words, query = list(terms(question)), model.embed_query(question)
        for embedding, weights in ((None, WORDS), (query, VECTORS), (query, Weights())):
            ours, theirs = (one.store.candidates(embedding, words, 50, weights=weights) for one in both)
            if embedding is None:
                assert ids(files, ours) == ids(postgres, theirs), question
            assert set(ids(files, ours)) == set(ids(postgres, theirs)), question  # equal cosines may change places
            for name in ("score", "nearest"):
                one, other = getattr(ours, name), getattr(theirs, name)
                assert (one is None and other is None) or np.allclose(one, other, atol=2e-6), (question, name)
            assert ours.eligible == theirs.eligible
            assert set(ours.bm25_rank.tolist()) == set(theirs.bm25_rank.tolist())


def test_answers_are_the_same(both: tuple[Opened, Opened]) -> None:
    for question in QUESTIONS[::6]:
        ours, theirs = (one.assistant.answer(question) for one in both)
        assert (ours.text, ours.answered) == (theirs.text, theirs.answered), question
        assert [cited.hit.chunk.id for cited in ours.citations] == [cited.hit.chunk.id for cited in theirs.citations]


def test_a_filter_by_path_filters_the_same(both: tuple[Opened, Opened]) -> None:
    for under in ("/docs/guides", "/docs/faq"):
        ours, theirs = (one.assistant.search("How do I set a fallback model?", 20, under) for one in both)
        assert [hit.chunk.id for hit in ours.hits] == [hit.chunk.id for hit in theirs.hits]
        assert all(hit.chunk.url.partition("openrouter.ai")[2].startswith(under) for hit in theirs.hits)


def test_everything_else_that_a_reader_offers_is_the_same(both: tuple[Opened, Opened]) -> None:
    files, postgres = (one.store for one in both)
    assert files.all_chunks() == postgres.all_chunks()
    assert files.pages() == postgres.pages()
    assert sorted(files.vocabulary) == sorted(postgres.vocabulary)
    for term in ("model", "fallback", "valve 7", "nonexistent"):
        assert files.vocabulary.frequency(term) == postgres.vocabulary.frequency(term)
        assert files.vocabulary.rows_with(term).tolist() == postgres.vocabulary.rows_with(term).tolist()
        assert files.idf(term) == pytest.approx(postgres.idf(term), rel=1e-6)
    rows, words = [0, 5, 100, 7], ["model", "token", "nonexistent"]
    for ours, theirs in zip(files.explain(rows, words), postgres.explain(rows, words), strict=True):
        assert list(ours) == list(theirs)
        assert ours == pytest.approx(theirs, rel=1e-6)
    one, other = files.passages(rows), postgres.passages(rows)
    assert np.array_equal(one.vectors, other.vectors)
    assert all(np.array_equal(a, b) for a, b in zip(one.tokens, other.tokens, strict=True))
    assert np.allclose(files.whitening(), postgres.whitening(), rtol=1e-3, atol=1e-3)
    assert np.allclose(files.token_means(), postgres.token_means(), atol=1e-6)
    url = files.pages()[3].document.url
    assert files.page_chunks([url]) == postgres.page_chunks([url])


def test_a_few_pages_are_published_asked_and_rolled_back(askdocs: CommandLine, url: str) -> None:
    docs = askdocs.cwd / "markdown_docs"
    docs.mkdir()
    (docs / "valve.md").write_text("# Valves\n\nThe valve 7 opens at 21 bar.\n")
    where = ("--index", url)
    first = askdocs("reindex", "--no-crawl", *where, "--json").json
    assert first["published"]
    asked = askdocs("ask", "--no-llm", "At how many bar does the valve 7 open?", *where)
    assert "21 bar" in asked.out, asked.err
    (docs / "pump.md").write_text("# Pumps\n\nThe pump 3 starts at 4 bar.\n")
    assert askdocs("reindex", "--no-crawl", *where).status == 0
    assert askdocs("status", *where, "--json").json["index"]["pages"] == 2
    assert askdocs("reindex", "--rollback", *where, "--json").json["generation"] == first["generation"]
    assert askdocs("status", *where, "--json").json["index"]["pages"] == 1


def test_all_commands_read_from_the_database(published: CommandLine) -> None:
    asked = published("ask", "--no-llm", "--json", "What are model variants?")
    assert asked.status == 0, asked.err
    assert asked.json["answered"]
    found = published("inspect", "What are model variants?", "-k", "3", "--json")
    assert [chunk["rank"] for chunk in found.json["chunks"]] == [1, 2, 3]
    assert published("inspect", "--page", "/docs/faq", "--json").json["chunks"]
    status = published("status", "--json").json["index"]
    assert (status["pages"], status["behind"], status["bytes"] > 0) == (43, 0, True)
    doctor = published("doctor", "--json").json
    assert {check["name"]: check["state"] for check in doctor["checks"]}["database"] == "ok"
    measured = published("eval", str(REPOSITORY / "eval/questions/starter.jsonl"), "--retrieval-only", "--json")
    assert measured.json["retrieval"]["recall@5"]["value"] > 0.8
    assert "again" not in published("reindex", "--no-crawl").err


def test_the_llamaindex_retriever_reads_from_the_database(published: CommandLine) -> None:
    from rag.llamaindex import AskdocsRetriever

    nodes = AskdocsRetriever(published.environ["ASKDOCS_INDEX"], k=3).retrieve("What are model variants?")
    assert "variant" in nodes[0].node.get_content()


def test_pages_and_chunks_are_found_by_name(both: tuple[Opened, Opened]) -> None:
    files, postgres = (one.store for one in both)
    assert files.page_addresses() == postgres.page_addresses()
    for chunk in files.all_chunks()[::20]:
        assert files.find_chunk(chunk.id) == postgres.find_chunk(chunk.id) == chunk
    assert files.find_chunk("nothing") is postgres.find_chunk("nothing") is None


def test_an_index_of_vectors_finds_the_nearest_of_all_and_of_some_pages(both: tuple[Opened, Opened]) -> None:
    from ingest.embed.minilm import MiniLm
    from ingest.index.first_stage import pages_below, select
    from ingest.index.postgres.connection import Session
    from ingest.index.postgres.nearest import NearestSearch, create_nearest
    from ingest.index.postgres.reader import PostgresReader

    store, model = both[1].store, MiniLm()
    assert isinstance(store, PostgresReader)

    def create(session: Session) -> None:
        with session.transaction():
            create_nearest(session, "embedding", model.dimension)

    store.run(create)
    rows, paths = store.page_rows, [site_path(url) for url in store.page_rows.urls]
    for under in ("", "/docs/guides"):
        places = pages_below(paths, under) if under else np.ones(len(paths), dtype=bool)
        for question in QUESTIONS[::8]:
            query, words = model.embed_query(question), store.vocabulary.weigh(list(terms(question)))
            search = partial(NearestSearch, rows=rows, visible=store.visible, vectors=store.distribution)
            signals = store.run(lambda session: search(session).scores(query, words, places, [3])).signals  # noqa: B023 - run at once
            for weights, least in ((VECTORS, 0.98), (Weights(), 0.85)):
                exact = store.candidates(query, words.terms, 50, under=under, include=[3], weights=weights)
                found = select(signals, places[rows.page_of], rows.page_of, 50, [3], weights)
                assert len({*found.rows.tolist()} & {*exact.rows.tolist()}) >= least * len(exact.rows), question
                assert places[rows.page_of[found.rows]].all()
                assert (found.mean, found.deviation) == pytest.approx((exact.mean, exact.deviation), abs=1e-4)
                assert (found.bm25_rank[:5] > 0).any() == (exact.bm25_rank[:5] > 0).any()


def test_token_vectors_of_a_late_interaction_model_are_the_same(published: CommandLine, tmp_path: Path) -> None:
    late = str(save_late(tmp_path / "model"))
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "boats.md").write_text("# Boats\n\nBoats need oars. A skiff has two of them.\n", encoding="utf-8")
    tokens = []
    for address in (str(tmp_path / "index"), published.environ["ASKDOCS_INDEX"]):
        command = CommandLine(tmp_path, {**published.environ, "ASKDOCS_DOCS": str(docs), "ASKDOCS_INDEX": address})
        built = command("reindex", "--no-crawl", "--late", late, "--allow-shrink")
        assert built.status == 0, built.err
        store = index_at(load_settings({"index": address}, {}, tmp_path).index).open()
        assert store.manifest["late"]["name"] == late
        tokens.append(store.late_tokens([0])[0])
        asked = command("ask", "--no-llm", "--late", late, "How many oars does a skiff have?")
        assert asked.status == 0, asked.err
    np.testing.assert_array_equal(tokens[0], tokens[1])
