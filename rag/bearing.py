"""What of a sentence stands at a place: to what share, all that must stand there, or the opposite. Pure."""

import re
from typing import Final

from rag.claim_figures import other_default, other_row, other_winner, reversed_roles, swapped
from rag.claim_words import Words, words_of
from rag.places import Place
from rag.polarity import contradicts

MOST: Final = 0.6
"""The share of a sentence's content that a place, with what leads up to it, must hold if the sentence is short."""
_LEAST: Final = 0.4
_SHORT: Final = 3
_STEP: Final = 0.05
"""A sentence of three words of content is short; each further word lowers the share by this, down to the least."""
_CODE: Final = 0.7
"""What a line of code must hold: it shows names, but says little of them."""
_OWN: Final = 0.3
"""What a place must hold itself, without what leads up to it. A table row says its head as well."""
_LEADING: Final = 0.75
"""What a word counts that stands only in what leads up to a place."""


def share(said: Words, place: Place, own: frozenset[str]) -> float:
    """The share of the sentence's content at the place; what only leads up to it counts less."""
    here, around = words_of(place.text), words_of(place.lead)
    content = said.words - own
    if not content:
        return 1.0 if said.figures or said.identifiers else 0.0
    whole = len(content) + len(said.figures | said.identifiers)
    near = content & (here.words | here.parts)
    held = len(near) + len(said.figures & here.figures) + sum(has_code(place, name) for name in said.identifiers)
    if held + len(content & words_of(place.head).words) < _OWN * whole:
        return 0.0
    return (held + _LEADING * len((content & (around.words | around.parts)) - near)) / whole


def bar(said: Words, place: Place) -> float:
    """What share a place must hold: most of a short sentence, less of a long one, which has more words of its own."""
    length = len(said.words | said.figures | said.identifiers)
    return _CODE if place.head == "fence" else max(_LEAST, MOST - _STEP * max(0, length - _SHORT))


def holds(claim: str, said: Words, place: Place, own: frozenset[str]) -> bool:
    """Whether all figures, identifiers and names of the sentence stand at the place, and nothing against it."""
    here, around = words_of(place.text), words_of(place.lead)
    if not said.figures <= here.figures | around.figures:
        return False
    if any(not has_code(place, name) for name in said.identifiers):
        return False
    if not said.names <= here.words | here.parts | around.words | around.parts | own:
        return False
    return not opposed(claim, said, place)


def opposed(claim: str, said: Words, place: Place) -> bool:
    """Whether the place says otherwise."""
    return (
        swapped(said, place.text)
        or other_row(said, place)
        or reversed_roles(claim, place.text)
        or other_winner(claim, place.text)
        or other_default(claim, said, place)
        or contradicts(claim, place.text)
    )


def has_code(place: Place, name: str) -> bool:
    """Whether the name stands at the place as a whole name; a path may stand there in parts."""
    return (
        _stands(name, place.code)
        or (name[:1] in ":~@#" and _stands(name[1:], place.lead.lower()))  # as "Nitro Variant" is of `:nitro`
        or (
            len(parts := [part for part in re.split(r"[.:={}\[\],]+", name) if part]) > 1
            and all(_stands(part, place.spans) for part in parts)
        )
    )


def _stands(name: str, code: str) -> bool:
    return bool(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", code))
