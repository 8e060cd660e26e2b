"""`eval --new`: make a line of a question file, from a page or from the gaps of a log."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cli.context import open_index
from cli.terminal import format_count, json_line, say
from ingest.core.errors import UsageError
from ingest.core.settings import Settings

if TYPE_CHECKING:
    from eval.dataset import Question


class NewOptions(Protocol):
    """The options of `eval --new`."""

    @property
    def questions(self) -> Path | None:
        """The file to add the line to; None: only print it."""

    @property
    def quiet(self) -> bool:
        """Whether notes are left out."""


def run_new(settings: Settings, page: str, quote: str | None, question: str | None, options: NewOptions) -> int:
    """Print the new line, and add it to the question file where one is given. Raises DocsError."""
    from eval.gold import Docs
    from eval.scaffold import check_in_one_chunk, new_question

    if not quote or not question:
        raise UsageError("--new takes --quote and --question", "askdocs eval --new PAGE --quote TEXT --question TEXT")
    text, known = _existing(options.questions)
    if any(one.question.lower() == " ".join(question.split()).lower() for one in known):
        raise UsageError(f"{options.questions} asks that already", "ask something else, or edit its line")
    opened = open_index(settings, use_model=False, quiet=options.quiet)
    docs = Docs.of(opened.store.pages())
    line = new_question(docs, page, quote, question, [one.id for one in known])
    check_in_one_chunk((chunk for _, chunk in opened.store.page_chunks([docs.url_of(page)])), quote)
    _add(options.questions, text, [line])
    print(json_line(line))
    if not options.quiet:
        _note_added(options.questions, 1)
        say("note: add the facts that a right answer contains, and set the kind")
    return 0


def lines_from_log(settings: Settings, log: Path, questions: Path | None, *, quiet: bool) -> int:
    """Print a line for each gap of a log that the question file does not ask, and add it there. Raises DocsError."""
    from cli.find_gaps import find_gaps_of
    from eval.gaps.question_lines import question_lines
    from rag.question_log import read_log

    text, known = _existing(questions)
    gaps = find_gaps_of(settings, read_log(log), quiet=quiet)
    lines = list(question_lines(gaps, {one.question.lower() for one in known}))
    _add(questions, text, lines)
    for line in lines:
        print(json_line(line))
    if not quiet:
        _note_added(questions, len(lines))
        say("note: check each line: whether the docs answer it, the gold, and the facts of a right answer")
    return 0


def _add(path: Path | None, text: str, lines: "Sequence[Mapping[str, Any]]") -> None:
    """Write the file again with these lines at its end; without a file, nothing."""
    if path is None or not lines:
        return
    from eval.storage import write_whole

    separator = "\n" if text and not text.endswith("\n") else ""
    added = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
    write_whole(path, f"{text}{separator}{added}")


def _note_added(path: Path | None, count: int) -> None:
    if path is not None and count:
        say(f"note: added {format_count(count, 'line')} to {path}")


def _existing(path: Path | None) -> "tuple[str, tuple[Question, ...]]":
    """The file's text and its questions; a file that is not there yet is empty. Raises UsageError."""
    from eval.dataset import read_questions

    if path is None or not path.exists():
        return "", ()
    text = path.read_text(encoding="utf-8")
    return text, read_questions(path).questions if text.strip() else ()
