"""The types of all options: of single commands, and those that every command takes. Imports typer alone."""

import functools
import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

# Of several.
TopK = Annotated[int | None, typer.Option("-k", metavar="N", min=1, max=1000, help="How many passages. [default: 8]")]
Under = Annotated[
    str, typer.Option("--under", metavar="PATH", help="Only pages below this site path, such as /docs/guides.")
]
Report = Annotated[Path | None, typer.Option("--report", metavar="FILE.html", help="Write an HTML page to read.")]
Gate = Annotated[bool, typer.Option("--gate", help="Exit status 1 when a question lost something.")]

# Of ask.
Question = Annotated[
    list[str] | None,
    typer.Argument(metavar="QUESTION", help="The question, with or without quotes; - reads it from stdin."),
]
NoLlm = Annotated[bool, typer.Option("--no-llm", help="Quote the pages; no network, no key.")]
MaxTokens = Annotated[int | None, typer.Option(metavar="N", min=1, help="Longest answer, in tokens. [default: 800]")]
Temperature = Annotated[
    float | None, typer.Option(metavar="T", min=0, max=2, help="How freely the model words its answer. [default: 0.1]")
]
Timeout = Annotated[
    float | None, typer.Option(metavar="SECONDS", min=0.1, help="Limit for the whole answer. [default: 60]")
]
Context = Annotated[
    int | None,
    typer.Option(
        "--context",
        metavar="WORDS",
        min=0,
        max=20_000,
        help="Words of the docs that a model reads: the passages with the text around them; 0 leaves them alone. "
        "[default: 100 for each of -k]",
    ),
]
Widened = Annotated[
    int,
    typer.Option(
        "--context",
        metavar="WORDS",
        min=0,
        max=20_000,
        help="Show passages as a model reads them, up to this many words.",
    ),
]
Chat = Annotated[bool, typer.Option("--chat", help="A session: each question may refer to the ones before.")]
SearchTool = Annotated[
    bool, typer.Option("--search-tool", help="Let the model search the docs itself, in up to three rounds.")
]
Rewrite = Annotated[
    bool, typer.Option("--rewrite", help="Let the model put the question into the words of the docs for the search.")
]
Reranker = Annotated[
    str,
    typer.Option(
        "--reranker",
        metavar="NAME",
        help="Reorder passages by a CrossEncoder's name or folder, or openrouter:SLUG. [env: ASKDOCS_RERANKER]",
    ),
]
Late = Annotated[
    str | None,
    typer.Option(
        "--late",
        metavar="NAME",
        help="Rank by a late-interaction model's name or folder as well. [env: ASKDOCS_LATE]",
    ),
]
Judge = Annotated[
    str,
    typer.Option(
        "--judge",
        metavar="NAME",
        help="What checks each sentence of the model: an NLI CrossEncoder's name or folder, or openrouter:SLUG. "
        "[default: rules and the bundled model]",
    ),
]
ShowPrompt = Annotated[bool, typer.Option("--show-prompt", help="Print what a model would read, and stop.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be sent, its tokens and price, and stop.")]
Short = Annotated[
    bool, typer.Option("--short", help="Only the first line of each excerpt and the addresses; goes with text alone.")
]
AnswerFormat = Annotated[
    Literal["text", "markdown", "json"], typer.Option("--format", help="How the answer is printed.")
]

StrictAnswer = Annotated[
    bool, typer.Option("--strict", help="Drop each sentence of the model that no cited passage supports.")
]

# Of reindex.
Source = Annotated[
    list[str] | None, typer.Option("--source", metavar="URL", help="A docs site or section; may be repeated.")
]
FromPath = Annotated[
    Path | None,
    typer.Option("--from", metavar="PATH", help="No crawl: a folder of .md/.html files, or one llms-full.txt."),
]
NoCrawl = Annotated[bool, typer.Option("--no-crawl", help="Index the markdown pages that are there.")]
Full = Annotated[bool, typer.Option("--full", help="Fetch and index everything again; known vectors are reused.")]
Markdown = Annotated[
    bool | None,
    typer.Option(
        "--markdown/--no-markdown",
        help="Read the .md variants of a site that serves them, if some pages show that they are as complete; "
        "citations then name pages, not sections. Recorded with the docs. [default: HTML]",
    ),
]
ReindexDryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change; write nothing.")]
Rollback = Annotated[
    bool, typer.Option("--rollback", help="Return to the previous index; the markdown stays as it is.")
]
Changes = Annotated[
    Path | None,
    typer.Option("--changes", metavar="FILE.md", help="Write what changed in the docs to this file; - prints it."),
]
Add = Annotated[bool, typer.Option("--add", help="Keep the pages of other sources.")]
Replace = Annotated[bool, typer.Option("--replace", help="Drop the pages of other sources.")]
AllowShrink = Annotated[bool, typer.Option("--allow-shrink", help="Accept the loss of over 30 % of the pages.")]
AllowPrivate = Annotated[bool, typer.Option("--allow-private", help="Fetch from private addresses.")]
MaxPages = Annotated[int, typer.Option(metavar="N", min=1, help="Stop after this many pages.")]
Include = Annotated[
    list[str] | None, typer.Option(metavar="GLOB", help="Only paths that match this glob; may be repeated.")
]
Exclude = Annotated[
    list[str] | None, typer.Option(metavar="GLOB", help="No paths that match this glob; may be repeated.")
]
ImpactQuestions = Annotated[
    Path | None,
    typer.Option(
        "--impact",
        metavar="QUESTIONS.jsonl",
        help="Show afterwards what the change does to the answers; headings asks the docs' own headings.",
    ),
]
ImpactReport = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE.html", help="With --impact: write what it shows as an HTML page."),
]
ImpactGate = Annotated[
    bool, typer.Option("--gate", help="With --impact: exit status 1 when a question lost something.")
]
GenerateQuestions = Annotated[
    str | None,
    typer.Option(
        "--generate-questions",
        metavar="MODEL",
        help="Have a model write questions for each section, and find the section by them as well.",
    ),
]
QuestionBudget = Annotated[
    float | None,
    typer.Option("--budget", metavar="USD", min=0, help="What --generate-questions may cost; the next run goes on."),
]
Workers = Annotated[
    str,
    typer.Option(
        "--workers",
        metavar="N|ray|ray://HOST:PORT",
        help="Embed in N processes, or in the actors of a Ray cluster. [default: this process]",
    ),
]
StoredLate = Annotated[
    str | None,
    typer.Option(
        "--late",
        metavar="NAME",
        help="Store the token vectors of a late-interaction model, so that ask --late NAME encodes no passage. "
        "[env: ASKDOCS_LATE]",
    ),
]
Fetches = Annotated[int, typer.Option("--jobs", metavar="N", min=1, max=64, help="Pages fetched at the same time.")]

# Of inspect.
Query = Annotated[
    list[str] | None,
    typer.Argument(metavar="QUERY", help="The query, with or without quotes; - reads it from stdin."),
]
Page = Annotated[str | None, typer.Option("--page", metavar="PAGE", help="A page's chunks, as they are indexed.")]
QueryFile = Annotated[
    Path | None, typer.Option("--questions", metavar="FILE.jsonl", help="JSON lines with `question`; needs --json.")
]
InspectFormat = Annotated[
    Literal["table", "markdown", "json", "html"] | None,
    typer.Option("--format", help="Default: table on a terminal, markdown elsewhere."),
]
Explain = Annotated[bool, typer.Option("--explain", help="Show why each chunk has its rank.")]
Compare = Annotated[
    str | None,
    typer.Option(
        "--compare",
        metavar="RANKING",
        help="Another ranking next to it: bm25, cosine, previous, or a generation by its name.",
    ),
]

# Of export.
ExportFormat = Annotated[
    Literal["parquet", "lance", "vespa"], typer.Option("--format", help="What the index is written as.")
]
ExportFolder = Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is not there yet.")]

# Of serve.
Host = Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on; others than loopback need a token.")]
Port = Annotated[int, typer.Option(metavar="N", min=0, max=65_535, help="Port to listen on; 0 takes a free one.")]
OpenBrowser = Annotated[bool, typer.Option("--open", help="Open the page in a browser.")]
Token = Annotated[
    str,
    typer.Option(
        metavar="TEXT", envvar="ASKDOCS_SERVE_TOKEN", show_envvar=True, help="What clients must send as Bearer."
    ),
]
AllowHost = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="A further name that clients call the server by. Repeatable.")
]
AllowOrigin = Annotated[
    list[str] | None, typer.Option(metavar="ORIGIN", help="A site that may embed the widget. Repeatable.")
]
Budget = Annotated[
    float | None, typer.Option(metavar="USD", min=0, help="What models may cost a day; then the pages are quoted.")
]
BudgetTokens = Annotated[int | None, typer.Option(metavar="N", min=0, help="Tokens that models may use a day.")]
ServeWorkers = Annotated[
    int | None,
    typer.Option(metavar="N", min=0, max=64, help="Processes that search and quote. Default: one for each core."),
]
PerMinute = Annotated[int, typer.Option(metavar="N", min=1, help="Requests a minute for each client address.")]
QuestionLog = Annotated[
    Path | None,
    typer.Option("--log", metavar="FILE", help="Keep questions, confidence, citations and votes; no addresses."),
]
Examples = Annotated[
    Path | None, typer.Option("--examples", metavar="FILE", help="Example questions for the empty page, one a line.")
]

_SHARED: Final[Mapping[str, Any]] = {
    "docs": Annotated[
        Path | None, typer.Option("--docs", metavar="DIR", help="Folder of cleaned markdown pages. [env: ASKDOCS_DOCS]")
    ],
    "index": Annotated[
        str | None,
        typer.Option(
            "--index",
            metavar="DIR",
            help="Index folder, by default next to --docs, or postgres://… [env: ASKDOCS_INDEX]",
        ),
    ],
    "config": Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Config file, askdocs.toml. [env: ASKDOCS_CONFIG]")
    ],
    "profile": Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="NAME",
            help="Models: fast (bundled), better or best (downloads); other options override it. "
            "[env: ASKDOCS_PROFILE]",
        ),
    ],
    "yes": Annotated[bool | None, typer.Option("--yes", help="Download models without asking.", show_default=False)],
    "embedder": Annotated[
        str | None,
        typer.Option(
            "--embedder",
            metavar="NAME",
            help="minilm, a sentence-transformers model of any kind, or openrouter:SLUG. [env: ASKDOCS_EMBEDDER]",
        ),
    ],
    "device": Annotated[
        str | None,
        typer.Option(
            "--device", metavar="NAME", help="Where local models run: auto, cpu, cuda, mps. [env: ASKDOCS_DEVICE]"
        ),
    ],
    "precision": Annotated[
        str | None,
        typer.Option(
            "--precision",
            metavar="NAME",
            help="How local models embed pages: auto (bf16 where the processor has it), fp32 or bf16. "
            "[env: ASKDOCS_PRECISION]",
        ),
    ],
    "model": Annotated[
        str | None,
        typer.Option("--model", metavar="SLUG", help="Answering model, up to three by comma. [env: ASKDOCS_MODEL]"),
    ],
    "json": Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and nothing else there.")],
    "quiet": Annotated[bool, typer.Option("--quiet", "-q", help="No notes on stderr.")],
    "verbose": Annotated[
        int,
        typer.Option("--verbose", "-v", count=True, show_default=False, help="More on stderr; -vv shows tracebacks."),
    ],
}
_DEFAULTS: Final[Mapping[str, object]] = {"json": False, "quiet": False, "verbose": 0}


@dataclass(frozen=True, slots=True)
class Common:
    """The values of the options that every command takes. `settings` are those that environment and config know too."""

    settings: Mapping[str, object]
    json: bool
    quiet: bool
    verbose: int


def join_words(words: Sequence[str] | None) -> str | None:
    """The text that was given in one argument or several; None without one."""
    return " ".join(words) if words else None


def with_common(*unused: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add the shared options to a command, which gets them as its argument `common`.

    The `unused` ones are accepted, so that a script may give the same options to every command, and
    left out of its help, where they would promise an effect.
    """

    def wrap(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def wrapped(**given: Any) -> None:  # noqa: ANN401 - each option has a type of its own
            shared = {name: given.pop(name) for name in _SHARED}
            flags = {name: shared.pop(name) for name in _DEFAULTS}
            started = time.perf_counter()
            try:
                command(**given, common=Common(shared, **flags))
            finally:
                if flags["verbose"] and not flags["quiet"]:
                    _print_cost(time.perf_counter() - started)

        own = inspect.signature(command)
        keyword = inspect.Parameter.KEYWORD_ONLY
        shared = [
            inspect.Parameter(name, keyword, default=_DEFAULTS.get(name), annotation=_option(name, name in unused))
            for name in _SHARED
        ]
        kept = [one for one in own.parameters.values() if one.name != "common"]
        signature = own.replace(parameters=[*kept, *shared])
        wrapped.__signature__ = signature  # type: ignore[attr-defined] # typer reads it, and the annotations
        wrapped.__annotations__ = {one.name: one.annotation for one in [*kept, *shared]}
        return wrapped

    return wrap


def _print_cost(seconds: float) -> None:
    from cli.terminal import say

    say(f"took {seconds:.2f} s, and {time.process_time():.2f} s of CPU since the process began")


def _option(name: str, hidden: bool) -> Any:  # noqa: ANN401, FBT001 - an Annotated type; the one caller names it
    if not hidden:
        return _SHARED[name]
    return Annotated[_SHARED[name].__origin__, typer.Option(f"--{name}", hidden=True)]


@dataclass(frozen=True, slots=True)
class AskOptions:
    """The options of `ask` that are not settings."""

    question: str | None
    no_llm: bool
    under: str
    context: int | None
    show_prompt: bool
    dry_run: bool
    chat: bool
    search_tool: bool
    rewrite: bool
    judge: str
    strict: bool
    reranker: str
    short: bool
    form: Literal["text", "markdown", "json"]
    quiet: bool
    verbose: int

    @property
    def json(self) -> bool:
        """Whether stdout takes one JSON document."""
        return self.form == "json"
