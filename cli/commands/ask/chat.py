"""`ask --chat`: a session of questions, each answered from its own passages."""

import contextlib
import sys
from collections.abc import Mapping

from cli.commands.ask.answering import NOT_ANSWERED, answer_one, check_options, open_for
from cli.context import settings_from
from cli.options import AskOptions
from cli.terminal import is_terminal, safe, say
from ingest.core.errors import DocsError, UsageError
from ingest.core.settings import Settings
from rag.assistant import checked_question
from rag.open import Opened
from rag.records import Exchange

_PROMPT = "ask> "


def run_chat(values: Mapping[str, object], options: AskOptions) -> int:
    """Answer until the input ends. Returns 0; a question that fails ends nothing. Raises DocsError before the first."""
    settings = settings_from(values)
    check_options(options, settings)
    opened = open_for(settings, options)
    if not options.quiet:
        _greet(opened, options)
    history: list[Exchange] = []
    first = options.question if options.question not in (None, "-") else None
    while True:
        line = first if first is not None else _line()
        first = None
        if line is None:
            return 0
        if line.strip():
            exchange = _answer(line, history, opened, settings, options)
            history += [exchange] if exchange else []
            print(flush=True)


def _greet(opened: Opened, options: AskOptions) -> None:
    if not (opened.assistant.model or options.no_llm):
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


def _answer(
    line: str, history: list[Exchange], opened: Opened, settings: Settings, options: AskOptions
) -> Exchange | None:
    """Make one question self-contained, then answer it; None if that fails, which is reported as for `ask`."""
    try:
        answer, status = answer_one(checked_question(line), opened, settings, options, history=tuple(history))
    except (DocsError, UsageError) as error:
        say(safe(f"error: {' '.join(error.message.split())}"))
        if error.hint:
            say(f"hint: {' '.join(error.hint.split())}")
        return None
    return Exchange(answer.question, answer.text if status != NOT_ANSWERED else "")
