"""Make a checked line for a question file from a page, words of it and a question. Pure."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from eval.gold import Docs, normalize_text
from ingest.core.errors import UsageError
from ingest.core.records import Chunk, Document
from ingest.core.urls import site_path
from ingest.text.markdown import blocks_of
from rag.assistant import checked_question

_WORDS: Final = (6, 25)
"""A quote that marks one place and survives small edits around it."""


def new_question(docs: Docs, page: str, quote: str, question: str, ids: Sequence[str]) -> dict[str, Any]:
    """The line as a JSON object; its facts and its kind are left to the writer.

    `ids` are those of the file that it is for. Raises UsageError for an unknown page, for words that
    are not on it, and for a text that can't be a question.
    """
    url = docs.url_of(page)
    if not url:
        raise UsageError(f"the index has no page {page}", "name it by its path, such as /docs/faq, or by its URL")
    quote = " ".join(quote.split())
    document = docs.pages[url]
    least, most = _WORDS
    words = len(re.findall(r"\w+", quote))
    if not least <= words <= most:
        raise UsageError(f"the quote has {words} word{'s' * (words != 1)}", f"take {least} to {most} words of the page")
    if normalize_text(quote) not in normalize_text(document.body):
        raise UsageError(f"{page} does not say that", f"copy words of one passage: askdocs inspect --page {page}")
    text = checked_question(question)
    return {
        "id": _next_id(ids, f"{url}\n{text}\n{quote}"),
        "question": text,
        "kind": "factoid",
        "answerable": True,
        "gold": [{"page": site_path(url), "section": _section(document, quote), "quote": quote}],
        "facts": [],
        "need": "any",
    }


def check_in_one_chunk(chunks: Iterable[Chunk], quote: str) -> None:
    """Raise UsageError when no chunk of the page contains the whole quote: no ranking could find it."""
    wanted = normalize_text(quote)
    if not any(wanted in normalize_text(" ".join(chunk.headings) + "\n" + chunk.text) for chunk in chunks):
        raise UsageError("the quote runs over two passages of the index", "take fewer words, of one paragraph")


def _section(document: Document, quote: str) -> str:
    """The nearest heading above the end of the quote; the title where there is none."""
    wanted = normalize_text(quote)
    headings = [block for block in blocks_of(document.body) if block.kind == "heading"]
    section = document.title
    for at, heading in enumerate(headings):
        end = headings[at + 1].start if at + 1 < len(headings) else len(document.body)
        section = heading.title
        if wanted in normalize_text(document.body[:end]):
            return section
    return section


def _next_id(ids: Sequence[str], content: str) -> str:
    """The number after that of the last id, in its form; without ids, a hash."""
    found = re.fullmatch(r"(.*?)(\d+)", ids[-1]) if ids else None
    if not found:
        return f"q-{hashlib.sha256(content.encode('utf-8', 'replace')).hexdigest()[:8]}"
    head, digits = found.groups()
    number = int(digits) + 1
    while f"{head}{number:0{len(digits)}d}" in ids:
        number += 1
    return f"{head}{number:0{len(digits)}d}"
