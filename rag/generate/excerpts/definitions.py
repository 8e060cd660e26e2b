"""Rate how well a piece of a page defines the term that a question asks about. Pure.

"What is a context manager?", "what does ZDR mean" and "define quorum" ask for one sentence.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from ingest.text.markdown import CODE_SPAN, LIST_ITEM, plain
from ingest.text.terms import FUNCTION_WORDS, terms
from rag.query.frame import find_definition_question

_ARTICLE = re.compile(r"(?:an?|the|your|our|this|these|any|each|every)\s+", re.IGNORECASE)
_AROUND = re.compile(r"\s+(?:(?:used\s+)?for|(?:in|on)\s+\S+(?:\s+\S+)?)$", re.IGNORECASE)
"""What may follow the term: "what is the public directory for", "what is a hook in React"."""
_PLACE = re.compile(r"(?:\s+(?:in|on|for)\s+\S+(?:\s+\S+)?)?\s*", re.IGNORECASE)
"""What may follow the verb: "what does GIL mean in Python"."""
_LONGEST_TERM: Final = 4
"""Words of content of a term; a longer phrase asks about a state of affairs."""
_RELATIONS: Final = frozenset(
    "of for in on between with to from by when if that which who while after before about than or and versus".split()
)
"""Words of a phrase that asks for something about a term ("the limit of …"), not for its meaning."""
_ASKING: Final = frozenset("how what when where whether which who why".split())
"""First words of a clause: "explain how it works" asks for no term."""
_ATTRIBUTES: Final = frozenset(
    "amount cost default difference fee length limit maximum minimum name number option order price pricing rate "
    "requirement size step syntax type url value version way".split()
)
"""Heads of phrases that ask for a value or a list, such as "the rate limits"."""
_CLASSES: Final = frozenset(
    "acronym abbreviation argument code command error field flag header http keyword method option parameter "
    "property setting status suffix term variant".split()
)
"""Words that say of which kind the term is: "error 402", "the `base` option"."""

_VERB = re.compile(
    r"(?!(?:when|if|while|once|since|because|although|though|before|after|where|unless|until|as|whenever)\b)"
    r"(?P<subject>[^.!?:;|]{1,90}?)\s+(?:(?P<is>is|are)\s+(?:basically\s+|simply\s+|just\s+|essentially\s+)?(?P<what>.+)"
    r"|(?P<means>means?|refers?\s+to|stands?\s+for|describes?|denotes?|represents?|is\s+short\s+for)\b.+"
    r"|(?P<does>lets?|allows?|enables?|helps?|provides?|gives?|controls?|sets?|specif(?:y|ies)|determines?|defines?|"
    r"creates?|returns?|makes?|optimizes?|turns?|tells?|runs?|wraps?|adds?)\s+.+)",
    re.IGNORECASE | re.DOTALL,
)
_LABELLED = re.compile(r"(?P<subject>[^.!?;|]{1,60}?)(?::\s+|\s+[—–-]\s+|[—–]\s*)(?P<what>\S.*)", re.DOTALL)
_NAMED_LAST = re.compile(
    r"\b(?:is|are|was|were|been)\s+(?:often\s+|also\s+|sometimes\s+|usually\s+)?"
    r"(?:called|known\s+as|named|considered|termed|referred\s+to\s+as)\s+(?P<subject>[^.,;:()]{1,60})",
    re.IGNORECASE,
)
_KIND = re.compile(r"(?:an?|the|one|any|some|where|how|what|when|whatever|basically)\b", re.IGNORECASE)
_STATE = re.compile(
    r"(?:not|only|always|never|also|now|currently|required|optional|available|supported|disabled|enabled|still|already|"
    r"therefore|usually|often|in|on|at|by|to|from|for|with|free|new|useful|important|possible|subject|true|false|set|"
    r"[\w-]+(?:ed|ing|able|ible)\s+(?:by|in|on|with|to|for|when|if|at|from|as|and|or|via|using|per|into|only|once|under))"
    r"\b|[\w-]+(?:ed|ing|able|ible)\W*\Z",
    re.IGNORECASE,
)
"""What follows "is" or "are" where the sentence says in what state the term is, not what it is."""
_CELLS = re.compile(r"(?<!\\)\|")
_AFTER_NOUN = re.compile(r"\s+(?:of|in|for|from|with|on|within)\s", re.IGNORECASE)
_BRACKETS = re.compile(r"\(([^()]{1,400})\)")

_MEANS: Final = 1.0
_IS_KIND: Final = 1.0
_IS: Final = 0.75
_DOES: Final = 0.7
_ITEM: Final = 0.6
_ROW: Final = 0.55
_INTRODUCES: Final = 0.5
"""How strongly each form of a statement defines its subject."""
DEFINES: Final = 0.5
"""The least rating of a piece that is taken for a definition."""


@dataclass(frozen=True)
class Term:
    """The term whose meaning is asked for, with the long form of an abbreviation where the docs give one."""

    text: str
    long_form: str = ""

    @cached_property
    def names(self) -> tuple[frozenset[str], ...]:
        """The ways to call it, each as a set of search terms: as asked, and in full."""
        return tuple(name for name in (_content(self.text), _content(self.long_form)) if name)

    @cached_property
    def core(self) -> frozenset[str]:
        """The terms without a word such as "error" in "error 402"."""
        return _without_classes(self.names[0])

    @property
    def query(self) -> str:
        """The text to search for."""
        return f"{self.text} {self.long_form}".strip()

    def may_be_in(self, text: str) -> bool:
        """Whether a text has words that begin like the term's: False for most passages that do not name it.

        A stem is the beginning of its word but for its last letter (query, queri).
        """
        lowered = text.lower()
        return any(all(stem[:-1] in lowered for stem in name) for name in (self.core, *self.names))

    def is_named_by(self, phrase: str) -> bool:
        """Whether a phrase is the term; what is in brackets counts as another name."""
        inside = " ".join(_BRACKETS.findall(phrase))
        outside = _BRACKETS.sub(" ", phrase)
        for name in (outside, _AFTER_NOUN.split(outside)[0], inside):
            said = _content(_without_articles(name))
            if said and (_without_classes(said) == self.core or said in self.names):
                return True
        return False


def asked_term(question: str) -> Term | None:
    """The term that a question wants to have explained; None for a question of another kind."""
    asked = find_definition_question(question)
    if asked is None or not _PLACE.fullmatch(asked.rest):
        return None
    phrase, article = asked.phrase, _ARTICLE.match(asked.phrase)
    phrase = _AROUND.sub("", phrase[article.end() :] if article else phrase).strip(" ?\"'“”")
    words = re.findall(r"[^\s,;]+", phrase.lower())
    content = [word for word in words if word not in FUNCTION_WORDS]
    if not content or words[0] in _ASKING or len(content) > _LONGEST_TERM or _RELATIONS.intersection(words):
        return None
    lists = asked.form == "is" and bool(re.search(r"\bare\s+the\b", question, re.IGNORECASE))
    is_value = asked.form == "is" and bool(_ATTRIBUTES & set(terms(content[-1])))
    return None if lists or is_value else Term(phrase)


def with_long_form(term: Term, texts: Iterable[str]) -> Term:
    """The term with its long form, if it is an abbreviation that one of the texts explains: "Long Form (LF)"."""
    letters = re.sub(r"\W", "", term.text)
    if " " in term.text.strip() or not 2 <= len(letters) <= 6 or not letters.isalpha():
        return term
    after = re.compile(
        rf"((?:[\w’'-]+\s+){{0,{2 * len(letters)}}}[\w’'-]+)\W{{0,3}}\s\(\W{{0,3}}{letters}s?\W{{0,3}}\)", re.IGNORECASE
    )
    before = re.compile(rf"\b{letters}s?\s\(([^()]{{5,60}})\)", re.IGNORECASE)
    for text in texts:
        words = plain(text)
        for found in (*after.finditer(words), *before.finditer(words)):
            long_form = _spelled(found[1], letters.lower())
            if long_form:
                return replace(term, long_form=long_form)
    return term


def _spelled(phrase: str, letters: str) -> str:
    """The end of a phrase whose words begin with these letters; small words may be passed over; "" if none does."""
    words = [word for word in re.split(r"[\s-]+", phrase) if word]
    for start in range(len(words) - 1, -1, -1):
        if "".join(word[0] for word in words[start:]).lower() == letters:
            return " ".join(words[start:])
        if "".join(word[0] for word in words[start:] if word.lower() not in FUNCTION_WORDS).lower() == letters:
            return " ".join(words[start:])
    return ""


def rate_definition(term: Term, text: str, kind: str = "paragraph") -> float:
    """How well a sentence, list item or table row (see `kind`) defines the term: 0 to 1, from DEFINES on it does."""
    if kind == "code":
        return 0.0
    if kind == "table":
        return _rate_row(term, text)
    words = _without_lead_in(plain(LIST_ITEM.sub("", text) if kind == "list" else text))
    ratings = [_rate_verb(term, words), _rate_last(term, words), _rate_label(term, words, kind)]
    if any(term.is_named_by(found) for found in _BRACKETS.findall(words)):
        ratings.append(_INTRODUCES)
    return max(ratings)


def _rate_verb(term: Term, words: str) -> float:
    found = _VERB.match(words)
    if not found:
        return 0.0
    if not term.is_named_by(found["subject"]):
        return 0.0
    if found["means"]:
        return _MEANS
    if found["does"]:
        return _DOES
    what = found["what"].strip()
    if _KIND.match(what):
        return _IS_KIND
    return 0.0 if _STATE.match(what) else _IS


def _rate_last(term: Term, words: str) -> float:
    return _MEANS if any(term.is_named_by(found["subject"]) for found in _NAMED_LAST.finditer(words)) else 0.0


def _rate_label(term: Term, words: str, kind: str) -> float:
    found = _LABELLED.match(words)
    if not found or len(found["what"].split()) < 2 or not term.is_named_by(found["subject"]):
        return 0.0
    return _ITEM if kind == "list" else _DOES


def _rate_row(term: Term, row: str) -> float:
    cells = [plain(cell) for cell in _CELLS.split(row.strip(" \t>|"))]
    said = max((len(cell.split()) for cell in cells), default=0)
    if said < 3:
        return 0.0
    return _ROW if any(map(term.is_named_by, cells[:2])) else 0.0


def is_heading_of(term: Term, heading: str) -> bool:
    """Whether a heading is the term, or the question for it: the text below it is about nothing else."""
    asked = asked_term(heading)
    if asked is None and _RELATIONS.intersection(_BRACKETS.sub(" ", heading).lower().split()):
        return False
    return term.is_named_by(asked.text if asked else heading)


_LEAD_IN = re.compile(
    r"(?:(?:Note|Tip|Warning|Info|Important|Caution)\b\W+|In [^,.]{1,90},\s+|For short,\s+)", re.IGNORECASE
)


def _without_lead_in(words: str) -> str:
    return _LEAD_IN.sub("", " ".join(words.split()), count=1)


def _without_articles(phrase: str) -> str:
    return _ARTICLE.sub("", phrase.strip(" \"'“”`*_"))


def _without_classes(words: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words if word not in _CLASSES) or words


def _content(text: str) -> frozenset[str]:
    """The search terms of a phrase that carry meaning."""
    text = CODE_SPAN.sub(lambda found: found[2], text)
    found = frozenset(word for word in terms(text) if word.isalnum())  # compounds are there by their parts
    return found - {"a", "an", "the"}
