"""`ask --chat`: one session of questions, each answered from passages of its own."""

import contextlib
import sys
import time
from collections.abc import Mapping

from cli.commands.answering import NOT_ANSWERED, answer_one, check_options, open_for, waiting
from cli.commands.ask_output import used_line
from cli.context import settings_from
from cli.options import AskOptions
from cli.terminal import is_terminal, safe, say
from ingest.core.errors import DocsError, UsageError
from ingest.core.settings import Settings
from rag.assistant import checked_question
from rag.open import Opened
from rag.query.rewrite import History, standalone
from rag.records import Answer, Completion

_PROMPT = "ask> "


def run_chat(values: Mapping[str, object], options: AskOptions) -> int:
    """Answer until the input ends. Returns 0; a question that fails ends nothing. Raises DocsError before the first."""
    settings = settings_from(values)
    check_options(options, settings)
    opened = open_for(settings, options)
    if not options.quiet:
        _greet(settings, options)
    history = History()
    first = options.question if options.question not in (None, "-") else None
    while True:
        line = first if first is not None else _line()
        first = None
        if line is None:
            return 0
        if line.strip():
            _turn(line, history, opened, settings, options)


def _greet(settings: Settings, options: AskOptions) -> None:
    if not (settings.api_key or options.no_llm):
        say("note: no API key, so the pages are quoted; set OPENROUTER_API_KEY for written answers")
    if is_terminal(sys.stderr) and sys.stdin.isatty():
        say("Ask on; Ctrl-D ends the session.")


def _line() -> str | None:
    """The next line; None at the end of the input. On a terminal it can be edited and recalled."""
    if not sys.stdin.isatty():
        line = sys.stdin.readline()
        return line or None
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 - importing it gives input() line editing and a history
    try:
        return input(_PROMPT)
    except EOFError:
        print()
        return None


def _standing_alone(question: str, history: History, opened: Opened, options: AskOptions) -> str:
    """The question as it is asked; what a model changed of it, and what that cost, is told."""
    started = time.perf_counter()
    assistant, spent = opened.assistant, list[Completion]()
    asked = standalone(question, history, assistant.write, assistant.retriever.idf, spent.append)
    if not options.quiet:
        if asked != question:
            say(f"asked as: {asked}")
        for used in spent:
            say(used_line(used, time.perf_counter() - started))
    return asked


def _turn(line: str, history: History, opened: Opened, settings: Settings, options: AskOptions) -> None:
    """One question: made to stand alone, answered, remembered. Failures are told as the command's are."""
    try:
        question = checked_question(line)
        answered: list[Answer] = []
        with opened.assistant.one_question(waiting(options)):
            asked = _standing_alone(question, history, opened, options)
            status = answer_one(checked_question(asked), opened, settings, options, keep=answered.append)
        history.add(asked, answered[0].text if status != NOT_ANSWERED else "")
    except (DocsError, UsageError) as error:
        say(safe(f"error: {' '.join(error.message.split())}"))
        if error.hint:
            say(f"hint: {' '.join(error.hint.split())}")
    print(flush=True)
