"""Lookups for the renderer, made once per page: block containers, labels of tab panels, anchors."""

from urllib.parse import unquote

from bs4.element import Tag

from ingest.clean.dom.tree import Index, attr, children, elements, text_of, tokens

BLOCK_TAGS = frozenset(
    "p div ul ol li dl dt dd pre table thead tbody tr td th h1 h2 h3 h4 h5 h6 blockquote section article main header "
    "figure figcaption details summary hr aside address fieldset center body".split()
)

# The sign next to a heading links to the heading's own anchor.
_ANCHORS = frozenset("headerlink hash-link header-anchor heading-anchor anchor anchorjs-link permalink".split())


def find_blocky(root: Tag) -> set[int]:
    """Return the `id()` of every element below `root` that has a block-level element inside."""
    out: set[int] = set()
    for tag in elements(root):
        if tag.name not in BLOCK_TAGS and tag.attrs.get("data-as") != "p":
            continue
        for parent in tag.parents:
            if parent is root or id(parent) in out:
                break
            out.add(id(parent))
    return out


def find_labels(index: Index) -> dict[int, str]:
    """Return {`id()` of a tab panel: label}, matched by the ids that tabs and panels name, else by order.

    Sibling panels belong to the nearest tab list before them that no other group has taken.
    """
    labels: dict[int, str] = {}
    tabs = index.roles.get("tab", ())
    by_control = {attr(tab, "aria-controls"): text_of(tab) for tab in tabs if attr(tab, "aria-controls")}
    by_id = {attr(tab, "id"): text_of(tab) for tab in tabs if attr(tab, "id")}
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
        names = [text_of(tab) for tab in elements(tablist) if attr(tab, "role") == "tab"] if tablist else []
        names = names or ([text_of(tab) for tab in children(tablist)] if tablist else [])
        for number, panel in enumerate(panels):
            label = by_id.get(attr(panel, "aria-labelledby")) or by_control.get(attr(panel, "id"))
            labels[id(panel)] = label or (names[number] if number < len(names) else "")
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
    """Find the id of a wrapper that begins with the heading, or of an empty anchor right before it."""
    node: Tag = tag
    for _ in range(3):
        before = element_before(node)
        if before is not None:
            is_anchor = before.name in ("a", "span") and not text_of(before)
            return attr(before, "id") or attr(before, "name") if is_anchor else ""
        parent = node.parent
        if parent is None or parent.name in ("body", "main", "article", "html"):
            return ""
        if attr(parent, "id"):
            return attr(parent, "id")
        node = parent
    return ""


def element_before(tag: Tag) -> Tag | None:
    """Return the previous sibling element; text between the two is ignored."""
    sibling = tag.previous_sibling
    while sibling is not None and not isinstance(sibling, Tag):
        sibling = sibling.previous_sibling
    return sibling
