import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.core.errors import CrawlFailed
from ingest.core.records import Document, Page
from ingest.core.settings import Settings
from ingest.docs.folder import read_corpus
from ingest.reindex.pipeline import ReindexOptions, ReindexReport, reindex
from ingest.reindex.response_cache import ResponseCache
from tests.ingest.crawl.site import Answer, Site
from tests.ingest.made import WordEmbedder, quiet

Run = Callable[..., ReindexReport]

URL = "https://h.org/docs/a"
PAGE = Page(URL, "<p>Tea ☕</p>".encode() * 99, "text/html; charset=utf-8", ("https://h.org/a",), '"1"', "Sat", "2026")
MADE = Document(URL, "Tea", "", "# Tea\n")


def text(title: str, *links: str, said: str = "It is all said in one sentence.") -> str:
    shown = "".join(f'<p>See <a href="{link}">{link}</a>.</p>' for link in links)
    return f"<html><body><main><h1>{title}</h1><p>{said}</p>{shown}</main></body></html>"


@pytest.fixture
def run(settings: Settings, embedder: WordEmbedder, site: Site) -> Run:
    site.pages |= {"/docs": text("Start", "/docs/a", "/docs/b"), "/docs/a": text("A"), "/docs/b": text("B")}

    def run(**options: object) -> ReindexReport:
        chosen = ReindexOptions((site.url("/docs"),), jobs=1, **options)  # type: ignore[arg-type]  # options by name
        return reindex(settings, chosen, quiet)

    return run


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Another cleaner from now on: it says so in every title."""

    def newer() -> None:
        def clean(page: Page) -> object:
            cleaned = original(page)
            document = cleaned.document
            body = document.body.replace(f"# {document.title}\n", f"# {document.title} again\n", 1)
            return replace(cleaned, document=replace(document, title=f"{document.title} again", body=body))

        import ingest.reindex.reclean
        from ingest.clean.page import clean_page as original

        monkeypatch.setattr(ingest.reindex.pipeline, "CLEANER_VERSION", 99)
        monkeypatch.setattr(ingest.reindex.reclean, "clean_page", clean)
        monkeypatch.setattr(ingest.reindex.reclean, "PROCESSES", 0)

    return newer


def titles(settings: Settings) -> list[str]:
    return sorted(document.title for document in read_corpus(settings.docs).documents)


def stored(settings: Settings) -> list[Path]:
    return sorted((settings.index / "responses").iterdir())


def test_an_answer_comes_back_as_it_was(tmp_path: Path) -> None:
    with ResponseCache(tmp_path / "r", 1) as responses:
        assert (responses.state(MADE), responses.answer_for(MADE)) == ("unknown", None)
        responses.keep(PAGE, MADE)
        assert responses.answer_for(MADE) is None, "not before the page is at hand"
        responses.settle([MADE])
    assert ResponseCache(tmp_path / "r", 1).state(MADE) == "current"
    assert ResponseCache(tmp_path / "r", 2).state(MADE) == "stale"
    assert ResponseCache(tmp_path / "r", 2).answer_for(MADE) == PAGE
    files = list((tmp_path / "r").iterdir())
    assert len(files) == 1
    assert files[0].stat().st_size < len(PAGE.body)


def test_an_answer_that_gave_another_page_is_of_no_use(tmp_path: Path) -> None:
    with ResponseCache(tmp_path, 1) as responses:
        responses.keep(PAGE, MADE)
        responses.settle([MADE])
    edited = replace(MADE, body="# Tea\n\nWith milk.\n")
    assert ResponseCache(tmp_path, 2).state(edited) == "unknown"
    assert ResponseCache(tmp_path, 2).answer_for(edited) is None


def test_what_did_not_become_a_page_is_dropped(tmp_path: Path) -> None:
    with ResponseCache(tmp_path, 1) as responses:
        responses.keep(PAGE, MADE)
        responses.settle([MADE])
        responses.keep(replace(PAGE, body=b"newer"), replace(MADE, body="# Other\n"))
        responses.keep(replace(PAGE, url="https://h.org/gone"), MADE)
        responses.settle([MADE])
    assert len(list(tmp_path.iterdir())) == 1
    assert ResponseCache(tmp_path, 2).answer_for(MADE) == PAGE


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda data: data[:20],
        lambda data: data[:-9],
        lambda data: data.replace(b'{"url"', b'["url"', 1),
        lambda data: b"[]\n" + data.partition(b"\n")[2],
        lambda data: data.partition(b"\n")[0] + b"\n" + b"\0" * 50,
        lambda data: data.partition(b"\n")[0] + b"\n" + zlib.compress(bytes(100_000_000)),
    ],
)
def test_damaged_files_count_as_missing(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    with ResponseCache(tmp_path, 1) as responses:
        responses.keep(PAGE, MADE)
        responses.settle([MADE])
    path = next(tmp_path.iterdir())
    path.write_bytes(damage(path.read_bytes()))
    assert ResponseCache(tmp_path, 2).answer_for(MADE) is None


def test_a_newer_cleaner_needs_no_network(site: Site, settings: Settings, run: Run, newer: Callable[[], None]) -> None:
    run()
    assert titles(settings) == ["A", "B", "Start"]
    facts = json.loads(stored(settings)[0].read_bytes().partition(b"\n")[0])
    assert set(facts) == {
        *("url", "content_type", "etag", "last_modified", "fetched_at", "asked", "cleaner", "sha256", "draft")
    }
    newer()
    site.log.clear()
    assert run(crawl=False, dry_run=True).count("changed") == 3
    assert titles(settings) == ["A", "B", "Start"]
    report = run(crawl=False)
    assert (report.count("changed"), report.unchanged) == (3, 0)
    assert titles(settings) == ["A again", "B again", "Start again"]
    assert site.log == []
    assert run(crawl=False).count("changed") == 0


def test_pages_that_have_not_changed_are_cleaned_anew(
    site: Site, settings: Settings, run: Run, newer: Callable[[], None]
) -> None:
    run()
    newer()
    report = run()
    assert (report.crawl.not_modified, report.count("changed")) == (3, 3)
    assert titles(settings) == ["A again", "B again", "Start again"]
    after = run()
    assert (after.crawl.not_modified, after.count("changed")) == (3, 0)


def test_a_page_whose_answer_is_lost_is_fetched_whole(
    site: Site, settings: Settings, run: Run, newer: Callable[[], None]
) -> None:
    run()
    stored(settings)[0].unlink()
    assert run().crawl.not_modified == 2
    assert len(stored(settings)) == 3
    assert run().crawl.not_modified == 3
    assert run(full=True).crawl.not_modified == 0


def test_removed_pages_and_the_litter_of_a_crash_go(site: Site, settings: Settings, run: Run) -> None:
    run()
    folder = settings.index / "responses"
    for name in ("0123.new", "x.tmp", "0" * 64 + ".page"):
        (folder / name).write_bytes(b"litter")
    site.pages["/docs"] = text("Start", "/docs/a")
    del site.pages["/docs/b"]
    run(allow_shrink=True)
    assert [path.suffix for path in stored(settings)] == [".page", ".page"]


def test_a_refused_run_keeps_the_old_answers(site: Site, settings: Settings, run: Run) -> None:
    run()
    before = {path: path.read_bytes() for path in stored(settings)}
    site.pages = {"/docs": text("Another site now")}
    with pytest.raises(CrawlFailed):
        run()
    kept = (settings.index / "responses").glob("*.page")
    assert {path: path.read_bytes() for path in kept} == before


def test_a_dry_run_keeps_nothing(settings: Settings, run: Run) -> None:
    run(dry_run=True)
    assert not settings.index.exists()


def test_a_page_that_the_newer_cleaner_refuses_stays(
    site: Site, settings: Settings, run: Run, newer: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    newer()

    def refuse(page: Page) -> object:
        raise ValueError(page.url)

    monkeypatch.setattr("ingest.reindex.reclean.clean_page", refuse)
    report = run(crawl=False)
    assert [(problem.reason, problem.kept_old) for problem in report.problems] == [("clean-failed", True)] * 3
    assert titles(settings) == ["A", "B", "Start"]


def test_answers_hold_what_came_and_not_what_was_sent(site: Site, settings: Settings, run: Run) -> None:
    site.pages["/docs/a"] = Answer(text("A"), headers={"Set-Cookie": "session=secret", "X-Key": "secret"})
    run()
    for path in stored(settings):
        line, _, body = path.read_bytes().partition(b"\n")
        assert b"secret" not in line + zlib.decompress(body)
