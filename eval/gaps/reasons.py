"""Find why a cluster of questions has no good answer, by searching the index deeper than an answer does."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from eval.gaps.clusters import Gap, NearPassage, Reason
from ingest.core.urls import site_path
from ingest.embed.base import Embedding, QueryEmbedding
from ingest.text.terms import terms
from rag.abstain import coverage
from rag.open import Opened
from rag.records import Hit

SEARCHED: Final = 200
"""The largest gaps, which are searched for as `ask` does; the report shows no more of them. One such search takes some
20 ms of processor time, most of it to embed the question again, and a large log has thousands of clusters of a single
question. For those the first stage of a search decides, with the vector by which they were clustered: 2 ms."""
_DEEP: Final = 100
"""Passages that are read for an answer that was not found."""
_COVERED: Final = 0.8
"""Share of the question's words, by idf, from which on one passage alone is taken for an answer."""
_PAGES: Final = 3


def explain_gaps(gaps: Sequence[Gap], embeddings: Sequence[Embedding], opened: Opened) -> Iterator[Gap]:
    """Add reason, nearest pages and the passage that would have answered. `embeddings` has one per clustered question.

    Raises what searching raises.
    """
    for place, gap in enumerate(gaps):
        searched = place < SEARCHED
        hits = opened.assistant.search(gap.name, _DEEP).hits if searched else _nearest(gap, embeddings[gap.at], opened)
        reason, best = _reason(gap, hits, opened)
        pages = tuple(dict.fromkeys(site_path(hit.chunk.url) for hit in hits))[:_PAGES]
        yield replace(gap, reason=reason, pages=pages, passage=_passage(best) if best else None)


def _nearest(gap: Gap, embedding: Embedding, opened: Opened) -> list[Hit]:
    """The best passages by the first stage of a search alone."""
    store, words = opened.store, list(terms(gap.name, opened.assistant.retriever.language))
    query = None if opened.lexical_only else QueryEmbedding(embedding.vector, added=embedding.added)
    found = store.candidates(query, words, _DEEP)
    rows = [int(row) for row in found.rows[: found.best]]
    read = zip(store.chunks(rows), store.explain(rows, words), strict=True)
    return [
        Hit(at + 1, float(found.score[at]), 0.0, float(found.bm25[at]), chunk, terms=known, row=rows[at])
        for at, (chunk, known) in enumerate(read)
    ]


def _reason(gap: Gap, hits: Sequence[Hit], opened: Opened) -> tuple[Reason, Hit | None]:
    """What most of the cluster's questions suffer from, and the passage behind it."""
    entries = [entry for question in gap.questions for entry in question.entries]
    if 2 * sum(entry.answered for entry in entries) > len(entries):
        return "found, but the answer is not supported", hits[0] if hits else None
    best = _covering(gap.name, hits, opened)
    return ("in the docs, but not found" if best else "not in the docs"), best


def _covering(question: str, hits: Sequence[Hit], opened: Opened) -> Hit | None:
    """The first passage that contains nearly all words of the question."""
    words, idf = list(terms(question)), opened.assistant.retriever.idf
    return next((hit for hit in hits if coverage(words, [hit.terms], idf) >= _COVERED), None)


def _passage(hit: Hit) -> NearPassage:
    chunk = hit.chunk
    return NearPassage(hit.url, site_path(chunk.url), (chunk.headings or (chunk.title,))[-1], chunk.text)
