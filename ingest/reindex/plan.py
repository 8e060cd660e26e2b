"""A source, or the markdown at hand -> what a run is about to do to the docs folder. Writes nothing there.

Which sources a run is about, and in which form their pages are read. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.core.errors import DocsError, UsageError
from ingest.core.records import Document, Problem
from ingest.crawl.crawler import CrawlOptions, Form
from ingest.crawl.fetch import FetchOptions
from ingest.crawl.markdown_variants import Choice
from ingest.docs.changes import Plan, differences, pages_after, plan_update, write_pages
from ingest.docs.folder import Corpus, PageFile, read_corpus, read_sources, write_sources
from ingest.index.database import Store
from ingest.index.generations import current_generation
from ingest.reindex.crawl_source import Gathered, gather_crawl
from ingest.reindex.folder_source import gather_local
from ingest.reindex.options import Run
from ingest.reindex.reclean import Recleaned, reclean
from ingest.reindex.safeguards import new_hosts, refuse_loss


@dataclass(frozen=True, slots=True)
class Update:
    """Pages at hand, what becomes of them, and the sources to record (None: as they are) and read as `.md`."""

    files: Sequence[PageFile]
    plan: Plan
    sources: tuple[str, ...] | None = None
    markdown: frozenset[str] = frozenset()
    leaving: frozenset[str] = frozenset()
    """Sources whose pages go."""

    @property
    def documents(self) -> list[Document]:
        """The pages that the docs folder will hold."""
        return pages_after(self.plan, self.files)

    def write(self, docs: Path) -> None:
        """Bring the docs folder up to date. Raises CorpusError."""
        if self.sources is not None:
            # The record first: should this run be killed, the next one ends what it began, whatever it is told.
            write_sources(docs, self.sources, self.markdown, self.leaving)
        write_pages(docs, self.plan, self.files)
        if self.sources is not None and self.leaving:
            write_sources(docs, self.sources, self.markdown)


def update_from_sources(run: Run) -> Update:
    """Crawl or read the sources of this run.

    Raises UsageError, CorpusError, and CrawlFailed for what must not replace the pages at hand.
    """
    options, report, docs = run.options, run.report, run.settings.docs
    corpus = read_corpus(docs) if docs.exists() else Corpus(docs, (), ())
    recorded = read_sources(docs)
    given = (str(options.from_path.resolve()),) if options.from_path else options.sources
    report.sources = sources_of_run(given, recorded, others_may_be=options.add or options.replace)
    leaving = frozenset({*read_sources(docs, "leaving"), *(recorded if options.replace else ())}) - set(report.sources)
    old = [file.document for file in corpus.files if file.document.source in report.sources]
    if not options.full:
        old = _recleaned(run, old, crawling=True).documents
    with run.timed("crawl"):
        gathered = _gather(run, old)
    plan = plan_update(
        corpus.files,
        gathered.documents,
        replaced=report.sources,
        dropped=leaving,
        gone=gathered.gone,
    )
    _account(run, gathered, plan)
    came, problems = bool(gathered.documents), gathered.report.problems
    refuse_loss(plan, problems, report.sources, came=came, allow_shrink=options.allow_shrink)
    kept = tuple(dict.fromkeys((*recorded, *report.sources) if options.add else report.sources))
    before = read_sources(docs, "markdown")
    markdown = markdown_after(options.markdown, before, report.sources, gathered.choices)
    update = Update(corpus.files, plan, kept, frozenset(markdown.intersection(kept)), leaving)
    report.new_hosts = new_hosts((file.document for file in corpus.files), update.documents)
    return update


def update_from_markdown(run: Run) -> Update:
    """Without a crawl: bring pages that another version of the cleaner made up to date.

    What is reported as changed is what differs from the index. Raises CorpusError without a docs folder.
    """
    corpus = read_corpus(run.settings.docs)
    crawled = [file for file in corpus.files if file.document.source]
    anew = _recleaned(run, [file.document for file in crawled]).anew
    came = {document.url for document in anew}
    plan = plan_update([file for file in crawled if file.document.url in came], anew, replaced=(), gone=())
    update = Update(corpus.files, plan)
    before = _indexed(run.settings.index)
    indexed = differences(before, update.documents)
    run.report.new_hosts = new_hosts(before, update.documents)
    run.report.changes, run.report.unchanged = indexed.changes, indexed.unchanged
    run.report.seen = len(corpus.files)
    run.report.aliases = sum(len(document.aliases) for document in update.documents)
    run.report.problems += corpus.problems
    return update


def _indexed(index: Path) -> list[Document]:
    """The pages of the current generation; none where it can't be read, since it is built anew then."""
    try:
        return [page.document for page in Store(current_generation(index)).pages()]
    except DocsError:
        return []


def _recleaned(run: Run, at_hand: list[Document], *, crawling: bool = False) -> Recleaned:
    with run.timed("clean"):
        done = reclean(at_hand, run.responses, run.progress, keep=not run.options.dry_run, crawling=crawling)
    run.report.problems += done.problems
    return done


def _gather(run: Run, at_hand: list[Document]) -> Gathered:
    """Read the sources that are folders or files (recorded as absolute paths), and crawl the others."""
    gathered = Gathered()
    sources = run.report.sources
    for path in map(Path, sources):
        if path.is_absolute():
            gathered.add(gather_local(path, at_hand, run.progress))
    for source in sources:
        if not Path(source).is_absolute():
            gathered.add(_crawl(run, source, [document for document in at_hand if document.source == source]))
    return gathered


def _crawl(run: Run, source: str, known: list[Document]) -> Gathered:
    options = run.options
    recorded = source in read_sources(run.settings.docs, "markdown")
    form = form_of(options.markdown, recorded=recorded)
    crawling = CrawlOptions(options.include, options.exclude, options.max_pages, options.jobs, markdown=form)
    if not options.dry_run:
        crawling = replace(crawling, keep=run.responses.keep, resume=run.responses.left_over)
    urls = tuple(url for url in run.report.sources if not Path(url).is_absolute())
    fetching = FetchOptions(urls, allow_private=options.allow_private, contact=run.settings.contact)
    whole = options.full or (form == "never" and recorded)
    return gather_crawl((source,), known, fetching, crawling, run.progress, full=whole)


def _account(run: Run, gathered: Gathered, plan: Plan) -> None:
    report = run.report
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


DEFAULT_SOURCE = "https://openrouter.ai/docs"


def sources_of_run(given: Sequence[str], recorded: Sequence[str], *, others_may_be: bool) -> tuple[str, ...]:
    """The sources of a run: as given, else as recorded, else OpenRouter's docs.

    Raises UsageError where the docs folder holds the pages of others, unless `others_may_be`.
    """
    if not given:
        return tuple(recorded) or (DEFAULT_SOURCE,)
    other = [source for source in recorded if source not in given]
    if other and not others_may_be:
        raise UsageError(
            f"this docs folder holds the pages of {other[0]}",
            "use --replace to drop them, --add to keep both, or --docs for another folder",
        )
    return tuple(given)


def form_of(asked: bool | None, *, recorded: bool) -> Form:  # noqa: FBT001 - None is an answer too
    """How to read a source: as asked, which a sample has to bear out; else as `recorded` the last time."""
    if asked is None:
        return "always" if recorded else "auto"
    return "check" if asked else "never"


def markdown_after(
    asked: bool | None,  # noqa: FBT001 - None is an answer too
    recorded: Iterable[str],
    run: Iterable[str],
    choices: Mapping[str, Choice],
) -> set[str]:
    """The sources whose `.md` variants are read from now on; `run` are those that were crawled."""
    before = set(recorded).difference(run if asked is False else ())
    return {*before, *choices} - {source for source, choice in choices.items() if not choice.markdown}
