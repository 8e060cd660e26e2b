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
    r"""[\w.!#$%&'*+/=?^`{|}~-]+(?:
        (?:[@＠]|%40|&\#(?:64|x40);|&commat;|\s?[\[(]at[\])]\s?)[\w-]+(?:(?:[.．。]|\s?[\[(]dot[\])]\s?)[\w-]+)+
        |\s+at\s+[\w-]+(?:\s+dot\s+[\w-]+)+
    )""",
    re.IGNORECASE | re.VERBOSE,
)
"""Also as people write it so that no machine reads it: "ada [at] example [dot] org", "ada at example dot org"."""
_CREDENTIALS: Final = re.compile(r"(?<=://)[^\s/@]+@")
_SCHEME: Final = re.compile(r"\b(bearer|basic|digest)(\s+)([\w+/=.~-]{8,})", re.IGNORECASE)
_ASSIGNED: Final = re.compile(
    r"""((?:password|passwort|passwd|passphrase|pwd|secret|token|credentials?|signature|sig|pin|otp|
        kennwort|mot\s+de\s+passe|contraseña|senha|wachtwoord|lösenord|adgangskode|salasana|hasło|heslo|jelszó|parol[aă]?|
        şifre|пароль|κωδικός|סיסמה|كلمة\s+المرور|密码|密碼|口令|パスワード|暗証番号|비밀번호
        |mật\s+khẩu|
        (?:pass|pw|credential)(?=["']?\s*[:=])|auth(?==)|
        (?:api|access|private|auth|account|client|session)?[\s_-]?key)["']?\s*
        (?:[:=：＝]+>?|>|\b(?:is|ist|lautet|est|es|é|è|jest|är|er|on)\b|[は是])\s*["'`]?)
        (?![{\[(])((?:(?!</)[^\s"'`,;&])+)""",
    re.IGNORECASE | re.VERBOSE,
)
"""A label and what it is given, in the languages that docs are asked in most."""
_CODE: Final = re.compile(
    r"""(\b(?:pin|otp|tan|cvv2?|cvc2?
        |(?:one-time|verification|confirmation|security|sms|2fa|mfa|backup|recovery)[\s-](?:code|pin)s?)
        \W{0,3}(?:is|ist|was|no|number)?\W{0,3})(\d[\d -]{1,12}\d)(?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
_DOCUMENT: Final = re.compile(
    r"""(\b(?:passport|passeport|pasaporte|reisepass|(?:personal)?ausweis|(?:identity|id)\s+card|driv\w+\s+licen[cs]e|
        führerschein|ssn|social\s+security|national\s+insurance|tax\s+id|steuer-?id|iban|vin|imei)
        \W{0,3}(?:no|nr|num|number|nummer|numéro|número|id)?\b[\s.:\#=]*(?:is|ist)?\s*)
        ((?=[\w-]*\d)[A-Z0-9][\w-]{4,})""",
    re.IGNORECASE | re.VERBOSE,
)
"""The number of a document that names a person."""
_PHRASE: Final = re.compile(
    r"""((?:(?:seed|recovery|mnemonic|secret)\s+(?:phrase|words)|mnemonic|passphrase)["']?\s*[:=]\s*["'`]?)
        ([^\W\d_]+(?:\s+[^\W\d_]+){2,23})""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words that are a secret together."""
_ARGUMENT: Final = re.compile(
    r"""(\s--?(?:pass(?:word|phrase)?|token|secret|api-?key|auth)\s+|\b(?:mysql\w*|mariadb\w*|sshpass)\b[^\n]*?\s-p\s?
        |\bredis-cli\b[^\n]*?\s-a\s|\s(?:-u|--user)\s+[^\s:]+:)([^\s"'`]{3,})""",
    re.IGNORECASE | re.VERBOSE,
)
"""What a command line gives as a password."""
_GROUPS: Final = re.compile(
    r"\b(?=[A-Z0-9-]*\d)(?=[A-Z0-9-]*[A-Z])[A-Z0-9]{4,8}(?:-[A-Z0-9]{4,8}){3,}\b"
    r"|\b(?=[0-9a-fA-F :-]*\d)[0-9a-fA-F]{4}(?:[ :-]{1,2}[0-9a-fA-F]{4}){5,}\b"
)
"""Groups of capitals and digits, as product keys are printed; groups of hexadecimal digits, as fingerprints are."""
_CAPITALS: Final = re.compile(r"\b(?=\w*?(?:[2-7]|[B-DF-HJ-NP-TV-Z]{5}))[A-Z2-7]{16,}\b")
"""Base32, as the secrets of authenticator apps: capitals with digits, or with more consonants than a word has."""
_CONSONANTS: Final = re.compile("[b-df-hj-np-tv-xz]{4}", re.IGNORECASE)
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
    text = _PHRASE.sub(rf"\g<1>{SECRET}", text)
    text = _ARGUMENT.sub(rf"\g<1>{SECRET}", text)
    text = _ASSIGNED.sub(_keep_label(2), text)
    text = _CODE.sub(rf"\g<1>{NUMBER}", text)
    text = _DOCUMENT.sub(rf"\g<1>{NUMBER}", text)
    for pattern in (_PREFIXED, _UUID, _GROUPS, _CAPITALS):
        text = pattern.sub(SECRET, text)
    text = _IBAN.sub(NUMBER, text)
    text = _WORD.sub(lambda found: SECRET if _looks_random(found.group()) else found.group(), text)
    return _NUMBER.sub(_mask_number, text)


def _keep_label(value: int) -> Callable[[re.Match[str]], str]:
    """Replace the group `value` of a match, if it may be a secret, and keep what is before it."""

    def replace(found: re.Match[str]) -> str:
        said, start = found.group(), found.start(value) - found.start()
        asserted = re.search("[:=：＝>]", said[:start])
        return said[:start] + SECRET if asserted or _is_no_plain_word(found.group(value)) else said

    return replace


def _is_no_plain_word(text: str) -> bool:
    """Whether a text can't be a word of a sentence, as "invalid" is in "the token is invalid"."""
    text = text.strip(".!?")
    if _CONSONANTS.search(text) and len(text) >= 8:
        return True
    return not (text.isalpha() and (text.islower() or text.istitle() or text.isupper() or not text.isascii()))


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
