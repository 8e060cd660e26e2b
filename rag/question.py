"""A question as typed -> what is searched for: in the words of the docs, and one search per thing asked for. Pure."""

from dataclasses import dataclass
from typing import Final

from ingest.lexical import Lexical, stem
from rag.spell import Dictionary, correct
from rag.split import split
from rag.translate import translate

STOPWORDS: Final = frozenset(
    stem(word)
    for word in (
        "a about an and any are as at be by can could do does for from get has have how i if in into is it its me my "
        "no not of on or our should so than that the their them then there these they this to up use using was we what "
        "when where which who why will with would you your must may"
    ).split()
)
"""Words that carry no subject. They count in BM25, where their idf is small, but not for coverage."""


@dataclass(frozen=True, slots=True)
class Search:
    """`text` is searched for as a whole; `parts` are searched for as well, none or two."""

    text: str
    parts: tuple[str, ...] = ()


class Understanding:
    """Knows the words of one index."""

    def __init__(self, lexical: Lexical, common: frozenset[str]) -> None:
        """`common`: lower-case English words that are no slips although the docs do not hold them."""
        frequency = {
            word: int(lexical.offsets[at + 1] - lexical.offsets[at])
            for word, at in lexical.vocabulary.items()
            if word.isalpha() and len(word) > 2 and word not in STOPWORDS
        }
        self._dictionary = Dictionary(frequency, common | STOPWORDS, lexical.passages)

    def search_for(self, question: str) -> Search:
        """What to search for. A question in another language is translated, others are corrected and split."""
        english = translate(question, self._dictionary.holds)
        if english != question:
            return Search(english)
        corrected = correct(question, self._dictionary)
        return Search(corrected, split(corrected, STOPWORDS))
