"""A model's text -> text with only true markers, and the quotes that stand behind them. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ingest.text.markdown import (
    CODE_SPAN,
    FENCE,
    LIST_MARKER,
    blocks_of,
    closes_fence,
    without_bullet,
    without_fenced_code,
)
from ingest.text.sentences import sentences
from ingest.text.terms import STOPWORDS, terms
from rag.passage import Span, spans_of
from rag.records import Citation, Hit
from rag.verify.support import supported

_GAP = r"[ \t]{0,9}"  # bounded, because a model may send spaces without end
_ITEM_OF_GROUP = r"(?:\d{1,3}|p\d[a-z]\d[a-z])"
_GROUP = re.compile(
    rf"{_GAP}[\[【]{_GAP}{_ITEM_OF_GROUP}(?:{_GAP}[,;]{_GAP}{_ITEM_OF_GROUP}){{0,20}}{_GAP}[\]】]", re.IGNORECASE
)
_PART_OF_ITEM = r"(?:\d{0,3}|p\d?|p\d[a-z]\d?|p\d[a-z]\d[a-z])"
_OPEN_GROUP = re.compile(
    rf"{_GAP}(?:[\[【](?:{_GAP}{_ITEM_OF_GROUP}{_GAP}[,;]){{0,20}}{_GAP}{_PART_OF_ITEM}{_GAP})?\Z", re.IGNORECASE
)
_LONGEST_GROUP: Final = 300
_MARKER = re.compile(r"\[(\d{1,3})\]")
_MARKED = re.compile(r"\s{0,9}\[\d{1,3}\]")
_ITEM = re.compile(rf"[ \t>]*{LIST_MARKER}")


class MarkerFilter:
    """Passes streamed text on, holding back only an open marker; drops markers that name no passage.

    What stands in code, as in `choices[0]`, is no marker. In whatever pieces a text comes, the
    outcome is the same: the state is the line so far, not the piece. A passage may be named by its
    number or by its label in the prompt; both become its number.
    """

    def __init__(self, passages: int, labels: Mapping[str, int] | None = None) -> None:
        self._passages = passages
        self._labels = labels or {}
        self._held = ""
        self._line = ""
        self._fence = ""
        self.invalid = 0

    def feed(self, piece: str) -> str:
        """The part of all text so far that can be shown now."""
        text = self._held + piece
        # With the space before it, which goes if the marker goes.
        open_group = _OPEN_GROUP.search(text, max(0, len(text) - _LONGEST_GROUP))
        cut = open_group.start() if open_group else len(text)
        self._held = text[cut:]
        return self._checked(text[:cut])

    def end(self) -> str:
        """What was held back when the text ended."""
        rest, self._held = self._held, ""
        return self._checked(rest)

    def _checked(self, text: str) -> str:
        first, *lines = text.split("\n")
        out = [self._checked_part(first)]
        for line in lines:
            self._end_line()
            out += ["\n", self._checked_part(line)]
        return "".join(out)

    def _checked_part(self, part: str) -> str:
        start = len(self._line)
        self._line += part
        return _GROUP.sub(lambda group: self._valid(group, self._line[: start + group.start()]), part)

    def _end_line(self) -> None:
        found = FENCE.match(self._line)
        if not self._fence:
            self._fence = found.group(1) if found else ""
        elif closes_fence(self._line, self._fence):
            self._fence = ""
        self._line = ""

    def _valid(self, group: re.Match[str], before: str) -> str:
        if self._fence or FENCE.match(before) or ("`" in before and "`" in CODE_SPAN.sub("", before)):
            return group.group()
        names = re.findall(_ITEM_OF_GROUP, group.group(), re.IGNORECASE)
        numbers = [int(name) if name.isdecimal() else self._labels.get(name.lower(), 0) for name in names]
        valid = [number for number in numbers if 1 <= number <= self._passages]
        self.invalid += len(numbers) - len(valid)
        space = group.group()[: len(group.group()) - len(group.group().lstrip(" \t"))]
        return space + "".join(f"[{number}]" for number in valid) if valid or _ITEM.fullmatch(before) else ""


def resolve(text: str, hits: Sequence[Hit]) -> tuple[tuple[Citation, ...], tuple[str, ...]]:
    """The citations of a checked text, and its sentences that no cited passage supports."""
    return cited(text, hits), tuple(claim for claim, markers in _claims(text) if not _supported(claim, markers, hits))


def cited(text: str, hits: Sequence[Hit]) -> tuple[Citation, ...]:
    """The citations of a checked text; a quote is the sentence of the passage that shares most with the claim."""
    citations: dict[int, Citation] = {}
    for claim, markers in _claims(text):
        words = _content(claim)
        for marker in markers if words and not claim.endswith(":") else ():
            if 1 <= marker <= len(hits):
                citations.setdefault(marker, _best_quote(words, hits[marker - 1], marker))
    return tuple(citations[marker] for marker in sorted(citations))


def judged(sentence: str, hits: Sequence[Hit]) -> bool:
    """Whether the passages that a sentence, list item or table row cites support it."""
    numbers = [int(number) for number in _MARKER.findall(CODE_SPAN.sub("", sentence))]
    claim = without_bullet(_MARKED.sub("", sentence).strip())
    return _supported(claim, numbers, hits)


def _supported(claim: str, markers: Sequence[int], hits: Sequence[Hit]) -> bool:
    """What leads in a list, and what has no content, claims nothing."""
    if not _content(claim) or claim.endswith(":"):
        return True
    return supported(claim, [hits[marker - 1] for marker in dict.fromkeys(markers) if 1 <= marker <= len(hits)])


def _claims(text: str) -> Iterator[tuple[str, list[int]]]:
    """Each sentence outside code, without its markers, with the passages that it cites.

    Markers often follow the full stop; they belong to the sentence before.
    """
    prose = re.sub(r"([.!?])((?:\s*\[\d{1,3}\])+)", r"\2\1", without_fenced_code(text))
    for block in blocks_of(prose):
        if block.kind == "heading":
            continue
        for start, end in sentences(prose[block.start : block.end], block.start):
            sentence = prose[start:end]
            markers = _MARKER.findall(CODE_SPAN.sub("", sentence))
            yield _MARKED.sub("", sentence).strip(), [int(number) for number in markers]


def _content(text: str) -> set[str]:
    return {term for term in terms(text) if term not in STOPWORDS}


def _best_quote(words: set[str], hit: Hit, marker: int) -> Citation:
    chunk = hit.chunk
    places = [place for span in spans_of(chunk) for place in _lines(span)] or [(0, len(chunk.text))]
    start, end = max(places, key=lambda place: len(words & _content(chunk.text[place[0] : place[1]])))
    return Citation(marker, hit, chunk.text[start:end], chunk.start + start, chunk.start + end)


def _lines(span: Span) -> Iterator[tuple[int, int]]:
    """The places to quote from: of code, single lines."""
    if span.kind != "fence":
        yield span.start, span.end
        return
    for found in re.finditer(r"[^\n]*\S[^\n]*", span.text):
        yield span.start + found.start(), span.start + found.end()
