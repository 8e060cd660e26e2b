"""`eval --new`: a page, a quote and a question -> a line for a question file, checked against the index."""

import json
from pathlib import Path
from typing import Protocol

from cli.context import open_index
from cli.terminal import json_line, say
from ingest.errors import UsageError
from ingest.settings import Settings


class NewOptions(Protocol):
    """What of the options of `eval` counts here."""

    @property
    def questions(self) -> Path | None:
        """The file to add the line to; None: only print it."""

    @property
    def quiet(self) -> bool:
        """Whether notes are left out."""


def run_new(settings: Settings, page: str, quote: str | None, question: str | None, options: NewOptions) -> int:
    """Print the new line, and add it to the question file where one is given. Raises DocsError."""
    from eval.docs import Docs
    from eval.scaffold import check_in_one_chunk, new_question

    if not quote or not question:
        raise UsageError("--new takes --quote and --question", "askdocs eval --new PAGE --quote TEXT --question TEXT")
    text, ids = _existing(options.questions, question) if options.questions else ("", [])
    opened = open_index(settings, use_model=False, quiet=options.quiet)
    docs = Docs.of(opened.store.pages())
    line = new_question(docs, page, quote, question, ids)
    check_in_one_chunk((chunk for _, chunk in opened.store.page_chunks([docs.url_of(page)])), quote)
    if options.questions:
        from eval.files import write_whole

        separator = "\n" if text and not text.endswith("\n") else ""
        write_whole(options.questions, f"{text}{separator}{json.dumps(line, ensure_ascii=False)}\n")
    print(json_line(line))
    if not options.quiet:
        say("note: add the facts that a right answer contains, and set the kind")
    return 0


def _existing(path: Path, question: str) -> tuple[str, list[str]]:
    """The file's text and its ids; a file that is not there yet is empty. Raises UsageError."""
    from eval.questions import Question, read_questions

    if not path.exists():
        return "", []
    text = path.read_text(encoding="utf-8")
    known: tuple[Question, ...] = read_questions(path).questions if text.strip() else ()
    if any(one.question.lower() == " ".join(question.split()).lower() for one in known):
        raise UsageError(f"{path} asks that already", "ask something else, or edit its line")
    return text, [one.id for one in known]
