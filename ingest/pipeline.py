"""reindex: source -> pages -> docs folder -> index. The only file that knows the order."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from ingest.changes import Change, Plan, plan_update
from ingest.clean.page import CLEANER_VERSION
from ingest.corpus import (
    Corpus,
    PageFile,
    read_corpus,
    read_sources,
    remove_unfinished,
    write_document,
    write_sources,
)
from ingest.embed import Embedder, get_embedder
from ingest.errors import CorpusError
from ingest.gather import Gathered, gather_crawl, gather_local
from ingest.generations import writing
from ingest.index import IndexReport, Progress, build_index
from ingest.reclean import Recleaned, reclean
from ingest.records import CrawlReport, Document, Problem
from ingest.refusal import refuse_loss
from ingest.responses import Responses
from ingest.settings import Settings
from ingest.sources import form_of, markdown_after, sources_of_run
from ingest.store import StoredPage
from ingest.urls import file_name
from ingest.web.crawl import CrawlOptions
from ingest.web.fetch import FetchOptions


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
    markdown: bool | None = None
    """Read the `.md` variants of pages, where a sample shows that they are as complete; None: as recorded."""


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
    notes: list[str] = field(default_factory=list)

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
    responses = Responses(settings.index / "responses", CLEANER_VERSION)
    with nullcontext() if options.dry_run else writing(settings.index), nullcontext() if options.dry_run else responses:
        if not options.dry_run:
            remove_unfinished(settings.docs)
        if options.crawl or options.from_path:
            _update_docs(settings, options, report, progress, responses)
        else:
            _clean_anew(settings, options, report, progress, responses)
        if not options.dry_run:
            corpus = read_corpus(settings.docs)
            responses.settle(corpus.documents)
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


def _update_docs(
    settings: Settings, options: ReindexOptions, report: ReindexReport, progress: Progress, responses: Responses
) -> None:
    corpus = read_corpus(settings.docs) if settings.docs.exists() else Corpus(settings.docs, (), ())
    recorded = read_sources(settings.docs)
    given = (str(options.from_path.resolve()),) if options.from_path else options.sources
    report.sources = sources_of_run(given, recorded, others_may_be=options.add or options.replace)
    leaving = {*read_sources(settings.docs, "leaving"), *(recorded if options.replace else ())}.difference(
        report.sources
    )
    old = [file.document for file in corpus.files if file.document.source in report.sources]
    if not options.full:
        old = _recleaned(old, report, progress, responses, keep=not options.dry_run, crawling=True).documents
    with _timed(report, "crawl"):
        gathered = _gather(report.sources, old, settings, options, progress, responses)
    plan = plan_update(
        corpus.files,
        gathered.documents,
        replaced=report.sources,
        dropped=leaving,
        gone=gathered.gone,
    )
    _account(report, gathered, plan)
    came, problems = bool(gathered.documents), gathered.report.problems
    refuse_loss(plan, problems, report.sources, came=came, allow_shrink=options.allow_shrink)
    if not options.dry_run:
        kept = dict.fromkeys((*recorded, *report.sources) if options.add else report.sources)
        before = read_sources(settings.docs, "markdown")
        markdown = markdown_after(options.markdown, before, report.sources, gathered.choices).intersection(kept)
        # The record first: should this run be killed, the next one ends what it began, whatever it is told.
        write_sources(settings.docs, kept, markdown, leaving)
        write_pages(settings.docs, plan, corpus.files)
        if leaving:
            write_sources(settings.docs, kept, markdown)


def _clean_anew(
    settings: Settings, options: ReindexOptions, report: ReindexReport, progress: Progress, responses: Responses
) -> None:
    """Without a crawl: bring pages that another version of the cleaner made up to date."""
    corpus = read_corpus(settings.docs) if settings.docs.exists() else Corpus(settings.docs, (), ())
    crawled = [file for file in corpus.files if file.document.source]
    anew = _recleaned([f.document for f in crawled], report, progress, responses, keep=not options.dry_run).anew
    came = {document.url for document in anew}
    plan = plan_update([file for file in crawled if file.document.url in came], anew, replaced=(), gone=())
    report.changes, report.seen = plan.changes, len(corpus.files)
    report.unchanged = report.seen - len(plan.changes)
    if not options.dry_run:
        write_pages(settings.docs, plan, corpus.files)


def _recleaned(
    at_hand: list[Document],
    report: ReindexReport,
    progress: Progress,
    responses: Responses,
    *,
    keep: bool,
    crawling: bool = False,
) -> Recleaned:
    with _timed(report, "clean"):
        done = reclean(at_hand, responses, progress, keep=keep, crawling=crawling)
    report.problems += done.problems
    return done


def _gather(
    sources: Sequence[str],
    at_hand: list[Document],
    settings: Settings,
    options: ReindexOptions,
    progress: Progress,
    responses: Responses,
) -> Gathered:
    """Read the sources that are folders or files (recorded as absolute paths), and crawl the others."""
    gathered = Gathered()
    for path in map(Path, sources):
        if path.is_absolute():
            gathered.add(gather_local(path, at_hand, progress))
    urls = tuple(source for source in sources if not Path(source).is_absolute())
    fetching = FetchOptions(urls, allow_private=options.allow_private, contact=settings.contact)
    limits = CrawlOptions(options.include, options.exclude, options.max_pages, options.jobs)
    recorded = read_sources(settings.docs, "markdown")
    for url in urls:
        form = form_of(options.markdown, recorded=url in recorded)
        crawling = replace(limits, markdown=form, keep=None if options.dry_run else responses.keep)
        known = [document for document in at_hand if document.source == url]
        whole = options.full or (form == "never" and url in recorded)
        gathered.add(gather_crawl((url,), known, fetching, crawling, progress, full=whole))
    return gathered


def _account(report: ReindexReport, gathered: Gathered, plan: Plan) -> None:
    report.crawl = gathered.report
    report.seen = len(gathered.documents)
    report.unchanged = plan.unchanged
    report.aliases = sum(len(document.aliases) for document in gathered.documents)
    report.changes = plan.changes
    report.problems += gathered.report.problems
    for source, choice in gathered.choices.items():
        form = ".md variants are read" if choice.markdown else "HTML is read, not the .md variants"
        report.notes.append(f"{source}: the {form}: {choice.why}")
    own = (Problem(str(file.path), "own-file", "your file has the address of a page; it stays") for file in plan.own)
    report.problems += own


def write_pages(folder: Path, plan: Plan, files: Sequence[PageFile]) -> None:
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
