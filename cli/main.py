"""The commands and their options. Each parses, calls, renders; the work is done elsewhere.

Only typer is imported here: `--help` must not wait for what other commands need.
"""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from cli import options as given
from cli.evaluate import evaluate
from cli.failures import guarded, leave
from cli.service import doctor, models, status

# numpy's matrices are small here: more threads save nothing, and on a busy machine they wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

app = typer.Typer(
    name="askdocs",
    invoke_without_command=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # it would take [env: …] for markup
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(value: bool) -> None:  # noqa: FBT001 - typer calls it so
    if value:
        from importlib.metadata import version

        print(f"askdocs {version('askdocs')}")
        raise typer.Exit


@app.callback()
def _askdocs(
    context: typer.Context,
    *,
    version: Annotated[  # noqa: ARG001 - its callback acts
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version, and stop.")
    ] = False,
) -> None:
    """Ask a documentation site. Passages first, then an answer whose citations were checked."""
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(2)


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="The question; - reads it from stdin.")] = None,
    *,
    no_llm: Annotated[bool, typer.Option("--no-llm", help="Quote the pages; no network, no key.")] = False,
    k: given.Count = None,
    under: given.Under = "",
    model: given.Model = None,
    max_tokens: given.MaxTokens = None,
    timeout: given.Timeout = None,
    chat: given.Chat = False,
    search_tool: given.SearchTool = False,
    strict: given.StrictAnswer = False,
    reranker: given.Reranker = "",
    show_prompt: given.ShowPrompt = False,
    dry_run: given.DryRun = False,
    format: given.AnswerFormat = "text",  # noqa: A002 - the option's name
    docs: given.Docs = None,
    index: given.Index = None,
    config: given.Config = None,
    embedder: given.Embedder = None,
    json: given.Json = False,
    quiet: given.Quiet = False,
    verbose: given.Verbose = 0,
) -> None:
    """Answer a question from the docs, with checked citations.

    Exit status 3 means: the docs do not answer it.
    """
    from cli.ask import run_ask
    from cli.ask_options import AskOptions

    values: dict[str, object] = {"docs": docs, "index": index, "config": config, "embedder": embedder, "k": k}
    values |= {"model": model, "max_tokens": max_tokens, "timeout": timeout}
    options = AskOptions(
        question=question,
        no_llm=no_llm,
        under=under,
        show_prompt=show_prompt,
        dry_run=dry_run,
        chat=chat,
        search_tool=search_tool,
        strict=strict,
        reranker=reranker,
        form="json" if json else format,
        quiet=quiet,
        verbose=verbose,
    )
    raise typer.Exit(run_ask(values, options))


@app.command()
def reindex(
    *,
    source: Annotated[
        list[str] | None, typer.Option("--source", help="A docs site or section; may be repeated.")
    ] = None,
    from_path: Annotated[
        Path | None, typer.Option("--from", help="No crawl: a folder of .md/.html files, or one llms-full.txt.")
    ] = None,
    no_crawl: Annotated[bool, typer.Option("--no-crawl", help="Index the markdown at hand.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Fetch and index everything anew; known vectors are kept.")
    ] = False,
    markdown: Annotated[
        bool | None,
        typer.Option(
            "--markdown/--no-markdown",
            help="Read the .md variants of a site that serves them, if some pages show that they are as complete; "
            "citations then name pages, not sections. Recorded with the docs. [default: HTML]",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; write nothing.")] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Return to the previous index; the markdown stays as it is.")
    ] = False,
    changes: Annotated[
        Path | None,
        typer.Option("--changes", help="Write what changed in the docs to this markdown file; - prints it."),
    ] = None,
    add: Annotated[bool, typer.Option("--add", help="Keep the pages of other sources.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Drop the pages of other sources.")] = False,
    allow_shrink: Annotated[
        bool, typer.Option("--allow-shrink", help="Accept the loss of over 30 % of the pages.")
    ] = False,
    allow_private: Annotated[bool, typer.Option("--allow-private", help="Fetch from private addresses.")] = False,
    max_pages: Annotated[int, typer.Option(min=1, help="Stop after this many pages.")] = 5_000,
    include: Annotated[list[str] | None, typer.Option(help="Only paths that match this glob; may be repeated.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="No paths that match this glob; may be repeated.")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Pages fetched at the same time.")] = 2,
    docs: given.Docs = None,
    index: given.Index = None,
    config: given.Config = None,
    embedder: given.Embedder = None,
    json: given.Json = False,
    quiet: given.Quiet = False,
    verbose: given.Verbose = 0,
) -> None:
    """Crawl the docs, write them as markdown, and index what changed."""
    values = {"docs": docs, "index": index, "config": config, "embedder": embedder}
    if not dry_run:
        from cli.held import refuse_second_run

        refuse_second_run(values)
    from cli.reindex import Output, run_reindex, run_rollback
    from ingest.run import ReindexOptions

    options = ReindexOptions(
        sources=tuple(source or ()),
        from_path=from_path,
        crawl=not no_crawl,
        full=full,
        dry_run=dry_run,
        add=add,
        replace=replace,
        allow_shrink=allow_shrink,
        allow_private=allow_private,
        max_pages=max_pages,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        jobs=jobs,
        markdown=markdown,
    )
    output = Output(changes, json, quiet, verbose)
    raise typer.Exit((run_rollback if rollback else run_reindex)(values, options, output))


@app.command()
def inspect(
    query: Annotated[str | None, typer.Argument(help="The query; - reads it from stdin.")] = None,
    *,
    k: given.Count = None,
    under: given.Under = "",
    page: Annotated[str | None, typer.Option("--page", help="A page's chunks, as they are indexed.")] = None,
    questions: Annotated[
        Path | None, typer.Option("--questions", help="JSON lines with `question`; needs --json.")
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        Literal["table", "markdown", "json", "html"] | None,
        typer.Option("--format", help="Default: table on a terminal, markdown elsewhere."),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show why each chunk has its rank.")] = False,
    compare: Annotated[
        str | None,
        typer.Option(
            "--compare", help="Another ranking beside it: bm25, cosine, previous, or a generation by its name."
        ),
    ] = None,
    docs: given.Docs = None,
    index: given.Index = None,
    config: given.Config = None,
    embedder: given.Embedder = None,
    json: given.Json = False,
    quiet: given.Quiet = False,
    verbose: given.Verbose = 0,
) -> None:
    """Show the chunks that a query retrieves, with their scores."""
    from cli.inspect import InspectOptions, run_inspect

    values = {"docs": docs, "index": index, "config": config, "embedder": embedder, "k": k}
    form = "json" if json else format
    options = InspectOptions(query, under, page, questions, form, explain, compare, quiet, verbose)
    raise typer.Exit(run_inspect(values, options))


app.command(name="eval")(evaluate)


app.command()(status)
app.command()(models)
app.command()(doctor)


def run() -> None:
    """The `askdocs` script."""
    _run(sys.argv[1:])


def run_ask() -> None:
    """The `ask` script: `ask …` is `askdocs ask …`, but for `ask --version`."""
    arguments = sys.argv[1:]
    _run(arguments if arguments == ["--version"] else ["ask", *arguments])


def _run(arguments: list[str]) -> NoReturn:
    leave(guarded(app, arguments, "askdocs"))
