"""Output of `ask`: the answer on stdout, and how it was found on stderr."""

import re

from cli.commands.ask.text import print_text
from cli.commands.page_address import PageAddresses, docs_line
from cli.once_a_day import is_first_today
from cli.options import AskOptions
from cli.terminal import json_line, safe, say
from ingest.core.settings import Settings
from rag.assistant import HALF_REFUSED
from rag.generate.excerpts.emphasis import decisive_words, emphasized
from rag.generate.prompt import Passages, build_messages
from rag.open import Opened
from rag.records import Answer, AnswerOptions, Completion, Hit, Retrieved
from rag.serialize import SCHEMA, answer_json, heading_path, hits_json, request_json
from rag.verify.links import sanitize_quote


def print_prompt(retrieved: Retrieved, passages: Passages, *, as_json: bool) -> None:
    """The messages that a model would get."""
    messages = build_messages(retrieved.question, passages)
    if as_json:
        print(json_line({"schema": SCHEMA, "question": retrieved.question, "messages": messages}))
    else:
        print(safe("\n\n".join(message["content"] for message in messages)))


def print_answer(answer: Answer, opened: Opened, settings: Settings, options: AskOptions, asked: AnswerOptions) -> None:
    """The answer in the form that was asked for; text of a model was streamed already. `asked` is how it was made."""
    if options.form == "json":
        chunks = hits_json(answer.hits, opened.store, settings.docs)
        print(json_line(answer_json(answer, chunks, opened.generation, request_json(answer, asked, settings))))
    elif options.form == "markdown":
        words = decisive_words(answer.question, opened.assistant.retriever.idf)
        print(safe(answer_markdown(answer, docs_line(opened), words, PageAddresses(opened.store, settings.docs))))
    elif not answer.answered and answer.excerpts:
        print(f"{_why_excerpts(answer)}\n")
        print_text(answer, opened, settings.docs, short=options.short)
    elif not answer.answered:
        print(answer.text)
        if answer.hits:
            print(safe(f"\nNearest pages:\n{nearest_text(answer, PageAddresses(opened.store, settings.docs))}"))
    else:
        if answer.mode == "openrouter":
            print("\n")
        print_text(answer, opened, settings.docs, short=options.short)
    if not options.quiet:
        _notes(answer, opened, options)


def _why_excerpts(answer: Answer) -> str:
    """The first line of a refusal that is followed by excerpts."""
    return answer.text.partition("\n")[0]


def explain_incomplete(answer: Answer, settings: Settings) -> None:
    """The failure of an answer that broke off: what came of it is printed already."""
    completion = answer.completion or Completion(None, "")
    reason, hint = completion.problem or completion.finish_reason, "try again, or raise --timeout"
    if completion.finish_reason == "length":
        reason, hint = f"cut at the limit of {settings.max_tokens:,} tokens (length)", "raise --max-tokens"
    elif completion.finish_reason == "content_filter":
        reason, hint = "the provider's content filter cut it (content_filter)", "try another --model"
    elif completion.finish_reason == "error" and not completion.problem:
        reason, hint = "the model's provider failed in the middle of it (error)", "try again, or try another --model"
    elif completion.finish_reason in ("tool_calls", "function_call"):
        reason, hint = "the model called a tool that it was not given", "try another --model"
    say(f"error: the answer is incomplete{f': {reason}' if reason else ''}")
    say(f"hint: {hint}")


def _notes(answer: Answer, opened: Opened, options: AskOptions) -> None:
    """What a reader should know of how the answer came about: stderr, so that stdout is the answer alone."""
    keyless = answer.mode == "extractive" and not (options.no_llm or options.chat or opened.assistant.model)
    if keyless and answer.answered and is_first_today("no-key"):
        say("note: no API key, so the pages are quoted; set OPENROUTER_API_KEY for a written answer")
    if answer.invalid_markers:
        say(f"note: {answer.invalid_markers} citation marks named no passage and were removed")
    if answer.removed_links:
        say(f"note: {answer.removed_links} links and pictures that lead to no source were removed")
    if answer.dropped:
        say(f"note: {answer.dropped} sentences without support were dropped")
    for sentence in answer.unsupported:
        say(f"{'dropped' if answer.dropped else 'unsupported'}: {sentence}")
    if answer.completion:
        _say_used(answer, answer.completion)
    elif options.verbose:
        say(" · ".join(f"{name} {value:.0f} ms" for name, value in answer.timings_ms.items()))


def _say_used(answer: Answer, completion: Completion) -> None:
    if "judge" in answer.requests:
        say(f"judged by {used_line(answer.requests['judge'])}")
    say(used_line(completion, answer.timings_ms["total"] / 1000))


def used_line(used: Completion, seconds: float | None = None) -> str:
    """Which model worked, and what it took."""
    counts = ["?" if count is None else str(count) for count in (used.prompt_tokens, used.completion_tokens)]
    tokens = "usage unknown" if counts == ["?", "?"] else f"{' + '.join(counts)} tokens"
    cost = [] if used.cost_usd is None else [f"${used.cost_usd:.6f}"]
    took = [] if seconds is None else [f"{seconds:.1f} s"]
    return " · ".join([used.model or "unknown model", tokens, *cost, *took])


def answer_markdown(answer: Answer, date: str, words: frozenset[str], addresses: PageAddresses) -> str:
    """The answer as a markdown document: the question as its title; `words` of the question are in bold in excerpts."""
    parts = [f"# {answer.question}"]
    if not answer.answered and not answer.excerpts:
        pages = [f"- {line.strip()}" for line in nearest_text(answer, addresses).splitlines()]
        parts += [answer.text, "## Nearest pages", "\n".join(pages)]
    elif answer.excerpts:
        parts += [] if answer.answered else [_why_excerpts(answer)]
        parts += [HALF_REFUSED.format(answer.unanswered)] if answer.unanswered else []
        for citation, text in zip(answer.citations, answer.excerpts, strict=True):
            parts.append(f"## [{_link_text(citation.hit)}](<{addresses.of(citation.hit)}>)")
            parts.append(emphasized(sanitize_quote(text, citation.hit), words))
    else:
        parts += [answer.text, *(["## Sources"] if answer.citations else [])]
        for citation in answer.citations:
            quote = "\n".join(
                f"   > {line}".rstrip() for line in sanitize_quote(citation.quote, citation.hit).strip().splitlines()
            )
            parts.append(f"{citation.marker}. [{_link_text(citation.hit)}](<{addresses.of(citation.hit)}>)\n\n{quote}")
    if answer.unsupported and not answer.dropped:
        parts += ["## Without support", "\n".join(f"- {sentence}" for sentence in answer.unsupported)]
    if not answer.complete:
        parts.append("*This answer is incomplete.*")
    return "\n\n".join([*parts, date])


def _link_text(hit: Hit) -> str:
    return re.sub(r"([\[\]\\])", r"\\\1", heading_path(hit))


def nearest_text(answer: Answer, addresses: PageAddresses) -> str:
    """The pages nearest to a question that the docs do not answer."""
    pages = dict.fromkeys(f"{hit.chunk.title}  {addresses.of_page(hit)}" for hit in answer.hits)
    return "\n".join(f"  {page}" for page in list(pages)[:3])
