"""`ask`: answer one question and print it; the exit status says whether the docs answer."""

import time
from collections.abc import Mapping
from dataclasses import replace

from cli.commands.ask.answering import answer_one, answer_options, check_options, event_printer, open_for, with_start
from cli.commands.ask.output import print_prompt
from cli.context import settings_from, text_or_stdin
from cli.options import AskOptions
from ingest.core.deadline import shared_deadline
from ingest.core.errors import UsageError
from ingest.core.settings import Settings
from rag.assistant import checked_question
from rag.open import Opened
from rag.records import Waiting


def run_ask(values: Mapping[str, object], options: AskOptions) -> int:
    """Answer one question. Returns the exit status; raises DocsError."""
    started, imports_ms = time.perf_counter(), time.process_time() * 1000
    settings = settings_from(values)
    check_options(options, settings)
    if options.question is None:
        raise UsageError("there is no question", 'ask one, such as: ask "What are model variants?"')
    question = checked_question(text_or_stdin(options.question))
    opened = open_for(settings, options)
    if options.show_prompt or options.dry_run:
        return _print_request(question, opened, settings, options)
    start_ms = (time.perf_counter() - started) * 1000
    _, status = answer_one(
        question, opened, settings, options, finish=lambda answer: with_start(answer, start_ms, imports_ms)
    )
    return status


def _print_request(question: str, opened: Opened, settings: Settings, options: AskOptions) -> int:
    """Print the prompt, or the whole request with its price; send no chat request."""
    show = event_printer(opened, options)
    with shared_deadline(settings.timeout, lambda seconds, reason: show(Waiting(seconds, reason))):
        retrieved = opened.assistant.find_passages(question, settings.k, options.under)
    words = answer_options(settings, options).context_words
    retrieved = replace(retrieved, hits=opened.assistant.widen(retrieved.hits, words))
    if options.show_prompt:
        print_prompt(retrieved, opened.assistant.passages(retrieved.hits), as_json=options.json)
        return 0
    from cli.commands.ask.dry_run import print_plan

    print_plan(retrieved, settings, opened, options)
    return 0
