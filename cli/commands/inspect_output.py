"""The output of `inspect` from its document: a table on the terminal, markdown, or one self-contained HTML page."""

import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from cli.terminal import console, safe
from eval.html import escape_html, link, page, rows
from ingest.core.database_url import IndexAddress
from ingest.text.markdown_html import markdown_html

if TYPE_CHECKING:
    from rich.console import Console

Chunk = Mapping[str, Any]

_HEAD: Final = "rank  score  cosine   bm25  passage"
_HEAD_EXPLAINED: Final = "rank  score  cosine rank   bm25 rank  passage"
LEGEND: Final[Mapping[str, str]] = {
    "score": "what the passages are ordered by, 0 to 1: all of the below together",
    "cosine": "how near question and passage are in meaning; its rank among all passages",
    "bm25": "how well the words match; its rank among all passages",
    "terms": "the question's words in the passage, with the share of each in bm25",
    "page": "how near the whole page is",
    "whitened": "cosine after what all pages have in common is removed; only of the best passages",
    "late": "how well each word of the question is met by a word of the passage; only of the best",
    "added": "how near question and passage are by the other embedder",
    "model": "how well they match by the late-interaction model of --late; only of the best",
    "questions": "cosine of the nearest question that a model wrote for the section",
    "crowded": "what the passage lost to better ones of its page",
}
"""What the figures of `--explain` mean. A signal that is not named here has no legend."""
GENERATED: Final = "questions written by a model, not in the docs"
_INDENT: Final = " " * 6
_ROOM: Final = 30
"""Columns that a title needs next to the figures; on narrower terminals it is printed below them."""
_SNIPPET: Final = 200
"""Characters shown of a chunk: enough to see what it is about."""


def print_table(chunks: Sequence[Chunk], *, explain: bool) -> None:
    """One entry per chunk; `explain` adds its rank by each score, its terms, and every boost and penalty.

    What is to be read takes the whole width, and an address stays in one piece, to be clicked and copied.
    """
    from rich.text import Text

    out = console(sys.stdout)
    out.print(Text(_HEAD_EXPLAINED if explain else _HEAD, style="bold"))
    for chunk in chunks:
        why = chunk["explain"]
        cosine, bm25 = f"  {chunk['cosine']:>6.3f}", f"  {chunk['bm25']:>5.2f}"
        if explain:
            cosine, bm25 = f"{cosine} {_place(why['cosine_rank']):>4}", f"{bm25} {_place(why['bm25_rank']):>4}"
        figures = f"{chunk['rank']:>4}  {chunk['score']:.3f}{cosine}{bm25}  "
        _print_indented(out, safe(head_of(chunk)), figures)
        out.print(Text(f"{_INDENT}{safe(chunk['url'])}"))
        said = textwrap.shorten(safe(chunk["text"]), _SNIPPET, placeholder=" …")
        for line in (said, *map(safe, question_lines(chunk)), *(map(safe, why_lines(chunk)) if explain else ())):
            _print_indented(out, line, _INDENT)
        out.print()
    if explain:
        for name, meaning in legend_of(chunks):
            _print_indented(out, meaning, f"{name:<10}")


def print_page(chunks: Sequence[Chunk]) -> None:
    """The chunks of a page in their order: there is no question, so there are no scores."""
    from rich.text import Text

    out = console(sys.stdout)
    for chunk in chunks:
        _print_indented(out, safe(head_of(chunk)), f"{chunk['rank']:>4}  ")
        about = f"{chunk['tokens']} tokens, characters {chunk['start']} to {chunk['end']}"
        out.print(Text(f"{_INDENT}{safe(chunk['url'])}"))
        out.print(Text(f"{_INDENT}{about}", style="dim"))
        _print_indented(out, textwrap.shorten(safe(chunk["text"]), _SNIPPET, placeholder=" …"), _INDENT)
        for line in map(safe, question_lines(chunk)):
            _print_indented(out, line, _INDENT)
        out.print()


def legend_of(chunks: Sequence[Chunk]) -> list[tuple[str, str]]:
    """The names of the figures that these chunks have, and what each means."""
    signals = {name for chunk in chunks for name in chunk["explain"]["signals"]}
    shown = {"score", "cosine", "bm25", "terms", *signals}
    return [(name, meaning) for name, meaning in LEGEND.items() if name in shown]


def _print_indented(out: "Console", text: str, start: str) -> None:
    """Print `text` after `start`, further lines aligned with its beginning; below `start` where there is no room."""
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


def chunks_markdown(document: Mapping[str, Any], index: IndexAddress, *, explain: bool, scored: bool = True) -> str:
    """The report of the contract, with the table of `--explain` before the chunks where it is asked for."""
    text = inspect_markdown(document["question"], document["chunks"], index, scored=scored)
    if not explain or not scored:
        return text
    top, rule, rest = text.partition("\n─")
    return f"{top}\n{_explain_table(document['chunks'])}\n{rule}{rest}"


def comparison_markdown(document: Mapping[str, Any], index: IndexAddress, *, explain: bool) -> str:
    """Both rankings as one markdown table."""
    ours, theirs = comparison_names(document)
    lines = [f"# Query: {document['question']}", "", f"# Compared in {index}", ""]
    lines += [f"| rank | {_cell(ours)} | {_cell(theirs)} |", "|---|---|---|"]
    for at, pair in enumerate(pairs(document), 1):
        lines.append(f"| {at} | " + " | ".join(_cell(_told(chunk)) if chunk else "" for chunk in pair) + " |")
    return "\n".join([*lines, "", *([_explain_table(document["chunks"])] if explain else [])])


def comparison_names(document: Mapping[str, Any]) -> tuple[str, str]:
    """The head of the two columns."""
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
        return "not in the other ranking"
    return "same rank" if other == chunk["rank"] else f"rank {other} in the other"


def head_of(chunk: Chunk) -> str:
    """Title and headings of a chunk."""
    return " › ".join((chunk["title"], *chunk["headings"]))


def question_lines(chunk: Chunk) -> Iterator[str]:
    """The questions that a model wrote for the section, said to be that."""
    if questions := chunk.get("questions"):
        yield f"{GENERATED}: {' · '.join(questions)}"


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
    head = ["rank", "score", "cosine", "cosine rank", "bm25", "bm25 rank", *signals, "terms", "passage"]
    lines = [f"| {' | '.join(map(_cell, head))} |", "|" + "---|" * len(head)]
    for chunk in chunks:
        explain = chunk["explain"]
        cells = [str(chunk["rank"]), f"{chunk['score']:.4f}", f"{chunk['cosine']:.4f}", _place(explain["cosine_rank"])]
        cells += [f"{chunk['bm25']:.3f}", _place(explain["bm25_rank"])]
        cells += [f"{explain['signals'][name]:+.4f}" if name in explain["signals"] else "" for name in signals]
        lines.append(f"| {' | '.join(map(_cell, [*cells, terms_text(explain), head_of(chunk)]))} |")
    lines += ["", *(f"- {name}: {meaning}" for name, meaning in legend_of(chunks))]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")


def inspect_page(document: Mapping[str, Any], *, explain: bool, scored: bool = True) -> str:
    """The chunks with their scores; where asked for, why they rank so, and the other ranking next to them."""
    index = document["index"]
    parts = [
        f"<h1>{escape_html(document['question'])}</h1>",
        f"<p class=soft>{len(document['chunks'])} passages of {escape_html(index['generation'])}</p>",
    ]
    if "compare" in document:
        parts.append(_comparison(document))
    if explain:
        parts.append(_explained(document))
    parts += [_hit(chunk, scored=scored) for chunk in document["chunks"]]
    return page(f"askdocs: {document['question']}", "\n".join(parts))


def _comparison(document: Mapping[str, Any]) -> str:
    names = ("rank", *comparison_names(document))
    lines = "".join(
        f"<tr><td>{at}</td>"
        + "".join(
            f'<td data-name="{escape_html(name)}">{_side(chunk) if chunk else ""}</td>'
            for name, chunk in zip(names[1:], pair, strict=True)
        )
        + "</tr>"
        for at, pair in enumerate(pairs(document), 1)
    )
    head = rows([[escape_html(name) for name in names]], "th")
    return f"<h2>Two rankings</h2><table class=stack><thead>{head}</thead><tbody>{lines}</tbody></table>"


def _side(chunk: Mapping[str, Any]) -> str:
    about = f"score {chunk['score']:.3f}, {moved(chunk)}"
    return f"{link(chunk['url'], head_of(chunk))}<br><small class=soft>{escape_html(about)}</small>"


def _explained(document: Mapping[str, Any]) -> str:
    chunks = document["chunks"]
    signals = list(dict.fromkeys(name for chunk in chunks for name in chunk["explain"]["signals"]))
    head = ["rank", "passage", "score", "cosine", "cosine rank", "bm25", "bm25 rank", *signals, "terms"]
    table = []
    for chunk in chunks:
        why = chunk["explain"]
        cells = [str(chunk["rank"]), head_of(chunk), f"{chunk['score']:.4f}", f"{chunk['cosine']:.4f}"]
        cells += [str(why["cosine_rank"] or "–"), f"{chunk['bm25']:.3f}", str(why["bm25_rank"] or "–")]
        cells += [f"{why['signals'][name]:+.4f}" if name in why["signals"] else "" for name in signals]
        table.append([*map(escape_html, cells), escape_html(terms_text(why))])
    top = rows([[escape_html(name) for name in head]], "th")
    legend = "".join(f"<dt>{escape_html(name)}</dt><dd>{escape_html(text)}</dd>" for name, text in legend_of(chunks))
    lines = "".join(
        "<tr>"
        + "".join(f"<td{'' if at in (1, len(head) - 1) else ' class=n'}>{cell}</td>" for at, cell in enumerate(row))
        + "</tr>"
        for row in table
    )
    return (
        f"<h2>Why they rank so</h2><div class=wide><table><thead>{top}</thead><tbody>{lines}</tbody></table></div>"
        f"<dl>{legend}</dl>"
    )


def _hit(chunk: Mapping[str, Any], *, scored: bool) -> str:
    scores = f"score {chunk['score']:.3f} · cosine {chunk['cosine']:.3f} · BM25 {chunk['bm25']:.2f} · "
    place = f"{chunk['tokens']} tokens · {chunk['page']}, characters {chunk['start']}–{chunk['end']}"
    about = (scores if scored else "") + place
    return (
        f'<div class="hit"><h3>{chunk["rank"]}. {link(chunk["url"], head_of(chunk))}</h3>'
        f"<small class=soft>{escape_html(about)}</small><div class=text>{markdown_html(chunk['text'])}</div>"
        + "".join(f"<p class=soft>{escape_html(line)}</p>" for line in question_lines(chunk))
        + "</div>"
    )


RULE = "─" * 60


def inspect_markdown(
    query: str, chunks: Sequence[Mapping[str, Any]], index: IndexAddress, *, scored: bool = True
) -> str:
    """The report of `inspect --format markdown`, for reading and for diffing."""
    parts = [f"# Query: {query}", "", f"# Retrieved {len(chunks)} chunks from {index}", ""]
    for chunk in chunks:
        parts += [
            RULE,
            f"## Chunk {chunk['rank']}",
            "",
            *([f"**Similarity Score:** {chunk['score']:.4f}", ""] if scored else []),
            "**Metadata:**",
        ]
        names = ("file_path", "file_name", "file_type", "file_size", "creation_date", "last_modified_date", "url")
        parts += [f"- {name}: {chunk[name]}" for name in names if name in chunk]
        parts += [f"- headings: {head_of(chunk)}", f"- tokens: {chunk['tokens']}"]
        parts += [*(f"- {line}" for line in question_lines(chunk)), "", chunk["text"], ""]
    return "\n".join(parts)
