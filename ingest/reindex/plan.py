"""Plan the changes of a run to the docs folder, from its sources or from the existing markdown. Writes nothing there.

Also chooses the sources of a run and the form in which their pages are read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.core.defaults import DEFAULT_SOURCE
from ingest.core.errors import UsageError
from ingest.core.records import Document, Problem
from ingest.crawl.crawler import CrawlOptions
from ingest.crawl.fetch import FetchOptions
from ingest.crawl.markdown_variants import MarkdownPolicy
from ingest.docs.changes import UpdatePlan, differences, pages_after, plan_update, write_pages
from ingest.docs.folder import Corpus, PageFile, read_corpus, read_sources, write_sources
from ingest.reindex.crawl_source import SourcePages, crawl_sources
from ingest.reindex.folder_source import read_local_source
from ingest.reindex.options import ReindexContext
from ingest.reindex.reclean import Recleaned, reclean
from ingest.reindex.safeguards import new_hosts, refuse_loss


@dataclass(frozen=True, slots=True)
class Update:
    """Existing pages, planned changes, sources to record (None: unchanged) and sources to read as `.md`."""

    files: Sequence[PageFile]
    plan: UpdatePlan
    sources: tuple[str, ...] | None = None
    markdown: frozenset[str] = frozenset()
    leaving: frozenset[str] = frozenset()
    """Sources whose pages go."""

    @property
    def documents(self) -> list[Document]:
        """Return the pages that the docs folder will contain."""
        return pages_after(self.plan, self.files)

    def write(self, docs: Path) -> None:
        """Bring the docs folder up to date. Raises CorpusError."""
        if self.sources is not None:
            # The record first: if this run is killed, the next one finishes its removals, whatever its options.
            write_sources(docs, self.sources, self.markdown, self.leaving)
        write_pages(docs, self.plan, self.files)
        if self.sources is not None and self.leaving:
            write_sources(docs, self.sources, self.markdown)


def update_from_sources(context: ReindexContext) -> Update:
    """Plan an update from the sources of this run, which are crawled or read from files.

    Raises UsageError, CorpusError, and CrawlFailed for results that must not replace the existing pages.
    """
    options, report, docs = context.options, context.report, context.settings.docs
    corpus = read_corpus(docs) if docs.exists() else Corpus(docs, (), ())
    recorded = read_sources(docs)
    given = (str(options.from_path.resolve()),) if options.from_path else options.sources
    report.sources = sources_of_run(given, recorded, others_may_be=options.add or options.replace)
    leaving = frozenset({*read_sources(docs, "leaving"), *(recorded if options.replace else ())}) - set(report.sources)
    old = [file.document for file in corpus.files if file.document.source in report.sources]
    if not options.full:
        old = _recleaned(context, old, crawling=True).documents
    with context.timed("crawl"):
        gathered = _gather(context, old)
    plan = plan_update(
        corpus.files,
        gathered.documents,
        replaced=report.sources,
        dropped=leaving,
        gone=gathered.gone,
    )
    _account(context, gathered, plan)
    came, problems = bool(gathered.documents), gathered.report.problems
    refuse_loss(plan, problems, report.sources, came=came, allow_shrink=options.allow_shrink)
    kept = tuple(dict.fromkeys((*recorded, *report.sources) if options.add else report.sources))
    markdown = set(read_sources(docs, "markdown")).difference(gathered.markdown)
    markdown |= {source for source, policy in gathered.markdown.items() if policy.to_record}
    update = Update(corpus.files, plan, kept, frozenset(markdown.intersection(kept)), leaving)
    report.new_hosts = new_hosts((file.document for file in corpus.files), update.documents)
    return update


def update_from_markdown(context: ReindexContext) -> Update:
    """Plan an update without a crawl: clean again the pages made by another version of the cleaner.

    The report lists the differences from the index as changes. Raises CorpusError without a docs folder.
    """
    corpus = read_corpus(context.settings.docs)
    crawled = [file for file in corpus.files if file.document.source]
    updated = _recleaned(context, [file.document for file in crawled]).updated
    came = {document.url for document in updated}
    plan = plan_update([file for file in crawled if file.document.url in came], updated, replaced=(), gone=())
    update = Update(corpus.files, plan)
    before = [page.document for page in context.previous.pages]
    indexed = differences(before, update.documents)
    context.report.new_hosts = new_hosts(before, update.documents)
    context.report.changes, context.report.unchanged = indexed.changes, indexed.unchanged
    context.report.seen = len(corpus.files)
    context.report.aliases = sum(len(document.aliases) for document in update.documents)
    context.report.problems += corpus.problems
    return update


def _recleaned(context: ReindexContext, at_hand: list[Document], *, crawling: bool = False) -> Recleaned:
    with context.timed("clean"):
        done = reclean(
            at_hand, context.responses, context.progress, keep=not context.options.dry_run, crawling=crawling
        )
    context.report.problems += done.problems
    return done


def _gather(context: ReindexContext, at_hand: list[Document]) -> SourcePages:
    """Read sources that are folders or files (recorded as absolute paths), and crawl the others."""
    gathered = SourcePages()
    sources = context.report.sources
    for path in map(Path, sources):
        if path.is_absolute():
            gathered.add(read_local_source(path, at_hand, context.progress))
    for source in sources:
        if not Path(source).is_absolute():
            gathered.add(_crawl(context, source, [document for document in at_hand if document.source == source]))
    return gathered


def _crawl(context: ReindexContext, source: str, known: list[Document]) -> SourcePages:
    options = context.options
    policy = MarkdownPolicy(options.markdown, source in read_sources(context.settings.docs, "markdown"))
    crawling = CrawlOptions(options.include, options.exclude, options.max_pages, options.jobs, markdown=policy)
    if not options.dry_run:
        crawling = replace(crawling, keep=context.responses.keep, resume=context.responses.left_over)
    urls = tuple(url for url in context.report.sources if not Path(url).is_absolute())
    fetching = FetchOptions(urls, allow_private=options.allow_private, contact=context.settings.contact)
    return crawl_sources((source,), known, fetching, crawling, context.progress, full=options.full)


def _account(context: ReindexContext, gathered: SourcePages, plan: UpdatePlan) -> None:
    report = context.report
    report.crawl = gathered.report
    report.seen = len(gathered.documents)
    report.unchanged = plan.unchanged
    report.aliases = sum(len(document.aliases) for document in gathered.documents)
    report.changes = plan.changes
    report.problems += gathered.report.problems
    report.notes += gathered.report.notes
    for source, policy in gathered.markdown.items():
        if policy.sample:
            form = ".md variants are read" if policy.sample.markdown else "HTML is read, not the .md variants"
            report.notes.append(f"{source}: the {form}: {policy.sample.why}")
    own = (Problem(str(file.path), "own-file", "your file has the address of a page; it stays") for file in plan.own)
    report.problems += own


def sources_of_run(given: Sequence[str], recorded: Sequence[str], *, others_may_be: bool) -> tuple[str, ...]:
    """Return the sources of a run: as given, else as recorded, else OpenRouter's docs.

    Raises UsageError if the docs folder contains pages of other sources, unless `others_may_be`.
    """
    if not given:
        return tuple(recorded) or (DEFAULT_SOURCE,)
    other = [source for source in recorded if source not in given]
    if other and not others_may_be:
        raise UsageError(
            f"this docs folder contains the pages of {other[0]}",
            "use --replace to drop them, --add to keep both, or --docs for another folder",
        )
    return tuple(given)
