"""`impact`: show how the answers to a file of questions change from one generation to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli.context import settings_from
from cli.terminal import format_count, json_line, print_text, progress_bars, safe, say
from ingest.core.errors import DocsError, IndexMissing, UsageError
from ingest.core.settings import Settings
from ingest.index.stores import index_at
from rag.serialize import SCHEMA

if TYPE_CHECKING:
    from eval.dataset import Question
    from eval.impact.effects import Impact

_JOBS = 4
"""Questions at a time where a model answers."""


@dataclass(frozen=True, slots=True)
class ImpactOptions:
    """The options of `impact` that are not settings."""

    before: str
    after: str
    questions: Path | None
    no_llm: bool
    under: str
    report: Path | None
    markdown: Path | None
    gate: bool
    json: bool
    quiet: bool


def run_impact(values: Mapping[str, object], options: ImpactOptions) -> int:
    """Compare two generations. Returns the exit status: 1 with --gate when a question lost something."""
    return show_impact(settings_from(values), options)


def show_impact(settings: Settings, options: ImpactOptions) -> int:
    """Answer all questions in both generations, print and write what changed. Raises DocsError."""
    from eval.impact.report import impact_json, impact_text
    from eval.storage import check_writable

    questions = _read(options)
    for target in filter(None, (options.report, options.markdown)):
        check_writable(target)
    names = [find_generation(settings, name) for name in (options.before, options.after)]
    impacts = _measure(settings, options, names, questions)
    if not options.questions and not options.quiet:
        say(f"note: no question file, so {format_count(len(impacts), 'heading')} of the docs before were asked")
    if options.json:
        print(json_line({"schema": SCHEMA, **impact_json(impacts, *names)}))
    else:
        print_text("\n".join(impact_text(impacts)))
    _write(impacts, names, options)
    lost = sum(impact.loss for impact in impacts)
    if lost and options.gate and not options.json:
        why = "" if options.report else "read why: --report FILE.html; "
        hint = f"{why}return to the index before: askdocs reindex --rollback"
        raise DocsError(f"{lost} of {format_count(len(impacts), 'question')} lost something", hint)
    return 1 if lost and options.gate else 0


def _read(options: ImpactOptions) -> "Sequence[Question]":
    """The questions of the file; none without one."""
    from eval.dataset import read_any_questions

    if options.questions is None:
        return ()
    found = read_any_questions(options.questions)
    for bad in found.bad:
        say(f"warning: {found.name}, line {bad.line}: {bad.reason}; left out")
    return found.questions


def _write(impacts: "Sequence[Impact]", names: Sequence[str], options: ImpactOptions) -> None:
    from eval.impact.report import impact_markdown, impact_page
    from eval.storage import write_whole

    for path, text in (
        (options.report, impact_page(impacts, *names) if options.report else ""),
        (options.markdown, safe(impact_markdown(impacts)) if options.markdown else ""),
    ):
        if path:
            write_whole(path, text)
            if not options.quiet:
                say(f"note: wrote the report to {path}")


def _measure(
    settings: Settings, options: ImpactOptions, names: Sequence[str], questions: "Sequence[Question]"
) -> "list[Impact]":
    from eval.impact.run import measure_impact
    from rag.open import open_generations
    from rag.records import AnswerOptions

    use_model = bool(settings.api_key) and not options.no_llm
    before, after = open_generations(settings, names, use_model=use_model)
    answering = AnswerOptions(settings.k, options.under, timeout=settings.timeout)
    with progress_bars(quiet=options.quiet) as progress:
        return list(measure_impact(questions, before, after, answering, progress, _JOBS if use_model else 1))


def find_generation(settings: Settings, name: str) -> str:
    """A generation by its name, a beginning that fits one alone, "current" or "previous". Raises UsageError."""
    index = index_at(settings.index)
    current, names = index.open().generation.name, index.names()
    if name == "current":
        return current
    if name == "previous":
        previous = index.predecessor(current)
        if previous not in names:
            raise IndexMissing(
                f"there is no generation before {current}", "reindex first; then there are two to compare"
            )
        return previous
    fitting = [one for one in names if name and one.startswith(name)]
    if len(fitting) != 1:
        raise UsageError(f"{name!r} names no generation", f"there are: current, previous, {', '.join(names)}")
    return fitting[0]
