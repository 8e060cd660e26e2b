"""Shared by commands: settings, questions from stdin, an open index."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from cli.downloads import confirm_downloads, missing_downloads
from cli.terminal import format_count, progress_bars, say
from cli.usage_errors import with_places
from ingest.core.database_url import DatabaseUrl
from ingest.core.errors import IndexMissing, UsageError
from ingest.core.settings import Settings, load_settings
from ingest.docs.folder import read_corpus
from ingest.docs.starter import seed
from ingest.embed.registry import get_embedder
from ingest.index.stores import index_at

if TYPE_CHECKING:
    from rag.open import LiveAssistant, Opened

Result = TypeVar("Result")

_MAX_STDIN = 1_000_000
_PATIENCE = 300.0
"""Seconds that a first `ask` waits for another one to build the index."""


def settings_from(options: Mapping[str, object]) -> Settings:
    """Settings from options, environment, config file and defaults. Raises UsageError."""
    return load_settings(options, os.environ, Path.cwd())


def for_same_docs(hint: str, settings: Settings) -> str:
    """A hint whose commands repeat the --docs and --index of this call: without, they act on other docs."""
    given = {"docs": settings.docs, "index": settings.index}
    places = [f"--{name}={place}" for name, place in given.items() if settings.origins[name] == "option"]
    return with_places(hint, places)


def text_or_stdin(text: str) -> str:
    """The text itself, or stdin for `-`. Raises UsageError when stdin is not text."""
    if text != "-":
        return text
    data = sys.stdin.buffer.read(_MAX_STDIN + 1)
    if len(data) > _MAX_STDIN:
        raise UsageError("the question on stdin has over 1 MB", "ask in at most 4,000 characters")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError("the question on stdin is not UTF-8 text", "pipe text in") from error


def open_index(
    settings: Settings,
    *,
    use_model: bool,
    quiet: bool,
    reranker: str = "",
    judge: str = "",
) -> "Opened":
    """Open the index; without one, index the pages that are there first.

    Raises IndexMissing when that would need the network and `use_model` forbids it; UsageError.
    """
    from rag.open import open_assistant

    opened = _open_or_build(
        lambda: open_assistant(settings, use_model=use_model, reranker=reranker, judge=judge),
        settings, use_model=use_model, quiet=quiet,
    )  # fmt: skip
    _note_lexical(opened, quiet=quiet)
    return opened


def open_live(settings: Settings, *, use_model: bool, quiet: bool, judge: str = "") -> "LiveAssistant":
    """Open the index for a server, which follows it from then on. Builds and raises as `open_index` does."""
    from rag.open import LiveAssistant

    live = _open_or_build(
        lambda: LiveAssistant(settings, use_model=use_model, judge=judge), settings, use_model=use_model, quiet=quiet
    )
    _note_lexical(live.current(), quiet=quiet)
    return live


def _open_or_build(open_it: Callable[[], Result], settings: Settings, *, use_model: bool, quiet: bool) -> Result:
    from rag.open import refuse_other_embedder

    if not use_model:
        os.environ["HF_HUB_OFFLINE"] = "1"  # local models would be looked for on their hub otherwise
    names = (settings.embedder, settings.late, settings.reranker)
    if missing_downloads(names):
        refuse_other_embedder(settings)  # before anything is fetched for nothing
    confirm_downloads(settings, names, quiet=quiet)
    try:
        return open_it()
    except IndexMissing:
        if isinstance(settings.index, DatabaseUrl) or (get_embedder(settings).remote and not use_model):
            raise  # a question writes nothing into a database that others share
        _index_existing_pages(settings, quiet=quiet)
        return open_it()


def _note_lexical(opened: "Opened", *, quiet: bool) -> None:
    if opened.lexical_only and not quiet:
        built = opened.generation.manifest["embedder"]["name"]
        say(f"note: the embedder {built} is remote and is not used; BM25 alone ranks")


def _index_existing_pages(settings: Settings, *, quiet: bool) -> None:
    from ingest.reindex.pipeline import index_corpus

    index = index_at(settings.index)
    if settings.origins["docs"] == "default":
        seed(settings.docs)
    corpus = read_corpus(settings.docs)
    if corpus.files and not quiet:
        say(f"no index yet: indexing {format_count(len(corpus.files), 'page')} of {settings.docs} (once)")
    with progress_bars(quiet=quiet) as progress, index.writing(wait=_PATIENCE):
        try:
            index.open()  # another process may have built it meanwhile
        except IndexMissing:
            index_corpus(settings, corpus, get_embedder(settings), progress)
