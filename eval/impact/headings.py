"""Make questions from the docs' own headings, for those who have no question file. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from eval.dataset import Gold, Question
from eval.gold import Docs
from ingest.core.records import Document
from ingest.core.urls import site_path
from ingest.docs.changes import PageChange
from ingest.text.markdown import blocks_of, plain

LIMIT: Final = 200
"""Questions: changed pages first, then the others, a section of each in turn."""
LEAD_WORDS: Final = 12
"""Words of the text above the first heading that are asked for it, as it has no heading of its own."""


def heading_questions(docs: Docs, changes: Sequence[PageChange], limit: int = LIMIT) -> tuple[Question, ...]:
    """A question for each section and each page's lead before the change, whose gold it is; at most `limit`."""
    changed = {url for change in changes for url in (change.url, change.other) if url}
    first = [page for url, page in docs.pages.items() if url in changed]
    others = [page for url, page in docs.pages.items() if url not in changed]
    made = [*_in_turn(map(list, map(_questions, first))), *_in_turn(map(list, map(_questions, others)))]
    return tuple({question.id: question for question in made[:limit]}.values())


def _questions(page: Document) -> Iterator[Question]:
    path = site_path(page.url)
    lead = _lead(page)
    if lead:
        asked = f"{page.title}: {' '.join(lead.split()[:LEAD_WORDS])}"
        yield Question(path, asked, "heading", answerable=True, gold=(Gold(path, page.title),))
    for block in blocks_of(page.body):
        if block.kind == "heading" and block.level > 1 and block.title.strip():
            title = block.title.strip()
            asked = title if title.endswith("?") else f"{page.title}: {title}"
            yield Question(f"{path}#{title}", asked, "heading", answerable=True, gold=(Gold(path, title),))


def _lead(page: Document) -> str:
    """The first paragraph or list above the page's first section; "" where there is only code, a table or nothing."""
    for block in blocks_of(page.body):
        if block.kind == "heading" and block.level > 1:
            return ""
        if block.kind == "text":
            return plain(page.body[block.start : block.end])
    return ""


def _in_turn(groups: Iterable[list[Question]]) -> Iterator[Question]:
    """The first of each group, then the second of each, and so on."""
    left = [group[::-1] for group in groups]
    while left := [group for group in left if group]:
        for group in left:
            yield group.pop()
