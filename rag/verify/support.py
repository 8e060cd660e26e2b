"""Decide whether passages support a sentence: by contradictions, and by how well its best place matches it. Pure.

A figure or identifier that no passage contains, or an opposite at the best place, fails any sentence. Otherwise its
length decides how it is checked. Of a short sentence, one place must contain the statement: a sentence, a table row or
a list item, or two consecutive ones; a sentence of two statements may have a place for each. A place is scored by the
share of the sentence's content that it contains, and must contain its figures, identifiers and names. A long sentence
has more words of its own, and sums up several places: the states of its tokens are compared (see closeness).
Limitation: an alteration that uses only words of the place is not detected.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, groupby
from typing import Final

from ingest.core.records import Chunk
from rag.records import Hit
from rag.verify.claims import Words, normal, words_of
from rag.verify.closeness import probability
from rag.verify.contradictions import contradicts, other_default, other_row, other_winner, reversed_roles, swapped
from rag.verify.statements import Place, places_of
from rag.verify.token_reader import ENCODED, TokenReader

_NEAR: Final = 0.2
"""Places whose share is at most this much below the best one's are examined as well."""
_SURE: Final = 0.6
"""Share from which on a place is about the sentence: if it contradicts, places with a lower share do not count."""
_EVEN: Final = 0.5
"""The least probability of support."""
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
"""Makers and families of models, and related services: they are names even as the first word of a sentence."""
_JOINT: Final = re.compile(r"; |, (?:and|but|while|whereas|because|so|although|though|which means(?: that)?) ")
"""Where one statement of a sentence ends and the next begins."""


SUPPORTED: Final = 0.5
"""The least `support_score` of a sentence that counts as supported."""


LONG: Final = 9
"""Words, figures and identifiers of a long sentence. Measured on our own lists: below, rules catch more alterations."""


def support_score(claim: str, passages: Sequence[str]) -> float:
    """How well passages, given as markdown, support a sentence: 0..1, at least SUPPORTED where `supported` says yes.

    Within each half the score grows with the probability by closeness.
    """
    hits = plain_hits(passages)
    if not hits:
        return 0.0
    return SUPPORTED * probability(claim, hits, ENCODED) + (SUPPORTED if supported(claim, hits) else 0.0)


def plain_hits(passages: Sequence[str]) -> list[Hit]:
    """Texts that are of no index, as passages; empty ones are left out."""
    chunks = [Chunk("", "", "", "", (), text, "", 0, len(text), 0) for text in passages if text.strip()]
    return [Hit(at, 0.0, 0.0, 0.0, chunk) for at, chunk in enumerate(chunks, 1)]


def supported(claim: str, hits: Sequence[Hit], tokens: TokenReader = ENCODED) -> bool:
    """Whether one of the passages, or the best places of several together, support the sentence.

    Raises IndexDamaged.
    """
    if not hits:
        return False
    said = _with_first_name(words_of(claim), claim, hits)
    if _foreign(claim):
        return _has_figures(said, hits)
    own = _own(hits)
    whole = _verdict(claim, said, hits, own)
    parts = [_verdict(part, words_of(part), hits, own) for part in _statements(claim)]
    if False in (whole, *parts):
        return False
    if is_long(said):
        return _has_figures(said, hits) and probability(claim, hits, tokens) >= _EVEN
    return bool(whole or (parts and all(parts)))


def read_ahead(hits: Sequence[Hit]) -> None:
    """Read the passages, so that `supported` has less to do: call it while the first sentence is still awaited.

    With the passages of 40 questions a first sentence is then decided in 7 ms in place of 20 (at most 17, not 62).
    """
    for hit in hits:
        words_of(hit.chunk.text)
        for place in places_of(hit.chunk, words_of("")):
            words_of(place.text)
            words_of(place.lead)


def _statements(claim: str) -> list[str]:
    """Return the statements of a sentence, each with its own place; none if there is only one or a part says little."""
    parts = _JOINT.split(claim)
    told = [words_of(part) for part in parts]
    full = all(len(said.words | said.figures | said.identifiers) > 1 for said in told)
    return parts if full and len(parts) > 1 else []


def _verdict(claim: str, said: Words, hits: Sequence[Hit], own: frozenset[str]) -> bool | None:
    """Whether the passages support the sentence (True) or contradict it (False); None if they do neither."""
    ranked = [
        sorted(((share(said, place, own), place) for place in places_of(hit.chunk, said)), key=_by_share)
        for hit in hits
    ]
    decided = _decided(claim, said, sorted(chain(*ranked), key=_by_share), own)
    if decided is not None:
        return decided
    best = [place for (held, place), *_ in filter(None, ranked) if held and place.head != "fence"]
    if len(best) < 2 or any(opposed(claim, said, place) for place in best):
        return None
    joint = Place("\n".join(place.text for place in best), "\n".join(place.lead for place in best))
    return (share(said, joint, own) >= MOST and holds(claim, said, joint, own)) or None


def _decided(claim: str, said: Words, ranked: Sequence[tuple[float, Place]], own: frozenset[str]) -> bool | None:
    """Whether a place supports the sentence before one with a larger share contradicts it; None if none does either."""
    most = max((held for held, _ in ranked), default=0.0)
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
    """Sort key: the largest share first; if nearly equal, the shorter place first, as the plainer statement."""
    held, place = ranked
    return -_tenths(held), len(place.text)


def _tenths(held: float) -> int:
    return round(held * 10)


def _with_first_name(said: Words, claim: str, hits: Sequence[Hit]) -> Words:
    """Add the first word to the names if it is known as one or the passages use it so: its capital proves nothing."""
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


def has_figures(claim: str, hits: Sequence[Hit]) -> bool:
    """Whether the passages contain all figures and identifiers of a sentence: only these are alike in all languages."""
    return _has_figures(words_of(claim), hits)


def _has_figures(said: Words, hits: Sequence[Hit]) -> bool:
    whole = Place("\n".join(hit.chunk.text for hit in hits), "\n".join(hit.chunk.context for hit in hits))
    return said.figures <= words_of(whole.text).figures and all(has_code(whole, name) for name in said.identifiers)


def _own(hits: Sequence[Hit]) -> frozenset[str]:
    """Return the product's own name, from the addresses of its docs: any page may be about it without naming it."""
    hosts = {hit.chunk.url.split("/")[2] for hit in hits if hit.chunk.url.count("/") > 1}
    return frozenset(normal(word) for word in re.findall(r"[a-z]+", " ".join(hosts)))


MOST: Final = 0.6
"""The share of a short sentence's content that a place must contain, including its lead."""
_LEAST: Final = 0.4
_SHORT: Final = 3
_STEP: Final = 0.05
"""A sentence of three words of content is short; each further word lowers the share by this, down to the least."""
_CODE: Final = 0.7
"""The share that a line of code must contain: it shows names, but says little about them."""
_OWN: Final = 0.3
"""The share that a place must contain itself, without its lead. The head of a table counts as part of its rows."""
_LEADING: Final = 0.75
"""Weight of a word that only the lead of a place contains."""


def share(said: Words, place: Place, own: frozenset[str]) -> float:
    """Return the share of the sentence's content that the place contains; words of its lead only count less."""
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
    """Return the share a place must contain: lower for a long sentence, because it has more words of its own."""
    return _CODE if place.head == "fence" else max(_LEAST, MOST - _STEP * max(0, _length(said) - _SHORT))


def is_long(said: Words) -> bool:
    """Whether closeness decides on a sentence."""
    return _length(said) >= LONG


def _length(said: Words) -> int:
    return len(said.words | said.figures | said.identifiers)


def holds(claim: str, said: Words, place: Place, own: frozenset[str]) -> bool:
    """Whether the place contains all figures, identifiers and names of the sentence, and nothing against it."""
    here, around = words_of(place.text), words_of(place.lead)
    if not said.figures <= here.figures | around.figures:
        return False
    if any(not has_code(place, name) for name in said.identifiers):
        return False
    if not said.names <= here.words | here.parts | around.words | around.parts | own:
        return False
    return not opposed(claim, said, place)


def opposed(claim: str, said: Words, place: Place) -> bool:
    """Whether the place contradicts the sentence."""
    return (
        swapped(said, place.text)
        or other_row(said, place)
        or reversed_roles(claim, place.text)
        or other_winner(claim, place.text)
        or other_default(claim, said, place)
        or contradicts(claim, place.text)
    )


def has_code(place: Place, name: str) -> bool:
    """Whether the place contains the name as a whole name; a path may be there in parts."""
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
