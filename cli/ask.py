"""`ask`: retrieve, answer, print; the exit status tells whether the docs answer."""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from cli.ask_options import AskOptions
from cli.ask_output import explain_incomplete, print_answer, print_prompt
from cli.context import open_index, settings_from, text_or_stdin
from cli.render import heading_path
from cli.terminal import is_terminal, safe, say
from ingest.deadline import Tell
from ingest.errors import UsageError
from ingest.settings import Settings
from ingest.waits import spoken
from rag.answer import checked_question
from rag.bootstrap import Opened
from rag.records import Answer, Retrieved

NOT_ANSWERED = 3


def run_ask(values: Mapping[str, object], options: AskOptions) -> int:
    """Answer one question, or as many as a chat has. Returns the exit status; raises DocsError."""
    started, imports_ms = time.perf_counter(), time.process_time() * 1000
    settings = settings_from(values)
    _check(options, settings)
    if options.chat:
        from cli.chat import run_chat

        return run_chat(settings, options)
    if options.question is None:
        raise UsageError("there is no question", 'ask one, such as: ask "What are model variants?"')
    question = checked_question(text_or_stdin(options.question))
    opened = open_for(settings, options)
    before = {"imports": imports_ms, "start": (time.perf_counter() - started) * 1000}
    if options.show_prompt or options.dry_run:
        with opened.assistant.one_question(waiting(options)):
            retrieved = opened.assistant.gather(question, settings.k, options.under)
        if options.show_prompt:
            print_prompt(retrieved, as_json=options.json)
            return 0
        from cli.dry_run import print_plan

        print_plan(retrieved, settings, opened, options)
        return 0
    with opened.assistant.one_question(waiting(options)):
        return answer_one(question, opened, settings, options, before)


def waiting(options: AskOptions) -> Tell | None:
    """Says on stderr why nothing comes for a while: a server asked to wait."""
    if options.quiet:
        return None
    return lambda seconds, why: say(f"waiting {spoken(seconds)}, then trying again: {why}")


def open_for(settings: Settings, options: AskOptions) -> Opened:
    """The index with the parts that the options name."""
    return open_index(
        settings,
        use_model=not options.no_llm,
        quiet=options.quiet,
        reranker=options.reranker,
        searches=options.search_tool,
        strict=options.strict,
    )


def answer_one(
    question: str,
    opened: Opened,
    settings: Settings,
    options: AskOptions,
    before: Mapping[str, float] = MappingProxyType({"imports": 0.0, "start": 0.0}),
    keep: Callable[[Answer], None] = lambda _: None,
) -> int:
    """Retrieve, answer and print; `keep` gets the answer. Returns the exit status; raises DocsError.

    `before` are the milliseconds spent until now: "imports" is the CPU time of interpreter and
    imports, which `total` does not hold, "start" the time to open the index.
    """
    opened_at = time.perf_counter()
    retrieved = opened.assistant.gather(question, settings.k, options.under)
    found_at = time.perf_counter()
    tell_search(retrieved, quiet=options.quiet)
    if opened.assistant.write and not (options.json or options.quiet) and is_terminal(sys.stderr):
        _preview(retrieved)
    shown = options.form == "text"
    answer = opened.assistant.ask(retrieved, _show if shown else lambda _: None, under=options.under)
    answer = replace(
        answer,
        timings_ms={
            **before,
            "embed": retrieved.embed_ms,
            "search": (found_at - opened_at) * 1000 - retrieved.embed_ms,
            **answer.timings_ms,
            "total": before["start"] + (time.perf_counter() - opened_at) * 1000,
        },
    )
    keep(answer)
    print_answer(answer, opened, settings, options)
    return _status(answer, settings)


def tell_search(retrieved: Retrieved, *, quiet: bool) -> None:
    """Say what was searched for where that is not what was typed: a guess should be seen."""
    if retrieved.search and not quiet:
        say(f"searched for: {retrieved.search}")


def _status(answer: Answer, settings: Settings) -> int:
    if not answer.answered:
        return NOT_ANSWERED
    if not answer.complete:
        explain_incomplete(answer, settings)
        return 1
    return 0


def _check(options: AskOptions, settings: Settings) -> None:
    """Raise UsageError for options that can't be had together."""
    if options.chat and (options.form != "text" or options.show_prompt or options.dry_run):
        raise UsageError(
            "--chat is for reading: it goes with no --json, --format, --show-prompt or --dry-run", "leave those out"
        )
    if options.search_tool and (options.no_llm or not settings.api_key):
        hint = "leave out --search-tool, or set OPENROUTER_API_KEY and leave out --no-llm"
        raise UsageError("--search-tool needs a model, which does the searching", hint)


def _preview(retrieved: Retrieved) -> None:
    """The best passages, for a person who waits for the model's first word."""
    for hit in retrieved.hits[:3]:
        say(f"passage: {heading_path(hit)}  {hit.url}")
    say("")


def _show(piece: str) -> None:
    sys.stdout.write(safe(piece))
    sys.stdout.flush()
