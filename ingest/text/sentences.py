"""Text -> sentences, each with its place. Pure.

Rules and lists of abbreviations rather than a library. pysbd has had no release since 2021 and takes milliseconds
per paragraph; trained splitters load a model. Both cut inside code spans and know nothing of markdown.
"""

import re
from collections.abc import Iterator
from typing import Final

from ingest.text.abbreviations import (
    BEFORE_NAMES,
    BEFORE_NUMBERS,
    COMPANY_FORMS,
    EITHER,
    LOWER_CASE_NAMES,
    MONTHS,
    NEVER_LAST,
    OPENING_WORDS,
)

_CLOSERS: Final = "\"'”’“»«)\\]*_`"
_STOP = re.compile(
    rf"(?P<mark>[.!?…]+)(?:[{_CLOSERS}]|\[\d{{1,3}}\](?![(\[:]))*(?=\s)|(?P<wide>[。！？｡۔؟।]+)[」』）】”’\"'*_`)]*"
)
"""A mark that may end a sentence, with the closing quotes, brackets, emphasis and footnote marks behind it.

Latin marks need white space behind them, so that versions, addresses and file names stay whole; full-width and
other scripts' marks do not.
"""

_OPENER = re.compile(
    r"""["'“‘„«»「『(\[*_¿¡<#~]*(?:(?P<letter>[^\W\d_])|[0-9`$€£@/\\¿¡]|--?\w|\.\w|[\U0001F000-\U0001FAFF←-➿])"""
)
"""What a sentence may begin with. A letter must not be a small one; scripts without case have none."""

_SMALL = re.compile(
    r"[\"'“‘«(\[*_]*(?P<name>[^\W\d_][\w.()-]*!?)"
    r"(?P<verb>[\"'”’»)\]*_]*\s+(?:is|are|was|were|has|have|had|must|can|cannot|should|will|may|does)(?:n['’]t)?\b)?"
)
_IDENTIFIER = re.compile(r"[a-z]{1,3}[A-Z]|\w+[._(]\w|\w*\d")
"""Names that begin with a small letter: `iOS`, `setup.cfg`, `run_all`, `sha256`."""

_LAST_WORD = re.compile(
    r"(?<![\w.])(?:(?:[^\W\d_]\.[ \u00a0])+[^\W\d_]{1,2}|(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,4}"
    r"|(?:[ldLD]['’])?(?P<word>[^\W\d_][^\W_]*(?:['’][^\W\d_]+)?))\Z"
)
"""What is before a full stop: an abbreviation of several parts (`e.g`, `U.S`, `z. B`), or one word."""

_JOINING: Final = frozenset("とっだがはもにをのやでへ、，,并而后的等和或时就则且来")
"""Particles and conjunctions of Japanese and Chinese that go on with a sentence behind a quotation."""

_AFTER_ABBREVIATION = re.compile(r"\b[A-Z][a-z]{0,6}\.\s[A-Z][a-z]{2,7}\Z")

_NUMBER_BEFORE = re.compile(r"(?:^|[\s(])(\d{1,3})\Z")
_FOLLOWED_BY_NUMBER = re.compile(r"[#(\[*_]*(?:\d|[A-Z]?\.?\d|(?:[A-Z]|[IVXLC]{1,6})(?![\w'’-]))")
_ZONE = re.compile(r"\(?[A-Z]{2,5}\b(?!['’])|(?:Eastern|Central|Mountain|Pacific|Greenwich)\b")
_CODE = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_TARGET = re.compile(r"\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)")
_LIST_NUMBER = re.compile(r"[ \t>]*(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})")
_PAIRS: Final = {"(": ")", "（": "）", "“": "”", "«": "»", "「": "」", "『": "』", "„": "“"}
_OPENING: Final = re.compile(f'["{"".join(_PAIRS)}]')
_LONGEST_ASIDE: Final = 400
"""Characters of a bracket or quotation that a sentence may run around; one that is longer was never closed."""


_SEEN: Final = 200
"""Characters that are looked at on either side of a mark: a word or two matter."""


def sentences(text: str, offset: int = 0) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each sentence of `text`, in characters, plus `offset`.

    White space between sentences belongs to none. Line breaks end a sentence only in lists. Code spans
    and link targets are never cut.
    """
    for run_start, run_end in runs(text):
        yield from _sentences_of_run(text[run_start:run_end], offset + run_start)


def runs(text: str, offset: int = 0) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of what no sentence crosses: paragraphs and single list items, plus `offset`."""
    start = 0
    for found in re.finditer(r"\n(?=[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t])|\n[ \t]*\n|\Z", text):
        if found.start() > start:
            yield offset + start, offset + found.start()
        start = found.end()


def _sentences_of_run(run: str, offset: int) -> Iterator[tuple[int, int]]:
    closed = _closed_places(run)
    start = 0
    for found in _STOP.finditer(run):
        if found.start() < start or _is_inside(closed, found, start):
            continue
        if _ends_sentence(run, start, found):
            yield from _trimmed(run, start, found.end(), offset)
            start = found.end()
    yield from _trimmed(run, start, len(run), offset)


def _closed_places(run: str) -> list[tuple[int, int, bool]]:
    """Places where no sentence ends: (start, end, whether the place is code or a link target)."""
    literal = [(found.start(), found.end(), True) for found in _CODE.finditer(run)] if "`" in run else []
    literal += [(found.start() + 1, found.end(), True) for found in _TARGET.finditer(run)] if "](" in run else []
    return literal + [place for place in _asides(run) if not any(a <= place[0] < b for a, b, _ in literal)]


def _asides(run: str) -> Iterator[tuple[int, int, bool]]:
    """Brackets and quotations that are closed again within a few lines, outermost first."""
    at = 0
    while opening := _OPENING.search(run, at):
        at = opening.start()
        closing = _PAIRS.get(run[at]) or _straight_quote(run, at)
        end = run.find(closing, at + 1, at + _LONGEST_ASIDE) if closing else -1
        while closing == ")" and end != -1 and run.count("(", at, end) > run.count(")", at, end + 1):
            end = run.find(closing, end + 1, at + _LONGEST_ASIDE)
        if end != -1:
            yield at, end + 1, False
            at = end
        at += 1


def _straight_quote(run: str, at: int) -> str:
    """A straight quotation mark that opens: white space or a bracket before it, none behind it."""
    opens = run[at] == '"' and (at == 0 or run[at - 1] in " \t\n([*_") and not run[at + 1 : at + 2].isspace()
    return '"' if opens else ""


def _is_inside(places: list[tuple[int, int, bool]], found: re.Match[str], start: int) -> bool:
    """Whether a mark is in code, or in an aside that neither opens the sentence nor closes with the mark."""
    for begin, end, literal in places:
        if begin < found.start() < end:
            opens_sentence = not found.string[start:begin].strip(" \t\n*_>")
            if literal or (end > found.end() and not opens_sentence):
                return True
    return False


def _ends_sentence(run: str, start: int, found: re.Match[str]) -> bool:
    rest = run[found.end() : found.end() + _SEEN].lstrip()
    if not rest:
        return True
    before = run[max(start, found.start() - _SEEN) : found.start()]
    if found.group("wide"):
        return _ends_after_wide(run[found.end("wide") : found.end()], rest)
    begins = _begins_sentence(rest)
    if found.group("mark") != ".":
        return begins
    if _LIST_NUMBER.fullmatch(before):
        return False
    word = _LAST_WORD.search(before)
    quoted = found.end() - found.start() > 1 and run[found.start() + 1] not in ")]"
    if not word or quoted:
        number = _NUMBER_BEFORE.search(before)
        return begins and not (number and rest.split(maxsplit=1)[0].strip(".,") in MONTHS)
    return _ends_after(word, before, rest, begins=begins)


def _ends_after_wide(closers: str, rest: str) -> bool:
    """Whether a full-width mark ends a sentence: not where it ends a quotation after which the sentence goes on."""
    quoted = closers[:1] in ("」", "』", "”", "’")
    return not (quoted and rest[:1] in _JOINING)


def _begins_sentence(rest: str) -> bool:
    """Whether a text may be the beginning of a sentence, by its first characters."""
    found = _OPENER.match(rest)
    if found and not (found.group("letter") or "").islower():
        return True
    small = _SMALL.match(rest)
    name = small.group("name") if small else ""
    if not small or name.capitalize() in OPENING_WORDS:
        return False
    return name in LOWER_CASE_NAMES or bool(_IDENTIFIER.match(name) or small.group("verb"))


def _ends_after(found: re.Match[str], before: str, rest: str, *, begins: bool) -> bool:
    """Whether a full stop behind a word ends the sentence, by the kind of abbreviation that the word is, if any."""
    word = found.group("word") or re.sub(r"\s", "", found.group())
    lower = word if len(word) == 1 else word.lower()  # a lone capital is an initial
    if lower in NEVER_LAST or word in BEFORE_NAMES:
        return False
    next_word = rest.split(maxsplit=1)[0].strip(".,;").lower()
    listed = {
        lower in BEFORE_NUMBERS: not _FOLLOWED_BY_NUMBER.match(rest),
        lower in COMPANY_FORMS: next_word not in COMPANY_FORMS,
        lower in ("a.m", "p.m", "am", "pm"): not _ZONE.match(rest),
        lower in EITHER: not re.match(r"[(\d]", rest),
    }
    if True in listed:
        return begins and listed[True] and before.strip(" *_(") != word
    if re.fullmatch(r"(?:[^\W\d_]\.)+[^\W\d_]", word) or _AFTER_ABBREVIATION.search(before):  # U.S; J. Comput
        return begins and _first_word(rest) in OPENING_WORDS
    if len(word) == 1:
        return begins and _ends_after_letter(word, rest)
    return begins


def _ends_after_letter(letter: str, rest: str) -> bool:
    """Whether a full stop behind a single letter ends a sentence: not behind an initial, nor within `z. B.`."""
    if re.match(r"[^\W\d_]\.(?!\w)", rest):
        return False
    return letter == "I" or not letter.isupper() or not rest[0].isalpha() or _first_word(rest) in OPENING_WORDS


def _first_word(rest: str) -> str:
    found = re.search(r"[^\W_]+", rest)
    return found.group() if found else ""


def _trimmed(text: str, start: int, end: int, offset: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    lead = len(piece) - len(piece.lstrip())
    tail = len(piece.rstrip())
    if tail > lead:
        yield offset + start + lead, offset + start + tail
