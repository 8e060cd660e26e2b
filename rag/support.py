"""Does a passage support a sentence? By figures, identifiers, names, words and negations; no model. Pure.

What a sentence states must stand together in one place of a passage: in a sentence, a table row or
a list item, or in two that follow each other. A figure, identifier or name that does not stand there
fails it at once, as does an opposite. What this can't see: an alteration made of words alone that
all stand at that place.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from rag.claim_figures import other_default, reversed_roles, swapped
from rag.claim_words import Words, normal, words_of
from rag.places import Place, places_of
from rag.polarity import contradicts
from rag.records import Hit

SHARE: Final = 0.6
"""The share of a sentence's content that a place, with what leads up to it, must hold."""
_NEAR: Final = 0.2
"""Places whose share is this much below the best one's are looked at as well."""
_SURE: Final = 0.8
"""A best place that holds so much of a sentence is what it is about: where it says otherwise, no other place counts."""
_ENGLISH: Final = frozenset("the is are of to and for with you it by not this that your from has have".split())
_OTHER: Final = frozenset(
    "der die das und ist nicht ein eine einen mit für auf von wird werden sie den dem le la les des est et une "
    "pour avec dans sur el los las una que es con para por se il "
    "di che per sono della o os um uma de het een van en niet".split()
)
"""Small words of languages that questions come in; an answer is in the language of its question."""
_LEADING: Final = 0.75
"""What a word counts that stands only in what leads up to a place."""


def supported(claim: str, hits: Sequence[Hit]) -> bool:
    """Whether one of the passages, or the best places of several together, support the sentence."""
    if not hits:
        return False
    said = _with_first_name(words_of(claim), claim, hits)
    if _foreign(claim):
        return _figures_stand(said, hits)
    own = _own(hits)
    best: list[Place] = []
    for hit in hits:
        ranked = sorted(((_share(said, place, own), place) for place in places_of(hit.chunk, said)), key=_by_share)
        near = [place for share, place in ranked if share >= max(SHARE, ranked[0][0] - _NEAR)]
        vetoed = ranked[0][0] >= _SURE and _opposed(claim, said, near[0])
        if near and not vetoed and any(_holds(claim, said, place, own) for place in near):
            return True
        best += [place for share, place in ranked[:1] if share]
    if len(best) < 2 or any(_opposed(claim, said, place) for place in best):
        return False
    joint = Place("\n".join(place.text for place in best), "\n".join(place.lead for place in best))
    return _share(said, joint, own) >= SHARE and _holds(claim, said, joint, own)


def _with_first_name(said: Words, claim: str, hits: Sequence[Hit]) -> Words:
    """Every sentence begins with a capital; its first word is a name where the passages use it as one."""
    first = re.match(r"\W{0,3}([A-Z]\w+)", claim)
    word = normal(first.group(1)) if first else ""
    if word and any(word in words_of(hit.chunk.text).names for hit in hits):
        return replace(said, names=said.names | {word})
    return said


def _by_share(ranked: tuple[float, Place]) -> tuple[float, int]:
    """The largest share first; of nearly equal ones the shorter place, which says it more plainly."""
    share, place = ranked
    return -round(share * 10), len(place.text)


def _opposed(claim: str, said: Words, place: Place) -> bool:
    """Whether the place says otherwise."""
    return (
        swapped(said, place.text)
        or reversed_roles(claim, place.text)
        or other_default(claim, said, place)
        or contradicts(claim, place.text)
    )


def _foreign(claim: str) -> bool:
    """Whether a sentence is in another language: small words of one, or mostly letters beyond Latin."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"`[^`]*`", " ", claim.lower()))
    strange = sum(ord(word[0]) > 0x24F for word in words)
    return strange * 2 > len(words) or (len(_OTHER.intersection(words)) > 1 and len(_ENGLISH.intersection(words)) < 2)


def _figures_stand(said: Words, hits: Sequence[Hit]) -> bool:
    """Whether all figures and identifiers of a sentence stand somewhere in the passages: all that crosses languages."""
    whole = Place("\n".join(hit.chunk.text for hit in hits), "\n".join(hit.chunk.context for hit in hits))
    return said.figures <= words_of(whole.text).figures and all(_has_code(whole, name) for name in said.identifiers)


def _own(hits: Sequence[Hit]) -> frozenset[str]:
    """The product's own name, by the addresses of its docs: it is told of anywhere."""
    hosts = {hit.chunk.url.split("/")[2] for hit in hits if hit.chunk.url.count("/") > 1}
    return frozenset(normal(word) for word in re.findall(r"[a-z]+", " ".join(hosts)))


def _holds(claim: str, said: Words, place: Place, own: frozenset[str]) -> bool:
    here, around = words_of(place.text), words_of(place.lead)
    if not said.figures <= here.figures | around.figures:
        return False
    if any(not _has_code(place, name) for name in said.identifiers):
        return False
    if not said.names <= here.words | here.parts | around.words | around.parts | own:
        return False
    return not _opposed(claim, said, place)


def _has_code(place: Place, name: str) -> bool:
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


def _share(said: Words, place: Place, own: frozenset[str]) -> float:
    """The share of the sentence's content at the place; what only leads up to it counts less."""
    here, around = words_of(place.text), words_of(place.lead)
    content = said.words - own
    if not content:
        return 1.0 if said.figures or said.identifiers else 0.0
    whole = len(content) + len(said.figures | said.identifiers)
    near = content & (here.words | here.parts)
    held = len(near) + len(said.figures & here.figures) + sum(_has_code(place, name) for name in said.identifiers)
    return (held + _LEADING * len((content & (around.words | around.parts)) - near)) / whole
