"""HTML page -> blocks of markdown: parse, plan what is content, render it."""

import warnings
from dataclasses import dataclass, field, replace

from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning

from ingest.clean.boilerplate.endings import without_endings
from ingest.clean.dom.lookups import anchor_of, find_blocky, find_labels
from ingest.clean.dom.parser import parse
from ingest.clean.dom.tree import Index, graft_streamed, index_tree, squash, text_of
from ingest.clean.metadata import base_url, canonical_url, page_links, page_title
from ingest.clean.plan import PagePlan, plan_page
from ingest.clean.render.blocks import Block, Context
from ingest.clean.render.boxes import settle_boxes
from ingest.clean.render.raw_formulas import sets_raw_formulas
from ingest.clean.render.walk import walk


@dataclass(frozen=True, slots=True)
class PageParts:
    """The parts of a page, before they are written as one markdown text.

    Only HTML pages have an `index` of their tree. `whole` is set for pages of an unknown generator:
    their blocks with one of kind `title` at the place of the title, where that is inside the content.
    """

    title: str
    anchor: str
    description: str
    blocks: list[Block]
    links: tuple[str, ...]
    canonical: str | None
    index: Index | None
    whole: list[Block] = field(default_factory=list)
    notes: tuple[str, ...] = ()


def parse_html(text: str) -> tuple[BeautifulSoup, Index]:
    """Parse HTML, move streamed pieces to their places and index the tree."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        soup = parse(text)
    index = index_tree(soup)
    return soup, index_tree(soup) if graft_streamed(index) else index


def read_html(text: str, url: str) -> PageParts:
    """Read title, description, content, links and canonical address from a page."""
    soup, index = parse_html(text)
    base = base_url(index, url)
    plan = plan_page(soup, index, base)
    return _render(plan, index, base)


def _render(plan: PagePlan, index: Index, base: str) -> PageParts:
    """Render title and description on their own, then the content without them."""
    ctx = Context(
        base,
        walk,
        skip=plan.skip,
        blocky=find_blocky(plan.root),
        titles=plan.code_titles,
        labels=find_labels(index),
        raw_formulas=sets_raw_formulas(index),
    )
    title = page_title(index, plan.title, ctx)
    description = _one_line(ctx.inside([plan.description])) if plan.description is not None else ""
    anchor = anchor_of(plan.title) if plan.title is not None else ""
    content = settle_boxes(_content(plan, index, title, ctx), Block(title, "heading", level=2, anchor=anchor))
    whole = without_endings(content, known=plan.profile is not None)
    return PageParts(
        title=title,
        anchor=anchor,
        description=description,
        blocks=[block for block in whole if block.kind != "title"],
        links=page_links(index, base),
        canonical=canonical_url(index, base),
        index=index,
        whole=[] if plan.profile else whole,
    )


def _content(plan: PagePlan, index: Index, title: str, ctx: Context) -> list[Block]:
    """Render root and extras without the description and every heading that repeats the title.

    Where the generator is unknown, the place of the title element is marked in the blocks.
    """
    repeats = {id(tag) for tag in index.names.get("h1", ()) if squash(text_of(tag)) == squash(title)}
    shown_once = repeats | {id(tag) for tag in (plan.title, plan.description) if tag is not None}
    marked = id(plan.title) if plan.title is not None and plan.profile is None else 0
    ctx = replace(ctx, skip=(ctx.skip | shown_once) - {marked}, title=marked)
    blocks = ctx.blocks([plan.root] if plan.root.name in ("pre", "table") else plan.root.contents)
    for extra in plan.extras:
        blocks += ctx.blocks(extra.contents)
    return blocks


def _one_line(blocks: list[Block]) -> str:
    return " ".join(" ".join(block.text.split()) for block in blocks)
