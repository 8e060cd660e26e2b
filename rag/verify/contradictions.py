"""Detect contradictions between a sentence and its source. Pure.

Two kinds are found: clauses that say opposite things, by negations and pairs of opposites; and figures, defaults and
roles that the source gives to something else.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rag.verify.claims import Words, normal, said_plainly, words_of
from rag.verify.statements import Place

_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nothing|nobody|neither|nor|cannot|without|\w+n['’]t|rather than|instead of)\b",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(r"\b(?:not only|no matter|whether or not|not just)\b", re.IGNORECASE)
"""Phrases with a negation that negate nothing."""
_AGAIN = re.compile(r"\b(?:and|or|nor)\s+(?:no|not|never|without)\b|(?<=neither)(.*?)\bnor\b", re.IGNORECASE)
"""A negation repeated for the next of several things: "no page and no entry" negates once."""

_SOME = re.compile(r"\bnot (?:every|each|all)\b|\b(?:some|certain|particular)\b", re.IGNORECASE)
_ALL = re.compile(r"(?<!not )\b(?:every|each|all)\b", re.IGNORECASE)
"""With "some", a statement and its negation may both hold: "not every model can" is "some can" and "some can not"."""

_SOFT = re.compile(
    r"\b(?:un(?:available|supported|able|changed|known|limited)|fail\w*|refus\w+|reject\w*|ignor\w+|exclud\w+|remov\w+|"
    r"drop\w*|stop\w*|halt\w*|rul\w+ out|leav\w+ out|left out|stays? out|omit\w*|skip\w*|avoid\w*|prevent\w*|lack\w*|"
    r"missing|free|gone|off|out of|disabl\w+|except|until|invalid|hidden|hid\w+|block\w*|"
    r"absent|inactiv\w+|incomplete|nobody|empty|null|waived|den\w+|los[ets]\w*|quiet\w*|silent\w*|unnoticed|frozen)\b",
    re.IGNORECASE,
)
"""Words with a negative meaning: one text uses them where another uses "not"."""

_PAIRS: Final = """\
on, enable, enabled, enables, activate, activates / off, disable, disabled, disables, deactivate
available, eligible / unavailable, ineligible
supported, supports / unsupported
required, mandatory, needed, requires, must, have to, has to, need to / optional, optionally
before, earlier, ahead / after, later, behind
first, front, beginning, top / last, back, end, bottom
minimum, at least, or more, minimal, no less / maximum, at most, up to, or less, no more
under, below, less than, fewer than / over, above, or more, at least, more than
cheaper, cheapest, cheap / expensive, dearest, dearer, costlier
high, higher, highest, raise, raises, increase, increases / low, lower, lowest, reduce, decrease, decreases
newer, newest, latest, new / older, oldest, old
complete, whole / incomplete, partial
bigger, larger, wider, greater / smaller, narrower
stay in, stays in, remain, remains, is kept, are kept / drop out, drops out, is dropped, are dropped, left out
positive / negative
valid / invalid
input, prompt / output, completion
once / twice
true / false
allow, allows, allowed, permits / forbid, forbids, forbidden, prohibited
includes, included, include, including / excludes, excluded, exclude, excluding
stop, stops, end, ends / continue, continues, keeps going
fast, faster, fastest / slow, slower, slowest
longer, longest / shorter, shortest
predictable, deterministic / random, unpredictable, varied
public / private
known / unknown
automatically, automatic / manually, manual
encrypted / unencrypted
visible, shown / hidden
medium / high, low, minimal
month, months, monthly / day, days, daily, week, weekly, year, yearly
minute, minutes / hour, hours, second, seconds, day, days
string / integer, boolean, float
GET / POST, PUT, PATCH, DELETE
"""


def _pattern(words: str) -> re.Pattern[str]:
    options = "|".join(re.escape(word.strip()) for word in words.split(","))
    return re.compile(rf"(?<![\w-])(?:{options})(?![\w-])", re.IGNORECASE)


_OPPOSITES: Final = [
    *(tuple(map(_pattern, line.split("/"))) for line in _PAIRS.splitlines()),
    (
        re.compile(r"\bnot (?:only|just|solely)\b", re.IGNORECASE),
        re.compile(r"(?<!not )\b(?:only|solely|exclusively)\b", re.IGNORECASE),
    ),
]
_BOUNDARY = re.compile(
    r"[;:()—\n]|,(?!\d)|\.\s|\b(?:but|although|though|while|whereas|because|even though)\b"
    r"|(?=\brather than\b|\binstead of\b)"
    r"|\band\b(?=\s+(?:(?:do|does|did|is|are|was|can|has|have|will)\s+(?:not|no)\b|never\b|cannot\b|\w+n['’]t\b))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a sentence that is negated, or not, as a whole."""

    text: str
    content: frozenset[str]
    anchors: frozenset[str]
    """The figures, identifiers and names in it."""
    denied: bool
    soft: frozenset[str]
    some: bool
    every: bool
    targets: tuple[str, ...]
    """The word after each of its negations; "" at the end."""
    poles: tuple[int, ...]
    """For each pair of opposites: 1 or -1 for the one that the clause contains, 0 for none or both."""


@lru_cache(maxsize=4096)
def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of a sentence, or of a table row."""
    return tuple(_clause(part) for line in said_plainly(text).splitlines() for part in (_cells(line) or _parts(line)))


def _cells(line: str) -> list[str]:
    """Return each cell of a table row together with the first cell, which names their subject; [] for other text."""
    if not line.lstrip().startswith("|"):
        return []
    first, *rest = re.split(r"(?<!\\)\|", line.strip().strip("|"))
    return [f"{first} {part}" for cell in rest for part in re.split(r"[;,](?!\d)", cell)] or [first]


def _parts(text: str) -> Iterator[str]:
    code = [found.span() for found in re.finditer(r"`[^`\n]*`", text)]
    start = 0
    for found in _BOUNDARY.finditer(text):
        if not any(begin < found.start() < end for begin, end in code):
            yield text[start : found.start()]
            start = found.start() if not found.group() else found.end()
    yield text[start:]


def _clause(text: str) -> Clause:
    said = words_of(text)
    targets = tuple(_targets(_AGAIN.sub(" and ", _ELSEWHERE.sub("", text))))
    soft = frozenset(found.group().lower()[:4] for found in _SOFT.finditer(text))
    some, every = bool(_SOME.search(text)), bool(_ALL.search(text))
    poles = tuple(bool(one.search(text)) - bool(other.search(text)) for one, other in _OPPOSITES)
    content = said.words | said.identifiers | said.figures
    anchors = said.names | said.identifiers | said.figures
    return Clause(text, content, anchors, len(targets) % 2 == 1, soft, some, every, targets, poles)


def _targets(text: str) -> Iterator[str]:
    for found in _NEGATION.finditer(text):
        after = re.findall(r"\w+", text[found.end() : found.end() + 60])[:4]
        yield next((word for token in after if (word := normal(token))), "")


def contradicts(claim: str, source: str) -> bool:
    """Whether some clause of `claim` says the opposite of the clause of `source` that is nearest to it in words."""
    against = clauses(source)
    said = clauses(claim)
    told = _denied_in(said)
    if not source.lstrip().startswith("|") and _asserts_denied(said, against):
        return True
    return any(
        _opposed(clause, against, told)
        for clause in said
        if len(clause.content) > 1 or len(said) == 1 or any(clause.poles)
    )


def _asserts_denied(said: Sequence[Clause], against: Sequence[Clause]) -> bool:
    """Whether a sentence without negation contains all of a negated clause: "not renewed", "not JSON"."""
    if any(clause.targets or -1 in clause.poles for clause in said):
        return False
    soft = frozenset[str]().union(*(clause.soft for clause in said))
    whole = frozenset[str]().union(*(clause.content for clause in said))
    return any(other.denied and other.soft == soft and other.content and other.content <= whole for other in against)


def _opposed(clause: Clause, against: Sequence[Clause], told: frozenset[str]) -> bool:
    shared = [_weight(clause.content & other.content, clause) for other in against]
    most = max(shared, default=0)
    if most == 0 or most * 3 < len(clause.content):
        return False  # nothing in the source is about this
    nearest = [other for other, count in zip(against, shared, strict=True) if count == most]
    if not any(_deny(clause, other, told, _denied_in(against)) for other in nearest):
        return False
    # "X holds Y, never Z" agrees with "Z is never in X": a more distant clause may contain the same negation.
    missing = clause.content - frozenset[str]().union(*(other.content for other in nearest))
    return not (clause.denied and any(other.denied and missing & other.content for other in against))


def _denied_in(parts: Sequence[Clause]) -> frozenset[str]:
    return frozenset(target for part in parts for target in part.targets if target)


def _weight(shared: frozenset[str], clause: Clause) -> int:
    """Weigh shared words: figures, identifiers and names indicate the subject of a clause better than other words."""
    return len(shared) + len(shared & clause.anchors)


def _deny(clause: Clause, other: Clause, told: frozenset[str], denied: frozenset[str]) -> bool:
    if clause.some and other.some:
        return False
    if (clause.some and other.every) or (clause.every and other.some):
        return True
    alone = [word for word in clause.targets if word not in denied] + [
        word for word in other.targets if word not in told
    ]
    flips = len(alone) % 2 == 1  # a negation in both is not a difference
    turned = [a * b for a, b in zip(clause.poles, other.poles, strict=True)]
    if -1 in turned:
        return not flips  # "not disabled" is "enabled"
    return flips and clause.soft == other.soft


def swapped(said: Words, text: str) -> bool:
    """Whether the text has a figure of the sentence in one clause, but its subject only in one with another figure."""
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
    """Yield parts of a sentence with a figure each; a part without one is joined to the next part that has one."""
    held = ""
    for part in re.split(r"[;\n]|,(?!\d)(?![^()]*\))", text):
        held += part
        if words_of(part).figures:
            yield held
            held = ""


def other_row(said: Words, place: Place) -> bool:
    """Whether a row that the sentence does not name contains all of it that the named row does, and a third more."""
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
    """Whether the sentence names another default (or recommended …) value than the place does."""
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
    """Return the code or figure directly before or after the word."""
    found = re.search(rf"({_VALUE})\s*\((?:the )?{mark}\)|\b{mark}s?(?: is| to|:)?\s+({_VALUE})", text, re.IGNORECASE)
    return (found.group(1) or found.group(2)) if found else ""


_ASYMMETRIC = re.compile(
    r"\b(?:beats?|overrides?|replaces?|precedes?|wins? over|(?:takes? )?precedence over|than|before|after)\b",
    re.IGNORECASE,
)


def reversed_roles(claim: str, text: str) -> bool:
    """Whether the place puts after a word such as "overrides" what the sentence puts before it."""
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
