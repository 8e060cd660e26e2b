"""Choose the form in which a source's pages are read, HTML or `.md`: the policy, and the sample that decides.

HTML is the default: only HTML has the ids of headings, which citations need to point into a page.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ingest.core.records import Document
from ingest.core.urls import identity, normalise, spellings
from ingest.crawl.aliases import Validators
from ingest.crawl.fetch import Guard
from ingest.crawl.frontier import Target
from ingest.crawl.visit import Outcome, Visitor
from ingest.text.markdown import fenced_code

SAMPLE = 8  # pages
LEAST = 0.98  # share of the HTML's word runs that the variants must contain, over the whole sample
_RUN = 3  # words

_ADDRESS = re.compile(r"\]\([^)]*\)")


Together = Callable[[Sequence[Document]], Sequence[Document]]
"""Cleans what only a site's pages together show: what recurs on them. Gives as many, in the same order."""


SOME_BLANK = 5  # pages without content at the start, after which the `.md` variants are sampled
MANY_BLANK = 50  # the same, if that sample did not help: the rest would be empty as well


@dataclass(frozen=True, slots=True)
class Choice:
    """Result of a sample: whether the `.md` variants are read, and why."""

    markdown: bool
    why: str


@dataclass(frozen=True, slots=True)
class MarkdownPolicy:
    """Policy on whether one source's pages are read as `.md`: the user's request, the sample, the recorded form.

    `requested` True: if a sample shows that the variants are as complete as the HTML. False: never.
    None: as `recorded` by the previous run; if that is HTML, the variants are sampled only after the HTML
    proved `blank`. `sample` is the decision, once it was made.
    """

    requested: bool | None = None
    recorded: bool = False
    blank: bool = False
    sample: Choice | None = None

    @property
    def needs_sample(self) -> bool:
        """Return whether the two forms must be compared before anything is read."""
        return self.sample is None and bool(self.requested or self.blank)

    @property
    def reads_markdown(self) -> bool:
        """Return whether the `.md` variant of each page is requested first."""
        return self.sample.markdown if self.sample else self.requested is None and self.recorded

    @property
    def refetches(self) -> bool:
        """Return whether to fetch unconditionally: the form may change, and an ETag belongs to one form."""
        return self.needs_sample or (self.requested is False and self.recorded)

    @property
    def max_blank(self) -> int:
        """Return the number of pages without content, at the start, that ends a crawl; 0: never."""
        if self.requested is False or (self.reads_markdown and not self.sample):
            return 0
        return MANY_BLANK if self.requested or self.blank else SOME_BLANK

    def after_blank(self) -> "MarkdownPolicy | None":
        """Return the policy for another crawl after one whose HTML was blank; None if it would change nothing."""
        first = self.requested is None and not self.recorded and not self.blank
        return replace(self, blank=True) if first else None

    @property
    def to_record(self) -> bool:
        """Return whether to record the source as one whose `.md` variants are read."""
        return self.sample.markdown if self.sample else self.recorded and self.requested is not False


def compare_sample(listed: Sequence[str], html: Visitor, markdown: Visitor, guard: Guard, together: Together) -> Choice:
    """Compare some of the pages that a site lists, as HTML and as `.md`.

    Chooses HTML if there is no such list: a `.md` page has no navigation, so pages would be missed.
    """
    sample = listed[:: max(1, len(listed) // SAMPLE)][:SAMPLE]
    if not sample:
        return Choice(markdown=False, why="the site lists its pages nowhere, and .md pages hold no navigation")
    pages: list[Document | None] = []
    variants: list[Document] = []
    for found in sample:
        url = normalise(found) or found
        variant = markdown.visit(Target(url, identity(url), ()), Validators(), guard)
        if variant.problem or not variant.cleaned:
            why = variant.problem.reason if variant.problem else "no answer"
            return Choice(markdown=False, why=f"{url} has no usable .md variant ({why})")
        page = html.visit(Target(url, identity(url), spellings(found)), Validators(), guard)
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
    """Return the text with fence lines removed and their code kept: often only one form names the language."""
    out, at = [], 0
    for block in fenced_code(text):
        out += [text[at : block.start], "\n".join(line.text for line in block.code)]
        at = block.end
    return "".join([*out, text[at:]])


def _is_blank(outcome: Outcome) -> bool:
    return bool(outcome.problem and outcome.problem.reason == "empty")
