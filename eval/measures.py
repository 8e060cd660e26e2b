"""Ranked passages and their gold -> recall@k and reciprocal rank. Pure."""

from collections.abc import Sequence

from eval.questions import Gold, Question

Passage = tuple[str, str]
"""A retrieved passage as (page, section)."""


def rank_of_evidence(question: Question, ranked: Sequence[Passage]) -> int | None:
    """The rank, from 1, at which the question's evidence is complete; None when it never is.

    With `need` "any" that is the first gold passage; with "all", the last gold page to be found.
    """
    if question.need == "any":
        return _first(question.gold, ranked)
    pages = {gold.page: [other for other in question.gold if other.page == gold.page] for gold in question.gold}
    ranks = [_first(golds, ranked) for golds in pages.values()]
    found = [rank for rank in ranks if rank is not None]
    return max(found) if found and len(found) == len(ranks) else None


def _first(golds: Sequence[Gold], ranked: Sequence[Passage]) -> int | None:
    wanted = {(gold.page, gold.section.lower()) for gold in golds}
    return next((rank for rank, (page, section) in enumerate(ranked, 1) if (page, section.lower()) in wanted), None)


def recall_at(ranks: Sequence[int | None], k: int) -> float:
    """The share of questions whose evidence is complete within the first k passages."""
    return sum(rank is not None and rank <= k for rank in ranks) / len(ranks) if ranks else 0.0


def mean_reciprocal_rank(ranks: Sequence[int | None]) -> float:
    """Mean of 1 / rank, 0 for evidence that is not found (Voorhees 1999)."""
    return sum(1 / rank for rank in ranks if rank is not None) / len(ranks) if ranks else 0.0
