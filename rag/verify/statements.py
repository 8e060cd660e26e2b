"""Split a passage into places that make one statement each, with the context above each place. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ingest.core.records import Chunk
from ingest.text.markdown import LIST_ITEM, Block, blocks_of
from ingest.text.sentences import sentences
from rag.verify.claims import Words, squeezed, words_of


@dataclass(frozen=True)
class Place:
    """`text` is the statement; `lead` is its context: title, headings, a table's head, the words before."""

    text: str
    lead: str
    head: str = ""
    rivals: tuple[str, ...] = ()
    """For a row that the sentence names: the other rows of the table, which the sentence does not name."""

    @cached_property
    def spans(self) -> str:
        """The code at the place, without white space."""
        spans = re.findall(r"`+([^`]+)`+", f"{self.text}\n{self.lead}")
        return " , ".join(map(squeezed, [*spans, self.text] if self.head == "fence" else spans))

    @cached_property
    def code(self) -> str:
        """All text in the form for looking up identifiers: in lower case, without marks."""
        prose = re.sub(r"[`\"]", " ", f"{self.text}\n{self.lead}".lower())
        return f"{self.spans} \n {prose}"


def places_of(chunk: Chunk, said: Words) -> list[Place]:
    """Each sentence, item, row and line of code of a passage, sentences also with the next one or two.

    Rows that the sentence names by their first cells also form one place together: it may be about several rows.
    """
    text = f"{chunk.lead}\n{chunk.text}" if chunk.lead else chunk.text
    lead = " \n ".join((chunk.title, chunk.path, *chunk.headings))
    before = ""
    found: list[Place] = []
    for block in blocks_of(text):
        if block.kind == "heading":
            lead = f"{lead} \n {block.title}"
        elif block.kind == "text":
            found += _of_text(block, text, lead, before)
            before = text[block.start : block.end]
        elif block.kind == "table":
            found += _of_table(block, f"{lead}\n{before}", said)
        else:
            code = "\n".join(line.text for line in block.lines[1:])
            found += [
                Place(line.text, f"{lead}\n{before}", "fence") for line in block.lines[1:] if line.text.strip("`~ ")
            ]
            found.append(Place(code, f"{lead}\n{before}", "fence"))
    return found


def _of_text(block: Block, text: str, lead: str, before: str) -> Iterator[Place]:
    """Yield sentences of a paragraph, alone and with the next; items of a list alone, with the lead-in of the list."""
    units = [text[start:end] for start, end in sentences(text[block.start : block.end], block.start)]
    is_list = bool(LIST_ITEM.match(units[0])) if units else False
    for at, unit in enumerate(units):
        previous = "" if is_list or not at else units[at - 1]
        yield Place(unit, f"{lead}\n{before if at == 0 or is_list else ''}\n{previous}")
        if not is_list and at + 1 < len(units):
            yield Place(" \n".join(units[at : at + 2]), f"{lead}\n{previous}")
        if not is_list and at + 2 < len(units):
            yield Place(" \n".join(units[at : at + 3]), f"{lead}\n{previous}")


def _of_table(block: Block, lead: str, said: Words) -> Iterator[Place]:
    head = block.lines[0].text
    rows = [line.text for line in block.lines[2:]]
    named = [row for row in rows if _names(said, row)]
    rivals = tuple(row for row in rows if row not in named)
    surely = [row for row in named if _surely(said, row)]
    for row in surely or rows:
        yield Place(row, f"{lead}\n{head}", head, rivals if named else ())
    if len(named) > 1 and not said.figures:  # the row of a figure would be ambiguous
        yield Place(" \n".join(named), f"{lead}\n{head}", "", rivals)


def _surely(said: Words, row: str) -> bool:
    """Whether a row's first cell is more than one common word, which a sentence may contain without naming the row."""
    first = words_of(row.strip().strip("|").split("|")[0])
    return len(first.words) > 1 or bool(first.identifiers & said.identifiers or first.names)


def _names(said: Words, row: str) -> bool:
    """Whether the sentence contains all of a row's first cell."""
    first = words_of(row.strip().strip("|").split("|")[0])
    about = first.words | first.identifiers | first.figures
    return bool(about) and about <= said.words | said.identifiers | said.figures
