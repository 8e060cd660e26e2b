"""Metadata of a page: title, description, canonical address, links."""

import re
from urllib.parse import urlsplit

from bs4.element import Tag

from ingest.clean.dom.generators import GENERIC_DESCRIPTIONS, Profile
from ingest.clean.dom.select import select, select_first
from ingest.clean.dom.tree import Index, attr, first_named, join_url, normalize_spaces, squash, text_of
from ingest.clean.render.blocks import Context
from ingest.clean.render.inline import render_inline
from ingest.text.unsafe import safe_url

_NOT_IN_TITLES = ["p", "ul", "nav", "h2"]
_SEPARATORS = re.compile(r"\s+[|·•—–:»-]{1,2}\s+")


def base_url(index: Index, url: str) -> str:
    """Return the address that relative links start from: `<base href>`, else the page's own.

    A page from a file has no address but its canonical one.
    """
    base = next((attr(tag, "href") for tag in index.names.get("base", []) if attr(tag, "href")), "")
    home = url if "://" in url else canonical_url(index, url) or url
    return join_url(home, base) or home if base else home


def page_links(index: Index, base: str) -> tuple[str, ...]:
    """Return all http(s) links of the page, absolute, without fragments, each once, in order."""
    out: dict[str, None] = {}
    hrefs = dict.fromkeys(attr(tag, "href").strip().partition("#")[0] for tag in index.names.get("a", []))
    for href in hrefs:
        if not href:
            continue
        url = safe_url(join_url(base, href))
        if url.lower().startswith(("http://", "https://")) and _has_host(url):
            out.setdefault(url)
    return tuple(out)


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def canonical_url(index: Index, base: str) -> str | None:
    """Return the canonical address: `link[rel=canonical]`, else `og:url`, else None."""
    links = index.names.get("link", [])
    href = next((attr(t, "href") for t in links if "canonical" in attr(t, "rel").lower().split()), "")
    shared = index.meta("og:url", "canonical")
    if not href.startswith(("http://", "https://")) and shared.startswith(("http://", "https://")):
        href = shared  # tools that save pages make the link relative and leave the meta element alone
    url = join_url(base, href or shared) if href or shared else ""
    return url if url.startswith(("http://", "https://")) and _has_host(url) else None


def _head_title(index: Index, url: str) -> str:
    """Return `<title>`, or `og:title`, without the name of the site.

    Most sites put their name last. Where it comes first, the address shows which piece is the page's.
    """
    title = next((text_of(t) for t in index.names.get("title", []) if t.find_parent("svg") is None and text_of(t)), "")
    title = title or index.meta("og:title", "twitter:title")
    site = squash(index.meta("og:site_name", "application-name"))
    pieces = _SEPARATORS.split(title)
    slug = squash(urlsplit(url).path.rstrip("/").rpartition("/")[2].partition(".")[0])
    if len(pieces) == 2 and not site and len(slug) > 2 and slug in squash(pieces[1]) and slug not in squash(pieces[0]):
        return pieces[1]
    if len(pieces) > 1 and (not site or squash(pieces[-1]) == site):
        return title[: title.rindex(pieces[-1])].rstrip(" |·•—–:»-")
    return title


def title_element(index: Index, base: str, profile: Profile | None, root: Tag, skip: set[int]) -> Tag | None:
    """Find the element that shows the title: the generator's own, else an `<h1>`.

    Of several, the one that `<title>` repeats wins, then the first inside the content.
    """
    if profile:
        found = select_first(index, profile.titles)
        if found is not None:
            return found
    heads = [tag for tag in index.names.get("h1", []) if text_of(tag) and not _in_boilerplate(tag, skip)]
    inside = [tag for tag in heads if any(parent is root for parent in tag.parents)]
    title = squash(_head_title(index, base))
    outside = [tag for tag in heads if not _names_site(tag, index)]
    seconds = [] if inside else _title_in_heading(index, root, title)
    for group in (inside, seconds, outside):
        named = [tag for tag in group if title and squash(text_of(tag)) == title]
        if named or group:
            return (named or group)[0]
    return None


def _title_in_heading(index: Index, root: Tag, title: str) -> list[Tag]:
    """A page without an `<h1>` may begin with a heading of another level that `<title>` repeats."""
    heads = (tag for tag in index.order if tag.name in ("h2", "h3", "h4"))
    first = next((tag for tag in heads if any(parent is root for parent in tag.parents)), None)
    return [first] if first is not None and title and squash(text_of(first)) == title else []


def _names_site(tag: Tag, index: Index) -> bool:
    """An `<h1>` above the content may be the name of the book or site, which `<title>` has behind the page's."""
    title = next((text_of(t) for t in index.names.get("title", []) if t.find_parent("svg") is None), "")
    pieces = [squash(piece) for piece in _SEPARATORS.split(title)]
    return squash(text_of(tag)) in [*pieces[1:], squash(index.meta("og:site_name"))]


def _in_boilerplate(tag: Tag, skip: set[int]) -> bool:
    return any(id(parent) in skip for parent in tag.parents) or tag.find_parent("nav") is not None


def page_title(index: Index, element: Tag | None, ctx: Context) -> str:
    """Return the text of the title: that of its element, else of the page's head."""
    shown = render_inline(element.contents, ctx, links=False, marks=False) if element is not None else ""
    shown = normalize_spaces(shown.replace("`", ""))
    head = _head_title(index, ctx.base)
    differs = bool(head) and squash(head) not in squash(shown)
    if shown and differs and element is not None and first_named(element, _NOT_IN_TITLES):
        return head  # the element was never closed, or has more than the title in it
    return shown or normalize_spaces(index.meta("og:title")) or head


def description_element(index: Index, profile: Profile | None, root: Tag) -> Tag | None:
    """Find the paragraph below the title that describes the page, where the platform marks one."""
    if profile:
        found = select_first(index, profile.descriptions)
        if found is not None:
            return found
    for selector in GENERIC_DESCRIPTIONS:
        for tag in select(index, selector):
            if tag.name in ("p", "div") and any(parent is root for parent in tag.parents) and text_of(tag):
                return tag
    return None
