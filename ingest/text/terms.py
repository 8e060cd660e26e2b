"""Text to search terms: tokens and stems; and the one list of English stop words. Pure."""

import re
from collections.abc import Iterator
from typing import Final

# Identifiers stay whole (max_tokens, gpt-4o, c++, :free, 404, openai/gpt-5) …
_COMPOUND = re.compile(r":?\w+(?:[-_./:+]+\w+)*\+*", re.UNICODE)
# … and are findable by their parts as well (max, tokens; maxPrice by max and price).
_PART = re.compile(r"[^\W_]+\+*", re.UNICODE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def terms(text: str) -> Iterator[str]:
    """The search terms of a text, in order: compounds, then their parts, lower-cased and stemmed."""
    for found in _COMPOUND.finditer(text):
        compound = found.group()
        parts = [piece for part in _PART.findall(compound) for piece in _CAMEL.split(part)]
        if len(parts) > 1 or not compound[0].isalnum():
            yield compound.lower()
        for part in parts:
            yield stem(part.lower())


def stem(word: str) -> str:
    """English plural endings off: the S-stemmer of Harman 1991 ("How effective is suffixing?")."""
    if len(word) < 4 or not word.endswith("s"):
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    return word if word.endswith(("us", "ss")) else word[:-1]


FUNCTION_WORDS: Final = frozenset(
    "a about an and any are as at be by can could do does for from get has have how i if in into is it its me my "
    "no not of on or our should so than that the their them then there these they this to up use using was we what "
    "when where which who why will with would you your must may".split()
)
"""English words that carry no subject, as they are written."""

STOPWORDS: Final = frozenset(map(stem, FUNCTION_WORDS))
"""The same as search terms. BM25 counts them, with a small idf; as content of questions and answers they do not."""
