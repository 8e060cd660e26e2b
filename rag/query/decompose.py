"""A question that asks two things -> two questions, so that neither drowns the other. Pure."""

import re
from typing import Final

from ingest.text.terms import stem

_CONJUNCTION: Final = re.compile(r"(,\s*)?(?<![^\s,])(?:and|or|versus|vs\.?)(?!\S)\s*", re.IGNORECASE)
"""A word of its own: a key such as sk-or-v1-… contains none."""
_ASKING: Final = frozenset("what which who whom whose when where why how".split())
_AUXILIARY: Final = frozenset("are can do does is may must".split())
_PREPOSITIONS: Final = frozenset(
    "about after as at before between by for from in into of on to under with without".split()
)
_LEAST: Final = 3
"""Words of the shortest second question."""


def split(question: str, stopwords: frozenset[str]) -> tuple[str, ...]:
    """Two questions where one asks for two things; () where it asks for one.

    Three forms of coordination are recognized: two questions ("what is A, and how does B …"), two
    phrases with the same preposition ("the key for A and for B"), two names ("do A and B …").
    """
    for found in _CONJUNCTION.finditer(question):
        left, right = question[: found.start()].split(), question[found.end() :].split()
        if len(left) > 1 and right:
            parts = _questions(left, right, comma=bool(found.group(1))) or _phrases(left, right)
            if parts := parts or _names(left, right, stopwords):
                return parts
    return ()


def _plain(words: list[str]) -> list[str]:
    return [word.lower().strip(",?") for word in words]


def _questions(left: list[str], right: list[str], *, comma: bool) -> tuple[str, ...]:
    first, second = (*_plain(right), "")[:2]
    asks = first in _ASKING or (first in _PREPOSITIONS and second in _ASKING) or (comma and first in _AUXILIARY)
    return (" ".join(left), " ".join(right)) if asks and len(right) >= _LEAST else ()


def _phrases(left: list[str], right: list[str]) -> tuple[str, ...]:
    preposition, before = _plain(right)[0], _plain(left)
    if preposition not in _PREPOSITIONS or preposition not in before[2:]:
        return ()
    at = len(before) - 1 - before[::-1].index(preposition)
    return " ".join(left), " ".join(left[:at] + right)


def _names(left: list[str], right: list[str], stopwords: frozenset[str]) -> tuple[str, ...]:
    """Return the question twice, without the content words after the conjunction and without those before it."""
    start = len(left)
    while (
        start
        and stem(_plain(left)[start - 1]) not in stopwords
        and not (start < len(left) and left[start - 1][-1] == ",")
    ):
        start -= 1
    end = 0
    while end < len(right) and stem(_plain(right)[end]) not in stopwords:
        end += 1
        if right[end - 1][-1] in ",?":
            break
    if not 0 < start < len(left) or not end:
        return ()
    return " ".join(left + right[end:]), " ".join(left[:start] + right)
