"""Ranked hits -> those that an answer is made of: of each page at most three. Pure."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from rag.records import Hit

PER_PAGE: Final = 3
"""Passages of one page among those that an answer is made of.

A page that repeats the words of many questions, be it by mischief or because it is long, would
otherwise fill the whole prompt, and no other page could say otherwise (poisoning; LLM08 of the OWASP
Top 10 for LLM applications, 2025). On 90 development questions the extractive answers hold all facts as often
with it as without (68); with two per page it is 67.
"""


def few_per_page(hits: Sequence[Hit], k: int, most: int = PER_PAGE) -> tuple[Hit, ...]:
    """The best `k` hits with at most `most` of each page, ranks as they were."""
    taken: Counter[str] = Counter()
    kept: list[Hit] = []
    for hit in hits:
        if taken[hit.chunk.url] < most and len(kept) < k:
            taken[hit.chunk.url] += 1
            kept.append(hit)
    return tuple(kept)
