"""Find the words of a question in a text, for callers that show the text with emphasis. Pure."""

import re
from collections.abc import Callable, Iterator

from ingest.text.markdown import CODE_SPAN, fenced_code
from ingest.text.terms import STOPWORDS, terms

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def decisive_words(question: str, idf: Callable[[str], float]) -> frozenset[str]:
    """Return the terms of a question that distinguish passages: its content words without the commonest."""
    weights = {word: idf(word) for word in set(terms(question)) if word not in STOPWORDS and len(word) > 1}
    least = 0.5 * sum(weights.values()) / len(weights) if weights else 0.0
    return frozenset(word for word, weight in weights.items() if weight >= least)


def decisive_spans(text: str, words: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each word of a markdown text that is one of these terms; what is in code is left out."""
    code = [(block.start, block.end) for block in fenced_code(text)]
    code += [found.span() for found in CODE_SPAN.finditer(text)]
    for found in _WORD.finditer(text):
        if any(start <= found.start() < end for start, end in code):
            continue
        if words.intersection(terms(found.group())):
            yield found.span()


def emphasized(text: str, words: frozenset[str]) -> str:
    """The text with these terms in bold, as markdown. Words that follow each other are emphasised together."""
    parts, at = [], 0
    for start, end in _runs(text, words):
        parts += [text[at:start], "**", text[start:end], "**"]
        at = end
    return "".join([*parts, text[at:]])


def _runs(text: str, words: frozenset[str]) -> Iterator[tuple[int, int]]:
    begun: tuple[int, int] | None = None
    for start, end in decisive_spans(text, words):
        if begun and text[begun[1] : start] == " ":
            begun = (begun[0], end)
            continue
        if begun:
            yield begun
        begun = (start, end)
    if begun:
        yield begun
