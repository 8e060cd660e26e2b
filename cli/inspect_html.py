"""The document of `inspect` -> one HTML page, self-contained. Pure."""

from collections.abc import Mapping
from typing import Any

from cli.inspect_show import comparison_names, head_of, moved, pairs, terms_text
from eval.html import escaped, link, page, rows


def inspect_page(document: Mapping[str, Any], *, explain: bool) -> str:
    """The chunks with their scores; where asked for, why they rank so, and the other ranking beside them."""
    index = document["index"]
    parts = [
        f"<h1>{escaped(document['question'])}</h1>",
        f"<p class=soft>{len(document['chunks'])} passages of {escaped(index['generation'])}</p>",
    ]
    if "compare" in document:
        parts.append(_comparison(document))
    if explain:
        parts.append(_explained(document))
    parts += [_hit(chunk) for chunk in document["chunks"]]
    return page(f"askdocs: {document['question']}", "\n".join(parts))


def _comparison(document: Mapping[str, Any]) -> str:
    names = ("rank", *comparison_names(document))
    table = [
        (str(at), *(_side(chunk) if chunk else "" for chunk in pair)) for at, pair in enumerate(pairs(document), 1)
    ]
    head = rows([[escaped(name) for name in names]], "th")
    return f"<h2>Two rankings</h2><div class=wide><table>{head}{rows(table)}</table></div>"


def _side(chunk: Mapping[str, Any]) -> str:
    about = f"score {chunk['score']:.3f}, {moved(chunk)}"
    return f"{link(chunk['url'], head_of(chunk))}<br><small class=soft>{escaped(about)}</small>"


def _explained(document: Mapping[str, Any]) -> str:
    chunks = document["chunks"]
    signals = list(dict.fromkeys(name for chunk in chunks for name in chunk["explain"]["signals"]))
    head = ["rank", "passage", "score", "cosine", "by cosine", "BM25", "by BM25", *signals, "terms"]
    table = []
    for chunk in chunks:
        why = chunk["explain"]
        cells = [str(chunk["rank"]), head_of(chunk), f"{chunk['score']:.4f}", f"{chunk['cosine']:.4f}"]
        cells += [str(why["cosine_rank"] or "–"), f"{chunk['bm25']:.3f}", str(why["bm25_rank"] or "–")]
        cells += [f"{why['signals'][name]:+.4f}" if name in why["signals"] else "" for name in signals]
        table.append([escaped(cell) for cell in (*cells, terms_text(why))])
    top = rows([[escaped(name) for name in head]], "th")
    return f"<h2>Why they rank so</h2><div class=wide><table>{top}{rows(table)}</table></div>"


def _hit(chunk: Mapping[str, Any]) -> str:
    scores = f"score {chunk['score']:.3f} · cosine {chunk['cosine']:.3f} · BM25 {chunk['bm25']:.2f}"
    about = f"{scores} · {chunk['tokens']} tokens · {chunk['page']}, characters {chunk['start']}–{chunk['end']}"
    return (
        f'<div class="hit"><h3>{chunk["rank"]}. {link(chunk["url"], head_of(chunk))}</h3>'
        f"<small class=soft>{escaped(about)}</small><pre>{escaped(chunk['text'])}</pre></div>"
    )
