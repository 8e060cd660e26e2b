"""Find why a cluster of questions has no good answer, by searching the index deeper than an answer does."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from eval.gaps.clusters import Gap, NearPassage, Reason
from ingest.core.urls import site_path
from ingest.text.terms import terms
from rag.abstain import coverage
from rag.open import Opened
from rag.records import Hit

_DEEP: Final = 100
"""Passages that are read for an answer that was not found."""
_COVERED: Final = 0.8
"""Share of the question's words, by idf, from which on one passage alone is taken for an answer."""
_PAGES: Final = 3


def explain_gaps(gaps: Sequence[Gap], opened: Opened) -> Iterator[Gap]:
    """Add reason, nearest pages and the passage that would have answered. Raises what searching raises."""
    for gap in gaps:
        hits = opened.assistant.search(gap.name, _DEEP).hits
        reason, best = _reason(gap, hits, opened)
        pages = tuple(dict.fromkeys(site_path(hit.chunk.url) for hit in hits))[:_PAGES]
        yield replace(gap, reason=reason, pages=pages, passage=_passage(best) if best else None)


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
