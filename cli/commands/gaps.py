"""`gaps`: list questions that the docs do not answer, from the log of `askdocs serve --log`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli.context import open_index, settings_from
from cli.terminal import format_count, json_line, print_text, progress_bars, say
from ingest.core.settings import Settings
from rag.serialize import SCHEMA

if TYPE_CHECKING:
    from eval.gaps.clusters import Gap, WeakQuestion

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class GapsOptions:
    """The options of `gaps` that are not settings."""

    log: Path
    json: bool
    quiet: bool


def run_gaps(values: Mapping[str, object], options: GapsOptions) -> int:
    """Cluster the weak questions of a log and print each cluster with its reason. Returns 0; raises DocsError."""
    from eval.gaps.clusters import weak_questions
    from rag.question_log import read_log

    settings = settings_from(values)
    entries = read_log(options.log)
    weak = weak_questions(entries)
    gaps = _find(settings, weak, quiet=options.quiet) if weak else []
    if options.json:
        document = {"schema": SCHEMA, "questions": len(entries), "weak": sum(question.count for question in weak)}
        print(json_line({**document, "gaps": [gap.json() for gap in gaps]}))
        return 0
    count = sum(question.count for question in weak)
    print_text(f"{format_count(len(entries), 'question')}, {count} without a good answer, {len(gaps)} gaps")
    for gap in gaps[:_SHOWN]:
        print_text(
            f"\n{gap.size:>5}  {gap.name}\n       {gap.reason}; {gap.trend:.0%} of them in the later half of the log"
        )
        print_text(f"       {'answer at ' + gap.passage if gap.passage else 'nearest: ' + ', '.join(gap.pages)}")
    if len(gaps) > _SHOWN and not options.quiet:
        say(f"note: {format_count(len(gaps) - _SHOWN, 'more gap')}; --json lists all")
    return 0


def _find(settings: Settings, weak: "Sequence[WeakQuestion]", *, quiet: bool) -> "list[Gap]":
    import numpy as np

    from eval.gaps.clusters import find_gaps
    from eval.gaps.reasons import explain_gaps
    from ingest.embed.registry import get_embedder

    opened = open_index(settings, use_model=True, quiet=quiet)
    embedder = get_embedder(settings)
    vectors = np.zeros((len(weak), embedder.dimension), dtype=np.float32)
    with progress_bars(quiet=quiet) as progress:
        for done, (at, embedding) in enumerate(embedder.embed_stream([question.text for question in weak]), 1):
            vectors[at] = embedding.vector
            progress("embed", done, len(weak))
    return list(explain_gaps(find_gaps(weak, vectors), opened))
