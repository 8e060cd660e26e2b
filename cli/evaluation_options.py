"""The types of the options of eval, impact, gaps and replay. Imports typer alone."""

from pathlib import Path
from typing import Annotated

import typer

# Of impact, gaps and replay.
Before = Annotated[str, typer.Argument(metavar="GENERATION_A", help="The generation before: a name, or previous.")]
After = Annotated[str, typer.Argument(metavar="GENERATION_B", help="The generation after: a name, or current.")]
AnyQuestions = Annotated[
    Path | None,
    typer.Argument(
        metavar="QUESTIONS.jsonl",
        help="JSON lines with `question`, such as the log of `serve --log`. [default: the docs' headings]",
    ),
]
MarkdownFile = Annotated[
    Path | None, typer.Option("--markdown", metavar="FILE.md", help="Write a summary, such as for a pull request.")
]
GapsLog = Annotated[Path, typer.Option("--log", metavar="FILE", help="The log that `askdocs serve --log FILE` wrote.")]
RecordedAnswer = Annotated[
    Path | None, typer.Argument(metavar="ANSWER.json", help="An answer of `ask --json`; - reads it from stdin.")
]
RecordedRun = Annotated[
    Path | None, typer.Option("--batch", metavar="RUN.json", help="All answers of a run that `eval --save` wrote.")
]
ReplayMaxTokens = Annotated[
    int | None,
    typer.Option("--max-tokens", metavar="N", min=1, help="Longest answer, in tokens. [default: as recorded]"),
]
ReplayTemperature = Annotated[
    float | None,
    typer.Option("--temperature", metavar="T", min=0, max=2, help="As in ask. [default: as recorded]"),
]

# Of eval.
Questions = Annotated[
    Path | None,
    typer.Argument(metavar="QUESTIONS.jsonl", help="JSON lines: questions, and where their answers are."),
]
RetrievalOnly = Annotated[bool, typer.Option("--retrieval-only", help="Measure ranking; answer nothing.")]
QuotedOnly = Annotated[bool, typer.Option("--no-llm", help="Measure quoted answers; no network, no key.")]
EvalTopK = Annotated[
    int, typer.Option("-k", metavar="N", min=1, max=1000, help="How many passages an answer is made of.")
]
Jobs = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, max=64, help="Questions at a time. [default: 4 with a model, else 1]"),
]
Baseline = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="FILE.json", help="A saved run; exit status 1 if a measure really fell."),
]
Save = Annotated[
    Path | None, typer.Option("--save", metavar="FILE.json", help="Write the run, to be a baseline later.")
]
Calibrate = Annotated[
    bool, typer.Option("--calibrate", help="Fit, and store, when to say that the docs do not answer.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at the first unusable line.")]
New = Annotated[
    str | None,
    typer.Option("--new", metavar="PAGE", help="A page to ask about: print a new line, or add it to QUESTIONS."),
]
Quote = Annotated[
    str | None, typer.Option("--quote", metavar="TEXT", help="With --new: words of the page that answer.")
]
Models = Annotated[
    str, typer.Option("--models", metavar="A,B,…", help="Compare these models; one table with what chance explains.")
]
Embedders = Annotated[
    str, typer.Option("--embedders", metavar="A,B,…", help="Compare these embedders; each gets an index of its own.")
]
Rerankers = Annotated[
    str, typer.Option("--rerankers", metavar="A,B,…", help="Compare these rerankers; none is one without.")
]
EvalBudget = Annotated[
    float | None,
    typer.Option("--budget", metavar="USD", min=0, help="What a comparison may cost; then it stops, to be resumed."),
]
FromLog = Annotated[
    Path | None,
    typer.Option("--from-log", metavar="LOG", help="With --new, no page: lines from the gaps of a log, to be edited."),
]
NewQuestion = Annotated[str | None, typer.Option("--question", metavar="TEXT", help="With --new: the question.")]
