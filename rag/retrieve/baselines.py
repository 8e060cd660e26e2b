"""The name of another ranking -> that ranking: an older generation, or one half of the fused score alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ingest.core.errors import UsageError
from ingest.core.settings import Settings
from ingest.core.urls import site_path
from ingest.embed.base import Embedder
from ingest.embed.registry import get_embedder
from ingest.index.database import Store
from ingest.index.generations import Generation, generation_names, open_generation
from ingest.text.terms import terms
from rag.records import Hit
from rag.retrieve.search import Retriever

SETTINGS: Final = ("bm25", "cosine", "previous")
"""BM25 alone, cosine alone, and the newest generation that is not the current one."""

Rank = Callable[[str, int, str], Sequence[Hit]]
"""Question, how many, site path -> hits."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Another ranking of the same question. `generation` is the one that it ranks."""

    name: str
    generation: Generation
    rank: Rank


def open_variant(name: str, settings: Settings, store: Store) -> Variant:
    """A ranking by its name: one of `SETTINGS`, or a generation of the index, by a beginning that fits one alone.

    Raises UsageError for a name that fits none, IndexDamaged, IndexMismatch.
    """
    if name == "bm25":
        return Variant(name, store.generation, _search(Retriever(store, None)))
    embedder = get_embedder(settings)
    if name == "cosine":
        return Variant(name, store.generation, _by_cosine(store, embedder))
    generation = open_generation(settings.index, _generation(name, settings, store))
    return Variant(name, generation, _search(Retriever(Store(generation), embedder)))


def _search(retriever: Retriever) -> Rank:
    return lambda question, k, under: retriever.search(question, k, under).hits


def _generation(name: str, settings: Settings, store: Store) -> str:
    names = generation_names(settings.index)
    others = [other for other in names if other != store.generation.name]
    if name == "previous" and others:
        return others[-1]
    fitting = [other for other in names if name and other.startswith(name)]
    if len(fitting) == 1:
        return fitting[0]
    raise UsageError(f"{name!r} names no ranking to compare with", f"there are: {', '.join((*SETTINGS[:2], *others))}")


def _by_cosine(store: Store, embedder: Embedder) -> Rank:
    """Exact cosine over all vectors, equal ones in row order."""
    Retriever(store, embedder)  # checks that the index is of this embedder

    def rank(question: str, k: int, under: str) -> Sequence[Hit]:
        cosine = np.asarray(store.vectors() @ embedder.embed_query(question), dtype=np.float32)
        rows = [int(row) for row in np.argsort(-cosine, kind="stable")]
        if under:
            prefix, urls = "/" + under.strip("/"), [site_path(url) for url in store.urls()]
            rows = [row for row in rows if urls[row] == prefix or urls[row].startswith(f"{prefix}/")]
        lexical, words = store.bm25(), list(terms(question))
        bm25 = lexical.scores(words)
        return [
            Hit(
                rank=at,
                score=float(cosine[row]),
                cosine=float(cosine[row]),
                bm25=float(bm25[row]),
                chunk=chunk,
                cosine_rank=int((cosine > cosine[row]).sum()) + 1,
                bm25_rank=int((bm25 > bm25[row]).sum()) + 1 if bm25[row] > 0 else None,
                terms=lexical.explain(row, words),
            )
            for at, (row, chunk) in enumerate(zip(rows[:k], store.chunks(rows[:k]), strict=True), 1)
        ]

    return rank
