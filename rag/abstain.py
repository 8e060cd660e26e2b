"""Retrieved passages -> do the docs answer this question? Pure."""

from typing import Final

from rag.records import Retrieved

THRESHOLD: Final = 0.30
"""Confidence below which the docs are said not to answer."""


def confidence(retrieved: Retrieved) -> float:
    """How likely the passages answer, 0..1: nearness in meaning and the question's words, half each.

    The best cosine alone is a poor signal: every question about an API is near some passage on
    APIs. A question whose rare words stand in no passage is refused although it is near.
    """
    if not retrieved.hits:
        return 0.0
    return 0.5 * min(1.0, max(0.0, retrieved.cosine)) + 0.5 * retrieved.coverage


def answers(retrieved: Retrieved) -> bool:
    """Whether the passages probably answer the question."""
    return confidence(retrieved) >= THRESHOLD
