"""A question in another language -> rough English, word by word, from the lexicons in this folder.

The bundled embedder and the docs are English. A German question has only its identifiers in common
with them, so its words are looked up: the result reads badly but finds the passage.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from ingest.text.terms import FUNCTION_WORDS

_FOLDER: Final = Path(__file__).parent / "lexicon"
_LATIN: Final = ("de", "es", "fr", "it", "nl", "pl", "pt", "tr")
_SCRIPTS: Final = (("ja", re.compile(r"[\u3040-\u30ff]")), ("zh", re.compile(r"[\u4e00-\u9fff]")))
_SPACED_SCRIPTS: Final = (
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0621-\u064a]")),
    ("vi", re.compile(r"[\u1ea0-\u1ef9ơưđĐƠƯ]")),
)
"""Vietnamese is recognized by letters that no other language in Latin script has; without its marks it is not."""
_WORD: Final = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*|[^\w\s]|_", re.UNICODE)
_LONGEST: Final = 5
"""Words of the longest phrase that is looked up."""

_KNOWN: Final = 0.5
"""The share of a question's words that a language's lexicon must contain for the question to count as that language."""

_ENGLISH: Final = (FUNCTION_WORDS - frozenset("an at no".split())) | frozenset(
    "after before but did instead last let make many more much need one only out over per set under via while "
    "without".split()
)
"""Words that identify a question as English: stop words, except three that other languages have as well, and other
words that are frequent in questions."""
_ELIDED: Final = re.compile(r"\b(?:[cdjlmnst]|qu|un|all|dell|nell|sull|quell)['’](?=\w)", re.IGNORECASE)
"""French and Italian articles and similar words that are attached to the next word."""

_UNFOLDED: Final = str.maketrans(
    {"ł": "l", "ı": "i", "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "’": "'", "đ": "d"}
    | {"أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ة": "ه", "ؤ": "و", "ئ": "ي"}
)
"""Letters that are no other letter with an accent, and Arabic ones that many write without their hamza or dots."""

_VOWELS: Final = re.compile("[\u064b-\u0652\u0640]")
"""Arabic vowel signs and the stroke that stretches a word: most leave them out."""


_JOINING: Final = ("de", "nl")
"""Languages that write compounds as one word."""

_PREFIXED: Final = {"ar": ("وبال", "ولل", "وال", "بال", "فال", "كال", "لل", "ال", "و", "ف", "ب", "ل", "ك")}
"""What a language writes together with the next word: the Arabic article, "and", "with", "for"; longest first."""

_ROOT: Final = 3
"""Letters that must be left without a prefix."""

_PART: Final = 4
"""Letters of the shortest part of a compound: shorter parts match by chance."""

_LONGEST_WORD: Final = 64
"""Letters of the longest word that is looked up; longer ones are no words, and would take seconds."""

_JOINTS: Final = ("", "s", "n", "en", "es")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """`words`: forms of one or more words; `stems`: the beginnings of words; both -> English, with accents and without.

    `joining`: whether a word that is not known may be two that are. `prefixes` may stand before any word.
    """

    words: Mapping[str, str]
    stems: Mapping[str, str]
    phrases: Mapping[int, Sequence[tuple[Sequence[str], str]]]
    """By their number of words: phrases some of whose words are stems, marked by a star."""
    joining: bool = False
    prefixes: tuple[str, ...] = ()

    def find(self, words: Sequence[str]) -> str | None:
        """Translate lower-case words into English: as they are, else by stems; None if neither is known."""
        form = " ".join(words)
        if form in self.words:
            return self.words[form]
        if self.prefixes:
            bare = tuple(_without_prefix(word, self.prefixes) for word in words)
            if " ".join(bare) in self.words:
                return self.words[" ".join(bare)]
            if len(words) == 1 and bare[0] != form and len(form) <= _LONGEST_WORD:
                return self._stem(form) or self._stem(bare[0])
        if len(words) == 1:
            if len(form) > _LONGEST_WORD:
                return None
            return self._stem(form) or (self._compound(form) if self.joining else None)
        return next((english for stems, english in self.phrases.get(len(words), ()) if _begin(words, stems)), None)

    def _stem(self, form: str) -> str | None:
        return next((self.stems[form[:end]] for end in range(len(form), 1, -1) if form[:end] in self.stems), None)

    def _compound(self, form: str) -> str | None:
        """Two words written as one, the first as long as can be, a joint between them or none."""
        for cut in range(len(form) - _PART, _PART - 1, -1):
            head, tail = form[:cut], form[cut:]
            first = next(
                (self.words[head.removesuffix(j)] for j in _JOINTS if head.removesuffix(j) in self.words), None
            )
            second = self.words.get(tail) or self._stem(tail)
            if first and second:
                return f"{first} {second}"
        return None


def _without_prefix(word: str, prefixes: Sequence[str]) -> str:
    return next((word[len(one) :] for one in prefixes if word.startswith(one) and len(word) - len(one) >= _ROOT), word)


def translate(question: str, in_docs: Callable[[str], bool]) -> str:
    """Translate the question into rough English; unchanged if it is English or its language has no lexicon.

    `in_docs`: whether the (English) docs contain a word. Nothing else reveals the language of bare keywords.
    """
    question = _VOWELS.sub("", question)
    for language, script in _SCRIPTS:
        if script.search(question):
            return _unspaced(question, read_lexicon(language))
    for language, script in _SPACED_SCRIPTS:
        if script.search(question):
            return _spaced(question, read_lexicon(language))
    apart = _ELIDED.sub(" ", question)
    typed = [word.lower() for word in _WORD.findall(apart) if word[0].isalpha()]
    words = [fold(word) for word in typed]
    if not words or sum(word in _ENGLISH for word in words) * 4 >= len(words):
        return question
    english = {fold(word): word in _ENGLISH or in_docs(word) for word in typed}
    if all(english.values()):
        return question
    known = {language: _evidence(words, read_lexicon(language), english) for language in _LATIN}
    best = max(known, key=lambda language: known[language].known)
    return _spaced(apart, read_lexicon(best)) if known[best].is_enough else question


def fold(text: str) -> str:
    """Lower case without accents, as many users type; Hangul and kana stay as they are."""
    folded = unicodedata.normalize("NFD", text.lower().translate(_UNFOLDED))
    return unicodedata.normalize("NFC", "".join(mark for mark in folded if not "\u0300" <= mark <= "\u036f"))


@cache
def read_lexicon(language: str) -> Lexicon:
    """The lexicon of a language by its ISO 639-1 code."""
    prefixes = _PREFIXED.get(language, ())
    words: dict[str, str] = {}
    stems: dict[str, str] = {}
    phrases: dict[int, list[tuple[Sequence[str], str]]] = {}
    for line in (_FOLDER / f"{language}.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            written, _, english = line.partition("\t")
            for form in dict.fromkeys((unicodedata.normalize("NFC", written.lower()), fold(written))):
                if "*" not in form:
                    words.setdefault(form, english)
                    if prefixes and " " in form:
                        words.setdefault(" ".join(_without_prefix(one, prefixes) for one in form.split()), english)
                elif " " in form:
                    phrases.setdefault(form.count(" ") + 1, []).append((form.split(" "), english))
                else:
                    stems.setdefault(form.rstrip("*"), english)
    return Lexicon(words, stems, phrases, language in _JOINING, prefixes)


def _begin(words: Sequence[str], stems: Sequence[str]) -> bool:
    pairs = zip(words, stems, strict=True)
    return all(word.startswith(stem[:-1]) if stem.endswith("*") else word == stem for word, stem in pairs)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The shares of a question's words that a language's lexicon contains, and that are English."""

    known: float
    english: float

    @property
    def is_enough(self) -> bool:
        """Whether the question is in the language."""
        return self.known >= _KNOWN and self.known > self.english


def _evidence(words: Sequence[str], lexicon: Lexicon, english: Mapping[str, bool]) -> _Evidence:
    """Words that the language spells as English does, such as "error" in Spanish, are evidence for neither."""
    found = {word: lexicon.find([word]) for word in words}
    telling = [word for word in words if word not in (found[word] or "").split()]
    if not telling:
        return _Evidence(0.0, 1.0)
    return _Evidence(
        sum(found[word] is not None for word in telling) / len(telling),
        sum(english[word] for word in telling) / len(telling),
    )


def _spaced(question: str, lexicon: Lexicon) -> str:
    """Translate, longest phrase first; unknown words stay, because names and identifiers are not translated."""
    return " ".join(_longest(_WORD.findall(unicodedata.normalize("NFC", question)), lexicon))


def _longest(words: Sequence[str], lexicon: Lexicon) -> Iterator[str]:
    """Words are looked up with their accents, then without: "ändere" is not "andere"."""
    accented, folded = [word.lower() for word in words], [fold(word) for word in words]
    at = 0
    while at < len(words):
        for size in range(min(_LONGEST, len(words) - at), 0, -1):
            english = lexicon.find(accented[at : at + size])
            english = lexicon.find(folded[at : at + size]) if english is None else english
            if english is not None:
                yield english
                break
        else:
            size = 1
            yield words[at]
        at += size


def _unspaced(question: str, lexicon: Lexicon) -> str:
    """Longest form first at every place; Latin letters and digits stay."""
    longest = max(map(len, lexicon.words))
    found: list[str] = []
    at = 0
    while at < len(question):
        size = next((size for size in range(longest, 0, -1) if fold(question[at : at + size]) in lexicon.words), 0)
        if size:
            found.append(f" {lexicon.words[fold(question[at : at + size])]} ")
        else:
            size = 1
            found.append(question[at])
        at += size
    return " ".join("".join(found).split())
