"""Callouts (notes, tips, warnings) in the markup of many platforms -> a quote with a bold label."""

import re
from dataclasses import replace

from bs4.element import Tag

from ingest.clean.block import Block, Context, quote
from ingest.clean.tree import attr, elements, part, plain, squash, tokens

# Class tokens that mean "callout" by themselves.
CALLOUTS = frozenset(
    "admonition callout custom-block theme-admonition starlight-aside admonitionblock notecard markdown-alert "
    "nextra-callout fern-callout book-hint hint rspress-directive alert adm-block confluence-information-macro "
    "awsdocs-note hatnote".split()
)
# Themes' own names for it: the last word is what the box is (`wysiwyg-callout`, `Callout--caution`).
_NAMED = re.compile(r"(?:.*[-_a-z])?(?:callout|admonition)(?:--\w+)?", re.IGNORECASE)
_KINDS = {
    "note": "Note", "info": "Info", "tip": "Tip", "hint": "Hint", "warning": "Warning", "caution": "Caution",
    "danger": "Danger", "error": "Danger", "important": "Important", "attention": "Attention", "success": "Success",
    "check": "Check", "seealso": "See also", "todo": "Todo", "deprecated": "Deprecated", "example": "Example",
    "question": "Question", "abstract": "Abstract", "bug": "Bug", "failure": "Failure", "secondary": "Note",
    "primary": "Note", "warn": "Warning", "pitfall": "Pitfall", "okay": "Check", "quote": "Quote", "new": "New",
}  # fmt: skip
_ALONE = frozenset("note tip warning caution important danger attention".split())
_ASIDE = _ALONE | {"notice", "info", "success"}
_TITLES = frozenset(
    "admonition-title custom-block-title starlight-aside__title markdown-alert-title callout-title callout-heading "
    "alert-heading alert-title rspress-directive-title hint-title title admonition-heading".split()
)


_BOXES = frozenset(("div", "p", "aside", "details", "blockquote"))
_NEVER = frozenset(("span", "a", "button", "td", "html", "body", "main", "article", "svg"))


def is_callout(tag: Tag) -> bool:
    """Tell whether an element is a callout by its class tokens or data attributes."""
    attrs = tag.attrs
    if not attrs:
        return False
    if "data-callout-type" in attrs or (tag.name in _BOXES and attr(tag, "role") == "note"):
        return True
    if "class" not in attrs:
        return False
    names = [name for name in tokens(tag) if name != "alert" or tag.name != "details"]
    if not CALLOUTS.isdisjoint(names):
        return tag.name not in _NEVER and "-" not in tag.name
    if tag.name not in _BOXES:
        return False
    alone = _ASIDE if tag.name == "aside" else _ALONE
    return any(map(_NAMED.fullmatch, names)) or (len(names) < 4 and not alone.isdisjoint(map(str.lower, names)))


def _kind(tag: Tag) -> str:
    words = [attr(tag, "data-callout-type"), attr(tag, "data-intent"), *(t for t in tokens(tag) if t not in CALLOUTS)]
    for word in words:
        low = word.lower()
        last = re.split(r"--|[-_]", low)[-1]
        for name in (low, last):
            if name in _KINDS:
                return name
    return "note"


def _title_element(tag: Tag) -> Tag | None:
    for node in elements(tag):
        if node.name == "summary" or part(node) == "callout-title" or not _TITLES.isdisjoint(tokens(node)):
            return node
        if any(token.startswith("admonitionHeading") for token in tokens(node)):
            return node
        if node.name in ("h3", "h4", "h5", "h6"):
            return node
        if node.name in ("p", "pre", "ul", "ol"):
            return None
    return None


def _unlabel(content: list[Block], label: str) -> None:
    """Take the kind off the first paragraph, where a theme writes it into the text: `**Note:** ...`."""
    if content and content[0].kind == "text":
        text = re.sub(rf"^(?:\*\*)?{label}:?(?:\*\*:?|:|$)\s*", "", content[0].text, flags=re.IGNORECASE)
        content[0] = replace(content[0], text=text)


def render_callout(tag: Tag, ctx: Context) -> list[Block]:
    """Render a callout as a quote: `> **Note**` or `> **Note: its title**`, then the content."""
    kind = _kind(tag)
    heading = _title_element(tag)
    title = re.sub(r"^\W+|\s+$", "", plain(heading)) if heading is not None else ""
    gone = {id(heading)} if heading is not None else set()
    gone |= {id(node) for node in elements(tag) if "icon" in tokens(node) or part(node) == "callout-icon"}
    content = replace(ctx, skip=ctx.skip | gone).inside(tag.contents)
    _unlabel(content, _KINDS[kind])
    content = [block for block in content if block.kind != "text" or len(block.text) > 3 or squash(block.text)]
    if not content:
        return [Block(title)] if title and squash(title) not in _KINDS else []
    label = _KINDS[kind]
    if title and squash(title) not in (squash(label), kind):
        label = title if squash(title) in _KINDS else f"{label}: {title}"
    return [quote([Block(f"**{label.rstrip(':')}**"), *content])]
