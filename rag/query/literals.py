"""Find the literals of a question: versions, numbered things, dates, identifiers. Pure.

Only the section of that version answers "What changed in 3.2.1?"; if it is missing, no section does, however near
the section of 3.2.0 is in meaning.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Final

from ingest.text.terms import number_terms, terms, version_of

_WORD: Final = re.compile(r"[^\s,;!?()\[\]{}\"“”«»]+")
_IDENTIFIER: Final = re.compile(r"--?[a-z][\w-]+|\w+_\w[\w]*|[a-z]+[A-Z]\w*|\w+(?:\.\w+)+\(?\)?|:[a-z]\w+", re.ASCII)
_CODE: Final = re.compile(r"[a-z]{1,12}-\d{1,9}", re.IGNORECASE)
"""A code: TW-204, BK-1001, RFC-7231."""
_INTRODUCED: Final = re.compile(
    r"\b(?:version|release|v\.?|changelog|upgrade(?:d)? to|since|in|before|after)\s+v?\d", re.IGNORECASE
)

Rows = Callable[[str], Collection[int]]
"""A search term to the rows of the passages that contain it."""


@dataclass(frozen=True, slots=True)
class Literal:
    """`term` is its index term; `parts` are its words, which must occur together in a passage if the term does not."""

    kind: str
    term: str
    parts: tuple[str, ...] = ()


def literals(question: str) -> list[Literal]:
    """The literals of a question, in order and without repetition."""
    return list(dict.fromkeys(_literals(question)))


def _literals(question: str) -> Iterator[Literal]:
    for word in _WORD.findall(question):
        bare = word.strip("'`*.…’‘" if word.startswith((":", "-")) else "'`*.:…’‘")
        bare = bare.removesuffix("'s").removesuffix("’s")
        version = version_of(bare)
        if version and (version.count(".") > 1 or bare[:1] in "vV" or _INTRODUCED.search(question)):
            yield Literal("version", version)
        elif not version and _IDENTIFIER.fullmatch(bare):
            found = list(terms(bare.lstrip("-").rstrip("()")))
            yield Literal("identifier", found[0], tuple(found[1:]))
        elif _CODE.fullmatch(bare):
            yield Literal("code", bare.lower(), tuple(bare.lower().split("-")))
    for term in number_terms(question):
        noun, _, number = term.rpartition(" ")
        yield Literal("numbered", term, (noun, number)) if noun else Literal("date", term)
