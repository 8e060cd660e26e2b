"""reindex: source -> pages -> docs folder -> index. The only file that knows the order."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from ingest.changes import Change, Plan, plan_update
from ingest.corpus import Corpus, PageFile, read_corpus, read_sources, write_document, write_sources
from ingest.embed import Embedder, get_embedder
from ingest.errors import CorpusError, CrawlFailed, UsageError
from ingest.gather import Gathered, gather_crawl, gather_local
from ingest.generations import writing
from ingest.index import IndexReport, Progress, build_index
from ingest.records import CrawlReport, Document, Problem
from ingest.settings import Settings
from ingest.store import StoredPage
from ingest.urls import file_name
from ingest.web.crawl import CrawlOptions
from ingest.web.fetch import FetchOptions

DEFAULT_SOURCE = "https://openrouter.ai/docs"
SHRINK_LIMIT = 0.3
"""The share of known pages that may vanish in one run before it counts as the site's failure."""


@dataclass(frozen=True, slots=True)
class ReindexOptions:
    """What the user asked of one run. Without `sources` and `from_path`, the recorded source is used."""

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


@dataclass(slots=True)
class ReindexReport:
    """What a run did; counts are of pages. `index` is None after a dry run."""

    sources: tuple[str, ...] = ()
    seen: int = 0
    unchanged: int = 0
    aliases: int = 0
    changes: list[Change] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    crawl: CrawlReport = field(default_factory=CrawlReport)
    index: IndexReport | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def count(self, what: str) -> int:
        """How many pages were `added`, `changed` or `removed`."""
        return sum(change.what == what for change in self.changes)


def reindex(settings: Settings, options: ReindexOptions, progress: Progress) -> ReindexReport:
    """Bring docs folder and index up to the source.

    Raises UsageError, CrawlFailed (nothing is changed then), CorpusError, IndexLocked, ModelError.
    """
    report = ReindexReport()
    started = time.perf_counter()
    embedder = get_embedder(settings)
    with nullcontext() if options.dry_run else writing(settings.index):
        if options.crawl or options.from_path:
            _update_docs(settings, options, report, progress)
        if not options.dry_run:
            corpus = read_corpus(settings.docs)
            report.problems += corpus.problems
            report.seen = report.seen or len(corpus.files)
            with _timed(report, "index"):
                report.index = index_corpus(settings, corpus, embedder, progress, full=options.full)
            report.seconds["embed"] = report.index.embedding
            report.seconds["index"] -= report.index.embedding
    report.seconds["total"] = time.perf_counter() - started
    return report


def index_corpus(
    settings: Settings, corpus: Corpus, embedder: Embedder, progress: Progress, *, full: bool = False
) -> IndexReport:
    """Index the pages at hand. The caller holds the lock. Raises CorpusError when none is usable."""
    if not corpus.files:
        detail = f" ({corpus.problems[0].detail})" if corpus.problems else ""
        raise CorpusError(f"no usable page in {corpus.folder}{detail}", "crawl some: askdocs reindex --source URL")
    pages = [StoredPage(file.document, file.path.relative_to(corpus.folder).as_posix()) for file in corpus.files]
    return build_index(settings.index, pages, embedder, progress, full=full)


def _update_docs(settings: Settings, options: ReindexOptions, report: ReindexReport, progress: Progress) -> None:
    corpus = read_corpus(settings.docs) if settings.docs.exists() else Corpus(settings.docs, (), ())
    recorded = read_sources(settings.docs)
    report.sources = _sources(options, recorded)
    old = [file.document for file in corpus.files if file.document.source in report.sources]
    with _timed(report, "crawl"):
        gathered = _gather(report.sources, old, settings, options, progress)
    plan = plan_update(
        corpus.files,
        gathered.documents,
        replaced=report.sources,
        dropped=set(recorded).difference(report.sources) if options.replace else (),
        gone=gathered.gone,
    )
    _account(report, gathered, plan)
    _refuse_shrinking(plan, gathered, options)
    if not options.dry_run:
        kept = (*recorded, *report.sources) if options.add else report.sources
        _write_docs(settings.docs, plan, corpus.files)
        write_sources(settings.docs, dict.fromkeys(kept))


def _gather(
    sources: Sequence[str], at_hand: list[Document], settings: Settings, options: ReindexOptions, progress: Progress
) -> Gathered:
    """Read the sources that are folders or files (recorded as absolute paths), and crawl the others."""
    gathered = Gathered()
    for path in map(Path, sources):
        if path.is_absolute():
            gathered.add(gather_local(path, at_hand, progress))
    urls = tuple(source for source in sources if not Path(source).is_absolute())
    if urls:
        fetching = FetchOptions(urls, allow_private=options.allow_private, contact=settings.contact)
        crawling = CrawlOptions(options.include, options.exclude, options.max_pages, options.jobs)
        known = [document for document in at_hand if document.source in urls]
        gathered.add(gather_crawl(urls, known, fetching, crawling, progress, full=options.full))
    return gathered


def _sources(options: ReindexOptions, recorded: Sequence[str]) -> tuple[str, ...]:
    """The sources of this run: as given, else as recorded, else OpenRouter's docs."""
    given = (str(options.from_path.resolve()),) if options.from_path else options.sources
    if not given:
        return tuple(recorded) or (DEFAULT_SOURCE,)
    other = [source for source in recorded if source not in given]
    if other and not (options.add or options.replace):
        raise UsageError(
            f"this docs folder holds the pages of {other[0]}",
            "use --replace to drop them, --add to keep both, or --docs for another folder",
        )
    return tuple(given)


def _account(report: ReindexReport, gathered: Gathered, plan: Plan) -> None:
    report.crawl = gathered.report
    report.seen = len(gathered.documents)
    report.unchanged = plan.unchanged
    report.aliases = sum(len(document.aliases) for document in gathered.documents)
    report.changes = plan.changes
    report.problems += gathered.report.problems
    own = (Problem(str(file.path), "own-file", "your file has the address of a page; it stays") for file in plan.own)
    report.problems += own


def _refuse_shrinking(plan: Plan, gathered: Gathered, options: ReindexOptions) -> None:
    """Nothing usable, or too much gone, is taken for the site's trouble, not for news."""
    if not gathered.documents:
        first = gathered.report.problems[0] if gathered.report.problems else None
        why = f": {first.url}: {first.reason} {first.detail}".rstrip() if first else ""
        raise CrawlFailed(f"no page came{why}", "check the source; the old pages and index are unchanged")
    down = next((problem for problem in gathered.report.problems if problem.reason == "site-down"), None)
    if down:
        raise CrawlFailed(f"{down.url}: {down.detail}; nothing was changed", "try again when the site is up")
    if plan.before and plan.lost > SHRINK_LIMIT * plan.before and not options.allow_shrink:
        raise CrawlFailed(
            f"{plan.lost} of {plan.before} pages would vanish; nothing was changed",
            "check the source, or allow it with --allow-shrink",
        )


def _write_docs(folder: Path, plan: Plan, files: Sequence[PageFile]) -> None:
    """New pages first, removals last: a crash in between leaves a page too many, never one too few."""
    written: set[Path] = set()
    names = {file.document.url: file.path.relative_to(folder).as_posix() for file in files}
    for document in plan.write:
        written.add(write_document(folder, names.get(document.url) or _free_name(folder, document.url), document))
    for file in plan.remove:
        if file.path not in written:
            file.path.unlink(missing_ok=True)


def _free_name(folder: Path, url: str) -> str:
    """The file of a new page; one that has a path for an address is on no host. No file is written over."""
    name = file_name(url if "://" in url else f"http://local/{quote(url.lstrip('/'))}")
    while (folder / name).is_file():
        name = f"{name.removesuffix('.md')}--.md"
    return name


@contextmanager
def _timed(report: ReindexReport, stage: str) -> Iterator[None]:
    started = time.perf_counter()
    try:
        yield
    finally:
        report.seconds[stage] = time.perf_counter() - started
