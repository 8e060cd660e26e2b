"""Options that commands share, and those of `ask` and `eval`, which are many. Imports typer alone."""

from pathlib import Path
from typing import Annotated, Literal

import typer

Docs = Annotated[Path | None, typer.Option("--docs", help="Folder of cleaned markdown pages. [env: ASKDOCS_DOCS]")]
Index = Annotated[
    Path | None, typer.Option("--index", help="Index folder; by default beside --docs. [env: ASKDOCS_INDEX]")
]
Config = Annotated[Path | None, typer.Option("--config", help="Config file, askdocs.toml. [env: ASKDOCS_CONFIG]")]
Embedder = Annotated[
    str | None,
    typer.Option(
        "--embedder", help="minilm, a sentence-transformers model, or openrouter:SLUG. [env: ASKDOCS_EMBEDDER]"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No notes on stderr.")]
Verbose = Annotated[
    int, typer.Option("--verbose", "-v", count=True, show_default=False, help="More on stderr; -vv shows tracebacks.")
]
Count = Annotated[int | None, typer.Option("-k", min=1, max=1000, help="How many passages. [default: 8]")]
Model = Annotated[str | None, typer.Option("--model", help="Model slug, up to three by comma. [env: ASKDOCS_MODEL]")]
Under = Annotated[str, typer.Option("--under", help="Only pages below this site path, such as /docs/guides.")]

# Of ask.
MaxTokens = Annotated[int | None, typer.Option(min=1, help="Longest answer. [default: 800]")]
Timeout = Annotated[float | None, typer.Option(min=0.1, help="Seconds for the whole answer. [default: 60]")]
Chat = Annotated[bool, typer.Option("--chat", help="Ask on: each question may build on the ones before.")]
SearchTool = Annotated[
    bool, typer.Option("--search-tool", help="Let the model search the docs itself, in up to three rounds.")
]
Reranker = Annotated[
    str, typer.Option("--reranker", help="Reorder passages by a CrossEncoder's name or folder, or openrouter:SLUG.")
]
ShowPrompt = Annotated[bool, typer.Option("--show-prompt", help="Print what a model would read, and stop.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be sent, its tokens and price, and stop.")]
AnswerFormat = Annotated[
    Literal["text", "markdown", "json"], typer.Option("--format", help="How the answer is printed.")
]

# Of eval.
Questions = Annotated[Path | None, typer.Argument(help="JSON lines: questions, and where their answers stand.")]
RetrievalOnly = Annotated[bool, typer.Option("--retrieval-only", help="Measure ranking; answer nothing.")]
QuotedOnly = Annotated[bool, typer.Option("--no-llm", help="Measure quoted answers; no network, no key.")]
Jobs = Annotated[int | None, typer.Option(min=1, max=64, help="Questions at a time. [default: 4 with a model, else 1]")]
Report = Annotated[Path | None, typer.Option("--report", help="Write an HTML page to read.")]
Baseline = Annotated[
    Path | None, typer.Option("--baseline", help="A saved run; exit status 1 if a measure really fell.")
]
Save = Annotated[Path | None, typer.Option("--save", help="Write the run, to be a baseline later.")]
Calibrate = Annotated[
    bool, typer.Option("--calibrate", help="Fit, and store, when to say that the docs do not answer.")
]
StrictAnswer = Annotated[
    bool, typer.Option("--strict", help="Drop each sentence of the model that no cited passage supports.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at a line that is no question.")]
New = Annotated[
    str | None, typer.Option("--new", help="A page to ask about: print a new line, or add it to QUESTIONS.")
]
Quote = Annotated[str | None, typer.Option("--quote", help="With --new: words of the page that answer.")]
NewQuestion = Annotated[str | None, typer.Option("--question", help="With --new: the question.")]
