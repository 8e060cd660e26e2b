"""An assistant for servers: it follows the index, and a request ends with the generation that it began with."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.core.settings import Settings, load_settings
from rag.open import LiveAssistant, Opened
from rag.records import AnswerOptions
from tests.conftest import CommandLine

QUESTION = "How long is the river?"


def write_page(folder: Path, length: int) -> None:
    folder.mkdir(exist_ok=True)
    text = f"# Rivers\n\nThe length of the river is {length} km. The river is long.\n"
    (folder / "rivers.md").write_text(text, encoding="utf-8")


def best_passage(opened: Opened) -> str:
    return opened.assistant.search(QUESTION, 1).hits[0].chunk.text


@pytest.fixture
def docs(askdocs: CommandLine) -> Iterator[Path]:
    write_page(askdocs.cwd / "markdown_docs", 100)
    assert askdocs("reindex", "--no-crawl").status == 0
    return askdocs.cwd / "markdown_docs"


@pytest.fixture
def settings(docs: Path) -> Settings:
    return load_settings({"docs": docs}, {}, docs.parent)


def test_a_new_generation_is_opened_and_the_old_one_stays_until_its_request_is_done(
    askdocs: CommandLine, docs: Path, settings: Settings
) -> None:
    live = LiveAssistant(settings, use_model=False)
    before = live.current()
    assert live.current() is before
    for length in (200, 300, 400):
        write_page(docs, length)
        assert askdocs("reindex", "--no-crawl").status == 0
    after = live.current()
    assert after.generation.name != before.generation.name
    assert "400 km" in best_passage(after)
    assert "100 km" in best_passage(before)
    assert [page.document.title for page in before.store.pages()] == ["Rivers"]
    folder = before.generation.folder
    del before
    write_page(docs, 500)
    assert askdocs("reindex", "--no-crawl").status == 0
    assert not folder.exists(), "nobody reads it any more"


def test_a_damaged_generation_is_not_taken_and_the_problem_is_named(
    askdocs: CommandLine, docs: Path, settings: Settings
) -> None:
    live = LiveAssistant(settings, use_model=False)
    before = live.current()
    write_page(docs, 200)
    assert askdocs("reindex", "--no-crawl").status == 0
    pointer = settings.index / "CURRENT"
    published = pointer.read_text(encoding="utf-8")
    pointer.write_text("no-such-generation", encoding="utf-8")
    assert live.current() is before
    assert "no-such-generation" in live.problem
    pointer.write_text(published, encoding="utf-8")
    assert "200 km" in best_passage(live.current())
    assert live.problem == ""


def test_threads_share_one_assistant(starter: CommandLine) -> None:
    settings = load_settings({}, {}, starter.cwd)
    live = LiveAssistant(settings, use_model=False)
    questions = ("What are model variants?", "How do I stream an answer?", "What does an error 402 mean?")
    expected = {question: live.current().assistant.answer(question, AnswerOptions(k=3)).text for question in questions}
    wrong: list[str] = []

    def ask() -> None:
        for question in questions * 2:
            text = live.current().assistant.answer(question, AnswerOptions(k=3)).text
            wrong.extend([text] if text != expected[question] else [])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(expected.values())) == 3
    assert wrong == []
