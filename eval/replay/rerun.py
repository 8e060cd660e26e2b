"""Find the passages of a recorded answer in the index, and ask again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from eval.replay.compare import Replayed, compare_replay
from eval.replay.recorded import Recorded, Source
from ingest.core.deadline import shared_deadline
from ingest.core.errors import IndexMissing
from ingest.core.settings import Settings
from ingest.index.base import IndexReader
from ingest.index.stores import index_at
from rag.generate.prompt import prompt_sha256
from rag.generate.widen import join_parts
from rag.open import Opened
from rag.records import AnswerOptions, Hit, Retrieved

_DEEP: Final = 400
"""Passages of the ranking in which those of then are looked up first; others are found by their id."""


@dataclass(frozen=True, slots=True)
class Place:
    """The generation to ask again; `exact`: it is the one that answered."""

    generation: str
    exact: bool


def find_place(settings: Settings, generation: str) -> Place:
    """The generation of then, or the current one where that is gone. Raises IndexMissing without any index."""
    index = index_at(settings.index)
    if generation in index.names():
        return Place(generation, exact=True)
    return Place(index.open().generation.name, exact=False)


def missing_passages(store: IndexReader, chunk_ids: Sequence[str]) -> list[str]:
    """Those of these passages that a generation does not contain as they were."""
    return [chunk_id for chunk_id in chunk_ids if store.find_chunk(chunk_id) is None]


def gone_error(recorded: Recorded, missing: Sequence[str]) -> IndexMissing:
    """The error for an answer whose generation and passages are gone: what a replay would need."""
    return IndexMissing(
        f"the generation {recorded.generation} is gone, and {len(missing)} of its {len(recorded.needed)} passages "
        "are not in the index as they were",
        "restore the markdown pages of then and run askdocs reindex --no-crawl, or ask the question again: "
        "askdocs ask …",
    )


def replay(recorded: Recorded, opened: Opened, timeout: float) -> Replayed:
    """Ask again from the same passages. Raises IndexMissing where one is gone, ModelError, IndexDamaged."""
    options = AnswerOptions(
        k=recorded.k, under=recorded.under, context=recorded.context, strict=recorded.strict, timeout=timeout
    )
    with shared_deadline(timeout):
        retrieved = _retrieve(recorded, opened)
        answer = opened.assistant.answer_from(retrieved, options)
    asked = prompt_sha256(recorded.question, answer.hits)
    sources = tuple(Source(citation.hit.url, citation.quote) for citation in answer.citations)
    return compare_replay(recorded, answer, sources, asked)


def _retrieve(recorded: Recorded, opened: Opened) -> Retrieved:
    """The passages of then in their order, with the signals of the question in this generation."""
    ranked = opened.assistant.retriever.rank(recorded.question, _DEEP, recorded.under)
    if not recorded.chunk_ids:  # a run that was saved without them
        return ranked.top_per_page(recorded.k)
    best = ranked.top(_DEEP)
    known = {hit.chunk.id: hit for hit in best.hits}
    found = {chunk_id: known.get(chunk_id) or _find_hit(opened.store, chunk_id) for chunk_id in recorded.needed}
    hits = {chunk_id: hit for chunk_id, hit in found.items() if hit}
    if len(hits) < len(found):
        raise gone_error(recorded, missing_passages(opened.store, recorded.needed))
    parts = {chunk_id: [hits[part] for part in recorded.parts.get(chunk_id, ())] for chunk_id in recorded.chunk_ids}
    return replace(best, hits=tuple(join_parts(hits[chunk_id], parts[chunk_id]) for chunk_id in recorded.chunk_ids))


def _find_hit(store: IndexReader, chunk_id: str) -> Hit | None:
    """A passage that the ranking does not reach, such as one that a model searched for; its scores are 0."""
    found = store.find_chunk(chunk_id)
    rows = store.page_chunks([found.url]) if found else []
    return next((Hit(_DEEP, 0.0, 0.0, 0.0, chunk, row=row) for row, chunk in rows if chunk.id == chunk_id), None)
