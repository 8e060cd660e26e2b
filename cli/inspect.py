"""`inspect`: the chunks that a query retrieves, or that a page is made of."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.context import open_index, settings_from, text_or_stdin
from cli.render import SCHEMA, hit_json, index_json, inspect_markdown
from cli.terminal import console, is_terminal, json_line, safe
from ingest.errors import UsageError
from ingest.settings import Settings
from ingest.urls import site_path
from rag.bootstrap import Opened
from rag.records import Hit


@dataclass(frozen=True, slots=True)
class InspectOptions:
    """What the user asked for beside the settings."""

    query: str | None
    under: str
    page: str | None
    questions: Path | None
    format: str | None
    explain: bool
    quiet: bool
    verbose: int


def run_inspect(values: Mapping[str, object], options: InspectOptions) -> int:
    """Show chunks. Returns the exit status; raises DocsError."""
    given = [value for value in (options.query, options.page, options.questions) if value is not None]
    if len(given) != 1:
        raise UsageError(
            "give one of a query, --page and --questions", 'such as: askdocs inspect "What are model variants?"'
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
        hits = opened.assistant.retrieve(name, settings.k, options.under).hits
    _print(name, hits, opened, settings, options)
    return 0


def _document(hits: Sequence[Hit], opened: Opened, settings: Settings, *, explain: bool) -> list[dict[str, Any]]:
    pages = {page.document.url: page for page in opened.store.pages([hit.chunk.url for hit in hits])}
    chunks = [hit_json(hit, pages.get(hit.chunk.url), settings.docs) for hit in hits]
    if explain:
        for chunk, hit in zip(chunks, hits, strict=True):
            chunk["explain"] = {
                "cosine_rank": hit.cosine_rank,
                "bm25_rank": hit.bm25_rank,
                "terms": {term: round(weight, 4) for term, weight in hit.terms.items()},
            }
    return chunks


def _print(name: str, hits: Sequence[Hit], opened: Opened, settings: Settings, options: InspectOptions) -> None:
    chunks = _document(hits, opened, settings, explain=options.explain or options.format != "json")
    form = options.format or ("table" if is_terminal(sys.stdout) else "markdown")
    if form == "json":
        index = index_json(opened.generation)
        print(json_line({"schema": SCHEMA, "question": name, "index": index, "chunks": chunks}))
    elif form == "markdown":
        print(safe(inspect_markdown(name, chunks, settings.index)))
    else:
        _print_table(chunks, explain=options.explain)


def _print_table(chunks: Sequence[Mapping[str, Any]], *, explain: bool) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("rank", "score", "cosine", "bm25"):
        table.add_column(column, justify="right")
    table.add_column("passage", overflow="fold")
    for chunk in chunks:
        head = " › ".join((chunk["title"], *chunk["headings"]))
        start = " ".join(chunk["text"].split())[:200]
        why = f"\n{_why(chunk['explain'])}" if explain else ""
        numbers = (f"{chunk['score']:.3f}", f"{chunk['cosine']:.3f}", f"{chunk['bm25']:.2f}")
        table.add_row(str(chunk["rank"]), *numbers, safe(f"{head}\n{chunk['url']}\n{start}{why}\n"))
    console(sys.stdout).print(table, soft_wrap=False)


def _why(explain: Mapping[str, Any]) -> str:
    terms = ", ".join(f"{term} {weight:.2f}" for term, weight in explain["terms"].items())
    return f"#{explain['cosine_rank'] or '-'} by cosine, #{explain['bm25_rank'] or '-'} by BM25 ({terms or 'no term'})"


def _page_hits(opened: Opened, page: str) -> list[Hit]:
    """A page's chunks in their order; the page is named by path, URL or alias."""
    wanted = page.partition("#")[0].rstrip("/")
    urls = [
        stored.document.url
        for stored in opened.store.pages()
        if wanted in {name for url in (stored.document.url, *stored.document.aliases) for name in (url, site_path(url))}
    ]
    if not urls:
        raise UsageError(f"the index has no page {page}", "name it by its path, such as /docs/faq, or by its URL")
    chunks = opened.store.page_chunks(urls)
    return [Hit(rank, 0.0, 0.0, 0.0, chunk) for rank, (_, chunk) in enumerate(chunks, 1)]


def _print_questions(opened: Opened, settings: Settings, options: InspectOptions) -> None:
    """One JSON line per question, in the order of the file."""
    if options.format != "json":
        raise UsageError("--questions prints JSON lines", "add --json")
    for number, entry in _questions(options.questions or Path()):
        try:
            found = opened.assistant.retrieve(str(entry["question"]), settings.k, options.under)
        except UsageError as error:
            raise UsageError(f"{options.questions}, line {number}: {error.message}", error.hint) from error
        line = {"schema": SCHEMA, **({"id": entry["id"]} if "id" in entry else {}), "question": entry["question"]}
        line["index"] = index_json(opened.generation)
        line["chunks"] = _document(found.hits, opened, settings, explain=options.explain)
        print(json_line(line), flush=True)


def _questions(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        # Not splitlines: it splits at characters that may stand in a JSON string.
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} can't be read", "give a file of JSON lines") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}, line {number}: no JSON", 'each line is an object with "question"') from error
        if not isinstance(entry, dict) or not isinstance(entry.get("question"), str):
            raise UsageError(f"{path}, line {number}: no question", 'each line is an object with "question"')
        yield number, entry
