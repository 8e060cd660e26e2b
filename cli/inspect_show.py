"""The document of `inspect` -> a table on the terminal, or markdown."""

import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cli.render import inspect_markdown
from cli.terminal import console, safe

if TYPE_CHECKING:
    from rich.console import Console

Chunk = Mapping[str, Any]

_HEAD: Final = "rank  score  cosine   bm25  passage"
_INDENT: Final = " " * 6
_ROOM: Final = 30
"""Columns that a title needs beside the figures; on narrower terminals it stands below them."""
_SNIPPET: Final = 200
"""Characters shown of a chunk: enough to tell what it is about."""


def print_table(chunks: Sequence[Chunk], *, explain: bool) -> None:
    """One entry per chunk; `explain` adds its rank by each score, its terms, and every boost and penalty.

    What is to be read takes the whole width, and an address stays in one piece, to be clicked and copied.
    """
    from rich.text import Text

    out = console(sys.stdout)
    out.print(Text("rank  score  cosine   by   bm25   by  passage" if explain else _HEAD, style="bold"))
    for chunk in chunks:
        why = chunk["explain"]
        cosine, bm25 = f"  {chunk['cosine']:>6.3f}", f"  {chunk['bm25']:>5.2f}"
        if explain:
            cosine, bm25 = f"{cosine} {_place(why['cosine_rank']):>4}", f"{bm25} {_place(why['bm25_rank']):>4}"
        figures = f"{chunk['rank']:>4}  {chunk['score']:.3f}{cosine}{bm25}  "
        _print_indented(out, safe(head_of(chunk)), figures)
        out.print(Text(f"{_INDENT}{safe(chunk['url'])}"))
        said = textwrap.shorten(safe(chunk["text"]), _SNIPPET, placeholder=" …")
        for line in (said, *(map(safe, why_lines(chunk)) if explain else ())):
            _print_indented(out, line, _INDENT)
        out.print()


def _print_indented(out: "Console", text: str, start: str) -> None:
    """Print `text` behind `start`, its further lines below its beginning; below `start` where there is no room."""
    from rich.table import Table
    from rich.text import Text

    if len(start) > len(_INDENT) and out.width < len(start) + _ROOM:
        out.print(Text(start.rstrip()))
        start = _INDENT
    grid = Table.grid(padding=0)
    grid.add_column(width=len(start), no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(start), Text(text))
    out.print(grid, soft_wrap=False)


def print_comparison(document: Mapping[str, Any]) -> None:
    """Two rankings side by side; behind each passage its rank in the other."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("rank", justify="right")
    for name in comparison_names(document):
        table.add_column(safe(name), overflow="fold", ratio=1)
    for at, (one, other) in enumerate(pairs(document), 1):
        table.add_row(str(at), *(safe(f"{_told(chunk)}\n") if chunk else "" for chunk in (one, other)))
    console(sys.stdout).print(table, soft_wrap=False)


def shown_markdown(document: Mapping[str, Any], index: Path, *, explain: bool) -> str:
    """The report of the contract, with the table of `--explain` before the chunks where it is asked for."""
    text = inspect_markdown(document["question"], document["chunks"], index)
    if not explain:
        return text
    top, rule, rest = text.partition("\n─")
    return f"{top}\n{_explain_table(document['chunks'])}\n{rule}{rest}"


def compare_markdown(document: Mapping[str, Any], index: Path, *, explain: bool) -> str:
    """Both rankings as one markdown table."""
    ours, theirs = comparison_names(document)
    lines = [f"# Query: {document['question']}", "", f"# Compared in {index}", ""]
    lines += [f"| rank | {_cell(ours)} | {_cell(theirs)} |", "|---|---|---|"]
    for at, pair in enumerate(pairs(document), 1):
        lines.append(f"| {at} | " + " | ".join(_cell(_told(chunk)) if chunk else "" for chunk in pair) + " |")
    return "\n".join([*lines, "", *([_explain_table(document["chunks"])] if explain else [])])


def comparison_names(document: Mapping[str, Any]) -> tuple[str, str]:
    """What stands above the two columns."""
    other = document["compare"]
    generation = other["index"]["generation"]
    same = generation == document["index"]["generation"]
    other_name = other["with"] if same or other["with"] == generation else f"{other['with']} ({generation})"
    return f"current ({document['index']['generation']})", other_name


def pairs(document: Mapping[str, Any]) -> Iterator[tuple[Chunk | None, Chunk | None]]:
    """The chunks of both rankings at each rank."""
    ours, theirs = document["chunks"], document["compare"]["chunks"]
    for at in range(max(len(ours), len(theirs))):
        yield (ours[at] if at < len(ours) else None, theirs[at] if at < len(theirs) else None)


def moved(chunk: Chunk) -> str:
    """Where the other ranking has a chunk."""
    other = chunk["other_rank"]
    if other is None:
        return "not in the other's first 50"
    return "same rank" if other == chunk["rank"] else f"rank {other} in the other"


def head_of(chunk: Chunk) -> str:
    """Title and headings of a chunk."""
    return " › ".join((chunk["title"], *chunk["headings"]))


def why_lines(chunk: Chunk) -> Iterator[str]:
    """The terms with their BM25 weights, then boosts and penalties by name."""
    explain = chunk["explain"]
    yield f"terms: {terms_text(explain) or 'none'}"
    if explain["signals"]:
        yield f"signals: {', '.join(f'{name} {value:+.3f}' for name, value in explain['signals'].items())}"


def terms_text(explain: Mapping[str, Any]) -> str:
    """The matching terms, each with what it adds to BM25."""
    return ", ".join(f"{term} {weight:.2f}" for term, weight in explain["terms"].items())


def _told(chunk: Chunk) -> str:
    return f"{head_of(chunk)}\n{chunk['url']}\nscore {chunk['score']:.3f}, {moved(chunk)}"


def _place(rank: int | None) -> str:
    return f"#{rank}" if rank else "-"


def _explain_table(chunks: Sequence[Chunk]) -> str:
    """All chunks in one markdown table, a column for each signal."""
    signals = list(dict.fromkeys(name for chunk in chunks for name in chunk["explain"]["signals"]))
    head = ["rank", "score", "cosine", "by cosine", "bm25", "by bm25", *signals, "terms", "passage"]
    lines = [f"| {' | '.join(map(_cell, head))} |", "|" + "---|" * len(head)]
    for chunk in chunks:
        explain = chunk["explain"]
        cells = [str(chunk["rank"]), f"{chunk['score']:.4f}", f"{chunk['cosine']:.4f}", _place(explain["cosine_rank"])]
        cells += [f"{chunk['bm25']:.3f}", _place(explain["bm25_rank"])]
        cells += [f"{explain['signals'][name]:+.4f}" if name in explain["signals"] else "" for name in signals]
        lines.append(f"| {' | '.join(map(_cell, [*cells, terms_text(explain), head_of(chunk)]))} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")
