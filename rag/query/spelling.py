"""A misspelt question -> the words that the docs use. Pure."""

import math
import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.text.terms import stem

_WORD: Final = re.compile(r"[^\W\d_]+")
_SHORTEST: Final = 4
"""Letters of the shortest word that is corrected: three letters are near too many words."""

_SURE: Final = 5
"""Letters from which on a near word is accepted without further evidence: half of the short words are near another."""

_LONG: Final = 9
"""Letters from which on two edits are forgiven instead of one; most slips are one (Damerau 1964). Two edits from a
shorter word is mostly another one, and so is a word with another first letter: "plain" is not "plugin", nor is "mapped"
"gapped"."""

_CANDIDATES: Final = 20
_LONGEST: Final = 45
"""Letters of the longest word that is corrected: longer ones are not English."""

_MOST: Final = 50
"""Different words of a question that are looked at: each unknown one takes milliseconds."""

_PREFIXES: Final = ("anti", "auto", "de", "dis", "inter", "mis", "multi", "non", "over", "pre", "re", "sub", "un")


Passages = Callable[[str], NDArray[np.int32]]
"""The rows of the passages that contain a word."""


@dataclass(frozen=True, slots=True)
class Dictionary:
    """`frequency`: the number of chunks that contain each (stemmed) word of the docs; `common`: other English words.

    `passages` gives the rows of these chunks.
    """

    frequency: Mapping[str, int]
    common: Container[str]
    passages: Passages

    def knows(self, word: str) -> bool:
        """Whether a lower-case word is spelt correctly, as far as the dictionary knows."""
        return any(
            form in self.frequency or form in self.common
            for form in (word, stem(word), *(word.removeprefix(prefix) for prefix in _PREFIXES))
        )

    def holds(self, word: str) -> bool:
        """Whether the docs contain a lower-case word."""
        return word in self.frequency or stem(word) in self.frequency


def correct(question: str, dictionary: Dictionary) -> str:
    """The question with unknown words replaced by the nearest word of the docs, where one is near enough.

    Names with inner capitals and acronyms stay, and so do English words that the docs do not contain: "lapse"
    is not a misspelling.
    """
    if question.isupper():  # capitals are no names here
        question = question.lower()
    meant: dict[str, tuple[str, ...]] = {word: (word,) for word in _WORD.findall(question)}
    meant |= {word: _meant(word, dictionary) for word in tuple(islice(meant, _MOST))}
    for word, forms in meant.items():
        if len(forms) > 1 or (len(word) < _SURE and forms != (word,)):
            others = {_key(form) for other in meant if other != word for form in meant[other]}
            meant[word] = (_fitting(word, forms, others, dictionary),)
    return _WORD.sub(lambda found: meant[found.group()][0], question)


def _key(form: str) -> str:
    return stem(form.lower())


def _fitting(word: str, forms: Sequence[str], others: set[str], dictionary: Dictionary) -> str:
    """The form that shares a passage with the most of the other words, rare ones first; then the most frequent form.

    A short word without a passage as evidence stays, unless the edit only swaps two of its letters.
    """
    found = {form: dictionary.passages(_key(form)) for form in forms}
    weights: dict[int, float] = {}
    for other in others - {_key(form) for form in forms}:
        rows = dictionary.passages(other) if other in dictionary.frequency else ()
        for row in rows:
            weights[int(row)] = weights.get(int(row), 0.0) + 1 / (1 + math.log(len(rows)))

    def fit(form: str) -> tuple[float, int]:
        return max((weights.get(int(row), 0.0) for row in found[form]), default=0.0), len(found[form])

    best = max(forms, key=fit)
    told = fit(best)[0] > 0 or len(word) >= _SURE or sorted(best) == sorted(word.lower())
    return best if told else word


def _meant(word: str, dictionary: Dictionary) -> tuple[str, ...]:
    """Return the words that may be meant: the word itself if it is known, else the equally near words of the docs."""
    lower = word.lower()
    plain = lower.isascii() and _SHORTEST <= len(lower) <= _LONGEST and word[1:] == lower[1:]
    if not plain or dictionary.knows(lower):
        return (word,)
    if not _is_slip_of_english(lower, dictionary) and (apart := _apart(lower, dictionary)):
        return (apart,)
    allowed = 2 if len(lower) >= _LONG else 1
    # A slip can make an ending of a plural that the stemmer leaves alone: "outptus".
    near = {
        (*found, form)
        for form in (lower, stem(lower), lower.removesuffix("s"))
        for found in _near(form, dictionary.frequency, allowed)
    }
    edits = {(other, form): cost + (other[0] != lower[0]) for cost, other, form in near}
    edits = {found: cost for found, cost in edits.items() if cost <= allowed}
    least = min(edits.values(), default=0)
    # The dictionary has singulars.
    forms = {other if form == lower else f"{other}s" for (other, form), cost in edits.items() if cost == least}
    return tuple(sorted(forms)) or (word,)


def _is_slip_of_english(word: str, dictionary: Dictionary) -> bool:
    """Whether one edit turns it into a common English word: "wether" is "whether", not "wet her"."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    edited = (
        *(head + tail[1:] for head, tail in cuts if tail),
        *(head + tail[1] + tail[0] + tail[2:] for head, tail in cuts if len(tail) > 1),
        *(head + letter + tail[1:] for head, tail in cuts if tail for letter in letters),
        *(head + letter + tail for head, tail in cuts for letter in letters),
    )
    return any(form in dictionary.common or form in dictionary.frequency for form in edited if len(form) > 3)


def _apart(word: str, dictionary: Dictionary) -> str:
    """Two words of the docs that were typed as one; the more frequent pair wins. "" where there is none."""
    pairs = [(word[:cut], word[cut:]) for cut in range(3, len(word) - 2)]
    counts = [(min(dictionary.frequency.get(stem(part), 0) for part in pair), *pair) for pair in pairs]
    count, *best = max(counts, default=(0, "", ""))
    return " ".join(best) if count else ""


def has_near(word: str, words: Iterable[str]) -> bool:
    """Whether one of the words is at most as many edits away as a slip makes: what they name may be meant."""
    return len(word) >= _SURE and bool(_near(word, words, 2 if len(word) >= _LONG else 1))


def _near(word: str, words: Iterable[str], allowed: int) -> list[tuple[int, str]]:
    """(edits, word) of the words within `allowed` edits: insertions, deletions, replacements, neighbours swapped."""
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import extract

    found = extract(word, tuple(words), scorer=OSA.distance, score_cutoff=allowed, limit=_CANDIDATES)
    return [(int(edits), other) for other, edits, _ in found]
