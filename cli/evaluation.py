"""The commands that measure: eval, impact, gaps and replay. Each parses and calls."""

from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperCommand

from cli import evaluation_options as own
from cli import options as given
from cli.options import Common, with_common


class EvalCommand(TyperCommand):
    """`eval`, whose --new takes a page, and none with --from-log."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer keeps its class private
        """Read the arguments without a --new that has no page."""
        return super().parse_args(ctx, without_bare_new(args))


def without_bare_new(arguments: Sequence[str]) -> list[str]:
    """The arguments of `eval --new --from-log FILE` without --new, which names no page there."""
    if "--from-log" not in arguments:
        return list(arguments)
    following = [*arguments[1:], "-"]
    return [one for one, after in zip(arguments, following, strict=True) if one != "--new" or after[:1] != "-"]


@with_common()
def evaluate(
    questions: own.Questions = None,
    *,
    common: Common,
    retrieval_only: own.RetrievalOnly = False,
    no_llm: own.QuotedOnly = False,
    k: own.EvalTopK = 10,
    under: given.Under = "",
    context: given.Context = None,
    rewrite: given.Rewrite = False,
    judge: given.Judge = "",
    jobs: own.Jobs = None,
    report: given.Report = None,
    baseline: own.Baseline = None,
    save: own.Save = None,
    calibrate: own.Calibrate = False,
    strict: own.Strict = False,
    new: own.New = None,
    quote: own.Quote = None,
    question: own.NewQuestion = None,
    from_log: own.FromLog = None,
    models: own.Models = "",
    embedders: own.Embedders = "",
    rerankers: own.Rerankers = "",
    budget: own.EvalBudget = None,
    max_tokens: given.MaxTokens = None,
    timeout: given.Timeout = None,
) -> None:
    """Measure retrieval, answers and refusals on questions.

    Compares with a saved run, writes a report, fits when to refuse, or (--new) writes a question.
    """
    from cli.commands.measure.evaluate import EvalOptions, run_eval

    options = EvalOptions(
        questions=questions,
        retrieval_only=retrieval_only,
        no_llm=no_llm,
        under=under,
        context=context,
        rewrite=rewrite,
        judge=judge,
        jobs=jobs,
        report=report,
        baseline=baseline,
        save=save,
        calibrate=calibrate,
        strict=strict,
        new=new,
        quote=quote,
        question=question,
        from_log=from_log,
        models=models,
        embedders=embedders,
        rerankers=rerankers,
        budget=budget,
        json=common.json,
        quiet=common.quiet,
    )
    raise typer.Exit(run_eval({**common.settings, "k": k, "max_tokens": max_tokens, "timeout": timeout}, options))


@with_common()
def impact(
    before: own.Before,
    after: own.After,
    questions: own.AnyQuestions = None,
    *,
    common: Common,
    no_llm: given.NoLlm = False,
    k: given.TopK = None,
    under: given.Under = "",
    report: given.Report = None,
    markdown: own.MarkdownFile = None,
    gate: given.Gate = False,
) -> None:
    """Show what a change of the docs does to the answers.

    Answers all questions in two generations of the index and compares the answers one by one.
    """
    from cli.commands.measure.impact import ImpactOptions, run_impact

    options = ImpactOptions(before, after, questions, no_llm, under, report, markdown, gate, common.json, common.quiet)
    raise typer.Exit(run_impact({**common.settings, "k": k}, options))


@with_common("model")
def gaps(log: own.GapsLog, *, common: Common, report: given.Report = None) -> None:
    """Show what readers ask and the docs do not answer."""
    from cli.commands.measure.gaps import GapsOptions, run_gaps

    raise typer.Exit(run_gaps(common.settings, GapsOptions(log, report, common.json, common.quiet)))


@with_common()
def replay(
    answer: own.RecordedAnswer = None,
    *,
    common: Common,
    batch: own.RecordedRun = None,
    max_tokens: own.ReplayMaxTokens = None,
    timeout: given.Timeout = None,
    temperature: own.ReplayTemperature = None,
) -> None:
    """Ask a recorded answer again, and show what differs.

    The same passages, by generation and id, go to the same model with the same prompt.
    """
    from cli.commands.measure.replay import ReplayOptions, run_replay

    values = {**common.settings, "max_tokens": max_tokens, "timeout": timeout, "temperature": temperature}
    raise typer.Exit(run_replay(values, ReplayOptions(answer, batch, common.json, common.quiet)))
