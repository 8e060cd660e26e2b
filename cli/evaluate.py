"""The command `eval`, which has too many options to stand in `cli/main.py`. Imports typer alone, as that does."""

import typer

from cli import options as given
from cli.common import Common, with_common


@with_common()
def evaluate(
    questions: given.Questions = None,
    *,
    common: Common,
    retrieval_only: given.RetrievalOnly = False,
    no_llm: given.QuotedOnly = False,
    k: given.EvalCount = 10,
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
) -> None:
    """Measure retrieval, answers and refusals on questions.

    Compares with a saved run, writes a report, fits when to refuse, or (--new) writes a question.
    """
    from cli.eval import EvalOptions, run_eval

    options = EvalOptions(
        questions=questions,
        retrieval_only=retrieval_only,
        no_llm=no_llm,
        under=under,
        jobs=jobs,
        report=report,
        baseline=baseline,
        save=save,
        calibrate=calibrate,
        strict=strict,
        new=new,
        quote=quote,
        question=question,
        json=common.json,
        quiet=common.quiet,
    )
    raise typer.Exit(run_eval({**common.settings, "k": k}, options))
