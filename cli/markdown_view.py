"""Print markdown on a terminal: wrapped text, hanging list items, tables in columns, code unchanged. Uses rich."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from cli.terminal import page_console, safe
from ingest.text.markdown import CODE_SPAN, LIST_ITEM, Block, blocks_of
from ingest.text.sentences import runs
from rag.generate.excerpts.emphasis import decisive_spans

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_CELLS = re.compile(r"(?<!\\)\|")


class MarkdownView:
    """Prints markdown of pages and models on a stream; with `words`, those terms in bold."""

    def __init__(self, stream: TextIO, words: frozenset[str] = frozenset()) -> None:
        self._console: Console = page_console(stream)
        self._words = words
        self._styled = self._console.color_system is not None

    def heading(self, marker: str, title: str) -> None:
        """Print a marker in bold and a title; wrapped lines are indented behind the marker."""
        from rich.text import Text

        self._hang(Text(f"{safe(marker)} ", style="bold"), Text(safe(title)))

    def link(self, url: str, indent: int) -> None:
        """Print an address on a line of its own, clickable on terminals that support it."""
        from rich.style import Style
        from rich.text import Text

        address = Text(" " * indent)
        address.append(safe(url), Style(dim=True, link=safe(url) if _is_web(url) else None))
        self._console.print(address, soft_wrap=True)

    def dim(self, text: str) -> None:
        """A line that may be overlooked."""
        self._console.print(safe(text), style="dim")

    def blank(self) -> None:
        """An empty line."""
        self._console.print()

    def markdown(self, text: str) -> None:
        """Blocks with empty lines where the text has them."""
        end = 0
        for block in blocks_of(text):
            if end and text[end : block.start].count("\n") > 1:
                self._console.print()
            end = block.end
            self._block(block, text[block.start : block.end])

    def _block(self, block: Block, text: str) -> None:
        if block.kind == "fence":
            self._code(text)
        elif block.kind == "table":
            self._console.print(self._table([line.text for line in block.lines]))
        else:
            for start, end in runs(text):
                self._paragraph(text[start:end])

    def _code(self, text: str) -> None:
        """Fenced code, never wrapped: what is copied must run. With colours the fences go."""
        from rich.text import Text

        lines = safe(text).split("\n")
        shown = lines[1:-1] if self._styled and len(lines) > 2 else lines
        for line in shown:
            self._console.print(Text(f"  {line}", style="cyan"), soft_wrap=True)

    def _paragraph(self, text: str) -> None:
        from rich.text import Text

        found = LIST_ITEM.match(text)
        if not found:
            self._console.print(self._inline(" ".join(text.split())))
            return
        first, *rest = text[found.end() :].split("\n")
        self._hang(Text(found.group()), self._inline(first))
        for line in rest:
            indent = len(line) - len(line.lstrip())
            self._hang(Text(" " * indent), self._inline(line.strip()))

    def _hang(self, mark: "Text", text: "Text") -> None:
        """A mark, and a text that is wrapped on the right of it."""
        width = max(20, self._console.width - mark.cell_len)
        for at, line in enumerate(text.wrap(self._console, width)):
            self._console.print((mark if at == 0 else mark.blank_copy(" " * mark.cell_len)) + line, soft_wrap=True)

    def _table(self, lines: list[str]) -> "RenderableType":
        from rich.table import Table

        head, _, *rows = [[cell.strip() for cell in _CELLS.split(line.strip().strip("|"))] for line in lines]
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for cell in head:
            table.add_column(self._inline(cell), overflow="fold")
        for row in rows:
            table.add_row(*(self._inline(cell) for cell in row[: len(head)]))
        return table

    def _inline(self, text: str) -> "Text":
        """Prose with its code spans and the question's words; without colours, code keeps its backticks."""
        from rich.text import Text

        shown = Text()
        text = safe(text)
        for piece, is_code in _code_or_not(text):
            if is_code:
                shown.append(_code_words(piece) if self._styled else piece, "cyan")
                continue
            at = 0
            for start, end in decisive_spans(piece, self._words):
                shown.append(_unescaped(piece[at:start]))
                shown.append(_unescaped(piece[start:end]), "bold")
                at = end
            shown.append(_unescaped(piece[at:]))
        return shown


def _code_or_not(text: str) -> Iterator[tuple[str, bool]]:
    at = 0
    for found in CODE_SPAN.finditer(text):
        yield text[at : found.start()], False
        yield found.group(), True
        at = found.end()
    yield text[at:], False


def _code_words(span: str) -> str:
    """What a code span says; one space inside each end belongs to the marks (CommonMark 6.1)."""
    inside = span.strip("`").replace("\\|", "|")
    return inside[1:-1] if inside[:1] == inside[-1:] == " " and inside.strip() else inside


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(r"\1", text)


def _is_web(url: str) -> bool:
    return url.startswith(("http://", "https://"))
