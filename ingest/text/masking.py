"""Mask e-mail addresses, keys, tokens and long numbers in a text, before it is written anywhere. Pure.

Nothing here knows a particular key: known prefixes are masked by name, everything else by its shape. A model's slug,
a date, a version and a parameter's name keep their text, so that a masked question can still be read.
"""

import re
from collections.abc import Callable
from typing import Final

EMAIL: Final = "[email]"
SECRET: Final = "[secret]"  # noqa: S105 - what replaces one
NUMBER: Final = "[number]"

_LEAST_DIGITS: Final = 7
"""A local phone number has seven digits; shorter numbers are amounts, ports, years and status codes."""

_PEM: Final = re.compile(r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)", re.DOTALL)
_EMAIL: Final = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]+(?:@|%40|\s?[\[(]at[\])]\s?)[\w-]+(?:(?:\.|\s?[\[(]dot[\])]\s?)[\w-]+)+", re.IGNORECASE
)
_CREDENTIALS: Final = re.compile(r"(?<=://)[^\s/@]+@")
_SCHEME: Final = re.compile(r"\b(bearer|basic|digest)(\s+)([\w+/=.~-]{8,})", re.IGNORECASE)
_ASSIGNED: Final = re.compile(
    r"""((?:password|passwort|passwd|passphrase|pwd|secret|token|credentials?|signature|sig|pin|otp|
        (?:api|access|private|auth|account|client|session)?[\s_-]?key)["']?\s*(?:[:=]+>?|\bis\b|\bist\b)\s*["'`]?)
        ([^\s"'`,;&]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_PREFIXED: Final = re.compile(
    r"""(?<![\w-])(?:
        (?:sk|pk|rk|key|whsec|sess|ghp|gho|ghu|ghs|ghr|github_pat|glpat|xox[abeoprs]|hf|npm|pypi|dop|shpat|nvapi|gsk|
           sq0[a-z]{3}|SG|AC|rnd|lin_api|r8|pat|tok|dckr_pat|ya29)[-_.][\w.=-]{8,}
        |(?:AKIA|ASIA|AIza|eyJ)[\w.=-]{10,}
    )""",
    re.VERBOSE,
)
_UUID: Final = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_WORD: Final = re.compile(r"[^\s\"'`<>()\[\]{},;]{12,}")
_PIECE: Final = re.compile(r"[A-Za-z0-9+=]+")
_HUMP: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_NUMBER: Final = re.compile(r"(?<![\w.])\+?\(?\d(?:[ ()./-]{0,2}\d){6,}(?!\w)")
_DATE: Final = re.compile(r"(?:19|20)\d\d([-/.]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])")
_HARMLESS: Final = re.compile(r"\d{1,3}0{5,}|(?:19|20)\d\d(?:[ /-](?:19|20)\d\d)+")
"""A round number, as in "1000000 tokens", or years in a row."""


def mask(text: str) -> str:
    """Replace e-mail addresses, keys, tokens and long numbers by `[email]`, `[secret]` and `[number]`."""
    text = _PEM.sub(SECRET, text)
    text = _CREDENTIALS.sub(f"{SECRET}@", text)
    text = _EMAIL.sub(EMAIL, text)
    text = _SCHEME.sub(_keep_label(3), text)
    text = _ASSIGNED.sub(_keep_label(2), text)
    for pattern in (_PREFIXED, _UUID):
        text = pattern.sub(SECRET, text)
    text = _IBAN.sub(NUMBER, text)
    text = _WORD.sub(lambda found: SECRET if _looks_random(found.group()) else found.group(), text)
    return _NUMBER.sub(_mask_number, text)


def _keep_label(value: int) -> Callable[[re.Match[str]], str]:
    """Replace the group `value` of a match, if it may be a secret, and keep what is before it."""

    def replace(found: re.Match[str]) -> str:
        said, start = found.group(), found.start(value) - found.start()
        asserted = re.search(r"[:=]", said[:start])
        return said[:start] + SECRET if asserted or _is_no_plain_word(found.group(value)) else said

    return replace


def _is_no_plain_word(text: str) -> bool:
    """Whether a text can't be a word of a sentence, as "invalid" is in "the token is invalid"."""
    text = text.strip(".!?")
    return not (text.isalpha() and (text.islower() or text.istitle() or text.isupper()))


def _looks_random(word: str) -> bool:
    """Whether a word is made of characters that nobody would remember: pieces that mix letters and digits, or case."""
    if "://" in word or SECRET[1:-1] in word:
        word = word.partition("?")[2] or word.rpartition("/")[2]
    pieces = _PIECE.findall(word)
    if any(_is_random_piece(piece) for piece in pieces):
        return True
    return len(word) >= 20 and sum(_short_humps(piece) for piece in pieces) >= 4  # base64 with slashes


def _is_random_piece(piece: str) -> bool:
    humps = _HUMP.findall(piece)
    digits = sum(character.isdigit() for character in piece)
    if len(piece) >= 10 and 2 <= digits < len(piece) and len(humps) >= 4:
        return True
    return len(piece) >= 16 and _short_humps(piece) >= 2


def _short_humps(piece: str) -> int:
    """Count the parts of one or two letters between changes of case: names in camel case have longer ones."""
    return sum(len(hump) <= 2 and hump.isalpha() for hump in _HUMP.findall(piece))


def _mask_number(found: re.Match[str]) -> str:
    text = found.group()
    digits = re.sub(r"\D", "", text)
    if len(digits) < _LEAST_DIGITS or _DATE.fullmatch(text) or _HARMLESS.fullmatch(text):
        return text
    return NUMBER
