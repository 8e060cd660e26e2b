"""Shared code of `ask` and `ask --chat`: open the index, answer one question, show it, set the exit status."""

import sys
from collections.abc import Callable
from dataclasses import replace

from cli.commands.ask.output import explain_incomplete, print_answer, used_line
from cli.context import open_index
from cli.contradictions import refuse_without_model
from cli.options import AskOptions
from cli.terminal import is_terminal, safe, say
from ingest.core.errors import UsageError
from ingest.core.settings import Settings
from ingest.openrouter.retry import format_duration
from rag.open import Opened, can_ask_model
from rag.records import Answer, AnswerOptions, Event, Exchange, Found, OnEvent, Piece, Retrieved, Rewritten, Waiting
from rag.serialize import heading_path

NOT_ANSWERED = 3


def open_for(settings: Settings, options: AskOptions) -> Opened:
    """The index with the parts that the options name."""
    return open_index(
        settings, use_model=not options.no_llm, quiet=options.quiet, reranker=options.reranker, judge=options.judge
    )


def answer_options(settings: Settings, options: AskOptions, history: tuple[Exchange, ...] = ()) -> AnswerOptions:
    """What the assistant is asked for."""
    return AnswerOptions(
        k=settings.k,
        under=options.under,
        context=options.context,
        strict=options.strict,
        search_tool=options.search_tool,
        rewrite=options.rewrite,
        timeout=settings.timeout,
        history=history,
    )


def answer_one(
    question: str,
    opened: Opened,
    settings: Settings,
    options: AskOptions,
    *,
    history: tuple[Exchange, ...] = (),
    finish: Callable[[Answer], Answer] = lambda answer: answer,
) -> tuple[Answer, int]:
    """Answer and print; `finish` may complete the answer before it is printed.

    Returns the answer and the exit status; raises DocsError.
    """
    show = event_printer(opened, options)
    asked = answer_options(settings, options, history)
    answer = finish(opened.assistant.answer(question, asked, show))
    print_answer(answer, opened, settings, options, asked)
    return answer, _status(answer, settings)


def with_start(answer: Answer, start_ms: float, imports_ms: float) -> Answer:
    """The answer with the time that the process took before: `start` is part of the total, `imports` is CPU time."""
    timings = {"imports": imports_ms, "start": start_ms, **answer.timings_ms}
    return replace(answer, timings_ms=timings | {"total": start_ms + answer.timings_ms["total"]})


def event_printer(opened: Opened, options: AskOptions) -> OnEvent:
    """Prints text of a model as it comes on stdout, and on stderr what a person who waits should know."""

    def show(event: Event) -> None:
        if isinstance(event, Piece):
            if options.form == "text":
                sys.stdout.write(safe(event.shown))
                sys.stdout.flush()
        elif not options.quiet:
            _note(event, opened, options)

    return show


def _note(event: Event, opened: Opened, options: AskOptions) -> None:
    if isinstance(event, Waiting):
        say(f"waiting {format_duration(event.seconds)}, then trying again: {event.reason}")
    elif isinstance(event, Rewritten):
        if event.problem:
            say(f"note: the question was not rewritten: {event.problem}")
        if not event.is_search:  # else what is searched for is shown once it was
            say(f"asked as: {event.question}")
        if event.completion:
            say(used_line(event.completion, event.seconds))
    elif isinstance(event, Found):
        print_query(event.retrieved, quiet=options.quiet)
        if opened.assistant.model and not options.json and is_terminal(sys.stderr):
            _preview(event.retrieved)


def print_query(retrieved: Retrieved, *, quiet: bool) -> None:
    """Say what was searched for where that is not what was typed: a guess should be seen."""
    if retrieved.query and not quiet:
        say(f"searched for: {retrieved.query}")


def _status(answer: Answer, settings: Settings) -> int:
    if not answer.answered:
        return NOT_ANSWERED
    if not answer.complete:
        explain_incomplete(answer, settings)
        return 1
    return 0


def _preview(retrieved: Retrieved) -> None:
    """The best passages, for a person who waits for the model's first sentence."""
    for hit in retrieved.hits[:3]:
        say(f"passage: {heading_path(hit)}  {hit.url}")
    say("")


def check_options(options: AskOptions, settings: Settings) -> None:
    """Raise UsageError for options that exclude each other."""
    if options.chat and (options.form != "text" or options.show_prompt or options.dry_run):
        raise UsageError(
            "--chat is for reading: it goes with no --json, --format, --show-prompt or --dry-run", "leave those out"
        )
    has_model = not options.no_llm and can_ask_model(settings)
    if options.context is not None and not (has_model or options.show_prompt):
        hint = "leave out --context, or set OPENROUTER_API_KEY and leave out --no-llm; --show-prompt shows the passages"
        raise UsageError("--context is for a model, which reads passages; quotes have a length of their own", hint)
    for name, is_given, work in (
        ("--search-tool", options.search_tool, "does the searching"),
        ("--rewrite", options.rewrite, "rewrites the question"),
        ("--judge", bool(options.judge), "writes what is judged"),
    ):
        refuse_without_model(name, work, is_given=is_given, has_model=has_model)
