"""A question as typed -> the searches: in the words of the docs, one for each part of the question. Pure."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ingest.index.base import Vocabulary
from ingest.text.terms import STOPWORDS
from rag.query.decompose import split
from rag.query.spelling import Dictionary, correct
from rag.query.translation import translate


@dataclass(frozen=True, slots=True)
class Search:
    """`text` is searched for as a whole; `parts` are searched for as well, none or two."""

    text: str
    parts: tuple[str, ...] = ()


class Understanding:
    """Knows the words of one index."""

    def __init__(self, vocabulary: Vocabulary, common: Container[str], language: str = "en") -> None:
        """`common`: lower-case English words that are not misspellings even if the docs do not contain them.

        `language` is that of the docs, an ISO 639-1 code.
        """
        self._language = language
        self._dictionary = Dictionary(_Frequency(vocabulary), _Common(common), vocabulary.rows_with)

    def search_for(self, question: str) -> Search:
        """What to search for.

        Where the docs are English, a question in another language is translated, and others are corrected and split.
        Docs in another language are searched for the question as it is.
        """
        if self._language != "en":
            return Search(question)
        english = translate(question, self._dictionary.holds)
        if english != question:
            return Search(english)
        corrected = correct(question, self._dictionary)
        return Search(corrected, split(corrected, STOPWORDS))


class _Frequency(Mapping[str, int]):
    """The number of chunks that contain each word of the docs, on demand: counting all at the start takes too long."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def __getitem__(self, word: str) -> int:
        if word not in self:
            raise KeyError(word)
        return self._vocabulary.frequency(word)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and _is_subject(word) and self._vocabulary.frequency(word) > 0

    @cached_property
    def _words(self) -> tuple[str, ...]:
        return tuple(filter(_is_subject, self._vocabulary))

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)


@dataclass(frozen=True, slots=True)
class _Common(Container[str]):
    """English words, function words included."""

    words: Container[str]

    def __contains__(self, word: object) -> bool:
        return word in STOPWORDS or word in self.words


def _is_subject(word: str) -> bool:
    return word.isalpha() and len(word) > 2 and word not in STOPWORDS
