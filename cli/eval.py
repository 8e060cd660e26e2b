"""`eval`: run a question file, print its measures, compare, report, calibrate; or write a new question."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.context import open_index, settings_from
from cli.eval_text import eval_text
from cli.render import SCHEMA
from cli.terminal import json_line, progress_bars, safe, say
from ingest.errors import DocsError, UsageError
from ingest.settings import Settings
from rag.bootstrap import Opened

if TYPE_CHECKING:
    from eval.compare import Change
    from eval.questions import QuestionFile
    from eval.records import Measured, Mode, Run

_JOBS = 4
"""Answers asked for at the same time, where a model writes them: what a small account may."""


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """What the user asked for beside the settings."""

    questions: Path | None
    retrieval_only: bool
    no_llm: bool
    under: str
    jobs: int | None
    report: Path | None
    baseline: Path | None
    save: Path | None
    calibrate: bool
    strict: bool
    new: str | None
    quote: str | None
    question: str | None
    json: bool
    quiet: bool


def run_eval(values: Mapping[str, object], options: EvalOptions) -> int:
    """Measure, or scaffold a question. Returns the exit status; raises DocsError."""
    settings = settings_from(values)
    if options.new is not None:
        from cli.eval_new import run_new

        return run_new(settings, options.new, options.quote, options.question, options)
    if options.quote is not None or options.question is not None:
        raise UsageError("--quote and --question go with --new", "askdocs eval --new PAGE --quote TEXT --question TEXT")
    if options.questions is None:
        raise UsageError("give a question file", "such as: askdocs eval questions.jsonl --retrieval-only")
    return _measure(settings, options, options.questions)


def _measure(settings: Settings, options: EvalOptions, path: Path) -> int:
    from eval.compare import compare, refuse_unlike
    from eval.files import check_writable, read_run, save_run
    from eval.questions import read_questions
    from eval.summary import comparison, summary

    questions = read_questions(path, strict=options.strict)
    for target in filter(None, (options.report, options.save)):
        check_writable(target)
    old = read_run(options.baseline) if options.baseline else None
    if options.calibrate:
        from eval.calibrate import check_enough

        check_enough([question.answerable for question in questions.questions])
    opened = open_index(settings, use_model=not options.no_llm, quiet=options.quiet)
    measured = _measured(questions, opened, settings, options)
    if old:
        refuse_unlike(measured, old.measured, path=str(options.baseline))
    run = _run(settings, options, opened, questions, measured)
    changes = compare(run, old) if old else {}
    document = {"schema": SCHEMA, **summary(run)}
    if old:
        document["baseline"] = comparison(changes, old)
    if options.calibrate:
        document["calibration"] = _calibrate(settings, opened, run)
    if options.save:
        save_run(options.save, run)
    if options.report:
        _report(options.report, run, old, changes)
    print(json_line(document) if options.json else safe(eval_text(document, questions.name)))
    return _status(document, options)


def _measured(questions: "QuestionFile", opened: Opened, settings: Settings, options: EvalOptions) -> "Measured":
    from eval.records import Measured

    mode: Mode = "extractive" if opened.assistant.write is None else "openrouter"
    if mode == "extractive" and not (options.no_llm or options.retrieval_only or options.quiet):
        say("note: no API key, so quoted answers are measured; set OPENROUTER_API_KEY for written ones")
    return Measured(questions.sha256, "retrieval" if options.retrieval_only else mode, settings.k, options.under)


def _run(
    settings: Settings, options: EvalOptions, opened: Opened, questions: "QuestionFile", measured: "Measured"
) -> "Run":
    from eval.docs import Docs
    from eval.fingerprint import system_of
    from eval.journal import Journal
    from eval.one import Bench
    from eval.run import Plan, run_questions

    for bad in questions.bad:
        say(f"warning: {questions.name}, line {bad.line}: {bad.reason}; left out")
    written = measured.mode == "openrouter"
    system = system_of(opened.generation, settings.model if written else "")
    bench = Bench(
        opened.assistant, Docs.of(opened.store.pages()), settings.k, options.under, measured.mode != "retrieval"
    )
    plan = Plan(questions, measured, system, options.jobs or (_JOBS if written else 1))
    with progress_bars(quiet=options.quiet) as progress:
        run = run_questions(plan, bench, Journal(settings.index, measured, system), progress)
    if run.resumed and not options.quiet:
        say(f"note: {run.resumed} questions were done by a run that did not finish; the rest was run now")
    for problem in run.problems[len(questions.bad) :]:
        say(f"warning: {problem.what} could not be run: {problem.reason}")
    return run


def _calibrate(settings: Settings, opened: Opened, run: "Run") -> dict[str, Any]:
    """Fit the thresholds of abstaining, store them, and say how each signal would do alone."""
    from eval.calibrate import calibrate, judged_of, signal_aurocs
    from rag.calibration import calibration_key, save_thresholds

    fitted = calibrate(judged_of(run.outcomes, lambda outcome: outcome.confidence))
    figures = {**fitted.json(), "questions": run.name, "created_at": run.created_at}
    fingerprint = str(opened.generation.manifest["embedder"]["fingerprint"])
    key = calibration_key(fingerprint, lexical_only=opened.lexical_only)
    path = save_thresholds(settings.index, key, fitted.thresholds, figures)
    return {**fitted.json(), "signals": signal_aurocs(run.outcomes), "file": str(path)}


def _report(path: Path, run: "Run", old: "Run | None", changes: "Mapping[str, Change]") -> None:
    from eval.files import write_whole
    from eval.report import report_page

    write_whole(path, report_page(run, old, changes))


def _status(document: Mapping[str, Any], options: EvalOptions) -> int:
    """1 when a measure really fell, or when questions could not be run."""
    lost = [name for name, change in document.get("baseline", {"changes": {}})["changes"].items() if change["loss"]]
    if lost and not options.json:
        raise DocsError(f"{', '.join(lost)} fell below the baseline", "see what changed: --report FILE.html")
    failed = any(not problem["what"].startswith("line ") for problem in document["problems"])
    if failed and not options.json:
        raise DocsError("some questions could not be run", "run the same command again: it asks only those")
    return 1 if lost or failed else 0
