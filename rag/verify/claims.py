"""Extract the figures, identifiers, names and words of a sentence that its cited passage must contain. Pure.

The synonyms are words that answers and docs use for one another, one group a line. They are limited to the prose of
this field; this is not a thesaurus.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import pairwise
from typing import Final

from ingest.text.markdown import CODE_SPAN
from ingest.text.terms import STOPWORDS, stem

_NUMBERS: Final = dict(
    zip("two three four five six seven eight nine ten eleven twelve".split(), map(str, range(2, 13)), strict=True)
) | {"hundred": "100", "thousand": "1000", "million": "1000000"}
_POINTING: Final = frozenset("the these those both either all other".split())
"""Precedes a number in letters: "the two lists" counts things named before, and the source need not give the number."""
_IDENTIFIER = re.compile(
    r"https?://[^\s<>()\"'`]+|[\w.+-]+@[\w-]+\.\w+|(?<!\w):[a-z][\w-]*|@?[\w~-]+(?:[./][\w-]+)*/[\w.:/-]+|"
    r"\w*[A-Za-z]\w*_\w+|[A-Za-z]+-(?:[A-Za-z]+-)*[A-Z]\w*(?:-\w+)*|#\w+"
)
_FIGURE = re.compile(r"(?<![\w.,-])-?[$€£]?\d[\d,]*(?:\.\d+)*(?=[^\d]|$)")
_WORD = re.compile(r"[^\W\d_]+(?:['’][a-z]+)?|[^\W\d_]+\d[\w.]*|\d+[^\W\d_]\w*")
_GENERIC: Final = frozenset("api apis http https json url urls id ids sdk i yes note if for with".split())


@dataclass(frozen=True, slots=True)
class Words:
    """The content of a text, all in one normal form; `names` are lower-cased words that are also in `words`."""

    figures: frozenset[str]
    identifiers: frozenset[str]
    names: frozenset[str]
    words: frozenset[str]
    parts: frozenset[str]
    """The words that identifiers are made of: `frequency_penalty` may be called frequency penalty."""


_SAYINGS: Final = (
    (re.compile(r"\b(?:costs? nothing|at no (?:extra )?(?:cost|charge)|free of charge)\b", re.IGNORECASE), "is free"),
    (re.compile(r"\b(?:(?:at|to) the (?:very )?end|in the end)\b", re.IGNORECASE), "last"),
    (re.compile(r"\b(?:no|not) (?:more|longer|larger|higher) than\b", re.IGNORECASE), "at most"),
    (re.compile(r"\b(?:no|not) (?:less|fewer|shorter|lower) than\b", re.IGNORECASE), "at least"),
    (re.compile(r"\b(?:switch|turn)(?:e[sd]|s|ing)?((?: [\w`.-]+){0,3}?) off\b", re.IGNORECASE), r"disables\1"),
    (re.compile(r"\b(?:switch|turn)(?:e[sd]|s|ing)?((?: [\w`.-]+){0,3}?) on\b", re.IGNORECASE), r"enables\1"),
    (re.compile(r"\b(?:lets?|allows?|permits?|enables?) (?:you|one|users)(?: to)?\b", re.IGNORECASE), "can"),
    (re.compile(r"\b(?:(?:at|to) the (?:very )?(?:beginning|front|start|top))\b", re.IGNORECASE), "first"),
)


def said_plainly(text: str) -> str:
    """Replace some phrases that express a negation or an order indirectly by a plain word."""
    for saying, word in _SAYINGS:
        text = saying.sub(word, text)
    return text


@lru_cache(maxsize=4096)
def words_of(text: str) -> Words:
    """The figures, identifiers, names and content words of a text in markdown."""
    identifiers: set[str] = set()

    def take(found: re.Match[str]) -> str:
        inner = found.group(2).strip()
        if re.fullmatch(r"-?[$]?\d[\d.,]*", inner) or (" " in inner and not re.search(r"[{}=:_\"]", inner)):
            return inner
        identifiers.add(squeezed(inner))
        return " , "

    prose = CODE_SPAN.sub(take, said_plainly(text))
    for found in _IDENTIFIER.finditer(prose):
        identifiers.add(squeezed(found.group().rstrip(".,:;")))
    prose = _IDENTIFIER.sub(" , ", prose)
    figures = {figure for found in _FIGURE.finditer(prose) if (figure := number(found.group()))}
    tokens = [found.group() for found in _WORD.finditer(prose)]
    figures |= {
        _NUMBERS[token.lower()]
        for before, token in pairwise(["", *tokens])
        if token.lower() in _NUMBERS and before.lower() not in _POINTING
    }
    plain = [token for token in tokens if token.lower() not in _NUMBERS]
    return Words(
        frozenset(figures),
        frozenset(identifiers - {""}),
        frozenset(_names(prose)),
        frozenset(word for token in plain if (word := normal(token))),
        frozenset(word for name in identifiers for token in re.findall(r"[^\W_]+", name) if (word := normal(token))),
    )


def _names(prose: str) -> Iterator[str]:
    """Capitalised words that do not open the sentence, and words with capitals or digits inside."""
    first = True
    for found in _WORD.finditer(prose):
        token = re.sub(r"['’]s?$", "", found.group())
        inside = any(c.isupper() or c.isdigit() for c in token[1:])
        next_up = first and token[0].isupper() and re.match(r" [A-Z]\w*[A-Z]", prose[found.end() :])
        named = (inside or next_up or (token[0].isupper() and not first)) and token.lower() not in _GENERIC
        if named and len(token) > 1 and (word := normal(token)):
            yield word
        first = prose[found.end() : found.end() + 2].strip() in {":", ".", "?", "!", '"'}


def squeezed(text: str) -> str:
    """Code as it is compared: without case, quotes and white space."""
    return re.sub(r"[\s\"'`“”]", "", text).lower()


def number(text: str) -> str:
    """Return a figure without currency sign and thousands separators: "$25,000" is 25000, "2.0" is 2."""
    bare = text.strip("$€£,.").replace("$", "").replace(",", "")
    try:
        value = Decimal(bare).normalize()
    except InvalidOperation:
        return bare  # a version, such as 1.5.5
    return f"{value:f}"


_UN: Final = re.compile(
    r"^(?:un|in|im|non|dis)(?=(?:activ|affect|authori[sz]|avail|chang|complete|eligib|encrypt|know|limit|modif|need|necess"
    r"|order|paid|predict|reliab|relat|specif|stream|success|support|us(?:ed|able)|valid|visib))"
)
"""A negating prefix: "inactivity" means "not activity". The polarity of the clause covers whether both texts negate."""


@lru_cache(maxsize=16384)
def normal(word: str) -> str:
    """A word's stem, its group's first where it has near synonyms; "" for one without content."""
    lower = re.sub(r"['’]\w*$", "", word.lower())
    if len(lower) < 2 or stem(lower) in STOPWORDS or lower in _EMPTY:
        return ""
    root = _root(_UN.sub("", lower))
    return _LEADERS.get(root, root)


_EMPTY: Final = frozenset(
    "not no never only such like than like also just very too one ones other others another same either both while "
    "although though since because whether however still even yet already actually actual itself own per been being "
    "will does done did had having via within whose whom thing things means mean may might able without nor none "
    "cannot don doesn isn aren won over out off up down but instead rather after before during "
    "take takes taken give gives given set sets setting make makes made come comes value values "
    "version versions way kind "
    "put puts let lets part exist exists effect used mostly mainly no longer unlike interesting matters noticing "
    "otherwise simply therefore thus hence furthermore moreover additionally generally basically effectively "
    "specifically accordingly respectively example instance "
    "around about approximately roughly first last final past more most less least".split()
)


_PREFIX: Final = 6
"""Maximum letters of a stem, so that "classifier" and "classification" match: truncation, as in McNamee 2004."""


def _root(word: str) -> str:
    """Strip the endings of a word, so that cache, cached and caching match. Cruder than Porter's stemmer but enough."""
    root = stem(word)
    for ending in (
        "ization", "isation", "ations", "ation", "ments", "ment", "ings", "ing", "ions", "ion", "edly", "ively",
        "ally", "ies", "ied", "ible", "able", "ity", "ive", "ous", "ed", "er", "or", "est", "ly", "al", "y", "es", "e",
    ):  # fmt: skip
        if root.endswith(ending) and len(root) - len(ending) >= (4 if ending in {"er", "or", "est"} else 3):
            root = root[: -len(ending)]
            break
    root = root[:-1] if len(root) > 3 and root[-1] == root[-2] and root[-1] not in "ls" else root
    return root[:_PREFIX]


_SYNONYMS: Final = """\
cost price fee charge bill pay paid spend spent deduct
disable deactivate
enable activate
omit
return give yield result respond response reply answer receive get got obtain fetch retrieve
need require must mandatory necessary want
append add insert put attach
begin began begun start open
end finish stop halt close lapse cancel abort terminate
remove delete drop discard
pick choose chosen select
permit allow accept
reject refuse deny
make create build generate produce
use apply employ utilize
send sent submit pass route transmit forward deliver
set configure specify define
show display report contain include hold held carry list tell told
exceed beyond
limit cap restrict maximum
minimum least
several multiple many
every each all any
replace substitute
monthly month
daily day
weekly week
yearly year annual
beat override win precedence
error failure fail
same equal identical alike
usual normal default ordinary typical plain standard regular
newest latest recent
fast quick
cheap inexpensive
big large
small little
call request
keep kept retain store save
wait pause
buy bought purchase
written write wrote
built build
additional further extra
immediately once
remain stay left
occur happen arise
available down offline
offer provide supply
skip ignore
validate check verify
identify recognize detect determine
rank order sort
category type
image picture
document file
reliable dependable
shorten cut reduce trim truncate compress
random chance
prevent block hinder
update refresh renew
combine merge join
describe explain
separate different distinct
person people user
outage downtime
sum total
repeat again
change alter modify edit adjust
wrong incorrect faulty broken malformed
count number
prefer favour favor
recommend advise suggest
try tries tried trying attempt
go goes run work
trigger cause
vendor provider
older previous
"""
GROUPS: Final = [line.split() for line in _SYNONYMS.splitlines()]


_LEADERS: Final = {_root(word): _root(group[0]) for group in GROUPS[::-1] for word in group}
"""The first word of each group represents the group."""
