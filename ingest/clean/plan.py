"""Find the elements of a page that are its content, by passes that only read the tree, before rendering.

The order of the passes matters, since each depends on what earlier ones found:

root         where the content is                   needs the generator
boilerplate  chrome inside the root                 needs the root and the measures of its elements
code titles  file names and bars above code         are rendered with their code, not as text
title        the element that shows the title       is never one inside boilerplate
layout       menus around the content of a body,    needs the title, and passes over what is already left out
             breadcrumbs before the title, links
             to other pages after the content
description  the paragraph that describes the page  is rendered once, below the title
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bs4 import BeautifulSoup
from bs4.element import Tag

from ingest.clean.boilerplate.density import measure
from ingest.clean.boilerplate.layout import Layout, find_edges, find_outer_chrome, narrow
from ingest.clean.boilerplate.rules import find_chrome
from ingest.clean.dom.generators import Profile
from ingest.clean.dom.select import choose_profile, choose_root, select
from ingest.clean.dom.tree import Index
from ingest.clean.metadata import description_element, title_element
from ingest.clean.render.code import find_titles


@dataclass(frozen=True, slots=True)
class PagePlan:
    """The root of a page's content, and the elements inside it that are not content.

    `skip` has the `id()` of every element to leave out. It does not include the title and the
    description, which are rendered on their own. `extras` are content outside the root, such as the
    samples next to an API page. `code_titles`: `id()` of a `<pre>` to its title.
    """

    profile: Profile | None
    root: Tag
    extras: tuple[Tag, ...]
    title: Tag | None
    description: Tag | None
    code_titles: dict[int, str]
    skip: frozenset[int]


def plan_page(soup: BeautifulSoup, index: Index, base: str) -> PagePlan:
    """Find the content of a parsed page. `base`: the address that its relative links start from."""
    profile = choose_profile(index)
    chosen = choose_root(index, profile)
    # bs4 types `soup.body` as a Tag or None and `BeautifulSoup` as a Tag: all three are walked alike.
    root = chosen or soup.body or soup
    sizes = measure(root, base)
    code_titles, title_bars = find_titles(index)
    skip = find_chrome(root, sizes, profile.chrome if profile else frozenset()) | title_bars
    if chosen is None:
        root = narrow(Layout(root, sizes, None, skip))
    title = title_element(index, base, profile, root, skip)
    if chosen is None:
        skip |= find_outer_chrome(Layout(root, sizes, title, skip))
    skip |= find_edges(Layout(root, sizes, title, skip))
    description = description_element(index, profile, root)
    extras = tuple(_outside(root, profile, index))
    for extra in extras:
        skip |= find_chrome(extra, measure(extra, base))
    return PagePlan(profile, root, extras, title, description, code_titles, frozenset(skip))


def _outside(root: Tag, profile: Profile | None, index: Index) -> Iterator[Tag]:
    for selector in profile.also if profile else ():
        for tag in select(index, selector):
            if not any(parent is root for parent in tag.parents):
                yield tag
