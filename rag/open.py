"""Open an index, with its retriever and assistant, from the settings. This module wires the real components.

    opened = open_assistant(settings, use_model=True)      one generation, for a command
    live = LiveAssistant(settings, use_model=True)         the current generation, for a server
    opened = live.current()                                once per request, kept until the request is done

Any number of threads may use an `Opened`. It keeps its generation on disk until the last reference to it is gone, so
that a request that began before a reindex still reads the pages that it began with.
"""

import contextlib
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.core.atomic import replace_file
from ingest.core.errors import DocsError, IndexMissing, UsageError
from ingest.core.settings import Settings, data_folder
from ingest.embed.base import Embedder, LateScorer
from ingest.embed.registry import get_embedder, get_late, is_remote
from ingest.index.base import IndexReader, Published
from ingest.index.freshness import docs_date
from ingest.index.stores import index_at
from ingest.openrouter.client import is_openrouter
from rag.assistant import Assistant
from rag.retrieve.rerank import Rerank, get_reranker
from rag.retrieve.search import Retriever, check_embedder, may_have_built
from rag.thresholds import calibration_key, load_thresholds

if TYPE_CHECKING:
    from rag.records import Backend, ChatModel
    from rag.verify.support_check import SupportCheck


_KEPT_IN = "labels.key"
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Opened:
    """A generation that is open for questions. `lexical_only`: questions are not embedded, BM25 alone ranks."""

    generation: Published
    store: IndexReader
    assistant: Assistant
    lexical_only: bool


def open_assistant(settings: Settings, *, use_model: bool, reranker: str = "", judge: str = "") -> Opened:
    """Open the current generation. `use_model` False promises that nothing reaches the network.

    An index whose embedder is remote is then searched by BM25 alone, whatever embedder is set.
    Raises IndexMissing, IndexDamaged, IndexMismatch, ModelError, and UsageError for a remote
    reranker that may not be used.
    """
    parts = _load_parts(settings, use_model=use_model, reranker=reranker, judge=judge)
    return _open(settings, parts, use_model=use_model)


def refuse_other_embedder(settings: Settings) -> None:
    """Raise IndexMismatch where the index can't be of the embedder of the settings, by its name. Loads no model."""
    with contextlib.suppress(IndexMissing):
        store, embedder = index_at(settings.index).open(), get_embedder(settings)
        if not may_have_built(store, embedder):
            check_embedder(store, embedder)


def open_generations(settings: Settings, names: Sequence[str], *, use_model: bool) -> list[Opened]:
    """Open several generations of the index by name; models are loaded once. Raises as `open_assistant` does."""
    parts = _load_parts(settings, use_model=use_model, reranker="")
    return [_open(settings, parts, use_model=use_model, name=name) for name in names]


class LiveAssistant:
    """Follows an index: opens each new generation once, when the first request after its publication asks for it.

    Models are loaded once and shared by all generations. Threads may call it at the same time: while one opens a new
    generation, the others go on with the one before.
    """

    def __init__(self, settings: Settings, *, use_model: bool, judge: str = "") -> None:
        """Open the current generation. Raises as `open_assistant` does."""
        self.settings = settings
        """Those that it was opened with."""
        self._use_model = use_model
        self._parts = _load_parts(settings, use_model=use_model, reranker="", judge=judge)
        self._opened = _open(settings, self._parts, use_model=use_model)
        self._opening = threading.Lock()
        self._broken = ""
        self.problem = ""
        """Why a newer generation could not be opened; "" while the current one is open."""

    def current(self) -> Opened:
        """The current generation; the one before it where the new one can't be opened (see `problem`)."""
        opened = self._opened
        name = index_at(self.settings.index).published()
        if name in (opened.generation.name, self._broken, "") or not self._opening.acquire(blocking=False):
            return opened
        try:
            self._opened = _open(self.settings, self._parts, use_model=self._use_model)
            self.problem = self._broken = ""
        except DocsError as error:
            self.problem, self._broken = error.message, name
        finally:
            self._opening.release()
        return self._opened


@dataclass(frozen=True)
class _Parts:
    """What does not depend on the generation."""

    settings: Settings
    embedder: Embedder
    rerank: Rerank | None
    model: "ChatModel | None"
    backend: "Backend"
    secret: bytes
    judge: "SupportCheck | None"

    @cached_property
    def late(self) -> LateScorer | None:
        """The late-interaction model. To know whether the embedder is one, its hub may be asked."""
        return get_late(self.settings)


def _load_parts(settings: Settings, *, use_model: bool, reranker: str, judge: str = "") -> _Parts:
    reranker = reranker or settings.reranker
    if is_remote(reranker) and not use_model:
        raise UsageError(
            f"the reranker {reranker} is remote, and --no-llm forbids the network", "leave one of them out"
        )
    with_model = use_model and can_ask_model(settings)
    return _Parts(
        settings=settings,
        embedder=get_embedder(settings),
        rerank=get_reranker(reranker, settings) if reranker else None,
        model=_chat_model(settings) if with_model else None,
        backend=_backend(settings) if with_model else "none",
        secret=installation_secret(data_folder()) if with_model else b"",
        judge=_judge(judge, settings) if judge and with_model else None,
    )


def _open(settings: Settings, parts: _Parts, *, use_model: bool, name: str = "") -> Opened:
    store = index_at(settings.index).open(name)
    generation = store.generation
    built_with = replace(settings, embedder=str(generation.manifest["embedder"]["name"]))
    lexical_only = not use_model and get_embedder(built_with).remote
    fingerprint = str(generation.manifest["embedder"]["fingerprint"])
    key = calibration_key(fingerprint, lexical_only=lexical_only)
    embedder = parts.embedder
    late = (
        parts.late if may_have_built(store, embedder) else None
    )  # another embedder is refused, and nothing is asked about it
    assistant = Assistant(
        Retriever(store, None if lexical_only else embedder, late),
        model=parts.model,
        rerank=parts.rerank,
        thresholds=load_thresholds(settings.index, key),
        backend=parts.backend,
        docs_date=docs_date(settings.index, generation)[:10],
        secret=parts.secret,
        judge=parts.judge,
    )
    return Opened(generation, store, assistant, lexical_only)


def can_ask_model(settings: Settings) -> bool:
    """Whether a model can be asked: OpenRouter needs a key, the user's own server does not."""
    return bool(settings.api_key) or not is_openrouter(settings)


def installation_secret(folder: Path) -> bytes:
    """Random bytes that stay the same on this machine, kept in a file that only its owner reads.

    If they can't be kept, they are new each time, and a server's prompt cache never matches.
    """
    path = folder / _KEPT_IN
    try:
        found = path.read_bytes()
        if len(found) == _SECRET_BYTES:
            return found
    except OSError:
        pass
    fresh = secrets.token_bytes(_SECRET_BYTES)
    with contextlib.suppress(OSError):
        replace_file(path, fresh, parents=True)
        path.chmod(0o600)
    return fresh


def _chat_model(settings: Settings) -> "ChatModel":
    from rag.generate.chat import ServerModel

    return ServerModel(settings)


def _judge(name: str, settings: Settings) -> "SupportCheck":
    from rag.generate.judges import get_judge

    return get_judge(name, settings)


def _backend(settings: Settings) -> "Backend":
    return "openrouter" if is_openrouter(settings) else "compatible"
