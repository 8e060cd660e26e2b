"""Match the literals of a question (versions, numbered things, dates) against the index, to the letter.

Two uses: passages under a heading that names the literal are ranked up, and a literal that no passage contains makes
the question unanswerable, however near its neighbours are.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Final

import numpy as np

from ingest.core.records import Chunk
from ingest.index.base import IndexReader, Vocabulary
from ingest.text.terms import terms, version_of
from rag.query.literals import Literal, literals
from rag.query.spelling import has_near

MATCHED: Final = 30
"""How many passages with a literal are ranked next to the first stage's candidates."""

WEIGHT: Final = 0.6
"""Bonus, on the scale of fused scores (0..1), for a passage whose heading contains all literals of the question."""

IN_TEXT: Final = 0.5
"""Weight of a literal in the text relative to one in a heading."""

_COUNTERS: Final = frozenset(
    "last first next past top over under about than least most within every exactly only another these those all other "
    "some more fewer up least between after before until since per each take wait limit".split()
)
"""Words before a number that count something and number nothing: the last 30 days."""

_HYPHENATED: Final = re.compile(r"[^\W\d_]{2,}(?:-[^\W\d_]{2,})+")

_SIBLINGS: Final = 2
"""A thing counts as numbered in the docs if at least this many other numbers follow its name there."""


@dataclass(frozen=True, slots=True)
class Matches:
    """The literals of a question that the index contains, with their rows; and those that it lacks."""

    rows: Mapping[str, frozenset[int]]
    absent: tuple[str, ...]

    def candidates(self) -> list[int]:
        """Rows that are ranked whatever the first stage says: those with the most literals."""
        counted: dict[int, int] = {}
        for rows in self.rows.values():
            if len(rows) <= MATCHED:
                for row in rows:
                    counted[row] = counted.get(row, 0) + 1
        return sorted(counted, key=lambda row: (-counted[row], row))[:MATCHED]


def match_literals(question: str, store: IndexReader) -> Matches:
    """Look the literals of a question up."""
    found: dict[str, frozenset[int]] = {}
    absent: list[str] = []
    for literal in literals(question):
        rows = _rows_of(literal, store.vocabulary)
        if not rows or _is_on_others(literal, rows, store.vocabulary):
            if _is_missing(literal, store.vocabulary):
                absent.append(literal.term)
        elif literal.kind != "identifier":
            found[literal.term] = rows
    return Matches(found, tuple(absent))


def _rows_of(literal: Literal, vocabulary: Vocabulary) -> frozenset[int]:
    """Passages with the literal itself; where there are none, those with all of its words."""
    rows = vocabulary.rows_with(literal.term)
    if len(rows) or not literal.parts:
        return frozenset(map(int, rows))
    common = vocabulary.rows_with(literal.parts[0])
    for part in literal.parts[1:]:
        common = np.intersect1d(common, vocabulary.rows_with(part))
    return frozenset(map(int, common))


def _is_on_others(literal: Literal, rows: frozenset[int], vocabulary: Vocabulary) -> bool:
    """Whether each of these passages has another number of the noun: on pump 4, serviced every 7 months."""
    if literal.kind != "numbered" or len(vocabulary.rows_with(literal.term)):
        return False
    others = {int(row) for term in _numbered(literal.parts[0], vocabulary) for row in vocabulary.rows_with(term)}
    return rows <= others


def _numbered(noun: str, vocabulary: Vocabulary) -> Iterator[str]:
    """The terms of the docs that are this noun with a number."""
    return (term for term in vocabulary if term.startswith(noun + " "))


def _is_missing(literal: Literal, vocabulary: Vocabulary) -> bool:
    """Whether docs without the literal could be expected to contain it, because they name others of its kind."""
    if literal.kind == "version":
        length = literal.term.count(".")
        others: Iterator[str] = (term for term in vocabulary if term.count(".") == length and version_of(term))
    elif literal.kind == "numbered":
        noun = literal.parts[0]
        if noun in _COUNTERS:
            return False
        others = _numbered(noun, vocabulary)
    elif literal.kind == "code":
        prefix = literal.parts[0] + "-"
        others = (term for term in vocabulary if term.startswith(prefix) and term.removeprefix(prefix).isdigit())
    else:
        return literal.kind == "identifier" and not has_near(literal.term, vocabulary)
    return sum(1 for _, _ in zip(others, range(_SIBLINGS), strict=False)) == _SIBLINGS


def missing_compounds(words: Iterable[str], vocabulary: Vocabulary, stop: Container[str]) -> dict[str, frozenset[str]]:
    """The hyphenated words of a question that the docs have in no way of writing, each with the terms of its parts.

    Those in whose place no passage has all parts either, the `stop` words among them aside: a passage on a host says
    nothing of what is self-hosted.
    """
    found: dict[str, frozenset[str]] = {}
    for word in words:
        if not _HYPHENATED.fullmatch(word) or vocabulary.frequency(word) or vocabulary.frequency(word.replace("-", "")):
            continue
        parts = [part for part in terms(word) if part != word and part not in stop]
        rows = [vocabulary.rows_with(part) for part in parts]
        if rows and not len(reduce(np.intersect1d, rows)):
            found[word] = frozenset(parts)
    return found


def gains(matches: Matches, chunks: Mapping[int, Chunk], idf: Mapping[str, float]) -> dict[int, float]:
    """Return the bonus of each passage for the literals that it contains: 0 to `WEIGHT`, by idf."""
    total = sum(idf[term] for term in matches.rows)
    found = {}
    for row, chunk in chunks.items():
        named = frozenset(_terms_of(chunk.headings))
        share = sum(
            idf[term] * (1.0 if term in named else IN_TEXT) for term, rows in matches.rows.items() if row in rows
        )
        found[row] = WEIGHT * share / total if total else 0.0
    return found


def _terms_of(headings: Iterable[str]) -> Iterable[str]:
    for heading in headings:
        yield from terms(heading)
