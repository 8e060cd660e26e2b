"""The command `eval`, which has too many options to stand in `cli/main.py`. Imports typer alone, as that does."""

from typing import Annotated

import typer

from cli import options as given


def evaluate(
    questions: given.Questions = None,
    *,
    retrieval_only: given.RetrievalOnly = False,
    no_llm: given.QuotedOnly = False,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many passages an answer is made of.")] = 10,
    under: given.Under = "",
    jobs: given.Jobs = None,
    report: given.Report = None,
    baseline: given.Baseline = None,
    save: given.Save = None,
    calibrate: given.Calibrate = False,
    strict: given.Strict = False,
    new: given.New = None,
    quote: given.Quote = None,
    question: given.NewQuestion = None,
    model: given.Model = None,
    docs: given.Docs = None,
    index: given.Index = None,
    config: given.Config = None,
    embedder: given.Embedder = None,
    json: given.Json = False,
    quiet: given.Quiet = False,
    verbose: given.Verbose = 0,  # noqa: ARG001 - -vv is read elsewhere
) -> None:
    """Measure retrieval, answers and refusals on a question file; compare with a saved run."""
    from cli.eval import EvalOptions, run_eval

    values: dict[str, object] = {"docs": docs, "index": index, "config": config, "embedder": embedder, "k": k}
    outputs = (report, baseline, save)
    scaffold = (new, quote, question)
    options = EvalOptions(
        questions, retrieval_only, no_llm, under, jobs, *outputs, calibrate, strict, *scaffold, json, quiet
    )
    raise typer.Exit(run_eval({**values, "model": model}, options))
