"""Remove what weak models repeat of the prompt around the passages: tags, addresses, heading paths, the question. Pure.

The passages themselves may be repeated: they are what an answer is made of.
"""

import re
from collections.abc import Sequence
from typing import Final

from ingest.text.markdown import FENCE, LIST_ITEM
from rag.generate.prompt import Passages
from rag.records import Hit
from rag.verify.citations import LABEL, claim_of, marks_of, resolve_marks
from rag.verify.sentence_gate import kind_of

_ADDRESS: Final = r"\(page: [^\s()]{1,300}\)"
"""Pattern source for the line above the text of a passage."""
_QUESTION = re.compile(r"\s*\**Question\**:")
_ANSWER = re.compile(r"(?:^|\n)\s*\**Answer\**:\**[ \t]*")


class EchoFilter:
    """Takes the prompt's own words out of the pieces of one answer, in their order; what is left may be empty.

    `ended` is set when the model asks the next question itself: what follows is not about the user's.
    """

    def __init__(self, passages: Passages) -> None:
        self.ended = False
        self._passages = passages
        tag = re.escape(passages.tag)
        self._tag_line = re.compile(rf"^[ \t>]*(?:</?{tag}[^<>\n]{{0,80}}>|{_ADDRESS})[ \t]*(?:\n|$)", re.MULTILINE)
        self._tag_name = re.compile(rf"(?<![</])\b{tag}(?:[ \t]+label[ \t]*=[ \t]*({LABEL}))?")
        self._marks = ""
        """Marks before the first word; they belong to the sentence that follows."""
        self._started = False

    def filter(self, piece: str) -> str:
        """Return what is left of the next piece."""
        if kind_of(piece) == "code":
            code = self._tag_line.sub("", piece)
            return self._start(code) if has_code(code) else ""
        if _QUESTION.match(piece):
            answer = _ANSWER.search(piece)
            if self._started or not answer:
                self.ended = self._started
                return ""
            piece = piece[answer.end() :]
        if not self._started:
            piece = _ANSWER.sub("", piece, count=1) if _ANSWER.match(piece.lstrip()) else piece
        piece = self._tag_name.sub(lambda name: f"passage [{name[1]}]" if name[1] else "passage", piece)
        resolved = resolve_marks(piece, len(self._passages.hits), self._passages.labels).text
        words = claim_of(resolved)
        if _is_path(words, self._passages.hits):
            return ""
        if not self._started and marks_of(resolved) and not any(character.isalnum() for character in words):
            self._marks += resolved.strip() + " "
            return ""
        return self._start(piece)

    def _start(self, piece: str) -> str:
        if self._started or not piece.strip():
            return piece
        self._started = True
        takes_marks = self._marks and kind_of(piece) == "prose" and not LIST_ITEM.match(piece.lstrip())
        return self._marks + piece.lstrip() if takes_marks else piece


def _is_path(words: str, hits: Sequence[Hit]) -> bool:
    """Whether these are the title and headings above a passage. A title alone may well be an answer."""
    paths = {part.chunk.path for hit in hits for part in (hit, *hit.parts)}
    return " › " in words and words in paths


def has_code(block: str) -> bool:
    """Whether a block of code has a line between its marks."""
    return any(line.strip(" \t>") and not FENCE.match(line) for line in block.strip("\n").split("\n"))
