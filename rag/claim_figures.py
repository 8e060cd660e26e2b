"""Does a figure stand with what it is about? Pure."""

import re
from collections.abc import Iterator

from rag.claim_words import Words, words_of
from rag.places import Place


def swapped(said: Words, text: str) -> bool:
    """Whether a figure of the sentence stands in one clause, and what it is about beside another figure only."""
    if not said.figures or text.lstrip().startswith("|"):
        return False
    bearing = [words_of(part) for part in _segments(text)]
    if len(bearing) < 2:
        return False
    wanted = said.words | said.identifiers
    for figure in said.figures:
        mine = _content(fact for fact in bearing if figure in fact.figures) & wanted
        rest = _content(fact for fact in bearing if not fact.figures & said.figures) & wanted
        if any(figure in fact.figures for fact in bearing) and rest - mine and not mine - rest:
            return True
    return False


def _content(facts: Iterator[Words]) -> frozenset[str]:
    return frozenset[str]().union(*(fact.words | fact.identifiers for fact in facts))


def _segments(text: str) -> Iterator[str]:
    """Parts of a sentence with a figure each; what has none belongs to the figure after it."""
    held = ""
    for part in re.split(r"[;\n]|,(?!\d)(?![^()]*\))", text):
        held += part
        if words_of(part).figures:
            yield held
            held = ""


def other_row(said: Words, place: Place) -> bool:
    """Whether a row that the sentence does not name holds all that the named one does of it, and a third more."""
    claimed = (said.words | said.figures | said.identifiers) - _stated(place.head) - _stated(_key(place.text))
    mine = _stated(place.text) & claimed
    return any(
        mine < theirs and len(theirs - mine) * 3 >= len(claimed)
        for theirs in (_stated(rival) & claimed for rival in place.rivals)
    )


def _key(row: str) -> str:
    return row.strip().strip("|").split("|")[0]


def _stated(text: str) -> frozenset[str]:
    told = words_of(text)
    return told.words | told.parts | told.figures | told.identifiers


_MARKS = r"default|recommended|preferred|required|optional|deprecated"
_VALUE = r"`[^`]+`|\d[\d.,]*"


def other_default(claim: str, said: Words, place: Place) -> bool:
    """Whether the sentence calls something the default (recommended …) that is not what the place calls so."""
    claimed = said.figures | said.identifiers
    for mark in set(re.findall(rf"\b({_MARKS})", claim.lower())):
        told = (_default_cell(place) if mark == "default" else "") or _beside(mark, place.text)
        there = words_of(told)
        values = there.figures | there.identifiers
        rest = claimed - words_of(place.text.strip().strip("|").split("|")[0]).identifiers if place.head else claimed
        if values and rest and not values & rest:
            return True
    return False


def _default_cell(place: Place) -> str:
    heads = [cell.strip().lower() for cell in place.head.strip().strip("|").split("|")]
    cells = re.split(r"(?<!\\)\|", place.text.strip().strip("|"))
    at = next((at for at, head in enumerate(heads) if head.startswith("default")), -1)
    return cells[at] if 0 <= at < len(cells) else ""


def _beside(mark: str, text: str) -> str:
    """The code or figure that stands right before or behind the word."""
    found = re.search(rf"({_VALUE})\s*\((?:the )?{mark}\)|\b{mark}s?(?: is| to|:)?\s+({_VALUE})", text, re.IGNORECASE)
    return (found.group(1) or found.group(2)) if found else ""


_ASYMMETRIC = re.compile(
    r"\b(?:beats?|overrides?|replaces?|precedes?|wins? over|(?:takes? )?precedence over|than|before|after)\b",
    re.IGNORECASE,
)


def reversed_roles(claim: str, text: str) -> bool:
    """Whether what the sentence puts before a word such as "overrides" stands behind it at the place."""
    one, other = _ASYMMETRIC.search(claim), _ASYMMETRIC.search(text)
    if not one or not other or _relation(one.group()) != _relation(other.group()):
        return False
    before, after = _sides(claim, one)
    left, right = _sides(text, other)
    crossed = len(before & right - left) + len(after & left - right)
    return (
        bool(before & right - left)
        and bool(after & left - right)
        and crossed > len(before & left - right) + len(after & right - left)
    )


_FIRST = re.compile(
    r"(?:^|[,;:.(]|\band\b|\bbut\b|\bthen\b)([^,;:.()]*?)\b(?:always )?"
    r"(?:wins?|(?:takes?|has) (?:precedence|priority)|(?:comes?|goes) first)\b(?! over)",
    re.IGNORECASE,
)


def other_winner(claim: str, text: str) -> bool:
    """Whether the sentence lets another win, or come first, than the place does."""
    one, other = _FIRST.search(claim), _FIRST.search(text)
    if not one or not other:
        return False
    said, told = words_of(one.group(1)), words_of(other.group(1))
    return _apart(said.words | said.identifiers, told.words | told.identifiers)


def _apart(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one) and bool(other) and not one & other


def _relation(word: str) -> str:
    last = word.lower().split()[-1].rstrip("s")
    return "over" if last in ("beat", "override", "over") else last


def _sides(text: str, found: re.Match[str]) -> tuple[frozenset[str], frozenset[str]]:
    left, right = words_of(text[: found.start()]), words_of(text[found.end() :])
    return left.words | left.identifiers, right.words | right.identifiers
