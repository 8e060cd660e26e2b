"""`eval --models`: compare models, embedders and rerankers on the same questions."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli.terminal import fit, format_count, json_line, progress_bars, safe, say, text_width
from ingest.core.errors import UsageError
from ingest.core.settings import Settings
from rag.open import can_ask_model
from rag.serialize import SCHEMA

if TYPE_CHECKING:
    from eval.bakeoff.run import BakeoffPlan
    from eval.bakeoff.systems import Choice, System
    from eval.dataset import QuestionFile

_JOBS = 4
"""Answers asked for at the same time: what a small account may."""


@dataclass(frozen=True, slots=True)
class BakeoffOptions:
    """The options of a bake-off that are not settings; the lists are as they were given, with commas."""

    questions: Path
    models: str
    embedders: str
    rerankers: str
    budget: float | None
    retrieval_only: bool
    no_llm: bool
    under: str
    jobs: int | None
    report: Path | None
    strict: bool
    json: bool
    quiet: bool


def run_bakeoff_command(settings: Settings, options: BakeoffOptions) -> int:
    """Compare the systems, print the table and write the report. Returns the exit status; raises DocsError."""
    from eval.bakeoff.report import bakeoff_json, bakeoff_page, bakeoff_text
    from eval.bakeoff.run import run_bakeoff
    from eval.bakeoff.systems import open_systems
    from eval.bakeoff.verdict import judge
    from eval.dataset import read_questions
    from eval.storage import check_writable, write_whole

    questions = read_questions(options.questions, strict=options.strict)
    compared = _choices(settings, options)
    if options.report:
        check_writable(options.report)
    for bad in questions.bad:
        say(f"warning: {questions.name}, line {bad.line}: {bad.reason}; left out")
    with progress_bars(quiet=options.quiet) as progress:
        systems = list(open_systems(settings, compared, progress))
        bakeoff = run_bakeoff(_plan(settings, options, questions, systems), systems, progress)
    verdict = judge(bakeoff)
    if options.budget is not None and bakeoff.unpriced:
        named = ", ".join(bakeoff.unpriced)
        say(f"warning: no cost came with the answers of {named}: --budget could not count them")
    if bakeoff.resumed and not options.quiet:
        say(f"note: {format_count(bakeoff.resumed, 'answer')} of an interrupted run kept; the rest was asked now")
    if options.json:
        print(json_line({"schema": SCHEMA, **bakeoff_json(bakeoff, verdict)}))
    else:
        print(fit(safe("\n".join(bakeoff_text(bakeoff, verdict, questions.name))), text_width(sys.stdout)))
    if options.report:
        write_whole(options.report, bakeoff_page(bakeoff, verdict, questions.name))
        if not options.quiet:
            say(f"note: wrote the report to {options.report}")
    return 0 if verdict else 1


def _choices(settings: Settings, options: BakeoffOptions) -> "list[Choice]":
    """What is compared. Raises UsageError where there is nothing to compare, or no model to ask."""
    from eval.bakeoff.systems import choices

    models = _listed(options.models)
    if models and not can_ask_model(settings):
        hint = "set OPENROUTER_API_KEY, or OPENROUTER_BASE_URL for a server of your own"
        raise UsageError("--models asks models, and there is no key", hint)
    rerankers = ["" if name == "none" else name for name in _listed(options.rerankers)] or [""]
    found = choices(models or [""], _listed(options.embedders) or [settings.embedder], rerankers)
    if len(found) < 2:
        raise UsageError("there is one system, and nothing to compare it with", "name several, such as --models a,b")
    return found


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _plan(
    settings: Settings, options: BakeoffOptions, questions: "QuestionFile", systems: "Sequence[System]"
) -> "BakeoffPlan":
    from eval.bakeoff.run import BakeoffPlan, docs_of
    from eval.records import Mode, RunConfig
    from eval.runner import RunContext
    from eval.storage import Journal
    from ingest.core.budget import Meter
    from rag.records import AnswerOptions

    written = bool(systems[0].choice.model)
    mode: Mode = "openrouter" if written else "retrieval" if options.retrieval_only else "extractive"
    measured = RunConfig(questions.sha256, mode, settings.k, options.under)
    docs = docs_of(systems)
    answering = AnswerOptions(settings.k, options.under, timeout=settings.timeout)
    contexts: Mapping[str, RunContext] = {
        system.name: RunContext(system.opened.assistant, docs[system.name], answering, mode != "retrieval")
        for system in systems
    }
    journals = {system.name: Journal(settings.folder, measured, system.version) for system in systems}
    jobs = options.jobs or (_JOBS if written else 1)
    return BakeoffPlan(questions, contexts, jobs, Meter(options.budget), journals)
