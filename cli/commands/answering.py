"""TODO."""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from cli.commands.ask_output import explain_incomplete, print_answer
from cli.context import open_index
from cli.options import AskOptions
from cli.terminal import is_terminal, safe, say
from ingest.core.deadline import Tell
from ingest.core.errors import UsageError
from ingest.core.settings import Settings
from ingest.openrouter.retry import format_duration
from rag.open import Opened
from rag.records import Answer, Retrieved
from rag.serialize import heading_path

NOT_ANSWERED = 3


def waiting(options: AskOptions) -> Tell | None:
    """Says on stderr why nothing comes for a while: a server asked to wait."""
    if options.quiet:
        return None
    return lambda seconds, why: say(f"waiting {format_duration(seconds)}, then trying again: {why}")


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


def _preview(retrieved: Retrieved) -> None:
    """The best passages, for a person who waits for the model's first word."""
    for hit in retrieved.hits[:3]:
        say(f"passage: {heading_path(hit)}  {hit.url}")
    say("")


def _show(piece: str) -> None:
    sys.stdout.write(safe(piece))
    sys.stdout.flush()


def check_options(options: AskOptions, settings: Settings) -> None:
    """Raise UsageError for options that can't be had together."""
    if options.chat and (options.form != "text" or options.show_prompt or options.dry_run):
        raise UsageError(
            "--chat is for reading: it goes with no --json, --format, --show-prompt or --dry-run", "leave those out"
        )
    if options.search_tool and (options.no_llm or not settings.api_key):
        hint = "leave out --search-tool, or set OPENROUTER_API_KEY and leave out --no-llm"
        raise UsageError("--search-tool needs a model, which does the searching", hint)
