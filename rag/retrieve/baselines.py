"""Other rankings to compare with: an older generation, or BM25 or cosine alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ingest.core.errors import UsageError
from ingest.core.settings import Settings
from ingest.embed.base import Embedder
from ingest.embed.registry import get_embedder
from ingest.index.base import IndexReader, Published, Weights
from ingest.index.stores import index_at
from ingest.text.terms import terms
from rag.records import Hit
from rag.retrieve.search import Retriever, check_embedder

SETTINGS: Final = ("bm25", "cosine", "previous")
"""BM25 alone, cosine alone, and the newest generation that is not the current one."""

_COSINE_ALONE: Final = Weights(bm25=0.0, cosine=1.0, page=0.0)

Rank = Callable[[str, int, str], Sequence[Hit]]
"""Question, how many, site path -> hits."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Another ranking of the same question. `generation` is the one that it ranks."""

    name: str
    generation: Published
    rank: Rank


def open_variant(name: str, settings: Settings, store: IndexReader) -> Variant:
    """A ranking by its name: one of `SETTINGS`, or a generation of the index, by a beginning that fits one alone.

    Raises UsageError for a name that fits none, IndexDamaged, IndexMismatch.
    """
    if name == "bm25":
        return Variant(name, store.generation, _search(Retriever(store, None)))
    embedder = get_embedder(settings)
    if name == "cosine":
        return Variant(name, store.generation, _by_cosine(store, embedder))
    other = index_at(settings.index).open(_generation(name, settings, store))
    return Variant(name, other.generation, _search(Retriever(other, embedder)))


def _search(retriever: Retriever) -> Rank:
    return lambda question, k, under: retriever.search(question, k, under).hits


def _generation(name: str, settings: Settings, store: IndexReader) -> str:
    names = index_at(settings.index).names()
    others = [other for other in names if other != store.generation.name]
    if name == "previous" and others:
        return others[-1]
    fitting = [other for other in names if name and other.startswith(name)]
    if len(fitting) == 1:
        return fitting[0]
    raise UsageError(f"{name!r} names no ranking to compare with", f"there are: {', '.join((*SETTINGS[:2], *others))}")


def _by_cosine(store: IndexReader, embedder: Embedder) -> Rank:
    """Exact cosine over all vectors, equal ones in row order."""
    check_embedder(store, embedder)

    def rank(question: str, k: int, under: str) -> Sequence[Hit]:
        words = list(terms(question, str(store.manifest.get("language", "en"))))
        found = store.candidates(embedder.embed_query(question), words, k, under=under, weights=_COSINE_ALONE)
        rows = [int(row) for row in found.rows]
        cosine, cosine_rank = found.cosine, found.cosine_rank
        assert cosine is not None  # noqa: S101 - a search with an embedding has them
        assert cosine_rank is not None  # noqa: S101 - likewise
        return [
            Hit(
                rank=at + 1,
                score=float(cosine[at]),
                cosine=float(cosine[at]),
                bm25=float(found.bm25[at]),
                chunk=chunk,
                cosine_rank=int(cosine_rank[at]),
                bm25_rank=int(found.bm25_rank[at]) or None,
                terms=explained,
            )
            for at, (chunk, explained) in enumerate(zip(store.chunks(rows), store.explain(rows, words), strict=True))
        ]

    return rank
