"""Text as gold is compared with it: letters and digits alone, whatever the markup. Pure."""

import re
from functools import lru_cache
from typing import Final

_LINK_TARGET: Final = re.compile(r"\]\([^)]*\)")
_URL: Final = re.compile(r"https?://\S+")
_MARKS: Final = re.compile(r"[^\w]+|_")
_HOST: Final = re.compile(r"^https?://[^/]+")
_EXTENSION: Final = re.compile(r"\.(?:md|mdx|html?)$")


@lru_cache(maxsize=50_000)  # the same chunks come up for many questions
def normal(text: str) -> str:
    """`text` in lower case without link targets, addresses, spaces and punctuation.

    Links become plain, so that a quote reads the same in HTML, MDX and markdown.
    """
    return _MARKS.sub("", _URL.sub(" ", _LINK_TARGET.sub(" ", text.lower())))


def page_key(name: str) -> str:
    """What a page is known by in a question file: its site path or file name without case, host and extension."""
    path = _HOST.sub("", name).split("#")[0].split("?")[0].rstrip("/")
    return _EXTENSION.sub("", path).lower().lstrip("/")


@lru_cache(maxsize=10_000)
def _fact_pattern(fact: str) -> re.Pattern[str]:
    letters = [re.escape(letter) for letter in fact.lower() if letter.isalnum()]
    if not letters:
        return re.compile(r"(?!)")
    # A number is found whole: 20 stands neither in 200 nor in 1.20. A word may go on: suffix is in suffixes.
    before = r"(?<!\d)(?<!\d[.,])" if letters[0].isdigit() else r"(?<![a-z])" if letters[0].isascii() else ""
    after = r"(?!\d|[.,]\d)" if letters[-1].isdigit() else ""
    return re.compile(before + r"[\W_]*".join(letters) + after)


def has_fact(text: str, fact: str) -> bool:
    """Whether `text` contains a fact, whatever the case and punctuation; numbers only as whole numbers."""
    return bool(_fact_pattern(fact).search(text.lower()))
