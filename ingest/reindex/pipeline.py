"""Reindex: source -> pages -> docs folder -> index. Only this file defines the order of the stages."""

import time
from contextlib import ExitStack
from pathlib import Path

from ingest.clean.page import CLEANER_VERSION
from ingest.core.atomic import remove_unfinished
from ingest.core.errors import CorpusError, UsageError
from ingest.core.paths import is_empty
from ingest.core.records import Progress
from ingest.core.settings import Settings
from ingest.docs.folder import Corpus, read_corpus
from ingest.embed.base import Embedder
from ingest.embed.cache import VectorCache
from ingest.embed.registry import get_embedder, get_late
from ingest.embed.workers import with_workers
from ingest.index import starter
from ingest.index.build import IndexBuilder, IndexReport, LateSource, Models, stored_pages
from ingest.index.folder.files import RESPONSES, VECTOR_CACHE, WRITTEN_QUESTIONS
from ingest.index.freshness import checked_at, record_check
from ingest.index.previous import Previous
from ingest.index.sections import NO_QUESTIONS
from ingest.index.stores import index_at
from ingest.reindex.options import ReindexContext, ReindexOptions, ReindexReport
from ingest.reindex.plan import Update, update_from_markdown, update_from_sources
from ingest.reindex.question_cache import QuestionCache
from ingest.reindex.questions import WrittenSource
from ingest.reindex.response_cache import ResponseCache

__all__ = ["ReindexOptions", "ReindexReport", "index_corpus", "reindex"]


def reindex(settings: Settings, options: ReindexOptions, progress: Progress) -> ReindexReport:
    """Update docs folder and index from the source.

    Neither is changed before all pages are fetched and embedded: a failure or an interrupt before then
    leaves both unchanged, and the responses fetched so far are kept for the next run. Raises
    UsageError, CrawlFailed, CorpusError, IndexLocked, ModelError.
    """
    started = time.perf_counter()
    written = _question_source(settings, options, progress)
    embedder = get_embedder(settings)
    responses = ResponseCache(settings.folder / RESPONSES, CLEANER_VERSION)
    with ExitStack() as stack:
        if not options.dry_run:
            stack.enter_context(index_at(settings.index).writing())
            if settings.folder != settings.index:  # an index in a database: its caches are on this machine
                stack.enter_context(index_at(settings.folder).writing())
            stack.enter_context(responses)
            remove_unfinished(settings.docs)
        cache = stack.enter_context(VectorCache(settings.folder / VECTOR_CACHE, embedder.fingerprint))
        if not options.dry_run:
            cache.recover()
        previous = Previous.open(settings.index, embedder.fingerprint, check=not options.dry_run)
        passages = with_workers(embedder, options.workers, settings)
        models = Models(embedder, cache, passages, _late_source(settings, stack))
        builder = IndexBuilder(settings.index, models, progress, previous)
        builder.questions = written
        context = ReindexContext(settings, options, progress, responses, previous)
        context.report.questions = written.report if written else None
        update = update_from_sources(context) if options.crawl or options.from_path else update_from_markdown(context)
        if options.dry_run:
            _preview(context, update, builder, written)
        else:
            _carry_out(context, update, builder)
            _report_questions(context, written, builder, update)
    context.report.seconds["total"] = time.perf_counter() - started
    return context.report


def _late_source(settings: Settings, stack: ExitStack) -> LateSource | None:
    """The late-interaction model of the settings with its cache, which the stack closes. Raises ModelError."""
    model = get_late(settings)
    if model is None:
        return None
    return LateSource(model, stack.enter_context(VectorCache(settings.folder / VECTOR_CACHE, model.fingerprint)))


def _preview(context: ReindexContext, update: Update, builder: IndexBuilder, written: WrittenSource | None) -> None:
    """Report what the run would embed and have written."""
    with context.timed("index"):
        context.report.chunks = builder.preview(update.documents)
        if written:
            written.preview(builder.sections(update.documents))


def _question_source(settings: Settings, options: ReindexOptions, progress: Progress) -> WrittenSource | None:
    """What writes questions; None where none are wanted. Raises UsageError for an index that can't keep them."""
    if options.questions is None:
        return None
    if not isinstance(settings.index, Path):
        raise UsageError(NO_QUESTIONS, "use an index in a folder, or leave out --generate-questions")
    plan = options.questions
    return WrittenSource(plan, QuestionCache(settings.folder / WRITTEN_QUESTIONS, plan.model, plan.version), progress)


def _report_questions(
    context: ReindexContext, written: WrittenSource | None, builder: IndexBuilder, update: Update
) -> None:
    """Say what a model wrote, or that questions which were in the index are no longer there."""
    report = context.report
    if written:
        written.retain(builder.sections(update.documents))
        report.notes += written.report.notes
    elif report.index and report.index.published and context.previous.generation:
        before = context.previous.generation.manifest.get("questions")
        if isinstance(before, dict):
            model = before["model"]
            report.notes.append(
                f"the questions that {model} wrote are no longer in the index; to index them again, at no cost: "
                f"askdocs reindex --no-crawl --generate-questions {model}"
            )


def _carry_out(context: ReindexContext, update: Update, builder: IndexBuilder) -> None:
    """Embed the pages, write them, then index the files on disk."""
    settings, options, report = context.settings, context.options, context.report
    if context.previous.damage:
        report.notes.append(f"{context.previous.damage}; the index is written again")
    if options.full:
        context.previous.ignore()
    with context.timed("embed"):
        # An index that was cut and embedded as a new one would be has all pages but those that change.
        builder.embed_ahead(update.plan.rewritten if context.previous.same_chunker else update.documents)
    if options.questions:
        with context.timed("questions"):
            builder.ask_ahead(update.documents)
    update.write(settings.docs)
    corpus = read_corpus(settings.docs)
    context.responses.settle(corpus.documents)
    report.problems += [problem for problem in corpus.problems if problem not in report.problems]
    with context.timed("index"):
        index = _build(builder, corpus)
    report.index, report.chunks = index, index.counts
    report.seconds["embed"] += index.embedding
    report.seconds["index"] -= index.embedding
    if options.crawl or options.from_path:
        record_check(settings.index, index.generation.name)
    elif when := checked_at(settings.index, str(index.generation.manifest.get("previous"))):
        record_check(settings.index, index.generation.name, when)


def index_corpus(
    settings: Settings, corpus: Corpus, embedder: Embedder, progress: Progress, *, full: bool = False
) -> IndexReport:
    """Index the pages of a docs folder; the starter pages ship with their index.

    The caller must own the lock. Raises CorpusError when no page is usable.
    """
    in_folder = isinstance(settings.index, Path)
    if not full and in_folder and (shipped := starter.install(settings.folder, stored_pages(corpus), embedder)):
        return shipped
    with ExitStack() as stack:
        cache = stack.enter_context(VectorCache(settings.folder / VECTOR_CACHE, embedder.fingerprint))
        models = Models(embedder, cache, late=_late_source(settings, stack))
        builder = IndexBuilder(settings.index, models, progress)
        if full:
            builder.previous.ignore()
        return _build(builder, corpus)


def _build(builder: IndexBuilder, corpus: Corpus) -> IndexReport:
    if not corpus.files:
        detail = f" ({corpus.problems[0].detail})" if corpus.problems else ""
        problem = f"no usable page in {corpus.folder}{detail}"
        if is_empty(corpus.folder):
            problem = f"the docs folder {corpus.folder} is empty"
        raise CorpusError(problem, "crawl some: askdocs reindex --source URL")
    return builder.build(stored_pages(corpus))
