"""The commands and their options. Each parses and calls; the work is done in cli/commands.

Only typer is imported here: `--help` must not wait for what other commands need. A second reindex is
refused before anything heavy is imported.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import options as given
from cli.evaluation import EvalCommand, evaluate, gaps, impact, replay
from cli.examples import epilog
from cli.failures import guarded
from cli.options import Common, join_words, with_common
from ingest.core.settings import load_settings
from ingest.index.folder.locks import refuse_if_locked

# numpy's matrices are small here: more threads save nothing, and on a busy machine they wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

_STYLE: Mapping[str, Any] = {
    "add_completion": True,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,  # it would take [env: …] for markup
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
app = typer.Typer(name="askdocs", invoke_without_command=True, **_STYLE)
ask_app = typer.Typer(name="ask", **_STYLE)
"""The script `ask`: one command, so that its help, hints and completion name no other."""


def _print_version(value: bool) -> None:  # noqa: FBT001 - typer calls it so
    if value:
        from importlib.metadata import version

        print(f"askdocs {version('askdocs')}")
        raise typer.Exit


@app.callback()
def _askdocs(
    context: typer.Context,
    *,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool,
        typer.Option("--version", "-V", callback=_print_version, is_eager=True, help="Print the version, and stop."),
    ] = False,
) -> None:
    """Ask a documentation site. Passages first, then an answer whose citations were checked."""
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(2)


@ask_app.command(epilog=epilog("ask"))
@app.command(epilog=epilog("ask"))
@with_common()
def ask(
    question: given.Question = None,
    *,
    common: Common,
    no_llm: given.NoLlm = False,
    k: given.TopK = None,
    under: given.Under = "",
    context: given.Context = None,
    max_tokens: given.MaxTokens = None,
    timeout: given.Timeout = None,
    temperature: given.Temperature = None,
    chat: given.Chat = False,
    search_tool: given.SearchTool = False,
    rewrite: given.Rewrite = False,
    judge: given.Judge = "",
    strict: given.StrictAnswer = False,
    reranker: given.Reranker = "",
    late: given.Late = None,
    show_prompt: given.ShowPrompt = False,
    dry_run: given.DryRun = False,
    short: given.Short = False,
    format: given.AnswerFormat = "text",  # noqa: A002 - the option's name
) -> None:
    """Answer a question from the docs, with checked citations.

    Exit status 3 means: the docs do not answer it.
    """
    from cli.contradictions import refuse_contradictions
    from cli.options import AskOptions

    refuse_contradictions(
        "ask",
        {
            "--show-prompt": show_prompt,
            "--dry-run": dry_run,
            "--rewrite": rewrite,
            "--json": common.json,
            "--format markdown": format == "markdown",
        },
    )
    options = AskOptions(
        question=join_words(question),
        no_llm=no_llm,
        under=under,
        context=context,
        show_prompt=show_prompt,
        dry_run=dry_run,
        chat=chat,
        search_tool=search_tool,
        rewrite=rewrite,
        judge=judge,
        strict=strict,
        reranker=reranker,
        short=short,
        form="json" if common.json else format,
        quiet=common.quiet,
        verbose=common.verbose,
    )
    limits = {
        "k": k,
        "max_tokens": max_tokens,
        "timeout": timeout,
        "temperature": temperature,
        "late": late,
        "reranker": reranker or None,
    }
    values = {**common.settings, **limits}
    if chat:
        from cli.commands.ask.chat import run_chat

        raise typer.Exit(run_chat(values, options))
    from cli.commands.ask.run import run_ask

    raise typer.Exit(run_ask(values, options))


@app.command(epilog=epilog("reindex"))
@with_common("model")
def reindex(
    *,
    common: Common,
    source: given.Source = None,
    from_path: given.FromPath = None,
    no_crawl: given.NoCrawl = False,
    full: given.Full = False,
    markdown: given.Markdown = None,
    dry_run: given.ReindexDryRun = False,
    rollback: given.Rollback = False,
    changes: given.Changes = None,
    add: given.Add = False,
    replace: given.Replace = False,
    allow_shrink: given.AllowShrink = False,
    allow_private: given.AllowPrivate = False,
    max_pages: given.MaxPages = 5_000,
    include: given.Include = None,
    exclude: given.Exclude = None,
    jobs: given.Fetches = 2,
    workers: given.Workers = "",
    late: given.StoredLate = None,
    generate_questions: given.GenerateQuestions = None,
    budget: given.QuestionBudget = None,
    impact: given.ImpactQuestions = None,
    report: given.ImpactReport = None,
    gate: given.ImpactGate = False,
) -> None:
    """Crawl the docs, write them as markdown, index what changed."""
    if not dry_run:
        refuse_second_run(common.settings)
    from cli.commands.reindex import Output, run_reindex, run_rollback
    from ingest.reindex.options import ReindexOptions

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
        workers=workers,
    )
    output = Output(
        changes, common.json, common.quiet, common.verbose, impact, report, gate, generate_questions, budget
    )
    values = {**common.settings, "late": late}
    raise typer.Exit((run_rollback if rollback else run_reindex)(values, options, output))


@app.command(epilog=epilog("inspect"))
@with_common("model")
def inspect(
    query: given.Query = None,
    *,
    common: Common,
    k: given.TopK = None,
    under: given.Under = "",
    context: given.Widened = 0,
    page: given.Page = None,
    questions: given.QueryFile = None,
    format: given.InspectFormat = None,  # noqa: A002 - the option's name
    explain: given.Explain = False,
    compare: given.Compare = None,
) -> None:
    """Show the chunks that a query retrieves, with their scores."""
    from cli.commands.inspect import InspectOptions, run_inspect
    from cli.contradictions import refuse_contradictions

    refuse_contradictions("inspect", {"--json": common.json, "--format": format not in (None, "json")})
    options = InspectOptions(
        query=join_words(query),
        under=under,
        context=context,
        page=page,
        questions=questions,
        format="json" if common.json else format,
        explain=explain,
        compare=compare,
        quiet=common.quiet,
    )
    raise typer.Exit(run_inspect({**common.settings, "k": k}, options))


app.command(name="eval", cls=EvalCommand, epilog=epilog("eval"))(evaluate)
for _command in (impact, gaps, replay):
    app.command(epilog=epilog(_command.__name__))(_command)


@with_common("yes")
def status(*, common: Common) -> None:
    """Show the index, its source and age, and all settings.

    Each setting is shown with where its value came from.
    """
    from cli.commands.status import run_status

    raise typer.Exit(run_status(common.settings, json=common.json))


app.command(epilog=epilog("status"))(status)
Free = Annotated[bool, typer.Option("--free", help="Only models that cost nothing.")]

Search = Annotated[
    str, typer.Option("--search", metavar="TEXT", help="Only models whose slug or name contains these words.")
]


@with_common("docs", "index", "profile", "yes", "embedder", "device", "precision", "model")
def models(*, common: Common, search: Search = "", free: Free = False) -> None:
    """List the models on offer, with context length and price."""
    from cli.commands.models import run_models

    raise typer.Exit(run_models(common.settings, search, free=free, json=common.json, quiet=common.quiet))


app.command(epilog=epilog("models"))(models)


@with_common("yes")
def doctor(*, common: Common) -> None:
    """Check each part, and name a fix for each failure."""
    from cli.commands.doctor import run_doctor

    raise typer.Exit(run_doctor(common.settings, json=common.json))


app.command(epilog=epilog("doctor"))(doctor)


@app.command(epilog=epilog("serve"))
@with_common()
def serve(
    *,
    common: Common,
    host: given.Host = "127.0.0.1",
    port: given.Port = 8765,
    open_browser: given.OpenBrowser = False,
    no_llm: given.NoLlm = False,
    k: given.TopK = None,
    token: given.Token = "",
    allow_host: given.AllowHost = None,
    allow_origin: given.AllowOrigin = None,
    budget: given.Budget = None,
    budget_tokens: given.BudgetTokens = None,
    per_minute: given.PerMinute = 120,
    workers: given.ServeWorkers = None,
    log: given.QuestionLog = None,
    examples: given.Examples = None,
    judge: given.Judge = "",
) -> None:
    """Serve a web page, an HTTP API, an OpenAI-compatible API and MCP."""
    from cli.commands.serve import run_serve
    from cli.serve.options import ServeOptions

    options = ServeOptions(
        host=host,
        port=port,
        token=token,
        hosts=tuple(allow_host or ()),
        origins=tuple(allow_origin or ()),
        budget_usd=budget,
        budget_tokens=budget_tokens,
        per_minute=per_minute,
        workers=workers,
        log=log,
        questions=examples,
        use_model=not no_llm,
        judge=judge,
    )
    raise typer.Exit(run_serve({**common.settings, "k": k}, options, quiet=common.quiet, open_browser=open_browser))


@app.command(epilog=epilog("mcp"))
@with_common()
def mcp(*, common: Common, no_llm: given.NoLlm = False, k: given.TopK = None) -> None:
    """Serve one MCP client over stdin and stdout."""
    from cli.commands.serve import run_mcp
    from cli.serve.options import ServeOptions

    raise typer.Exit(run_mcp({**common.settings, "k": k}, ServeOptions(use_model=not no_llm), quiet=common.quiet))


@app.command(epilog=epilog("export"))
@with_common("docs", "profile", "yes", "embedder", "device", "precision", "model")
def export(folder: given.ExportFolder, *, common: Common, form: given.ExportFormat = "parquet") -> None:
    """Write the index for another engine: Parquet, LanceDB or Vespa."""
    from cli.commands.export import run_export

    raise typer.Exit(run_export(common.settings, form, folder, json=common.json, quiet=common.quiet))


def run(name: str, arguments: Sequence[str]) -> int:
    """Run the script `name`, askdocs or ask. Returns the exit status, whatever happens."""
    if name == "askdocs" or list(arguments) in (["--version"], ["-V"]):
        return guarded(app, arguments, "askdocs")
    return guarded(ask_app, arguments, "ask")


def refuse_second_run(values: Mapping[str, object]) -> None:
    """Raise IndexLocked while another process writes the index that these options name; UsageError for wrong ones."""
    index = load_settings(values, os.environ, Path.cwd()).index
    if isinstance(index, Path):  # a database would have to be asked: its lock decides when the run begins
        refuse_if_locked(index)
