"""reindex: source -> pages -> docs folder -> index. The only file that knows the order."""

import time
from contextlib import ExitStack, nullcontext

from ingest.clean.page import CLEANER_VERSION
from ingest.core.atomic import remove_unfinished
from ingest.core.errors import CorpusError
from ingest.core.records import Progress
from ingest.core.settings import Settings
from ingest.docs.folder import Corpus, read_corpus
from ingest.embed.base import Embedder
from ingest.embed.cache import NAME as CACHE
from ingest.embed.cache import VectorCache
from ingest.embed.registry import get_embedder
from ingest.index.build import IndexReport, build_index, embed_ahead, is_current, preview, stored_pages
from ingest.index.freshness import checked_at, record_check
from ingest.index.generations import verify, writing
from ingest.reindex.options import ReindexContext, ReindexOptions, ReindexReport
from ingest.reindex.plan import Update, update_from_markdown, update_from_sources
from ingest.reindex.response_cache import ResponseCache

__all__ = ["ReindexOptions", "ReindexReport", "index_corpus", "reindex"]


def reindex(settings: Settings, options: ReindexOptions, progress: Progress) -> ReindexReport:
    """Bring docs folder and index up to the source.

    Neither is changed before all pages have come and are embedded: what fails or is interrupted
    until then leaves both as they were, and what came so far is kept for the next run. Raises
    UsageError, CrawlFailed, CorpusError, IndexLocked, ModelError.
    """
    started = time.perf_counter()
    embedder = get_embedder(settings)
    responses = ResponseCache(settings.index / "responses", CLEANER_VERSION)
    with ExitStack() as stack:
        if not options.dry_run:
            stack.enter_context(writing(settings.index))
            stack.enter_context(responses)
            remove_unfinished(settings.docs)
        cache = stack.enter_context(VectorCache(settings.index / CACHE, embedder.fingerprint))
        if not options.dry_run:
            cache.recover()
        context = ReindexContext(settings, options, progress, embedder, cache, responses)
        update = update_from_sources(context) if options.crawl or options.from_path else update_from_markdown(context)
        if options.dry_run:
            with context.timed("index"):
                context.report.chunks = preview(settings.index, update.documents, embedder, progress, cache)
        else:
            _carry_out(context, update)
    context.report.seconds["total"] = time.perf_counter() - started
    return context.report


def _carry_out(context: ReindexContext, update: Update) -> None:
    """Embed, write the pages, then index them as they stand on disk."""
    settings, options, report = context.settings, context.options, context.report
    damaged = verify(settings.index)
    if damaged:
        report.notes.append(f"{damaged}; the index is written anew")
    with context.timed("embed"):
        current = not damaged and is_current(settings.index, context.embedder)
        documents = update.plan.rewritten if current else update.documents
        embed_ahead(settings.index, documents, context.embedder, context.progress, context.cache)
    update.write(settings.docs)
    corpus = read_corpus(settings.docs)
    context.responses.settle(corpus.documents)
    report.problems += [problem for problem in corpus.problems if problem not in report.problems]
    with context.timed("index"):
        index = index_corpus(
            settings,
            corpus,
            context.embedder,
            context.progress,
            full=options.full or bool(damaged),
            cache=context.cache,
        )
    report.index, report.chunks = index, index.counts
    report.seconds["embed"] += index.embedding
    report.seconds["index"] -= index.embedding
    if options.crawl or options.from_path:
        record_check(settings.index, index.generation.name)
    elif when := checked_at(settings.index, str(index.generation.manifest.get("previous"))):
        record_check(settings.index, index.generation.name, when)


def index_corpus(
    settings: Settings,
    corpus: Corpus,
    embedder: Embedder,
    progress: Progress,
    *,
    full: bool = False,
    cache: VectorCache | None = None,
) -> IndexReport:
    """Index the pages at hand. The caller holds the lock. Raises CorpusError when none is usable."""
    if not corpus.files:
        detail = f" ({corpus.problems[0].detail})" if corpus.problems else ""
        raise CorpusError(f"no usable page in {corpus.folder}{detail}", "crawl some: askdocs reindex --source URL")
    pages = stored_pages(corpus)
    with nullcontext(cache) if cache else VectorCache(settings.index / CACHE, embedder.fingerprint) as vectors:
        return build_index(settings.index, pages, embedder, progress, full=full, cache=vectors)
