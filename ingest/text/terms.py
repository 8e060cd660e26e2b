"""Text to search terms: tokens, stems, versions, dates, numbered things; the one list of English stop words. Pure."""

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from itertools import chain, repeat
from typing import Final

TERMS_VERSION: Final = 2
"""Part of an index's fingerprint: other terms make another index."""

# Identifiers stay whole (max_tokens, gpt-4o, c++, :free, 404, openai/gpt-5) …
_COMPOUND = re.compile(r":?\w+(?:[-_./:+]+\w+)*\+*", re.UNICODE)
# … and are findable by their parts as well (max, tokens; maxPrice by max and price).
_PART = re.compile(r"[^\W_]+\+*", re.UNICODE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_VERSION = re.compile(
    r"v?(\d+(?:\.\d+)+(?:[-.+]?(?:a|b|rc|alpha|beta|dev|post|pre|next|canary)[-.]?\d*(?:\.\d+)*)?)", re.IGNORECASE
)
_MAJOR = re.compile(r"v(\d+)", re.IGNORECASE)

_UNSPACED = re.compile(
    "[\u3005-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\U00020000-\U0002ffff]+"
)
"""Runs in scripts that put no spaces between words (or long endings behind them): Han, kana, Hangul, Thai, Lao,
Burmese, Khmer. They are cut into bigrams, as Lucene's CJK analyzer does."""

_DIGIT = re.compile(r"\d")
_NUMBER: Final = re.compile(r"\d++(?![\w.,:/-]*\w)")
_DIGITS: Final = 9
"""Longer numbers count nothing that has a noun."""
_NOUN_BACKWARDS: Final = re.compile(
    r"[\s\u00a0]*+(?:\.on|\.rn|°n|ºn(?![^\W\d_])|#|№)?[\s\u00a0]*([^\W\d_]{2,}+)", re.IGNORECASE
)
"""A noun and its number: valve 7, RFC 7231, error 402, port 8080, step #3. Texts have fewer numbers than words, so the
numbers are found first; what precedes them is matched in the reversed text: spaces, "no.", spaces, the noun."""

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        "jan january,feb february,mar march,apr april,may,jun june,jul july,aug august,sep sept september,oct october,"
        "nov november,dec december".split(","),
        1,
    )
    for name in names.split()
}
_MONTH: Final = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE: Final = re.compile(
    rf"\b(?:(?P<m1>{_MONTH})\.?\s+(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y1>\d{{4}})"
    rf"|(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?P<m2>{_MONTH})\.?,?\s+(?P<y2>\d{{4}}))\b",
    re.IGNORECASE,
)

_YEAR: Final = re.compile(r"\s\d{4}\b")
"""How every date ends; found faster."""


def terms(text: str, language: str = "en") -> Iterator[str]:
    """The search terms of a text: compounds, then their parts, lower-cased and stemmed; then what numbers mean.

    `language` is an ISO 639-1 code and chooses the stemmer. A version is one term however it is written (v3.2.1,
    "Version 3.2.1"), followed by its series (3.2); a date is its ISO form; a numbered thing is a term of two
    words ("valve 7"), so that its neighbours are not taken for it.
    """
    words = map(_compound_terms, _COMPOUND.findall(text), repeat(language))
    return chain(chain.from_iterable(words), number_terms(text))


@lru_cache(maxsize=16_384)  # a text's words come again and again; a few megabytes
def _compound_terms(compound: str, language: str) -> tuple[str, ...]:
    """The terms of a word or identifier: itself, and its parts."""
    if version := _VERSION.fullmatch(compound):
        return tuple(_version_terms(version.group(1).lower()))
    parts = [piece for part in _PART.findall(compound) for piece in _CAMEL.split(part)]
    whole = [compound.lower()] if len(parts) > 1 or not compound[0].isalnum() else []
    return tuple(whole + [term for part in parts for term in _word_terms(part.lower(), language)])


def number_terms(text: str) -> Iterator[str]:
    """Yield the terms of a text's numbered things and dates: "valve 7", "2026-03-01"."""
    if not _DIGIT.search(text):  # most sentences; the patterns below are slow
        return
    backwards = text[::-1]
    for number in _NUMBER.finditer(text):
        noun = _NOUN_BACKWARDS.match(backwards, len(text) - number.start())
        if noun and len(number.group()) <= _DIGITS:
            word = stem(noun.group(1)[::-1].lower())
            if word not in STOPWORDS and word not in _MONTHS:
                yield f"{word} {int(number.group())}"
    for compound in _COMPOUND.findall(text) if _MAJOR.search(text) else ():
        if major := _MAJOR.fullmatch(compound):
            yield f"version {int(major.group(1))}"
    for found in _DATE.finditer(text) if _YEAR.search(text) else ():
        month, day, year = (found["m1"] or found["m2"], found["d1"] or found["d2"], found["y1"] or found["y2"])
        yield f"{year}-{_MONTHS[month.lower()]:02}-{int(day):02}"


def version_of(text: str) -> str:
    """The version that a word is, without a leading v: "3.2.1" for "v3.2.1"; "" where it is none."""
    found = _VERSION.fullmatch(text)
    return found.group(1).lower() if found else ""


def _version_terms(version: str) -> Iterator[str]:
    """The version, and the series that it belongs to: 3.2.1 is of the series 3.2."""
    yield version
    numbers = version.split(".")
    if len(numbers) > 2:
        yield ".".join(numbers[:2])


def _word_terms(word: str, language: str) -> Iterator[str]:
    """The stem of a word; bigrams where the script does not separate words."""
    if word.isascii() or not _UNSPACED.search(word):
        yield stem(word, language)
        return
    at = 0
    for run in _UNSPACED.finditer(word):
        if word[at : run.start()]:
            yield stem(word[at : run.start()], language)
        letters = run.group()
        yield from (letters[i : i + 2] for i in range(max(1, len(letters) - 1)))
        at = run.end()
    if word[at:]:
        yield stem(word[at:], language)


def stem(word: str, language: str = "en") -> str:
    """A lower-case word without its ending: English by its plural alone, others by their Snowball stemmer.

    English: the S-stemmer of Harman 1991 ("How effective is suffixing?").
    """
    if language != "en":
        snowball = _snowball(language)
        return snowball(word) if snowball is not None and word.isalpha() else word
    if len(word) < 4 or not word.endswith("s"):
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    return word if word.endswith(("us", "ss")) else word[:-1]


_SNOWBALL: Final = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "es": "spanish",
    "et": "estonian", "fi": "finnish", "fr": "french", "hi": "hindi", "hu": "hungarian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "nl": "dutch", "no": "norwegian", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip


@cache
def _snowball(language: str) -> Callable[[str], str] | None:
    """The Snowball stemmer of a language; None where there is none. Imported only for docs that are not English."""
    name = _SNOWBALL.get(language)
    if name is None:
        return None
    from snowballstemmer import stemmer  # type: ignore[import-untyped] # ships no types

    return cache(stemmer(name).stemWord)


FUNCTION_WORDS: Final = frozenset(
    "a about an and any are as at be by can could do does for from get has have how i if in into is it its me my "
    "no not of on or our should so than that the their them then there these they this to up use using was we what "
    "when where which who why will with would you your must may".split()
)
"""English words that carry no subject, as they are written."""

STOPWORDS: Final = frozenset(map(stem, FUNCTION_WORDS))
"""The same as search terms. BM25 counts them, with a small idf; as content of questions and answers they do not."""
