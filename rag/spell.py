"""A misspelt question -> the words that the docs use. Pure."""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ingest.lexical import stem

_WORD: Final = re.compile(r"[^\W\d_]+")
_SHORTEST: Final = 4
"""Letters of the shortest word that is corrected: three letters are near too many words."""

_LONG: Final = 6
"""Letters from which on two edits are forgiven instead of one; most slips are one (Damerau 1964)."""

_CANDIDATES: Final = 20
_PREFIXES: Final = ("anti", "auto", "de", "dis", "inter", "mis", "multi", "non", "over", "pre", "re", "sub", "un")


@dataclass(frozen=True, slots=True)
class Dictionary:
    """`frequency`: in how many chunks each (stemmed) word of the docs stands; `common`: English words besides."""

    frequency: Mapping[str, int]
    common: Container[str]

    def knows(self, word: str) -> bool:
        """Whether a lower-case word is spelt as it should be, as far as can be told."""
        return any(
            form in self.frequency or form in self.common
            for form in (word, stem(word), *(word.removeprefix(prefix) for prefix in _PREFIXES))
        )


def correct(question: str, dictionary: Dictionary) -> str:
    """The question with unknown words replaced by the nearest word of the docs, where one is near enough.

    Names with capitals inside stay, and words that the docs do not hold but English does: "lapse"
    is no slip. Among equally near words those with the same first letter, then the frequent ones win.
    """
    return _WORD.sub(lambda found: _corrected(found.group(), dictionary), question)


def _corrected(word: str, dictionary: Dictionary) -> str:
    lower = word.lower()
    plain = lower.isascii() and len(lower) >= _SHORTEST and word[1:] in (lower[1:], word[1:].upper())
    if not plain or dictionary.knows(lower):
        return word
    if apart := _apart(lower, dictionary):
        return apart
    allowed = 2 if len(lower) >= _LONG else 1
    near = {(*found, form) for form in (lower, stem(lower)) for found in _near(form, dictionary.frequency, allowed)}
    if not near:
        return word
    best = min(
        (edits + (other[0] != lower[0]), -dictionary.frequency[other], other, form) for edits, other, form in near
    )
    return best[2] if best[3] == lower else f"{best[2]}s"  # the dictionary has singulars


def _apart(word: str, dictionary: Dictionary) -> str:
    """Two words of the docs that were typed as one; the more frequent pair wins. "" where there is none."""
    pairs = [(word[:cut], word[cut:]) for cut in range(3, len(word) - 2)]
    counts = [(min(dictionary.frequency.get(stem(part), 0) for part in pair), *pair) for pair in pairs]
    count, *best = max(counts, default=(0, "", ""))
    return " ".join(best) if count else ""


def _near(word: str, words: Iterable[str], allowed: int) -> list[tuple[int, str]]:
    """(edits, word) of the words within `allowed` edits: insertions, deletions, replacements, neighbours swapped."""
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import extract

    found = extract(word, tuple(words), scorer=OSA.distance, score_cutoff=allowed, limit=_CANDIDATES)
    return [(int(edits), other) for other, edits, _ in found]
