"""Tables: rows of one line each, `|` escaped in cells. Tables used for layout give only their content."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bs4.element import Tag

from ingest.clean.dom.tree import attr, children, elements, first_named, text_of, tokens
from ingest.clean.render.blocks import Block, Context, escape_text
from ingest.clean.render.inline import code_span, render_inline

_CODE_TABLES = frozenset(("highlighttable", "rouge-table", "lntable", "hljs-ln", "code-block-line-group"))
_CELL_ROLES = frozenset(("cell", "gridcell", "columnheader", "rowheader"))
_SECTIONS = frozenset(("thead", "tbody", "tfoot"))
_ALL_ROWS = 65_534  # the largest rowspan of the HTML standard
_MAX_NESTED = 5  # tables in tables
_MAX_SPAN = 50  # a larger span is a mistake or an attack
_MAX_WIDTH = 200  # cells of a row; wider than that are only rows with many spans
_REPEATED = 80  # a cell that spans rows is repeated in each of them up to this many characters


def render_table(tag: Tag, ctx: Context) -> list[Block]:
    """Render a data table; only the content of a table for layout or line numbers."""
    if _is_layout(tag, ctx):
        return [block for row in _rows(tag) for block in _unwrap_row(row, ctx)]
    if "memname" in tokens(tag):  # Doxygen sets a function's signature in a table
        return [Block(code_span(" ".join(text_of(cell) for row in _rows(tag) for cell in children(row)).strip()))]
    rows, has_head = _grid(tag, ctx, 0)
    caption = tag.find("caption", recursive=False)
    text = render_inline([caption], ctx) if isinstance(caption, Tag) else ""
    out = [Block(text)] if text else []
    return [*out, Block(markdown_table(rows, has_head=has_head), "table")] if rows else out


@dataclass(slots=True)
class _Span:
    """A cell that reaches into the rows below: how many are left, and its text in each of them."""

    left: int
    text: str


def _grid(tag: Tag, ctx: Context, depth: int) -> tuple[list[list[str]], bool]:
    """Return the rows of a table as texts, and whether the first is a header. Spans end with their row group."""
    rows: list[list[str]] = []
    spans: dict[int, _Span] = {}
    has_head = False
    group: Tag | None = None
    for row in _rows(tag):
        if row.parent is not group:
            group, spans = row.parent, {}
        if id(row) in ctx.skip:
            continue
        inner = _inner_table(row, ctx) if depth < _MAX_NESTED else None
        cells = _cells(row, ctx if inner is None else replace(ctx, skip=ctx.skip | {id(inner)}), spans)
        if inner is not None:
            nested, _ = _grid(inner, ctx, depth + 1)
            rest = [cell for cell in cells if cell]
            rows += [[*rest, *more] for more in nested] or [rest]
        elif any(cells):
            has_head = has_head or (not rows and _is_head(row))
            rows.append(cells)
    return rows, has_head


def _inner_table(row: Tag, ctx: Context) -> Tag | None:
    """Find the one table inside the cells of a row: the row is repeated for each of its rows, whose cells come last."""
    cells = [cell for cell in children(row) if _is_cell(cell) and id(cell) not in ctx.skip]
    found = [inner for inner in (first_named(cell, "table") for cell in cells) if isinstance(inner, Tag)]
    return found[0] if len(found) == 1 and len(cells) > 1 else None


def _unwrap_row(row: Tag, ctx: Context) -> list[Block]:
    """Render a row of a layout table: cells without blocks on one line, others one after the other."""
    cells = [cell for cell in children(row) if id(cell) not in ctx.skip]
    if len(cells) > 1 and not any(id(cell) in ctx.blocky for cell in cells):
        text = " ".join(text for text in (render_inline([cell], ctx).strip() for cell in cells) if text)
        return [Block(escape_text(text))] if text else []
    return ctx.deeper(cells)


def _rows(tag: Tag) -> Iterator[Tag]:
    if tag.name != "table":  # boxes that only say to be a table: `role=table`, `row` and `cell`
        yield from (node for node in elements(tag) if attr(node, "role") == "row")
        return
    for child in children(tag):
        if child.name == "tr":
            yield child
        elif child.name in _SECTIONS:
            yield from (row for row in children(child) if row.name == "tr")


def _is_head(row: Tag) -> bool:
    cells = [cell for cell in children(row) if _is_cell(cell)]
    in_head = row.parent is not None and row.parent.name == "thead"
    return in_head or all(cell.name == "th" or attr(cell, "role") == "columnheader" for cell in cells)


def _is_cell(tag: Tag) -> bool:
    return tag.name in ("td", "th") or attr(tag, "role") in _CELL_ROLES


def _is_layout(tag: Tag, ctx: Context) -> bool:
    if not _CODE_TABLES.isdisjoint(tokens(tag)) or attr(tag, "role") == "presentation":
        return True
    if _is_listing(tag) or first_named(tag, ("h1", "h2", "h3")) is not None:
        return True
    has_heads = any(cell.name == "th" for row in _rows(tag) for cell in children(row))
    if not has_heads and first_named(tag, "table") is not None:
        return True
    widest = max((sum(1 for cell in children(row) if id(cell) not in ctx.skip) for row in _rows(tag)), default=0)
    return widest < 2 and first_named(tag, ("pre", "ul", "ol", "p", "div")) is not None


def _is_listing(tag: Tag) -> bool:
    """Return whether a table is code with its line numbers in another cell."""
    cells = [cell for row in _rows(tag) for cell in children(row)]
    if len(cells) != 2 or any(first_named(cell, "pre") is None for cell in cells):
        return False
    return text_of(cells[0])[:1].isdigit()


def _cells(row: Tag, ctx: Context, spans: dict[int, _Span]) -> list[str]:
    """Return the texts of a row; a short cell that spans rows is repeated in each of them."""
    out: list[str] = []
    for cell in children(row):
        if not _is_cell(cell) or id(cell) in ctx.skip:
            continue
        _continue_spans(out, spans)
        text = cell_text(cell, ctx)
        down = _rowspan(cell)
        for number in range(_colspan(cell) if len(out) < _MAX_WIDTH else 1):
            if down > 1:
                spans[len(out)] = _Span(down - 1, text if number == 0 and len(text) <= _REPEATED else "")
            out.append("" if number else text)
    _continue_spans(out, spans)
    return out


def _continue_spans(out: list[str], spans: dict[int, _Span]) -> None:
    """Add the cells of rows above that reach into this one, as far as they come next."""
    while len(out) in spans and len(out) < _MAX_WIDTH:
        span = spans[len(out)]
        span.left -= 1
        if not span.left:
            del spans[len(out)]
        out.append(span.text)


def _rowspan(cell: Tag) -> int:
    """Return the rows that a cell spans; 0 stands for all that are left in its group (HTML, 4.9.11)."""
    return _ALL_ROWS if attr(cell, "rowspan").strip() == "0" else min(_number(cell, "rowspan"), _ALL_ROWS)


def _colspan(cell: Tag) -> int:
    return min(_MAX_SPAN, _number(cell, "colspan"))


def _number(cell: Tag, name: str) -> int:
    value = attr(cell, name).strip()
    return max(1, int(value)) if value.isascii() and value.isdigit() and len(value) < 6 else 1


def cell_text(cell: Tag, ctx: Context) -> str:
    """Return a cell on one line: paragraphs after each other, list items separated by semicolons."""
    if id(cell) not in ctx.blocky:
        text = render_inline(cell.contents, ctx)
    else:
        text = " ".join(_one_line(block) for block in ctx.inside(cell.contents))
    return " ".join(text.split()).replace("|", "\\|")


def _one_line(block: Block) -> str:
    lines = [line.strip() for line in block.text.split("\n") if line.strip()]
    if block.kind == "code":
        return " ".join(code_span(line) for line in lines)
    if block.kind == "table":
        return " ".join(line.replace("\\|", "|") for line in lines)
    if block.kind in ("list", "item"):
        return "; ".join(line.removeprefix("- ") for line in lines)
    return " ".join(line.removeprefix("> ") for line in lines)


def markdown_table(rows: list[list[str]], *, has_head: bool) -> str:
    """Write rows of cells as a table; without a head, the header row is empty."""
    width = max(len(row) for row in rows)
    head = rows[0] if has_head else [""] * width
    body = rows[1:] if has_head else rows
    lines = [head, ["---"] * width, *body]
    return "\n".join("| " + " | ".join([*row, *[""] * (width - len(row))]) + " |" for row in lines)
