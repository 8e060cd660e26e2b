"""Options, context and report of one reindex."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ingest.core.records import CrawlReport, Problem, Progress
from ingest.core.settings import Settings
from ingest.docs.changes import PageChange
from ingest.index.build import ChunkCounts, IndexReport
from ingest.index.previous import Previous
from ingest.reindex.questions import QuestionPlan, QuestionReport
from ingest.reindex.response_cache import ResponseCache


@dataclass(frozen=True, slots=True)
class ReindexOptions:
    """The user's options for one run. Without `sources` and `from_path`, the recorded source is used."""

    sources: tuple[str, ...] = ()
    from_path: Path | None = None
    crawl: bool = True
    full: bool = False
    dry_run: bool = False
    add: bool = False
    replace: bool = False
    allow_shrink: bool = False
    allow_private: bool = False
    max_pages: int = 5_000
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    jobs: int = 2
    workers: str = ""
    """What embeds: a number of processes, `ray`, ray://HOST:PORT, or "" for this process."""
    markdown: bool | None = None
    """Read the `.md` variants of pages, where a sample shows that they are as complete; None: as recorded."""
    questions: QuestionPlan | None = None
    """Have a model write questions for the sections."""


@dataclass(slots=True)
class ReindexReport:
    """Result of a run; counts are of pages. After a dry run `index` is None and `chunks` has the planned work."""

    sources: tuple[str, ...] = ()
    seen: int = 0
    unchanged: int = 0
    aliases: int = 0
    changes: list[PageChange] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    crawl: CrawlReport = field(default_factory=CrawlReport)
    index: IndexReport | None = None
    chunks: ChunkCounts = field(default_factory=lambda: ChunkCounts(0, 0, 0))
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    questions: QuestionReport | None = None
    new_hosts: dict[str, str] = field(default_factory=dict)
    """Hosts that pages are on, or name, for the first time, each with the first such page."""

    def count(self, what: str) -> int:
        """Return the number of pages that were `added`, `changed` or `removed`."""
        return sum(change.what == what for change in self.changes)


@dataclass(frozen=True, slots=True)
class ReindexContext:
    """State of a running reindex."""

    settings: Settings
    options: ReindexOptions
    progress: Progress
    responses: ResponseCache
    previous: Previous
    report: ReindexReport = field(default_factory=ReindexReport)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time spent in the block to the seconds of `stage`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.report.seconds[stage] = self.report.seconds.get(stage, 0.0) + time.perf_counter() - started
