"""Make lines of a question file from gaps, for a person to edit. Pure."""

import hashlib
from collections.abc import Container, Iterator, Sequence
from typing import Any

from eval.gaps.clusters import Gap


def question_lines(gaps: Sequence[Gap], known: Container[str]) -> Iterator[dict[str, Any]]:
    """Yield a line per gap: its most frequent question, and as gold the passage that would have answered.

    A question that the docs do not answer is marked so, until somebody writes it. `known` are questions, in lower
    case, that the file has already.
    """
    for gap in gaps:
        if gap.name.lower() in known:
            continue
        passage = gap.passage
        yield {
            "id": f"gap-{hashlib.sha256(gap.name.encode('utf-8', 'replace')).hexdigest()[:8]}",
            "question": gap.name,
            "kind": "gap",
            "answerable": passage is not None,
            "gold": [{"page": passage.page, "section": passage.section}] if passage else [],
            "facts": [],
            "need": "any",
            "asked": gap.size,
            "reason": gap.reason,
        }
