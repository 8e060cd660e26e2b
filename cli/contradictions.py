"""Options that can't be meant: pairs that exclude each other, in one table, and those that need a model.

Imports nothing heavy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ingest.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two options of a command, and why they exclude each other."""

    command: str
    one: str
    other: str
    reason: str


CONTRADICTIONS: Final = (
    Contradiction("ask", "--show-prompt", "--dry-run", "each prints something else instead of an answer"),
    Contradiction("ask", "--rewrite", "--show-prompt", "--show-prompt sends nothing, and a model does the rewriting"),
    Contradiction("ask", "--rewrite", "--dry-run", "--dry-run sends nothing, and a model does the rewriting"),
    Contradiction("ask", "--json", "--format markdown", "each is a format of the answer"),
    Contradiction("reindex", "--from", "--source", "--from reads files, --source a site"),
    Contradiction("reindex", "--no-crawl", "--source", "--no-crawl reads no source"),
    Contradiction("reindex", "--no-crawl", "--from", "--no-crawl reads no source"),
    Contradiction("reindex", "--no-crawl", "--add", "--no-crawl reads no source"),
    Contradiction("reindex", "--no-crawl", "--replace", "--no-crawl reads no source"),
    Contradiction("reindex", "--no-crawl", "--include", "--no-crawl reads no source"),
    Contradiction("reindex", "--no-crawl", "--exclude", "--no-crawl reads no source"),
    Contradiction("reindex", "--no-crawl", "--markdown", "--no-crawl reads no source"),
    Contradiction("reindex", "--add", "--replace", "--add keeps the pages of other sources, --replace drops them"),
    Contradiction("reindex", "--json", "--changes -", "both want stdout"),
    Contradiction("reindex", "--json", "--impact", "both want stdout; askdocs impact has --json"),
    Contradiction("reindex", "--dry-run", "--impact", "a dry run publishes nothing to compare"),
    Contradiction("inspect", "--json", "--format", "each is a format of the passages"),
    Contradiction("inspect", "--compare", "--page", "--compare takes a query"),
    Contradiction("inspect", "--compare", "--questions", "--compare takes a query"),
    Contradiction("inspect", "--context", "--page", "--page shows a page's chunks as they are indexed"),
    Contradiction("inspect", "--context", "--compare", "--compare is about how chunks are ranked"),
    Contradiction("eval", "--new", "--save", "--new runs no questions"),
    Contradiction("eval", "--new", "--report", "--new runs no questions"),
    Contradiction("eval", "--new", "--baseline", "--new runs no questions"),
    Contradiction("eval", "--new", "--calibrate", "--new runs no questions"),
    Contradiction("eval", "--new", "--from-log", "a line is made of a page or of a log"),
    Contradiction("eval", "--models", "--save", "a comparison is no single run; it has --report and --json"),
    Contradiction("eval", "--models", "--baseline", "a comparison is no single run"),
    Contradiction("eval", "--models", "--calibrate", "thresholds are fitted for one system"),
    Contradiction("eval", "--models", "--no-llm", "models write answers"),
    Contradiction("eval", "--models", "--retrieval-only", "models write answers"),
    Contradiction("eval", "--models", "--new", "--new runs no questions"),
    Contradiction("eval", "--models", "--from-log", "--from-log runs no questions"),
    *(
        Contradiction("eval", other, option, reason)
        for option in ("--judge", "--rewrite", "--context")
        for other, reason in (
            ("--models", "a comparison changes one part of the system alone"),
            ("--new", "--new runs no questions"),
            ("--from-log", "--from-log runs no questions"),
        )
    ),
    Contradiction("eval", "--from-log", "--save", "--from-log runs no questions"),
    Contradiction("eval", "--from-log", "--report", "--from-log runs no questions; askdocs gaps has --report"),
    Contradiction("eval", "--from-log", "--baseline", "--from-log runs no questions"),
    Contradiction("eval", "--from-log", "--calibrate", "--from-log runs no questions"),
)


def refuse_contradictions(command: str, given: Mapping[str, bool]) -> None:
    """Raise UsageError for the first pair of which both options were given; `given` names the options."""
    for pair in CONTRADICTIONS:
        if pair.command == command and given.get(pair.one) and given.get(pair.other):
            raise UsageError(
                f"{pair.one} and {pair.other} contradict each other: {pair.reason}", "leave one of them out"
            )


def refuse_without_model(option: str, work: str, *, is_given: bool, has_model: bool) -> None:
    """Raise UsageError for an option that was given although no model is asked; `work` is what the model does."""
    if is_given and not has_model:
        hint = f"leave out {option}, or set OPENROUTER_API_KEY and leave out --no-llm"
        raise UsageError(f"{option} needs a model, which {work}", hint)
