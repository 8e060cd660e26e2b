"""HTML page -> blocks: choose the profile, drop what is not content, render the rest."""

import warnings
from dataclasses import dataclass, field, replace

from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning
from bs4.element import Tag

from ingest.clean.boilerplate.layout import find_edges, find_outer_chrome
from ingest.clean.boilerplate.rules import find_chrome
from ingest.clean.boilerplate.vocabulary import EMPTY_ENDS
from ingest.clean.dom.generators import Profile
from ingest.clean.dom.lookups import anchor_of, find_blocky, find_labels
from ingest.clean.dom.select import choose_profile, choose_root, select
from ingest.clean.dom.tree import Index, graft_streamed, index_tree, plain, squash
from ingest.clean.metadata import base_url, canonical_url, description_element, page_links, page_title, title_element
from ingest.clean.render.blocks import Block, Context
from ingest.clean.render.code import find_titles
from ingest.clean.render.walk import walk


@dataclass(frozen=True, slots=True)
class PageParts:
    """What a page gave, before it is written as one markdown text.

    Only HTML has an index of its tree. `whole` are the blocks of a page by no known generator, with its
    title where that stands (nowhere, where it is not part of the content).
    """

    title: str
    anchor: str
    description: str
    blocks: list[Block]
    links: tuple[str, ...]
    canonical: str | None
    index: Index | None
    whole: list[Block] = field(default_factory=list)


def parse_html(text: str) -> tuple[BeautifulSoup, Index]:
    """Parse HTML, put streamed pieces into their places and index the tree."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        # Class attributes stay one string: splitting each of them costs a tenth of the parse.
        soup = BeautifulSoup(text, "lxml", multi_valued_attributes=None)
    index = index_tree(soup)
    return soup, index_tree(soup) if graft_streamed(index) else index


def read_html(text: str, url: str) -> PageParts:
    """Read title, description, content, links and canonical address off a page."""
    soup, index = parse_html(text)
    base = base_url(index, url)
    links = page_links(index, base)
    profile = choose_profile(index)
    chosen = choose_root(index, profile)
    root = chosen or soup.body or soup
    skip = find_chrome(root, profile.chrome if profile else frozenset()) if chosen else find_outer_chrome(root)
    titles, title_tags = find_titles(index)
    # bs4 types `soup.body` as a Tag or None and `BeautifulSoup` as a Tag: all three are walked alike.
    skip |= title_tags
    ctx = Context(base, walk, skip=skip, blocky=find_blocky(root), titles=titles, labels=find_labels(index))
    heading = title_element(index, base, profile, root, skip)
    skip |= find_edges(root, heading, skip)
    subtitle = description_element(index, profile, root)
    title = page_title(index, heading, ctx)
    description = " ".join(" ".join(b.text.split()) for b in ctx.inside([subtitle])) if subtitle is not None else ""
    skip |= {id(tag) for tag in (heading, subtitle) if tag is not None}
    skip |= {id(tag) for tag in index.names.get("h1", ()) if squash(plain(tag)) == squash(title)}
    if heading is not None and profile is None:
        skip.discard(id(heading))
        ctx = replace(ctx, title=id(heading))
    whole = _content(root, profile, index, ctx)
    while whole and whole[-1].kind == "heading" and squash(whole[-1].text) in EMPTY_ENDS:
        whole.pop()  # its content comes by a script, or was chrome
    blocks = [block for block in whole if block.kind != "title"]
    anchor = anchor_of(heading) if heading is not None else ""
    canonical = canonical_url(index, base)
    return PageParts(title, anchor, description, blocks, links, canonical, index, [] if profile else whole)


def _content(root: Tag, profile: Profile | None, index: Index, ctx: Context) -> list[Block]:
    blocks = ctx.blocks([root] if root.name in ("pre", "table") else root.contents)
    for selector in profile.also if profile else ():
        for tag in select(index, selector):
            if not any(parent is root for parent in tag.parents):
                ctx.skip.update(find_chrome(tag))
                blocks += ctx.blocks(tag.contents)
    return blocks
