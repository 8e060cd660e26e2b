"""Read the citation marks of a model, in all forms that models write, and find the quotes they refer to. Pure.

A piece of an answer goes through `resolve_marks` once; after that, `[n]` outside code always names the n-th passage.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ingest.core.records import Chunk
from ingest.text.markdown import CODE_SPAN, LIST_MARKER, blocks_of, fenced_code, without_bullet
from ingest.text.sentences import sentences
from ingest.text.terms import STOPWORDS, terms
from rag.passage import Span, spans_of
from rag.records import Citation, Hit
from rag.verify.support_check import Claim

LABEL: Final = r"p\d[a-z]\d[a-z]"
"""Pattern source for the label of a passage in a prompt."""

_GAP = r"[ \t]{0,9}"  # bounded, because a model may send spaces without end
_PREFIX = rf"(?:\^|\#|(?:passages?|sources?|labels?|refs?|cite|citation){_GAP}[=:#]?{_GAP})?"
_NAME = rf"{_PREFIX}['\"]?(?:\d{{1,3}}|{LABEL})['\"]?"
_COMMA = rf"{_GAP}(?:[,;/&|+]|\band\b|\bor\b){_GAP}"
_NAMES = rf"{_GAP}{_NAME}(?:{_COMMA}{_NAME}){{0,20}}{_GAP}"
_LABELS = rf"{_GAP}{_PREFIX}{LABEL}(?:{_COMMA}{_PREFIX}{LABEL}){{0,20}}{_GAP}"
_TARGET = r"(?:\((?:https?:|\#|/)[^()\s]{0,300}\))?"
"""The link that models add to a mark is removed, because the mark itself leads to the passage."""
_GROUP = re.compile(
    rf"({_GAP})(?:\[\[{_NAMES}\]\]|\[{_NAMES}\]{_TARGET}|【{_NAMES}】|\({_LABELS}\)|<{_LABELS}>|\{{{_LABELS}\}}|\b{LABEL}\b)",
    re.IGNORECASE,
)
_NAME_ALONE = re.compile(rf"\d{{1,3}}|{LABEL}", re.IGNORECASE)
_ECHO = re.compile(
    rf"<(/?)passage(?:-[0-9a-f]*)?(?:[ \t]+(?:label[ \t]*=)?[ \t]*['\"]?({LABEL})?['\"]?)?[ \t]*>\s*", re.IGNORECASE
)
"""The marks that enclose passages in the prompt; weak models repeat them. Group 2 is the label."""

_PAGE = re.compile(r"\(page: [^\s()]{1,300}\)\s*")
"""The address at the start of a passage in the prompt."""

_MARK = re.compile(r"\[(\d{1,3})\]")
_MARKED = re.compile(r"\s{0,9}\[\d{1,3}\]")
_LEADING_MARKS = re.compile(r"(?:\s{0,9}\[\d{1,3}\])+[.!?]?")
_BULLET = re.compile(rf"[ \t>]*{LIST_MARKER}")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A text whose marks are numbers of passages; `invalid` counts the marks removed because they named no passage."""

    text: str
    invalid: int


def resolve_marks(text: str, passages: int, labels: Mapping[str, int] | None = None) -> Resolved:
    """Write each mark as `[n]`; drop those that name no passage. A passage is named by its number or its label.

    What is in code, as in `choices[0]`, is not a mark.
    """
    resolver = _Resolver(passages, labels or {})
    parts, at = [], 0
    for start, end in code_places(text):
        parts += [resolver.resolve(text[at:start]), text[start:end]]
        at = end
    return Resolved("".join([*parts, resolver.resolve(text[at:])]), resolver.invalid)


class _Resolver:
    def __init__(self, passages: int, labels: Mapping[str, int]) -> None:
        self._passages, self._labels = passages, labels
        self.invalid = 0

    def resolve(self, prose: str) -> str:
        prose = _PAGE.sub("", prose)
        prose = _ECHO.sub(lambda tag: f"[{tag[2]}] " if tag[2] and not tag[1] else "", prose)
        return _GROUP.sub(self._resolve_group, prose)

    def _resolve_group(self, group: re.Match[str]) -> str:
        names = _NAME_ALONE.findall(group[0].partition("](")[0])
        bare = re.fullmatch(rf"{_GAP}{LABEL}", group[0], re.IGNORECASE)
        if bare and names[0].lower() not in self._labels:
            return group[0]  # a word of the text
        numbers = [int(name) if name.isdecimal() else self._labels.get(name.lower(), 0) for name in names]
        valid = [number for number in numbers if 1 <= number <= self._passages]
        self.invalid += len(numbers) - len(valid)
        line = group.string[: group.start()].rpartition("\n")[2]
        keep_space = bool(valid) or bool(_BULLET.fullmatch(line))
        return (group[1] if keep_space else "") + "".join(f"[{number}]" for number in valid)


def shift_marks(text: str, by: int) -> str:
    """The text with `by` added to the number of each mark."""
    parts, at = [], 0
    for start, end in [*code_places(text), (len(text), len(text))]:
        parts += [_MARK.sub(lambda mark: f"[{int(mark[1]) + by}]", text[at:start]), text[start:end]]
        at = end
    return "".join(parts)


def code_places(text: str) -> Iterator[tuple[int, int]]:
    """Where a text shows code: start and end of each block and span, in order."""
    at = 0
    for block in fenced_code(text):
        yield from ((span.start(), span.end()) for span in CODE_SPAN.finditer(text, at, block.start))
        yield block.start, block.end
        at = block.end
    yield from ((span.start(), span.end()) for span in CODE_SPAN.finditer(text, at))


def marks_of(text: str) -> list[int]:
    """The numbers of the passages that a text cites, outside code, in its order."""
    return [int(number) for number in _MARK.findall(_without_code(text))]


def _without_code(text: str) -> str:
    parts, at = [], 0
    for start, end in code_places(text):
        parts.append(text[at:start])
        at = end
    return "".join([*parts, text[at:]])


def sentences_with_marks(text: str) -> list[tuple[int, int]]:
    """Return start and end of each sentence of a text; marks after a full stop belong to the sentence before them.

    No sentence ends inside code.
    """
    bounds: list[tuple[int, int]] = []
    code = list(code_places(text))
    for first, end in sentences(text):
        if bounds and any(opens < first < closes for opens, closes in code):
            bounds[-1] = (bounds[-1][0], end)
            continue
        marks = _LEADING_MARKS.match(text, first) if bounds else None
        start = first
        if marks:
            bounds[-1] = (bounds[-1][0], marks.end())
            rest = text[marks.end() : end]
            start = marks.end() + len(rest) - len(rest.lstrip())
        if start < end:
            bounds.append((start, end))
    return bounds


def claim_of(sentence: str) -> str:
    """The words of a sentence, list item or table row, without its marks and its bullet."""
    return without_bullet(_MARKED.sub("", sentence).strip())


def states_something(claim: str) -> bool:
    """Whether a claim can be true or false: the lead-in of a list and a text without content words state nothing."""
    return bool(_content(claim)) and not claim.endswith(":")


def claim_with_passages(sentence: str, hits: Sequence[Hit]) -> Claim:
    """A sentence, list item or table row as a claim, with the passages that it cites."""
    cited = [hits[number - 1] for number in dict.fromkeys(marks_of(sentence)) if number <= len(hits)]
    return Claim(claim_of(sentence), tuple(cited))


def cite(sentence: str, hits: Sequence[Hit]) -> Iterator[Citation]:
    """Yield the citations of a sentence: from each passage that it names, the part that shares most words with it."""
    words = _content(claim_of(sentence))
    for number in dict.fromkeys(marks_of(sentence)):
        if 1 <= number <= len(hits):
            yield _best_quote(words, hits[number - 1], number)


def find_citations(text: str, hits: Sequence[Hit]) -> tuple[Citation, ...]:
    """Return the citations of a checked text by number; the first of several statements decides what is quoted."""
    found: dict[int, Citation] = {}
    lead_ins: dict[int, Citation] = {}
    for sentence in _prose_sentences(text):
        into = found if states_something(claim_of(sentence)) else lead_ins
        for citation in cite(sentence, hits):
            into.setdefault(citation.marker, citation)
    return tuple((lead_ins | found)[number] for number in sorted(lead_ins | found))


def _prose_sentences(text: str) -> Iterator[str]:
    for block in blocks_of(text):
        if block.kind == "table":
            yield from (line.text for line in block.lines[2:])
        elif block.kind == "text":
            part = text[block.start : block.end]
            yield from (part[start:end] for start, end in sentences_with_marks(part))


def _content(text: str) -> set[str]:
    return {term for term in terms(text) if term not in STOPWORDS}


def _best_quote(words: set[str], hit: Hit, marker: int) -> Citation:
    """The part of a passage that shares most words; it is within one chunk, where the text is that of the page."""
    places = [place for part in hit.parts or (hit,) for place in _places(part.chunk)]
    return max((Citation(marker, hit, *place) for place in places), key=lambda one: len(words & _content(one.quote)))


def _places(chunk: Chunk) -> list[tuple[str, int, int]]:
    """What can be quoted of a chunk: the text, and its place in the page's body."""
    spans = [place for span in spans_of(chunk) for place in _lines(span)] or [(0, len(chunk.text))]
    return [(chunk.text[start:end], chunk.start + start, chunk.start + end) for start, end in spans]


def _lines(span: Span) -> Iterator[tuple[int, int]]:
    """The places to quote from: of code, single lines."""
    if span.kind != "fence":
        yield span.start, span.end
        return
    for found in re.finditer(r"[^\n]*\S[^\n]*", span.text):
        yield span.start + found.start(), span.start + found.end()
