"""`reindex`: update docs folder and index, and report the changes as text or as a JSON document."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.commands.change_log import change_log, refuse_target, write_change_log
from cli.commands.question_plan import question_json, question_text, with_question_plan
from cli.context import for_same_docs, settings_from
from cli.contradictions import refuse_contradictions
from cli.downloads import confirm_downloads
from cli.terminal import format_count, json_line, print_text, progress_bars, say
from ingest.core.defaults import DEFAULT_SOURCE
from ingest.core.errors import CorpusError, UsageError
from ingest.core.paths import is_empty
from ingest.core.settings import Settings
from ingest.core.urls import normalise, site_path
from ingest.docs.changes import PageChange
from ingest.docs.folder import read_corpus
from ingest.index.base import Published
from ingest.index.build import ChunkCounts, pages_behind
from ingest.index.stores import index_at
from ingest.reindex.options import ReindexOptions, ReindexReport
from ingest.reindex.pipeline import reindex
from rag.serialize import SCHEMA

_LISTED = 20
_SECTIONS = 6
"""Changes and problems that are named one by one; --json has all."""


_MARKS = {"added": "+", "changed": "~", "removed": "-"}
_STDOUT = Path("-")
_HEADINGS = Path("headings")
"""In place of a question file: the headings of the docs are asked."""


@dataclass(frozen=True, slots=True)
class Output:
    """How the result is reported."""

    changes: Path | None
    json: bool
    quiet: bool
    verbose: int
    impact: Path | None = None
    report: Path | None = None
    gate: bool = False
    generate_questions: str | None = None
    budget: float | None = None


def run_reindex(values: Mapping[str, object], options: ReindexOptions, output: Output) -> int:
    """Reindex and report. Returns the exit status; raises DocsError."""
    settings = settings_from(values)
    refuse_contradictions(
        "reindex",
        {
            "--from": options.from_path is not None,
            "--source": bool(options.sources),
            "--no-crawl": not options.crawl,
            "--add": options.add,
            "--replace": options.replace,
            "--include": bool(options.include),
            "--exclude": bool(options.exclude),
            "--markdown": options.markdown is not None,
            "--json": output.json,
            "--changes -": output.changes == _STDOUT,
            "--impact": output.impact is not None,
            "--dry-run": options.dry_run,
        },
    )
    _refuse_what_needs_impact(output)
    options = with_question_plan(settings, options, output.generate_questions, output.budget)
    confirm_downloads(settings, (settings.embedder, settings.late), quiet=output.quiet)
    _refuse_wrong_sources(options, settings.docs)
    _refuse_change_log(output, settings)
    try:
        with progress_bars(quiet=output.quiet) as progress:
            report = reindex(settings, options, progress)
    except KeyboardInterrupt:
        if not options.dry_run:
            say("The old index stays in use; what was fetched and embedded so far is kept.")
            say("To continue, run the same command again.")
        raise
    _report(report, output, dry_run=options.dry_run)
    return _show_impact(settings, report, output) if output.impact else 0


def _refuse_what_needs_impact(output: Output) -> None:
    for option, given in (("--gate", output.gate), ("--report", output.report is not None)):
        if given and output.impact is None:
            raise UsageError(
                f"{option} needs --impact", "name the questions: --impact QUESTIONS.jsonl, or --impact headings"
            )


def _show_impact(settings: Settings, report: ReindexReport, output: Output) -> int:
    """What the change does to the answers: the generation before against the one that was published."""
    from cli.commands.measure.impact import ImpactOptions, show_impact

    if not (report.index and report.index.published) or not report.index.generation.manifest.get("previous"):
        if not output.quiet:
            why = "no generation before this one to compare answers with"
            if not (report.index and report.index.published):
                why = (
                    "nothing was published, so no answer changed; compare older states: askdocs impact previous current"
                )
            say(f"note: {why}")
        return 0
    options = ImpactOptions(
        before="previous",
        after="current",
        questions=None if output.impact == _HEADINGS and not _HEADINGS.exists() else output.impact,
        no_llm=True,
        under="",
        report=output.report,
        markdown=None,
        gate=output.gate,
        json=False,
        quiet=output.quiet,
    )
    return show_impact(settings, options)


def _report(report: ReindexReport, output: Output, *, dry_run: bool) -> None:
    if output.changes:
        day = datetime.now(UTC).date().isoformat()
        log = change_log(report.changes, day=day, sources=report.sources, dry_run=dry_run)
        print(log, end="") if output.changes == _STDOUT else write_change_log(output.changes, log)
    if output.json:
        print(json_line(reindex_json(report)))
    elif not output.quiet and output.changes != _STDOUT:
        print_text(_summarize(report, dry_run=dry_run))
    if not output.quiet:
        if output.changes and output.changes != _STDOUT:
            say(f"note: wrote the change log to {output.changes}")
        shown = report.notes if output.verbose else report.notes[:_LISTED]
        for note in shown:
            say(f"note: {note}")
        if len(report.notes) > len(shown):
            say(f"… and {len(report.notes) - len(shown)} more notes; -v lists all")
        _problems(report, everything=bool(output.verbose))


def run_rollback(values: Mapping[str, object], options: ReindexOptions, output: Output) -> int:
    """Return to the generation before the current one. Returns the exit status; raises DocsError."""
    if options != ReindexOptions() or output.changes:
        raise UsageError("--rollback goes with no other option of reindex", "run it alone, then reindex as you like")
    settings = settings_from(values)
    left, generation = index_at(settings.index).roll_back()
    if output.json:
        print(json_line(rollback_json(generation)))
        return 0
    if not output.quiet:
        manifest = generation.manifest
        print_text(f"index   {generation.name} answers again: {_size(manifest)}")
        print_text(f"        {left or 'none'} did until now")
        _note_pages_ahead(settings)
    return 0


def _size(manifest: Mapping[str, Any]) -> str:
    return f"{format_count(manifest['chunks'], 'chunk')} of {format_count(manifest['pages'], 'page')}"


def _note_pages_ahead(settings: Settings) -> None:
    try:
        behind = pages_behind(read_corpus(settings.docs), index_at(settings.index).open())
    except CorpusError:
        return
    if behind:
        pages = format_count(behind, "page")
        forward = for_same_docs("askdocs reindex --no-crawl", settings)
        say(f"note: the index is not up to date with {pages}; go forward again: {forward}")


def _refuse_change_log(output: Output, settings: Settings) -> None:
    if output.changes and output.changes != _STDOUT:
        refuse_target(output.changes, settings.docs, settings.folder)


def _refuse_wrong_sources(options: ReindexOptions, docs: Path) -> None:
    """Raise UsageError for a source that is not a URL, and for a --from that can't be read or is the docs folder."""
    for source in options.sources:
        if normalise(source) is None:
            raise UsageError(f"{source!r} is not an http or https URL", f"give one such as {DEFAULT_SOURCE}")
    if options.from_path:
        origin, target = options.from_path.resolve(), docs.resolve()
        if not origin.exists():
            hint = "give a folder of pages, or an llms-full.txt"
            raise UsageError(f"there is no file or folder {options.from_path}", hint)
        if origin.is_dir() and is_empty(origin):
            raise UsageError(f"the folder {options.from_path} is empty", "give a folder of .md or .html files")
        if origin == target or origin in target.parents or target in origin.parents:
            raise UsageError(f"--from {options.from_path} is the docs folder itself", "to index it: reindex --no-crawl")


def _summarize(report: ReindexReport, *, dry_run: bool) -> str:
    pages = ", ".join(f"{report.count(what)} {what}" for what in ("added", "changed", "removed"))
    aliases = f", {report.aliases} alias{'es' * (report.aliases != 1)}" if report.aliases else ""
    unchanged = f"{report.unchanged:,} unchanged"
    lines = [f"pages   {report.seen:,} seen: {pages}, {unchanged}{aliases}"]
    lines += [line for change in report.changes[:_LISTED] for line in _change_lines(change)]
    if len(report.changes) > _LISTED:
        lines.append(f"  … and {len(report.changes) - _LISTED:,} more; --json lists all")
    lines += list(_host_lines(report))
    counts = report.chunks
    what = f"{counts.embedded} {'to embed' if dry_run else 'embedded'}, {counts.total - counts.embedded} reused"
    lines.append(f"chunks  {counts.total}: {what}" + (f", {counts.removed} removed" if counts.removed else ""))
    lines += list(question_text(report, dry_run=dry_run))
    if report.index:
        state = "published" if report.index.published else "unchanged"
        lines.append(f"index   {report.index.generation.name} {state}")
    if dry_run:
        lines.append("dry run: nothing was written")
    lines.append("time    " + ", ".join(f"{name} {value:.1f} s" for name, value in report.seconds.items()))
    return "\n".join(lines)


def _host_lines(report: ReindexReport) -> Iterator[str]:
    """Hosts that the pages name for the first time: who tampers with docs leads their readers elsewhere."""
    shown = list(report.new_hosts.items())[:_LISTED]
    if shown:
        named = ", ".join(f"{host} (in {site_path(url)})" for host, url in shown)
        yield f"hosts   {len(report.new_hosts)} new: {named}"


def _change_lines(change: PageChange) -> Iterator[str]:
    """A page, and below it its sections; of a page that came or went, only how many."""
    whole = change.what != "changed" and not change.other
    word = "from" if change.what == "added" else "to"
    moved = f"  (moved {word} {site_path(change.other)})" if change.other else ""
    count = f"  ({format_count(len(change.sections), 'section')})" if whole and change.sections else ""
    facts = f"  ({', '.join(change.facts)})" if change.facts else ""
    yield f"  {_MARKS[change.what]} {site_path(change.url)}{moved}{count}{facts}"
    if not whole:
        yield from (
            f"      {_MARKS[part.what]} {' '.join(part.heading.split())}" for part in change.sections[:_SECTIONS]
        )
        if len(change.sections) > _SECTIONS:
            yield f"      … and {format_count(len(change.sections) - _SECTIONS, 'more section')}"


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
        say(f"… and {format_count(left, 'more problem')}; -v lists all")
    if dead and not everything:
        links = f"{format_count(len(dead), 'link')} of the site {'leads' if len(dead) == 1 else 'lead'}"
        say(f"note: {links} nowhere; -v lists all")


DEAD = ("http-404", "http-410")
"""Reasons of a link that leads nowhere: the site's fault, and no page that failed."""
STAGES = ("crawl", "clean", "embed", "index", "total")
"""Of a reindex; one that is not timed on its own took 0 s and counts in the stage that it is part of."""


def change_json(change: PageChange) -> dict[str, Any]:
    """A page that changed: `sections` names them, `details` says of each whether it was added, changed or removed."""
    return {
        "page": site_path(change.url),
        "what": change.what,
        "sections": [section.heading for section in change.sections],
        "details": [{"section": section.heading, "what": section.what} for section in change.sections],
    }


def rollback_json(generation: Published) -> dict[str, Any]:
    """The document of `reindex --rollback --json`: that of a reindex which read no page and published this one."""
    manifest = generation.manifest
    total = int(manifest["chunks"])
    report = ReindexReport(sources=tuple(manifest["sources"]), chunks=ChunkCounts(total, 0, 0))
    return reindex_json(report) | {"generation": generation.name, "published": True}


def reindex_json(report: ReindexReport) -> dict[str, Any]:
    """The document of `reindex --json`."""
    index = report.index
    return {
        "schema": SCHEMA,
        "source": ", ".join(report.sources),
        "generation": index.generation.name if index else None,
        "published": bool(index and index.published),
        "pages": {
            "seen": report.seen,
            "added": report.count("added"),
            "changed": report.count("changed"),
            "unchanged": report.unchanged,
            "removed": report.count("removed"),
            "aliases": report.aliases,
            "skipped": report.crawl.skipped,
            "failed": sum(problem.reason not in DEAD for problem in report.problems),
        },
        "requests": {
            "total": report.crawl.requests,
            "not_modified": report.crawl.not_modified,
            "bytes": report.crawl.bytes,
        },
        "chunks": {
            "total": report.chunks.total,
            "embedded": report.chunks.embedded,
            "reused": report.chunks.total - report.chunks.embedded,
            "removed": report.chunks.removed,
        },
        "new_hosts": [{"host": host, "page": site_path(url)} for host, url in report.new_hosts.items()],
        "changes": [change_json(change) for change in report.changes],
        "problems": [
            {"url": p.url, "reason": p.reason, "detail": p.detail, "kept_old": p.kept_old} for p in report.problems
        ],
        **({"questions": question_json(report.questions)} if report.questions else {}),
        "seconds": {name: round(report.seconds.get(name, 0.0), 3) for name in STAGES},
    }
