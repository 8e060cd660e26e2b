"""The log of questions: what is written, what is never written, and what is read back."""

import json
import threading
from dataclasses import asdict
from pathlib import Path

import pytest

from ingest.core.errors import DocsError, UsageError
from rag.question_log import LoggedQuestion, QuestionLog, log_entry, read_log
from rag.records import Answer, Citation
from tests.eval.made import hit, page

HIT = hit(1, page("/docs/a", "# A\n\nThe passage."), "The passage.")
CITATION = Citation(1, HIT, "The", 0, 3)


def test_an_answer_becomes_a_line_without_its_text_and_its_secrets(tmp_path: Path) -> None:
    asked = "Why does sk-or-v1-0123456789abcdef0123456789abcdef fail for ada@example.org?"
    answer = Answer(
        asked, "It expired.", answered=True, complete=True, mode="extractive", hits=(HIT,), citations=(CITATION,)
    )
    log = QuestionLog(tmp_path / "log.jsonl")
    log.add(log_entry(answer, confidence=0.61, generation="g1"))
    log.close()
    text = (tmp_path / "log.jsonl").read_text()
    assert "0123456789abcdef" not in text
    assert "ada@" not in text
    assert "It expired" not in text
    (read,) = read_log(tmp_path / "log.jsonl")
    assert read.question == "Why does [secret] fail for [email]?"
    assert read.cited == (HIT.chunk.id,)
    assert (read.answered, read.confidence, read.generation, read.vote) == (True, 0.61, "g1", "")
    assert (tmp_path / "log.jsonl").stat().st_mode & 0o077 == 0


def test_nothing_is_written_unmasked_whoever_made_the_entry(tmp_path: Path) -> None:
    log = QuestionLog(tmp_path / "log.jsonl")
    log.add(
        LoggedQuestion("1", "2026-01-01T00:00:00+00:00", "mail me: ada@example.org", answered=False, confidence=0.1)
    )
    log.add_vote("1", "down", "wrong, write to bob@example.org")
    (read,) = read_log(tmp_path / "log.jsonl")
    assert (read.question, read.vote, read.comment) == ("mail me: [email]", "down", "wrong, write to [email]")
    assert "@" not in (tmp_path / "log.jsonl").read_text()


def test_lines_of_many_threads_stay_whole_and_cut_ones_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = QuestionLog(path)

    def add(start: int) -> None:
        for at in range(50):
            log.add(
                LoggedQuestion(
                    f"{start}-{at}", "2026-01-01T00:00:00+00:00", "why " * 200, answered=True, confidence=0.5
                )
            )

    threads = [threading.Thread(target=add, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with path.open("a") as file:
        file.write('[1]\n{"id": "x"}\n{"id": "y", "time": "now"}\n{"question"')
    assert len(read_log(path)) == 400


def test_a_line_of_a_later_version_is_read(tmp_path: Path) -> None:
    line = asdict(LoggedQuestion("1", "2026-01-01T00:00:00+00:00", "why", answered=False, confidence=0.1)) | {
        "mood": "good"
    }
    (tmp_path / "log.jsonl").write_text(json.dumps(line) + "\n")
    assert read_log(tmp_path / "log.jsonl")[0].question == "why"


def test_files_that_are_no_log_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for path in (tmp_path / "empty", tmp_path / "none", tmp_path):
        with pytest.raises(UsageError, match=str(path)):
            read_log(path)
    with pytest.raises(DocsError, match="--log"):
        QuestionLog(tmp_path / "no" / "log.jsonl")
