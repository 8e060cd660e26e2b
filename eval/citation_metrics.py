"""Citation precision and recall of an answer, by a test of words. Pure.

Citation recall and precision are those of ALCE (Gao et al. 2023), with words in place of its
entailment model: a passage supports a claim when it contains every number of the claim and at least half of its
other content words. That can't see a swapped name or a negation, and an answer in another language
than the docs fails it. It is stricter than what an answer is checked with when it is written, and
shares no code with that.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ingest.text.markdown import LIST_MARKER, without_fenced_code
from ingest.text.sentences import sentences
from ingest.text.terms import STOPWORDS, terms
from rag.records import Answer

_LEAST_OVERLAP: Final = 0.5
_MARKER: Final = re.compile(r"\s*\[(\d{1,3})\]")
_LATE: Final = re.compile(r"([.!?:])((?:\s*\[\d{1,3}\])+)")
_PARAGRAPH: Final = re.compile(rf"\n\s*\n|\n(?=[ \t]*{LIST_MARKER}[ \t])|(?:(?<=\])|(?<=\][.!?]))\n")
"""Where a claim ends without a full stop: at an empty line, before a list item, behind marks at a line's end."""


@dataclass(frozen=True, slots=True)
class CitationCounts:
    """Counts of an answer: marks, marks whose passage supports the claim (`held`), claims, supported claims."""

    cited: int
    held: int
    claims: int
    supported: int


def count_support(answer: Answer) -> CitationCounts:
    """Compare each claim of the answer with the passages that it cites; those of an excerpt with what it quotes."""
    passages = {
        citation.marker: f"{citation.hit.chunk.context}\n{citation.hit.chunk.text}\n{citation.quote}"
        for citation in answer.citations
    }
    cited = held = claims = supported = 0
    for claim, markers in _claims_of(answer):
        good = sum(_entails(passages, marker, claim) for marker in markers)
        cited += len(markers)
        held += good
        claims += 1
        supported += good > 0
    return CitationCounts(cited, held, claims, supported)


def _claims_of(answer: Answer) -> Iterator[tuple[set[str], list[int]]]:
    """The claims of an answer with the marks that cite for them: of an excerpt, the one mark that it has."""
    if not answer.excerpts:
        yield from _iter_claims(answer.text)
    for citation, text in zip(answer.citations, answer.excerpts, strict=False):
        for claim, _ in _iter_claims(text):
            yield claim, [citation.marker]


def _iter_claims(text: str) -> Iterator[tuple[set[str], list[int]]]:
    """The content words of each sentence outside code, with the marks that it carries.

    A sentence that only introduces a list claims nothing. Marks after the full stop belong to the sentence before
    them and end it, even where the next word is in lower case.
    """
    for paragraph in _PARAGRAPH.split(_LATE.sub("\\2\\1\n\n", without_fenced_code(text))):
        for start, end in sentences(paragraph):
            sentence = paragraph[start:end]
            said = _MARKER.sub("", sentence)
            words = {term for term in terms(said) if term not in STOPWORDS}
            if words and not said.rstrip().endswith(":"):
                yield words, [int(number) for number in _MARKER.findall(sentence)]


def _entails(passages: Mapping[int, str], marker: int, claim: set[str]) -> bool:
    said = set(terms(passages.get(marker, "")))
    numbers = {term for term in claim if term.isdigit()}
    return numbers <= said and len(claim & said) >= _LEAST_OVERLAP * len(claim)
