"""Components of documentation platforms: which element is one, and how the simple ones are rendered."""

import re
from collections.abc import Callable
from dataclasses import replace

from bs4.element import Tag

from ingest.clean.dom.tree import attr, children, elements, first, first_named, part, text_of, tokens
from ingest.clean.render.blocks import Block, Context, bold, item, join_blocks
from ingest.clean.render.boxes import box
from ingest.clean.render.code import code_blocks
from ingest.clean.render.components import (
    FIELDS,
    is_callout,
    is_endpoint,
    render_callout,
    render_card,
    render_endpoint,
    render_field,
)
from ingest.clean.render.formulas import formula, is_display, is_formula
from ingest.clean.render.notes import is_footnote, render_code_notes, render_footnote
from ingest.clean.render.tables import cell_text, markdown_table, render_table

Handler = Callable[[Tag, Context], list[Block]]

_FOLDS = re.compile(r"(?:^|[-_a-z])(?:accordions?|collapsible|expandable|expander|spoiler)(?:$|[-_])", re.IGNORECASE)
_STEP_TITLES = frozenset(("step-title",))
_TAB_SETS = {
    "tabbed-set": "tabbed-content",
    "sd-tab-set": "sd-tab-content",
    "vp-code-group": "blocks",
    "tabset": "tab-pane",
    "tabs": "tabpanel",  # Antora, before its script runs
}


def widget(tag: Tag) -> Handler | None:
    """Return the function that renders this element as a component, or None if it is not one."""
    if tag.name == "code":
        return render_code_box if _is_listing(tag) else None
    if not tag.attrs:
        return render_details if tag.name == "details" else None
    match = next((render for fits, render in _BY_RULE if fits(tag)), None)
    return match or next((_BY_CLASS[name] for name in tokens(tag) if name in _BY_CLASS), None)


def _is_listing(tag: Tag) -> bool:
    """Return whether a `<code>` without a `<pre>` is a block of code, as from PHP's highlighter."""
    parent = tag.parent
    return parent is not None and parent.name in ("div", "figure") and first_named(tag, "br") is not None


def render_panel(tag: Tag, ctx: Context) -> list[Block]:
    """Render a tab panel: its label is the title of a single code block, else a bold line above."""
    label = ctx.labels.get(id(tag), "")
    return add_label(label, code_blocks(tag, ctx) if tag.name == "pre" else render_box(tag, ctx))


def render_box(tag: Tag, ctx: Context) -> list[Block]:
    """Render a box that has headings of its own, such as an accordion."""
    before = ctx.state.level
    blocks = ctx.deeper(tag.contents)
    ctx.state.level = before
    return box(blocks, ctx)


def add_label(label: str, blocks: list[Block]) -> list[Block]:
    """Add a tab's label to its content; nothing when the content is empty."""
    if not blocks or not label:
        return blocks
    if len(blocks) == 1 and blocks[0].kind == "code":
        blocks[0].title = blocks[0].title or label
        return blocks
    return [Block(bold(label)), *blocks]


def render_details(tag: Tag, ctx: Context) -> list[Block]:
    """Render an accordion: its summary is a heading one level below the current one."""
    summary = tag.find("summary", recursive=False)
    shown = isinstance(summary, Tag) and id(summary) not in ctx.skip
    title = re.sub(r"\s*[¶#]$", "", text_of(summary)) if shown and isinstance(summary, Tag) else ""
    rest = [node for node in tag.contents if node is not summary]
    if ctx.nested or not title or len(title) > 150:
        return [*([Block(bold(title))] if title else []), *ctx.deeper(rest)]
    before = ctx.state.level
    ctx.state.level = min(6, max(2, before + 1))
    head = Block(title, "heading", level=ctx.state.level, anchor=_details_anchor(tag, summary))
    blocks = ctx.deeper(rest)
    ctx.state.level = before
    return box([head, *blocks], ctx)


def _details_anchor(tag: Tag, summary: object) -> str:
    if attr(tag, "id"):
        return attr(tag, "id")
    inside = (attr(node, "id") for node in elements(summary)) if isinstance(summary, Tag) else iter(())
    return next((name for name in inside if name), "")


def render_steps(tag: Tag, ctx: Context) -> list[Block]:
    """Render steps as a numbered list, the title of each in bold."""
    steps = [child for child in children(tag) if not {"step", "fern-step"}.isdisjoint(tokens(child))]
    if not steps:
        return ctx.deeper(tag.contents)
    items = [render_step(step, number, ctx) for number, step in enumerate(steps, 1)]
    return [Block(join_blocks(Block(i.text) for i in items), "list")] if items else []


def render_step(step: Tag, number: int, ctx: Context) -> Block:
    """Render one step: `1. **title**`, its content indented below."""
    title = first(step, parts=_STEP_TITLES)
    if title is None:
        title = next((node for node in children(step) if node.name in ("h2", "h3", "h4", "h5", "h6")), None)
    skip = ctx.skip | {id(title)} if title is not None else ctx.skip
    text = "" if title is None else " ".join(t.text for t in ctx.inside(title.contents) if t.text)
    blocks = replace(ctx, skip=skip).inside(step.contents)
    return item(f"{number}. ", [Block(bold(text)), *blocks] if text or not blocks else blocks)


def render_tab_set(tag: Tag, ctx: Context) -> list[Block]:
    """Render tabs that are made of radio buttons: labels and panels belong together by order."""
    content = next(_TAB_SETS[name] for name in tokens(tag) if name in _TAB_SETS)
    boxes = [child for child in children(tag) if content in tokens(child)]
    boxes = boxes or [node for node in elements(tag) if content in tokens(node)]
    if not boxes:
        return ctx.deeper(tag.contents)
    panels = (
        boxes
        if content in ("sd-tab-content", "tab-pane", "tabpanel") or len(boxes) > 1
        else [p for box in boxes for p in children(box)]
    )
    own = {id(p) for p in panels}
    labels = [text_of(node) for node in elements(tag) if _is_label(node) and not _inside(node, own)]
    out: list[Block] = []
    before = ctx.state.level
    for number, panel in enumerate(panels):
        out += add_label(labels[number] if number < len(labels) else "", ctx.deeper(panel.contents))
    ctx.state.level = before
    return box(out, ctx)


def _is_label(tag: Tag) -> bool:
    return tag.name == "label" or (tag.name == "li" and "tab" in tokens(tag))


def _inside(tag: Tag, boxes: set[int]) -> bool:
    return any(id(parent) in boxes for parent in tag.parents)


def render_update(tag: Tag, ctx: Context) -> list[Block]:
    """Render a changelog entry: date as a heading, tags in italics, its own headings one level lower."""
    label = first(tag, classes=frozenset(("fern-changelog-date",)), parts=frozenset(("update-label",)))
    content = first(tag, classes=frozenset(("fern-changelog-content",)), parts=frozenset(("update-content",)))
    if label is None or content is None:
        return ctx.deeper(tag.contents)
    tags = [node for node in elements(tag) if part(node) == "update-tag"]
    tags += [node for node in children(content) if "fern-docs-badge" in tokens(node)]
    gone = {id(node) for node in tags} | {id(n) for n in children(content) if "fern-changelog-date" in tokens(n)}
    out = [Block(text_of(label), "heading", level=2, anchor=attr(tag, "id"))]
    ctx.state.level = 2
    if tags:
        out.append(Block("*" + ", ".join(text_of(node) for node in tags) + "*"))
    return [*out, *ctx.deeper([n for n in content.contents if id(n) not in gone], demote=1)]


def render_formula(tag: Tag, _ctx: Context) -> list[Block]:
    """Render a formula that is a paragraph of its own."""
    text = formula(tag)
    return [Block(text)] if text else []


def render_summary(tag: Tag, ctx: Context) -> list[Block]:
    """Render Javadoc's summaries: tables made of a flat list of cells, where `col-first` begins a row."""
    rows: list[list[str]] = []
    for cell in children(tag):
        if "col-first" in tokens(cell):
            rows.append([])
        if rows and id(cell) not in ctx.skip:
            rows[-1].append(cell_text(cell, ctx))
    return [Block(markdown_table(rows, has_head=True), "table")] if rows else []


def render_caption(tag: Tag, ctx: Context) -> list[Block]:
    """Render the caption of a picture in italics, to distinguish it from the text around it."""
    blocks = ctx.blocks(tag.contents)
    line = len(blocks) == 1 and blocks[0].kind == "text" and not re.search(r"[*\n]", blocks[0].text)
    return [Block(f"*{blocks[0].text}*")] if line else blocks


def render_code_box(tag: Tag, ctx: Context) -> list[Block]:
    """Render code that its generator wrote without a `<pre>`: Doxygen, Scribble, Mermaid diagrams."""
    return code_blocks(tag, ctx)


def is_fold(tag: Tag) -> bool:
    """Return whether an element is an accordion of any theme, by the words in its class tokens."""
    return tag.name in ("div", "section", "ul", "dl") and any(_FOLDS.search(name) for name in tokens(tag))


_BY_RULE: tuple[tuple[Callable[[Tag], bool], Handler], ...] = (
    (lambda tag: attr(tag, "role") == "tabpanel", render_panel),
    (lambda tag: is_formula(tag) and is_display(tag), render_formula),
    (lambda tag: attr(tag, "role") == "table" and tag.name != "table", render_table),
    (is_footnote, render_footnote),
    (lambda tag: part(tag) == "frame-caption", render_caption),
    (is_callout, render_callout),
    (is_fold, render_box),
    (lambda tag: tag.name == "details", render_details),
    (is_endpoint, render_endpoint),
    (lambda tag: tag.name == "textarea", render_code_box),
)
_BY_CLASS: dict[str, Handler] = {
    "fern-steps": render_steps,
    "steps": render_steps,
    **dict.fromkeys(_TAB_SETS, render_tab_set),
    "update": render_update,
    "fern-changelog-entry": render_update,
    **dict.fromkeys(("fern-card", "card", "sd-card", "sl-link-card", "nextra-card"), render_card),
    **dict.fromkeys(("fragment", "RktBlk", "mermaid", "redoc-json"), render_code_box),
    "summary-table": render_summary,
    "colist": render_code_notes,
    **dict.fromkeys(FIELDS, render_field),
}
