"""`reindex`: update docs folder and index, and say what changed."""

from collections.abc import Mapping
from pathlib import Path

from cli.context import settings_from
from cli.render import DEAD, reindex_json
from cli.terminal import json_line, progress_bars, safe, say
from ingest.errors import UsageError
from ingest.pipeline import ReindexOptions, ReindexReport, reindex
from ingest.urls import normalise, site_path

_LISTED = 20
"""Changes and problems that are named one by one; --json has all."""


def run_reindex(values: Mapping[str, object], options: ReindexOptions, *, json: bool, quiet: bool, verbose: int) -> int:
    """Reindex and report. Returns the exit status; raises DocsError."""
    settings = settings_from(values)
    _refuse_contradictions(options, settings.docs)
    with progress_bars(quiet=quiet) as progress:
        report = reindex(settings, options, progress)
    if json:
        print(json_line(reindex_json(report)))
    elif not quiet:
        print(safe(_summary(report, dry_run=options.dry_run)))
    if not quiet:
        for note in report.notes:
            say(f"note: {note}")
        _problems(report, everything=bool(verbose))
    return 0


def _refuse_contradictions(options: ReindexOptions, docs: Path) -> None:
    """Raise UsageError for options that can't be meant together, and for sources that are none."""
    if not options.crawl and (options.sources or options.from_path):
        raise UsageError("--no-crawl reads no source", "leave out --no-crawl, or --source and --from")
    if options.add and options.replace:
        raise UsageError("--add keeps the pages of other sources, --replace drops them", "choose one")
    for source in options.sources:
        if normalise(source) is None:
            raise UsageError(f"{source!r} is no http or https URL", "give one such as https://openrouter.ai/docs")
    if options.from_path:
        origin, target = options.from_path.resolve(), docs.resolve()
        if not origin.exists():
            raise UsageError(f"there is nothing at {options.from_path}", "give a folder of pages, or an llms-full.txt")
        if origin == target or origin in target.parents or target in origin.parents:
            raise UsageError(f"--from {options.from_path} is the docs folder itself", "to index it: reindex --no-crawl")


def _summary(report: ReindexReport, *, dry_run: bool) -> str:
    pages = ", ".join(f"{report.count(what)} {what}" for what in ("added", "changed", "removed"))
    lines = [f"pages   {report.seen} seen: {pages}, {report.unchanged} unchanged, {report.aliases} aliases"]
    for change in report.changes[:_LISTED]:
        mark = {"added": "+", "changed": "~", "removed": "-"}[change.what]
        sections = f"  ({'; '.join(change.sections[:4])})" if change.what == "changed" and change.sections else ""
        lines.append(f"  {mark} {site_path(change.url)}{sections}")
    if len(report.changes) > _LISTED:
        lines.append(f"  … and {len(report.changes) - _LISTED} more; --json lists all")
    if report.index:
        index = report.index
        lines.append(f"chunks  {index.total}: {index.embedded} embedded, {index.total - index.embedded} reused")
        state = "published" if index.published else "unchanged"
        lines.append(f"index   {index.generation.name} {state}")
    elif dry_run:
        lines.append("dry run: nothing was written")
    lines.append("time    " + ", ".join(f"{name} {value:.1f} s" for name, value in report.seconds.items()))
    return "\n".join(lines)


def _problems(report: ReindexReport, *, everything: bool) -> None:
    """Failed pages one by one; links to nowhere as a count, unless everything is wanted."""
    dead = [problem for problem in report.problems if problem.reason in DEAD]
    listed = report.problems if everything else [problem for problem in report.problems if problem not in dead]
    shown = listed if everything else listed[:_LISTED]
    for problem in shown:
        kept = "; the old version is kept" if problem.kept_old else ""
        detail = f" ({problem.detail})" if problem.detail else ""
        say(f"problem: {problem.url}: {problem.reason}{detail}{kept}")
    left = len(report.problems) - len(shown) - (0 if everything else len(dead))
    if left:
        say(f"… and {left} more problems; -v lists all")
    if dead and not everything:
        say(f"note: {len(dead)} links of the site lead nowhere; -v lists them")
