"""`gaps`: list questions that the docs do not answer, from the log of `askdocs serve --log`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.context import settings_from
from cli.find_gaps import find_gaps_of
from cli.terminal import format_count, json_line, print_text, say
from rag.serialize import SCHEMA

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class GapsOptions:
    """The options of `gaps` that are not settings."""

    log: Path
    report: Path | None
    json: bool
    quiet: bool


def run_gaps(values: Mapping[str, object], options: GapsOptions) -> int:
    """Cluster the weak questions of a log and print each cluster with its reason. Returns 0; raises DocsError."""
    from eval.gaps.report import gaps_page, gaps_text
    from eval.storage import check_writable, write_whole
    from rag.question_log import read_log

    settings = settings_from(values)
    if options.report:
        check_writable(options.report)
    entries = read_log(options.log)
    gaps = find_gaps_of(settings, entries, quiet=options.quiet)
    if options.json:
        document = {"schema": SCHEMA, "questions": len(entries), "weak": sum(gap.size for gap in gaps)}
        print(json_line({**document, "gaps": [gap.json() for gap in gaps]}))
    else:
        print_text("\n".join(gaps_text(gaps, len(entries), _SHOWN)))
        if len(gaps) > _SHOWN and not options.quiet:
            say(f"note: {format_count(len(gaps) - _SHOWN, 'more gap')}; --json lists all")
    if options.report:
        write_whole(options.report, gaps_page(gaps, len(entries), (entries[0].time[:10], entries[-1].time[:10])))
        if not options.quiet:
            say(f"note: wrote the report to {options.report}")
    return 0
