"""Sections at the end of a page that only ask for feedback or lead to other pages: found in the rendered blocks."""

import re

from ingest.clean.boilerplate.vocabulary import ASKING_ENDS, EMPTY_ENDS, RELATED_ENDS
from ingest.clean.dom.tree import squash
from ingest.clean.render.blocks import Block

_ASKS = 500  # characters of a section that asks for something; a chapter about feedback is longer
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")
_LINKED = 0.7  # share of the words of a section of related pages that are links


def without_endings(blocks: list[Block], *, known: bool) -> list[Block]:
    """Cut headings without content, requests for feedback and lists of related pages off the end.

    In the content of a `known` generator, sections that have content are the author's.
    """
    end = len(blocks)
    while end:
        start = max((at for at in range(end) if blocks[at].kind == "heading"), default=None)
        if start is None or not _leaves(blocks[start], blocks[start + 1 : end], known=known):
            break
        if end > start + 1 and _length(blocks[:start]) < _length(blocks[start:end]):
            break  # a page about feedback
        end = start
    return blocks[:end]


def _length(blocks: list[Block]) -> int:
    return sum(len(block.text) for block in blocks)


def _leaves(heading: Block, content: list[Block], *, known: bool) -> bool:
    title = squash(heading.text)
    if not content or known:
        return not content and title in EMPTY_ENDS | ASKING_ENDS | RELATED_ENDS
    text = "\n".join(block.text for block in content)
    if any(block.kind in ("code", "table") for block in content):
        return False
    if title in ASKING_ENDS:
        return len(_LINK.sub(r"\1", text)) < _ASKS
    return title in RELATED_ENDS and _is_links(text)


def _is_links(text: str) -> bool:
    words = len(squash(_LINK.sub(r"\1", text)))
    return bool(words) and sum(len(squash(label)) for label in _LINK.findall(text)) >= _LINKED * words
