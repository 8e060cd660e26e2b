"""HTML or `.md`? A sample decides for a whole source whether its markdown variants are as complete.

HTML is the rule: only it gives the ids of headings, which make citations point into a page.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.core.records import Document
from ingest.core.urls import identity, normalise, spellings
from ingest.crawl.aliases import Validators
from ingest.crawl.fetch import Guard
from ingest.crawl.frontier import Target
from ingest.crawl.visit import Outcome, Visitor
from ingest.text.markdown import fenced_code

SAMPLE = 8  # pages
LEAST = 0.98  # share of the HTML's word runs that the variants must hold, over the whole sample
_RUN = 3  # words

_ADDRESS = re.compile(r"\]\([^)]*\)")


Together = Callable[[Sequence[Document]], Sequence[Document]]
"""Cleans what only a site's pages together show: what recurs on them. Gives as many, in the same order."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether the `.md` variants are read, and why."""

    markdown: bool
    why: str


def choose(listed: Sequence[str], html: Visitor, markdown: Visitor, guard: Guard, together: Together) -> Choice:
    """Compare some of the pages that a site lists, as HTML and as `.md`.

    Without such a list HTML is read: a `.md` page has no navigation, so pages would be missed.
    """
    urls = [normalise(url) or url for url in listed[:: max(1, len(listed) // SAMPLE)][:SAMPLE]]
    if not urls:
        return Choice(markdown=False, why="the site lists its pages nowhere, and .md pages hold no navigation")
    pages: list[Document | None] = []
    variants: list[Document] = []
    for url in urls:
        variant = markdown.visit(Target(url, identity(url), ()), Validators(), guard)
        if variant.problem or not variant.cleaned:
            why = variant.problem.reason if variant.problem else "no answer"
            return Choice(markdown=False, why=f"{url} has no usable .md variant ({why})")
        page = html.visit(Target(url, identity(url), spellings(url)), Validators(), guard)
        if page.cleaned or _is_blank(page):
            pages.append(page.cleaned.document if page.cleaned else None)
            variants.append(variant.cleaned.document)
    finished = iter(together([page for page in pages if page]))
    return compare([(page and next(finished), variant) for page, variant in zip(pages, variants, strict=True)])


def compare(pairs: Sequence[tuple[Document | None, Document]]) -> Choice:
    """Judge pairs of a page's HTML (None: it needs a browser) and its `.md`, both cleaned."""
    rendered = [(page.body, variant.body) for page, variant in pairs if page]
    if not rendered:
        why = "their HTML is empty without a browser" if pairs else "no page of the sample could be had as HTML"
        return Choice(bool(pairs), why)
    wanted = [_runs(page) for page, _ in rendered]
    found = [_runs(variant) & runs for (_, variant), runs in zip(rendered, wanted, strict=True)]
    share = sum(map(Counter.total, found)) / max(1, sum(map(Counter.total, wanted)))
    code, lost = (sum(1 for pair in rendered for _ in fenced_code(pair[side])) for side in (1, 0))
    why = f"{share:.1%} of the words and {code} of {lost} code blocks of the HTML pages in a sample of {len(pairs)}"
    return Choice(share >= LEAST and code >= lost, f"they hold {why}")


def _runs(text: str) -> Counter[tuple[str, ...]]:
    text = _without_fences(_ADDRESS.sub("]", text))
    words = re.findall(r"\w+", text.lower())
    return Counter(zip(*(words[start:] for start in range(_RUN)), strict=False))


def _without_fences(text: str) -> str:
    """The text with the code of its fenced blocks only: often just one form names the language."""
    out, at = [], 0
    for block in fenced_code(text):
        out += [text[at : block.start], "\n".join(line.text for line in block.code)]
        at = block.end
    return "".join([*out, text[at:]])


def _is_blank(outcome: Outcome) -> bool:
    return bool(outcome.problem and outcome.problem.reason == "empty")
