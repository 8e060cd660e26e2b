"""Settings -> a Retriever and an Assistant with the real parts in place. The wiring, and nothing else."""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ingest.core.errors import UsageError
from ingest.core.settings import Settings
from ingest.embed.registry import get_embedder
from ingest.index.database import Store
from ingest.index.generations import Generation, current_generation
from rag.assistant import Assistant
from rag.retrieve.rerank import get_reranker, is_remote
from rag.retrieve.search import Retriever
from rag.thresholds import calibration_key, load_thresholds

if TYPE_CHECKING:
    from rag.records import Write


@dataclass(frozen=True, slots=True)
class Opened:
    """An index that is open for questions. `lexical_only` tells that the question is not embedded."""

    generation: Generation
    store: Store
    assistant: Assistant
    lexical_only: bool


def open_assistant(
    settings: Settings, *, use_model: bool, reranker: str = "", searches: bool = False, strict: bool = False
) -> Opened:
    """Open the current generation. `use_model` False promises that nothing reaches the network.

    An index whose embedder is remote is then searched by BM25 alone, whatever embedder is set.
    Raises IndexMissing, IndexDamaged, IndexMismatch, ModelError, and UsageError for a remote
    reranker that may not be used.
    """
    if is_remote(reranker) and not use_model:
        raise UsageError(
            f"the reranker {reranker} is remote, and --no-llm forbids the network", "leave one of them out"
        )
    generation = current_generation(settings.index)
    store = Store(generation)
    built_with = replace(settings, embedder=str(generation.manifest["embedder"]["name"]))
    lexical_only = not use_model and get_embedder(built_with).remote
    fingerprint = str(generation.manifest["embedder"]["fingerprint"])
    key = calibration_key(fingerprint, lexical_only=lexical_only)
    retriever = Retriever(store, None if lexical_only else get_embedder(settings))
    assistant = Assistant(
        retriever,
        write=_writer(settings) if use_model and settings.api_key else None,
        timeout=settings.timeout,
        rerank=get_reranker(reranker, settings) if reranker else None,
        searches=searches,
        thresholds=load_thresholds(settings.index, key),
        strict=strict,
    )
    return Opened(generation, store, assistant, lexical_only)


def _writer(settings: Settings) -> "Write":
    from rag.generate.chat import stream_answer

    return partial(stream_answer, settings)
