"""What the renderer looks up while it walks: block containers, titles of code, labels of tab panels."""

import re
from urllib.parse import unquote

from bs4.element import Tag

from ingest.clean.tree import Index, attr, children, elements, plain, tokens

BLOCK_TAGS = frozenset(
    "p div ul ol li dl dt dd pre table thead tbody tr td th h1 h2 h3 h4 h5 h6 blockquote section article main header "
    "figure figcaption details summary hr aside address fieldset center body".split()
)

# Elements that hold the title or file name of the code block that follows them.
_TITLE_CLASSES = frozenset(
    "fern-code-block-title-label filename code-block-title codeblock-title code-title code-block-filename "
    "code-block-caption sd-card-header-code highlight-title gatsby-code-title remark-code-title".split()
)
_TITLE_PARTS = frozenset(("code-block-header-filename",))
# The sign beside a heading links to the heading's own anchor.
_ANCHORS = frozenset("headerlink hash-link header-anchor heading-anchor anchor anchorjs-link permalink".split())
_FILE_NAME = re.compile(r"[\w@./\[\]-]{0,80}\.[a-z]\w{0,9}")
_SHARED = 6  # a title and its code have a common ancestor within this many levels


def find_blocky(root: Tag) -> set[int]:
    """Give the `id()` of every element below `root` that has a block-level element inside."""
    out: set[int] = set()
    for tag in elements(root):
        if tag.name not in BLOCK_TAGS and attr(tag, "data-as") != "p":
            continue
        for parent in tag.parents:
            if parent is root or id(parent) in out:
                break
            out.add(id(parent))
    return out


def _title_elements(index: Index) -> list[Tag]:
    found = [tag for name in _TITLE_CLASSES for tag in index.classes.get(name, ())]
    found += [tag for name in _TITLE_PARTS for tag in index.parts.get(name, ())]
    found += [tag for token, tags in index.classes.items() if token.startswith("codeBlockTitle") for tag in tags]
    for figure in index.classes.get("expressive-code", ()):
        found += [tag for tag in elements(figure) if "title" in tokens(tag)]
    found += _file_names(index)
    for box in index.classes.get("listingblock", ()):
        found += [tag for tag in children(box) if "title" in tokens(tag)]
    for caption in index.names.get("figcaption", ()):
        parent = caption.parent
        if parent is not None and caption not in found and parent.find("pre") is not None:
            found.append(caption)
    return found


def _file_names(index: Index) -> list[Tag]:
    """Boxes right above a code block that say nothing but a file name."""
    found = []
    for pre in index.names.get("pre", ()):
        before = _before(pre)
        text = plain(before) if before is not None and before.name != "pre" else ""
        if before is not None and _FILE_NAME.fullmatch(re.sub(r"\s*\b(?:Copy|Copied!?)$", "", text)):
            inner = [node for node in elements(before) if _FILE_NAME.fullmatch(plain(node))]
            found.append(inner[0] if inner else before)
    return found


def _next_code(tag: Tag) -> Tag | None:
    """The first `<pre>` after a title that is no column of line numbers."""
    pre = tag.find_next("pre")
    if isinstance(pre, Tag) and any(not {"linenos", "linenodiv"}.isdisjoint(tokens(p)) for p in pre.parents):
        pre = pre.find_next("pre")
    return pre if isinstance(pre, Tag) else None


def find_titles(index: Index) -> tuple[dict[int, str], set[int]]:
    """Give {id of `<pre>`: title}, and the ids of the title elements, which are not text of the page."""
    titles: dict[int, str] = {}
    used: set[int] = set()
    for tag in _title_elements(index):
        pre = _next_code(tag)
        text = plain(tag)
        if pre is None or not text or tag.find_parent("pre") is not None:
            continue
        near = {id(parent) for _, parent in zip(range(_SHARED), tag.parents, strict=False)}
        if near.isdisjoint(id(parent) for _, parent in zip(range(_SHARED), pre.parents, strict=False)):
            continue
        titles.setdefault(id(pre), text)
        used.add(id(tag))
    return titles, used


def find_labels(index: Index) -> dict[int, str]:
    """Give {id of tab panel: label}: by the ids that tabs and panels name, else by their order.

    Panels side by side belong to the nearest tab list before them that no other group has taken.
    """
    labels: dict[int, str] = {}
    tabs = index.roles.get("tab", ())
    by_control = {attr(tab, "aria-controls"): plain(tab) for tab in tabs if attr(tab, "aria-controls")}
    by_id = {attr(tab, "id"): plain(tab) for tab in tabs if attr(tab, "id")}
    lists: list[Tag] = []
    groups: dict[int, tuple[Tag | None, list[Tag]]] = {}
    for tag in index.order:
        role = attr(tag, "role")
        if role == "tablist":
            lists.append(tag)
        elif role == "tabpanel":
            key = id(tag.parent)
            if key not in groups:
                groups[key] = (lists.pop() if lists else None, [])
            groups[key][1].append(tag)
    for tablist, panels in groups.values():
        names = [plain(tab) for tab in elements(tablist) if attr(tab, "role") == "tab"] if tablist else []
        names = names or ([plain(tab) for tab in children(tablist)] if tablist else [])
        for number, panel in enumerate(panels):
            told = by_id.get(attr(panel, "aria-labelledby")) or by_control.get(attr(panel, "id"))
            labels[id(panel)] = told or (names[number] if number < len(names) else "")
    return labels


def anchor_of(tag: Tag) -> str:
    """Find the id that leads to a heading: its own, one inside, one just around or just before it."""
    own = attr(tag, "id")
    if own:
        return own
    links = (attr(node, "href") for node in elements(tag) if not _ANCHORS.isdisjoint(tokens(node)))
    linked = next((href[1:] for href in links if href.startswith("#") and len(href) > 1), "")
    if linked:
        return unquote(linked)
    inside = (attr(node, "id") or (attr(node, "name") if node.name == "a" else "") for node in elements(tag))
    found = next((name for name in inside if name), "")
    return found or _outer_anchor(tag)


def _outer_anchor(tag: Tag) -> str:
    """A wrapper's id counts when the heading is the first thing in it; so does an empty anchor before it."""
    node: Tag = tag
    for _ in range(3):
        before = _before(node)
        if before is not None:
            is_anchor = before.name in ("a", "span") and not plain(before)
            return attr(before, "id") or attr(before, "name") if is_anchor else ""
        parent = node.parent
        if parent is None or parent.name in ("body", "main", "article", "html"):
            return ""
        if attr(parent, "id"):
            return attr(parent, "id")
        node = parent
    return ""


def _before(tag: Tag) -> Tag | None:
    sibling = tag.previous_sibling
    while sibling is not None and not isinstance(sibling, Tag):
        sibling = sibling.previous_sibling
    return sibling
