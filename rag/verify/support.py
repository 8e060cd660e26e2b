"""Does a passage support a sentence? By figures, identifiers, names, words and negations; no model. Pure.

What a sentence states must stand together in one place of a passage: in a sentence, a table row or
a list item, or in two that follow each other; a sentence of two statements may have a place for each.
A figure, identifier or name that does not stand there fails it at once, as does an opposite. What this
can't see: an alteration made of words alone that all stand at that place.


What of a sentence stands at a place: to what share, all that must stand there, or the opposite. Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, groupby
from typing import Final

from ingest.core.records import Chunk
from rag.records import Hit
from rag.verify.claims import Words, normal, words_of
from rag.verify.contradictions import contradicts, other_default, other_row, other_winner, reversed_roles, swapped
from rag.verify.statements import Place, places_of

_NEAR: Final = 0.2
"""Places whose share is this much below the best one's are looked at as well."""
_SURE: Final = 0.6
"""A place that holds so much of a sentence is about it: where it says otherwise, no place that holds less counts."""
_ENGLISH: Final = frozenset("the is are of to and for with you it by not this that your from has have".split())
_OTHER: Final = frozenset(
    "der die das und ist nicht ein eine einen mit für auf von wird werden sie den dem le la les des est et une "
    "pour avec dans sur el los las una que es con para por se il "
    "di che per sono della o os um uma de het een van en niet".split()
)
"""Small words of languages that questions come in; an answer is in the language of its question."""
_MAKERS: Final = frozenset(
    map(
        normal,
        "alibaba amazon anthropic aws azure bedrock claude cloudflare cohere deepseek exa firecrawl gemini gemma "
        "google gpt grok groq haiku kimi llama meta microsoft mistral moonshot nvidia openai opus parallel perplexity "
        "qwen sonnet vertex xai".split(),
    )
)
"""Makers and families of models, and services beside them: names also where a sentence begins with them."""
_JOINT: Final = re.compile(r"; |, (?:and|but|while|whereas|because|so|although|though|which means(?: that)?) ")
"""Where one statement of a sentence ends and the next begins."""


SUPPORTED: Final = 0.5
"""The least `support_score` of a sentence that counts as supported."""


def support_score(claim: str, passages: Sequence[str]) -> float:
    """How well passages, given as markdown, support a sentence: 0..1, at least SUPPORTED where `supported` says yes.

    Within each half the score grows with the share of the sentence's content at its best place.
    """
    hits = [Hit(at, 0.0, 0.0, 0.0, _as_chunk(text)) for at, text in enumerate(passages, 1) if text.strip()]
    if not hits:
        return 0.0
    said, own = words_of(claim), frozenset[str]()
    best = max((share(said, place, own) for hit in hits for place in places_of(hit.chunk, said)), default=0.0)
    return SUPPORTED * min(1.0, best) + (SUPPORTED if supported(claim, hits) else 0.0)


def _as_chunk(text: str) -> Chunk:
    """A passage that is not of an index, as a chunk."""
    return Chunk("", "", "", "", (), text, "", 0, len(text), 0)


def supported(claim: str, hits: Sequence[Hit]) -> bool:
    """Whether one of the passages, or the best places of several together, support the sentence."""
    if not hits:
        return False
    said = _with_first_name(words_of(claim), claim, hits)
    if _foreign(claim):
        return _figures_stand(said, hits)
    own = _own(hits)
    whole = _verdict(claim, said, hits, own)
    parts = [_verdict(part, words_of(part), hits, own) for part in _statements(claim)]
    return False not in (whole, *parts) and bool(whole or (parts and all(parts)))


def _statements(claim: str) -> list[str]:
    """The statements of a sentence, which may stand at several places; none where it is one, or a part says little."""
    parts = _JOINT.split(claim)
    told = [words_of(part) for part in parts]
    full = all(len(said.words | said.figures | said.identifiers) > 1 for said in told)
    return parts if full and len(parts) > 1 else []


def _verdict(claim: str, said: Words, hits: Sequence[Hit], own: frozenset[str]) -> bool | None:
    """Whether the passages say it (True) or otherwise (False); None where they do neither."""
    ranked = [
        sorted(((share(said, place, own), place) for place in places_of(hit.chunk, said)), key=_by_share)
        for hit in hits
    ]
    decided = _decided(claim, said, sorted(chain(*ranked), key=_by_share), own)
    if decided is not None:
        return decided
    best = [place for (held, place), *_ in ranked if held and place.head != "fence"]
    if len(best) < 2 or any(opposed(claim, said, place) for place in best):
        return None
    joint = Place("\n".join(place.text for place in best), "\n".join(place.lead for place in best))
    return (share(said, joint, own) >= MOST and holds(claim, said, joint, own)) or None


def _decided(claim: str, said: Words, ranked: Sequence[tuple[float, Place]], own: frozenset[str]) -> bool | None:
    """Whether a place holds the sentence before one that is more about it says otherwise; None where none does."""
    most = ranked[0][0]
    for about, tied in groupby(ranked, key=lambda one: _tenths(one[0])):
        places = [place for held, place in tied if held >= max(bar(said, place), most - _NEAR)]
        against = [place for place in places if about >= _SURE * 10 and opposed(claim, said, place)]
        for place in places:
            if holds(claim, said, place, own) and not any(other.text in place.text for other in against):
                return True
        if against:
            return False
    return None


def _by_share(ranked: tuple[float, Place]) -> tuple[float, int]:
    """The largest share first; of nearly equal ones the shorter place, which says it more plainly."""
    held, place = ranked
    return -_tenths(held), len(place.text)


def _tenths(held: float) -> int:
    return round(held * 10)


def _with_first_name(said: Words, claim: str, hits: Sequence[Hit]) -> Words:
    """Every sentence begins with a capital; its first word is a name where the passages use it as one."""
    first = re.match(r"\W{0,3}([A-Z]\w+)", claim)
    word = normal(first.group(1)) if first else ""
    if word and (word in _MAKERS or any(word in words_of(hit.chunk.text).names for hit in hits)):
        return replace(said, names=said.names | {word})
    return said


def _foreign(claim: str) -> bool:
    """Whether a sentence is in another language: small words of one, or mostly letters beyond Latin."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"`[^`]*`", " ", claim.lower()))
    strange = sum(ord(word[0]) > 0x24F for word in words)
    return strange * 2 > len(words) or (len(_OTHER.intersection(words)) > 1 and len(_ENGLISH.intersection(words)) < 2)


def _figures_stand(said: Words, hits: Sequence[Hit]) -> bool:
    """Whether all figures and identifiers of a sentence stand somewhere in the passages: all that crosses languages."""
    whole = Place("\n".join(hit.chunk.text for hit in hits), "\n".join(hit.chunk.context for hit in hits))
    return said.figures <= words_of(whole.text).figures and all(has_code(whole, name) for name in said.identifiers)


def _own(hits: Sequence[Hit]) -> frozenset[str]:
    """The product's own name, by the addresses of its docs: it is told of anywhere."""
    hosts = {hit.chunk.url.split("/")[2] for hit in hits if hit.chunk.url.count("/") > 1}
    return frozenset(normal(word) for word in re.findall(r"[a-z]+", " ".join(hosts)))


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
