"""`ask`: retrieve, answer, print; the exit status tells whether the docs answer."""

import time
from collections.abc import Mapping

from cli.commands.answering import answer_one, check_options, open_for, waiting
from cli.commands.ask_output import print_prompt
from cli.context import settings_from, text_or_stdin
from cli.options import AskOptions
from ingest.core.errors import UsageError
from rag.assistant import checked_question


def run_ask(values: Mapping[str, object], options: AskOptions) -> int:
    """Answer one question. Returns the exit status; raises DocsError."""
    started, imports_ms = time.perf_counter(), time.process_time() * 1000
    settings = settings_from(values)
    check_options(options, settings)
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
        from cli.commands.dry_run import print_plan

        print_plan(retrieved, settings, opened, options)
        return 0
    with opened.assistant.one_question(waiting(options)):
        return answer_one(question, opened, settings, options, before)
