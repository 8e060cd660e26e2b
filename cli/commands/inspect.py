"""`inspect`: show the chunks that a query retrieves, or the chunks of a page."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.commands.ask.answering import print_query
from cli.commands.inspect_output import chunks_markdown, comparison_markdown, print_comparison, print_page, print_table
from cli.context import open_index, settings_from, text_or_stdin
from cli.contradictions import refuse_contradictions
from cli.terminal import is_terminal, json_line, safe
from ingest.core.errors import UsageError
from ingest.core.settings import Settings
from ingest.index.page_lookup import find_page
from rag.open import Opened
from rag.records import Hit
from rag.serialize import SCHEMA, hit_json, hits_json, index_json

_DEEP = 50
"""How far down the other ranking a chunk is looked for."""


@dataclass(frozen=True, slots=True)
class InspectOptions:
    """The options of `inspect` that are not settings."""

    query: str | None
    under: str
    context: int
    page: str | None
    questions: Path | None
    format: str | None
    explain: bool
    compare: str | None
    quiet: bool


def run_inspect(values: Mapping[str, object], options: InspectOptions) -> int:
    """Show chunks. Returns the exit status; raises DocsError."""
    given = [value for value in (options.query, options.page, options.questions) if value is not None]
    if len(given) != 1:
        raise UsageError(
            "give one of a query, --page and --questions", 'such as: askdocs inspect "What are model variants?"'
        )
    refuse_contradictions(
        "inspect",
        {
            "--compare": options.compare is not None,
            "--page": options.page is not None,
            "--context": options.context > 0,
            "--questions": options.questions is not None,
        },
    )
    settings = settings_from(values)
    opened = open_index(settings, use_model=True, quiet=options.quiet)
    if options.questions:
        _print_questions(opened, settings, options)
        return 0
    if options.page is not None:
        name, hits = options.page, tuple(_page_hits(opened, options.page))
    else:
        name = " ".join(text_or_stdin(options.query or "").split())
        retrieved = opened.assistant.search(name, settings.k, options.under)
        print_query(retrieved, quiet=options.quiet)
        hits = opened.assistant.widen(retrieved.hits, options.context)
    document = {
        "schema": SCHEMA,
        "question": name,
        "index": index_json(opened.generation),
        "chunks": _chunks(hits, opened, settings, explain=options.explain or options.format != "json"),
    }
    if options.compare is not None:
        document["compare"] = _compare_with(options.compare, document, opened, settings, options.under)
    _print(document, settings, options)
    return 0


def _chunks(hits: Sequence[Hit], opened: Opened, settings: Settings, *, explain: bool) -> list[dict[str, Any]]:
    chunks = hits_json(hits, opened.store, settings.docs)
    for chunk, questions in zip(chunks, _generated_questions(hits, opened), strict=True):
        if questions:
            chunk["questions"] = list(questions)
    if explain:
        for chunk, hit in zip(chunks, hits, strict=True):
            chunk["explain"] = _explain(hit)
    return chunks


def _generated_questions(hits: Sequence[Hit], opened: Opened) -> list[tuple[str, ...]]:
    """The questions that a model wrote for the sections of the hits, by which they may have been found."""
    store = opened.store
    if "questions" not in store.manifest:
        return [()] * len(hits)
    rows = [hit.row for hit in hits if hit.row >= 0]
    read = dict(zip(rows, store.questions(rows), strict=True))
    return [read.get(hit.row, ()) for hit in hits]


def _explain(hit: Hit) -> dict[str, Any]:
    """Why a chunk has its rank: its place in each list, its terms, and every boost and penalty there is."""
    signals: Mapping[str, float] = getattr(hit, "signals", None) or {}
    return {
        "cosine_rank": hit.cosine_rank,
        "bm25_rank": hit.bm25_rank,
        "terms": {term: round(weight, 4) for term, weight in hit.terms.items()},
        "signals": {name: round(float(value), 4) for name, value in signals.items()},
    }


def _compare_with(
    name: str, document: Mapping[str, Any], opened: Opened, settings: Settings, under: str
) -> dict[str, Any]:
    """The other ranking; each chunk of either gets its rank in the other, where it has one."""
    from rag.assistant import checked_question
    from rag.retrieve.baselines import open_variant

    variant = open_variant(name, settings, opened.store)
    question = checked_question(document["question"])
    deep = max(settings.k, _DEEP)
    ours = {hit.chunk.id: hit.rank for hit in opened.assistant.search(question, deep, under).hits}
    theirs = variant.rank(question, deep, under)
    ranks = {hit.chunk.id: hit.rank for hit in theirs}
    for chunk in document["chunks"]:
        chunk["other_rank"] = ranks.get(chunk["chunk_id"])
    others = [hit_json(hit, None, settings.docs) for hit in theirs[: settings.k]]
    for chunk in others:
        chunk["other_rank"] = ours.get(chunk["chunk_id"])
    return {"with": variant.name, "index": index_json(variant.generation), "chunks": others}


def _print(document: Mapping[str, Any], settings: Settings, options: InspectOptions) -> None:
    form = options.format or ("table" if is_terminal(sys.stdout) else "markdown")
    scored = options.page is None  # a page's chunks come in the order of the page
    if form == "json":
        print(json_line(document))
    elif form == "html":
        from cli.commands.inspect_output import inspect_page

        print(inspect_page(document, explain=options.explain and scored, scored=scored))
    elif form == "markdown":
        print(safe(_markdown(document, settings, options, scored=scored)))
    elif "compare" in document:
        print_comparison(document)
    elif not scored:
        print_page(document["chunks"])
    else:
        print_table(document["chunks"], explain=options.explain)


def _markdown(document: Mapping[str, Any], settings: Settings, options: InspectOptions, *, scored: bool) -> str:
    if "compare" in document:
        return comparison_markdown(document, settings.index, explain=options.explain)
    return chunks_markdown(document, settings.index, explain=options.explain, scored=scored)


def _page_hits(opened: Opened, page: str) -> list[Hit]:
    """A page's chunks in their order; the page is named by path, URL, alias, or the end of one of them."""
    chunks = opened.store.page_chunks([find_page(opened.store, page)])
    return [Hit(rank, 0.0, 0.0, 0.0, chunk, row=row) for rank, (row, chunk) in enumerate(chunks, 1)]


def _print_questions(opened: Opened, settings: Settings, options: InspectOptions) -> None:
    """Print one JSON line per question, in the order of the file, down to the first unusable line."""
    from eval.dataset import BadLine, bad_line_error, read_entries

    if options.format != "json":
        raise UsageError("--questions prints JSON lines", "add --json")
    path = options.questions or Path()
    for entry in read_entries(path):
        if isinstance(entry, BadLine):
            raise bad_line_error(path, entry)
        try:
            found = opened.assistant.search(entry.question, settings.k, options.under)
        except UsageError as error:
            raise bad_line_error(path, BadLine(entry.line, error.message, error.hint)) from error
        identity = {"id": entry.fields["id"]} if "id" in entry.fields else {}
        line = {"schema": SCHEMA, **identity, "question": entry.question, "index": index_json(opened.generation)}
        hits = opened.assistant.widen(found.hits, options.context)
        line["chunks"] = _chunks(hits, opened, settings, explain=options.explain)
        print(json_line(line), flush=True)
