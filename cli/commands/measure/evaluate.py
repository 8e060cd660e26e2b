"""`eval`: run a question file, print its measures, compare, report, calibrate; or write a new question line."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.commands.measure.evaluate_output import eval_text
from cli.context import open_index, settings_from
from cli.contradictions import refuse_contradictions
from cli.terminal import format_count, json_line, print_text, progress_bars, say, text_width
from ingest.core.errors import DocsError, UsageError
from ingest.core.settings import Settings
from rag.open import Opened, can_ask_model
from rag.serialize import SCHEMA

if TYPE_CHECKING:
    from eval.compare import MetricChange
    from eval.dataset import QuestionFile
    from eval.records import EvalRun, Mode, RunConfig

_JOBS = 4
"""Answers asked for at the same time, where a model writes them: what a small account may."""


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """The options of `eval` that are not settings."""

    questions: Path | None
    retrieval_only: bool
    no_llm: bool
    under: str
    context: int | None
    rewrite: bool
    judge: str
    jobs: int | None
    report: Path | None
    baseline: Path | None
    save: Path | None
    calibrate: bool
    strict: bool
    new: str | None
    quote: str | None
    question: str | None
    from_log: Path | None
    models: str
    embedders: str
    rerankers: str
    budget: float | None
    json: bool
    quiet: bool

    @property
    def of_model(self) -> dict[str, str]:
        """The options given that change what a model writes, by name, each as it was given."""
        named = {
            "--judge": f"--judge {self.judge}" if self.judge else "",
            "--rewrite": "--rewrite" if self.rewrite else "",
            "--context": "" if self.context is None else f"--context {self.context}",
        }
        return {name: text for name, text in named.items() if text}

    def check_model(self, settings: Settings) -> None:
        """Raise UsageError for such an option where no model writes."""
        has_model = not (self.no_llm or self.retrieval_only) and can_ask_model(settings)
        for name in self.of_model if not has_model else ():
            hint = f"leave out {name}, or set OPENROUTER_API_KEY and leave out --no-llm and --retrieval-only"
            raise UsageError(f"{name} needs answers that a model writes", hint)


def run_eval(values: Mapping[str, object], options: EvalOptions) -> int:
    """Measure, or scaffold a question. Returns the exit status; raises DocsError."""
    settings = settings_from(values)
    refuse_contradictions(
        "eval",
        {
            "--new": options.new is not None,
            "--save": options.save is not None,
            "--report": options.report is not None,
            "--baseline": options.baseline is not None,
            "--calibrate": options.calibrate,
            "--from-log": options.from_log is not None,
            "--models": bool(options.models or options.embedders or options.rerankers),
            "--no-llm": options.no_llm and bool(options.models),
            "--retrieval-only": options.retrieval_only and bool(options.models),
            **dict.fromkeys(options.of_model, True),
        },
    )
    if options.from_log is not None:
        from cli.commands.measure.new_questions import lines_from_log

        return lines_from_log(settings, options.from_log, options.questions, quiet=options.quiet)
    if options.new is not None:
        from cli.commands.measure.new_questions import run_new

        return run_new(settings, options.new, options.quote, options.question, options)
    if options.quote is not None or options.question is not None:
        raise UsageError("--quote and --question go with --new", "askdocs eval --new PAGE --quote TEXT --question TEXT")
    if options.questions is None:
        raise UsageError("give a question file", "such as: askdocs eval questions.jsonl --retrieval-only")
    if options.models or options.embedders or options.rerankers:
        return _compare(settings, options, options.questions)
    if options.budget is not None:
        raise UsageError("--budget goes with --models", "askdocs eval questions.jsonl --models a,b --budget 2")
    return _measure(settings, options, options.questions)


def _compare(settings: Settings, options: EvalOptions, path: Path) -> int:
    """Compare several systems instead of measuring one."""
    from cli.commands.measure.bakeoff import BakeoffOptions, run_bakeoff_command

    own = {field.name for field in fields(BakeoffOptions)} - {"questions"}
    return run_bakeoff_command(settings, BakeoffOptions(path, **{name: getattr(options, name) for name in own}))


def _measure(settings: Settings, options: EvalOptions, path: Path) -> int:
    from eval.compare import compare, refuse_unlike
    from eval.dataset import read_questions
    from eval.storage import check_writable, read_run, save_run
    from eval.summary import comparison, summary

    questions = read_questions(path, strict=options.strict)
    for target in filter(None, (options.report, options.save)):
        check_writable(target)
    old = read_run(options.baseline) if options.baseline else None
    if options.calibrate:
        from eval.calibrate import check_enough

        check_enough([question.answerable for question in questions.questions])
    options.check_model(settings)
    opened = open_index(settings, use_model=not options.no_llm, quiet=options.quiet, judge=options.judge)
    measured = _measured(questions, opened, settings, options)
    if old:
        refuse_unlike(measured, old.measured, path=str(options.baseline))
    run = _run(settings, options, opened, questions, measured)
    changes = compare(run, old) if old else {}
    document = {"schema": SCHEMA, **summary(run)}
    if old:
        document["baseline"] = comparison(changes, run, old)
    if options.calibrate:
        document["calibration"] = _calibrate(settings, opened, run)
    if options.save:
        save_run(options.save, run)
    if options.report:
        _report(options.report, run, old, changes)
    _print(document, questions.name, options)
    return _status(document, options)


def _print(document: Mapping[str, Any], name: str, options: EvalOptions) -> None:
    if options.json:
        print(json_line(document))
    else:
        print_text(eval_text(document, name, text_width(sys.stdout)))
    if not options.quiet:
        for path, what in ((options.save, "the run"), (options.report, "the report")):
            if path:
                say(f"note: wrote {what} to {path}")


def _measured(questions: "QuestionFile", opened: Opened, settings: Settings, options: EvalOptions) -> "RunConfig":
    from eval.records import RunConfig

    mode: Mode = "extractive" if opened.assistant.model is None else "openrouter"
    if mode == "extractive" and not (options.no_llm or options.retrieval_only or options.quiet):
        say("note: no API key, so quoted answers are measured; set OPENROUTER_API_KEY for written ones")
    return RunConfig(questions.sha256, "retrieval" if options.retrieval_only else mode, settings.k, options.under)


def _run(
    settings: Settings, options: EvalOptions, opened: Opened, questions: "QuestionFile", measured: "RunConfig"
) -> "EvalRun":
    from eval.gold import Docs
    from eval.runner import RunContext, RunPlan, run_questions
    from eval.storage import Journal, describe_system
    from rag.records import AnswerOptions

    for bad in questions.bad:
        say(f"warning: {questions.name}, line {bad.line}: {bad.reason}; left out")
    written = measured.mode == "openrouter"
    model, given = (settings.model, " ".join(options.of_model.values())) if written else ("", "")
    system = describe_system(settings.index, opened.generation, model, given)
    bench = RunContext(
        opened.assistant,
        Docs.of(opened.store.pages()),
        AnswerOptions(
            settings.k,
            options.under,
            context=options.context,
            rewrite=options.rewrite,
            timeout=settings.timeout,
        ),
        with_answers=measured.mode != "retrieval",
    )
    plan = RunPlan(questions, measured, system, options.jobs or (_JOBS if written else 1))
    with progress_bars(quiet=options.quiet) as progress:
        run = run_questions(plan, bench, Journal(settings.folder, measured, system), progress)
    if run.resumed and not options.quiet:
        say(f"note: {format_count(run.resumed, 'question')} of an interrupted run kept; the rest was run now")
    for problem in run.problems[len(questions.bad) :]:
        say(f"warning: {problem.what} could not be run: {problem.reason}")
    return run


def _calibrate(settings: Settings, opened: Opened, run: "EvalRun") -> dict[str, Any]:
    """Fit the thresholds of abstaining, store them, and say how each signal would do alone."""
    from eval.calibrate import calibrate, label_confidences, signal_aurocs
    from rag.thresholds import calibration_key, save_thresholds

    fitted = calibrate(label_confidences(run.outcomes, lambda outcome: outcome.confidence))
    figures = {**fitted.json(), "questions": run.name, "created_at": run.created_at}
    fingerprint = str(opened.generation.manifest["embedder"]["fingerprint"])
    key = calibration_key(fingerprint, lexical_only=opened.lexical_only)
    place = save_thresholds(settings.index, key, fitted.thresholds, figures)
    return {**fitted.json(), "signals": signal_aurocs(run.outcomes), "file": place}


def _report(path: Path, run: "EvalRun", old: "EvalRun | None", changes: "Mapping[str, MetricChange]") -> None:
    from eval.report import report_page
    from eval.storage import write_whole

    write_whole(path, report_page(run, old, changes))


def _status(document: Mapping[str, Any], options: EvalOptions) -> int:
    """1 when a measure really fell, when the docs lost the gold of a question, or when questions could not be run."""
    baseline = document.get("baseline", {"changes": {}, "stale": []})
    lost = [name for name, change in baseline["changes"].items() if change["loss"]]
    if lost and not options.json:
        raise DocsError(f"{', '.join(lost)} fell below the baseline", "see what changed: --report FILE.html")
    if baseline["stale"] and not options.json:
        gone = format_count(len(baseline["stale"]), "question")
        raise DocsError(
            f"the docs lost the gold of {gone} since the baseline",
            "restore it, or correct the question file and make a new baseline: --save",
        )
    failed = any(not problem["what"].startswith("line ") for problem in document["problems"])
    if failed and not options.json:
        raise DocsError("some questions could not be run", "run the same command again: it asks only those")
    return 1 if lost or failed or baseline["stale"] else 0
