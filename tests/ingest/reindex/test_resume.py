"""An interrupted run changes nothing, and the next one goes on from what it fetched and embedded."""

import hashlib
from collections.abc import Callable, Iterator, Sequence

import pytest

import ingest.reindex.pipeline
from ingest.core.errors import ModelError
from ingest.core.settings import Settings
from ingest.embed.base import Embedding
from ingest.index.folder.generations import current_generation
from ingest.reindex.pipeline import ReindexOptions, ReindexReport, index_corpus, reindex
from tests.ingest.crawl.site import Site, html
from tests.ingest.made import WordEmbedder, quiet

NAMES = "abcdefgh"


@pytest.fixture
def chain(site: Site) -> Site:
    """Pages of which each is linked from the one before only."""
    site.pages["/docs"] = html("Start", "/docs/a", text="Where everything begins, told in one sentence.")
    for name, after in zip(NAMES, [*NAMES[1:], ""], strict=True):
        said = f"All there is to know about {name}, told in one sentence."
        site.pages[f"/docs/{name}"] = html(f"Page {name}", *([f"/docs/{after}"] if after else []), text=said)
    return site


def run(
    settings: Settings, site: Site, progress: Callable[[str, int, int], None] = quiet, **options: bool
) -> ReindexReport:
    sources = (site.url("/docs"),)
    return reindex(settings, ReindexOptions(sources, allow_private=True, **options), progress)  # type: ignore[arg-type]  # options by name


def interrupt(stage: str, at: int) -> Callable[[str, int, int], None]:
    def progress(name: str, done: int, _total: int) -> None:
        if (name, done) == (stage, at):
            raise KeyboardInterrupt

    return progress


def pages(settings: Settings) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in settings.docs.glob("*.md")}


def test_an_interrupted_crawl_goes_on_from_what_it_fetched(
    chain: Site, settings: Settings, embedder: WordEmbedder
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(settings, chain, interrupt("crawl", 5))
    assert not settings.docs.exists()
    fetched = [path for path in chain.paths() if path in chain.pages]
    assert 5 <= len(fetched) < 9
    chain.pages["/docs/b"] = html("Page b", "/docs/c", text="Rewritten after the interruption, in one sentence.")
    chain.log.clear()
    report = run(settings, chain)
    conditional = [asked.path for asked in chain.log if "If-None-Match" in asked.headers]
    assert set(fetched) <= set(conditional)
    assert report.count("added") == 9, "pages behind those that were fetched before are found"
    assert any("Rewritten" in path.read_text(encoding="utf-8") for path in settings.docs.glob("*__b.md"))
    assert not list((settings.index / "responses").glob("*.new"))


@pytest.mark.parametrize(("stage", "at"), [("crawl", 3), ("embed", 0), ("embed", 2)])
def test_an_interruption_leaves_docs_and_index_as_they_were(
    chain: Site, settings: Settings, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch, stage: str, at: int
) -> None:
    embedder.batch_size = 1
    run(settings, chain)
    before, generation = pages(settings), current_generation(settings.index).name
    for name in "abc":
        chain.pages[f"/docs/{name}"] = html(
            f"Page {name}", "/docs/d", "/docs/b", "/docs/c", text=f"New text of {name}."
        )

    def progress(name: str, done: int, _total: int) -> None:
        if (name, done) == (stage, max(1, at)):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(settings, chain, progress)
    assert (pages(settings), current_generation(settings.index).name) == (before, generation)
    report = run(settings, chain)
    assert report.count("changed") == 3


class Failing(WordEmbedder):
    """Fails the first time, after five texts."""

    batch_size = 2
    failed = False

    def embed_stream(self, texts: Sequence[str]) -> Iterator[tuple[int, Embedding]]:
        for at, embedding in super().embed_stream(texts):
            if at == 5 and not self.failed:
                self.failed = True
                raise ModelError("the service is down", retryable=True)
            yield at, embedding


def test_what_was_embedded_before_a_failure_is_not_embedded_again(
    chain: Site, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = Failing()
    monkeypatch.setattr(ingest.reindex.pipeline, "get_embedder", lambda _settings: embedder)
    with pytest.raises(ModelError):
        run(settings, chain)
    assert settings.docs.exists() is False
    kept, embedder.embedded = set(embedder.embedded[:5]), []
    report = run(settings, chain)
    assert len(embedder.embedded) == 4
    assert kept.isdisjoint(embedder.embedded)
    assert (report.chunks.total, report.chunks.embedded) == (9, 4)


def test_the_cache_outlives_full_runs_and_generations(chain: Site, settings: Settings, embedder: WordEmbedder) -> None:
    run(settings, chain)
    first = current_generation(settings.index)
    embedder.embedded.clear()
    report = run(settings, chain, full=True)
    assert (embedder.embedded, report.chunks.embedded) == ([], 0)
    assert report.index is not None
    assert report.index.generation.name != first.name
    for path in report.index.generation.folder.iterdir():
        path.write_bytes(b"damaged")
    run(settings, chain)
    assert embedder.embedded == []


def test_each_version_redoes_what_depends_on_it(
    chain: Site, settings: Settings, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(settings, chain)
    before, first = pages(settings), current_generation(settings.index).name

    def again() -> tuple[int, int, bool]:
        """How many pages were fetched, how many texts embedded, and whether a generation was published."""
        chain.log.clear()
        embedder.embedded.clear()
        report = reindex(settings, ReindexOptions(crawl=False), quiet)
        assert report.index is not None
        return len(chain.log), len(embedder.embedded), report.index.published

    assert again() == (0, 0, False)
    monkeypatch.setattr("ingest.index.build.CHUNKER_VERSION", 99)
    assert again() == (0, 0, True), "pages are cut anew; texts that come out the same keep their vectors"
    embedder.fingerprint = "words/2"
    assert again() == (0, 9, True), "everything is embedded"
    embedder.fingerprint = "words/1"
    assert again() == (0, 0, True), "vectors of the other embedder are still known"
    monkeypatch.setattr("ingest.reindex.pipeline.CLEANER_VERSION", 99)
    assert again() == (0, 0, False), "pages are cleaned anew, and came out the same"
    assert pages(settings) == before
    assert current_generation(settings.index).name != first


def test_a_first_question_uses_the_cache_too(chain: Site, settings: Settings, embedder: WordEmbedder) -> None:
    from ingest.docs.folder import read_corpus

    run(settings, chain)
    embedder.embedded.clear()
    report = index_corpus(settings, read_corpus(settings.docs), embedder, quiet, full=True)
    assert (report.embedded, embedder.embedded) == (0, [])
