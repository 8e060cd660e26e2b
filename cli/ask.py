"""`ask`: retrieve, answer, print; the exit status tells whether the docs answer."""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from cli.context import open_index, settings_from, text_or_stdin
from cli.render import SCHEMA, answer_json, heading_path, hit_json, nearest_text, sources_text
from cli.terminal import is_terminal, json_line, safe, say
from ingest.corpus import STARTER
from ingest.freshness import docs_date
from ingest.settings import Settings
from rag.answer import checked_question
from rag.bootstrap import Opened
from rag.prompt import build_messages
from rag.records import Answer, Retrieved

NOT_ANSWERED = 3

_REMEDIES = {"length": "raise --max-tokens", "content_filter": "try another --model"}
"""What helps, by the reason that a model gives for ending its answer."""


@dataclass(frozen=True, slots=True)
class AskOptions:
    """What the user asked for beside the settings."""

    question: str
    no_llm: bool
    under: str
    show_prompt: bool
    json: bool
    quiet: bool
    verbose: int


def run_ask(values: Mapping[str, object], options: AskOptions) -> int:
    """Answer one question. Returns the exit status; raises DocsError."""
    started = time.perf_counter()
    settings = settings_from(values)
    question = checked_question(text_or_stdin(options.question))
    opened = open_index(settings, use_model=not options.no_llm, quiet=options.quiet)
    opened_at = time.perf_counter()
    retrieved = opened.assistant.retrieve(question, settings.k, options.under)
    found_at = time.perf_counter()
    if options.show_prompt:
        _print_prompt(retrieved, as_json=options.json)
        return 0
    if opened.assistant.write and not (options.json or options.quiet) and is_terminal(sys.stderr):
        _preview(retrieved)
    answer = opened.assistant.ask(retrieved, (lambda _: None) if options.json else _show)
    answer = replace(
        answer,
        timings_ms={
            "start": (opened_at - started) * 1000,
            "embed": retrieved.embed_ms,
            "search": (found_at - opened_at) * 1000 - retrieved.embed_ms,
            **answer.timings_ms,
            "total": (time.perf_counter() - started) * 1000,
        },
    )
    _print(answer, opened, settings, retrieved, options)
    if not answer.answered:
        return NOT_ANSWERED
    if not answer.complete:
        _explain_incomplete(answer)
        return 1
    return 0


def _preview(retrieved: Retrieved) -> None:
    """The best passages, for a person who waits for the model's first word."""
    for hit in retrieved.hits[:3]:
        say(f"passage: {heading_path(hit)}  {hit.url}")
    say("")


def _print_prompt(retrieved: Retrieved, *, as_json: bool) -> None:
    messages = build_messages(retrieved.question, retrieved.hits)
    if as_json:
        print(json_line({"schema": SCHEMA, "question": retrieved.question, "messages": messages}))
    else:
        print(safe("\n\n".join(message["content"] for message in messages)))


def _explain_incomplete(answer: Answer) -> None:
    """The failure of an answer that broke off: what came of it is printed already."""
    reason = answer.completion.finish_reason if answer.completion else ""
    say(f"error: the answer is incomplete{f' ({reason})' if reason else ''}")
    say(f"hint: {_REMEDIES.get(reason, 'try again, or raise --timeout')}")


def _show(piece: str) -> None:
    sys.stdout.write(safe(piece))
    sys.stdout.flush()


def _print(answer: Answer, opened: Opened, settings: Settings, retrieved: Retrieved, options: AskOptions) -> None:
    if options.json:
        pages = {page.document.url: page for page in opened.store.pages([hit.chunk.url for hit in retrieved.hits])}
        chunks = [hit_json(hit, pages.get(hit.chunk.url), settings.docs) for hit in retrieved.hits]
        print(json_line(answer_json(answer, chunks, opened.generation)))
    elif not answer.answered:
        print(answer.text)
        if answer.hits:
            print(safe(f"\nNearest pages:\n{nearest_text(answer)}"))
    else:
        print("" if answer.mode == "openrouter" else safe(answer.text))
        print(safe("\n" + "\n\n".join(filter(None, (sources_text(answer), _date_line(opened))))))
    if not options.quiet:
        _notes(answer, settings, options)


def _date_line(opened: Opened) -> str:
    manifest = opened.generation.manifest
    date = docs_date(opened.generation.folder.parent, opened.generation)[:10]
    if manifest["sources"] == [STARTER]:
        return "From the starter pages that ship with askdocs; `askdocs reindex` fetches the real docs."
    return f"From the docs as of {date}." if date else "From docs without a date."


def _notes(answer: Answer, settings: Settings, options: AskOptions) -> None:
    """What a reader should know of how the answer came about: stderr, so that stdout is the answer alone."""
    if answer.mode == "extractive" and not options.no_llm and not settings.api_key:
        say("note: no API key, so the pages are quoted; set OPENROUTER_API_KEY for a written answer")
    if answer.invalid_markers:
        say(f"note: {answer.invalid_markers} citation marks named no passage and were removed")
    for sentence in answer.unsupported:
        say(f"unsupported: {sentence}")
    if answer.completion:
        used = answer.completion
        tokens = f"{used.prompt_tokens} + {used.completion_tokens} tokens"
        seconds = answer.timings_ms["total"] / 1000
        say(f"{used.model or 'unknown model'} · {tokens} · ${used.cost_usd:.6f} · {seconds:.1f} s")
    elif options.verbose:
        say(" · ".join(f"{name} {value:.0f} ms" for name, value in answer.timings_ms.items()))
