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


def other_default(claim: str, said: Words, place: Place) -> bool:
    """Whether the sentence calls something the default that is not what the place calls so."""
    if not re.search(r"\bdefaults?\b", claim, re.IGNORECASE) or not said.figures | said.identifiers:
        return False
    told = _default_cell(place) or _beside_default(place.text)
    if not told:
        return False
    there, row = words_of(told), words_of(place.text.strip().strip("|").split("|")[0]) if place.head else words_of("")
    values = there.figures | there.identifiers
    claimed = (said.figures | said.identifiers) - row.identifiers
    return bool(values and claimed) and not values & claimed


def _default_cell(place: Place) -> str:
    heads = [cell.strip().lower() for cell in place.head.strip().strip("|").split("|")]
    cells = re.split(r"(?<!\\)\|", place.text.strip().strip("|"))
    at = next((at for at, head in enumerate(heads) if head.startswith("default")), -1)
    return cells[at] if 0 <= at < len(cells) else ""


def _beside_default(text: str) -> str:
    """The code or figure that stands right before or behind the word."""
    found = re.search(
        r"(`[^`]+`|\d[\d.,]*)\s*\((?:the )?default\)|\bdefaults?(?: is| to|:)?\s+(`[^`]+`|\d[\d.,]*)", text, re.IGNORECASE
    )
    return (found.group(1) or found.group(2)) if found else ""
