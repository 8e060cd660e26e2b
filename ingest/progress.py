"""How far a run is, for whoever shows it."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total); a stage's total may grow. The stages: crawl, clean, chunk, embed, index."""

Count = Callable[[int, int], None]
"""Called with (done, total) of one stage."""


def counting(progress: Progress, stage: str) -> Count:
    """`progress`, for those who know no more than their own stage."""
    return lambda done, total: progress(stage, done, total)
