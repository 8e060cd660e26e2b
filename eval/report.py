"""The HTML report of a run, with the comparison where there is a baseline. Pure."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Final

from eval.compare import MetricChange, newly_stale
from eval.html import escape_html, figure, kind_bars, link, page, reading_curve, rows, scale
from eval.intervals import Interval, intervals
from eval.metrics import ANSWERS, REFUSALS, RETRIEVAL, tabulate
from eval.records import EvalRun, Outcome, PassageSummary
from eval.summary import by_kind, why_failed

_HEADLINES: Final = ("recall@5", "mrr", "recall@300_words", "recall@1000_words", "page_recall@5")
_BY_KIND: Final = "recall@1000_words"
_FAILURES: Final = 300
"""More than anyone reads; the JSON document has them all."""

_WORDS: Final = {
    "recall@1": "evidence in the first passage",
    "recall@5": "evidence in the first 5 passages",
    "recall@10": "evidence in the first 10 passages",
    "mrr": "mean reciprocal rank",
    "ndcg@10": "nDCG of the first 10 passages",
    "page_recall@5": "right page among the first 5",
    "recall@300_words": "evidence within 300 words",
    "recall@1000_words": "evidence within 1,000 words",
    "recall@2000_words": "evidence within 2,000 words",
    "facts": "facts in the answer",
    "citation_precision": "citations that support the claim",
    "citation_recall": "claims that a citation supports",
    "refusal_precision": "refusals that are right",
    "refusal_recall": "unanswerable questions refused",
}


def report_page(run: EvalRun, old: EvalRun | None, changes: Mapping[str, MetricChange]) -> str:
    """The page, self-contained: styles and charts inside, no script, nothing fetched."""
    measured = {
        **intervals(tabulate(run.outcomes, RETRIEVAL)),
        **intervals(tabulate(run.outcomes, ANSWERS)),
        **{f"refusal_{name}": one for name, one in intervals(tabulate(run.outcomes, REFUSALS)).items()},
    }
    parts = [
        _head(run, old, changes),
        _tiles(measured, changes),
        "<h2>All measures</h2>",
        "<p class=soft>The dot is the value, the band its 95 % interval (bootstrap over questions)"
        + (", the mark the baseline.</p>" if old else ".</p>"),
        _measures(measured, changes),
        f"<h2>{escape_html(_WORDS[_BY_KIND].capitalize())}, by kind of question</h2>",
        _kinds(run, old),
        "<h2>Recall against words read</h2>",
        "<p class=soft>How many questions have their evidence after so many words of ranked text"
        + ("; dashed: the baseline.</p>" if old else ".</p>"),
        reading_curve(run.outcomes, old.outcomes if old else ()),
        _failures(run),
        _settings(run, old),
    ]
    return page(f"Evaluation: {run.name}", "\n".join(parts))


def _head(run: EvalRun, old: EvalRun | None, changes: Mapping[str, MetricChange]) -> str:
    stale = [outcome for outcome in run.outcomes if outcome.stale]
    answerable = sum(outcome.answerable for outcome in run.outcomes)
    text = f"<h1>{escape_html(run.name)}</h1><p class=soft>{len(run.outcomes)} questions, {answerable} answerable"
    text += f", measured on {escape_html(run.created_at[:10])}"
    text += (
        f", over {run.system.chunks:,} passages of docs of {escape_html(run.system.docs_date or 'unknown date')}.</p>"
    )
    if old:
        lost = [name for name, change in changes.items() if change.loss]
        gone = newly_stale(run, old)
        said = f"Real loss: {', '.join(lost)}." if lost else "No measure really fell against the baseline."
        said += f" The docs lost the gold of {len(gone)} question{'s' * (len(gone) > 1)} since then." if gone else ""
        text += f'<p class="verdict {"bad" if lost or gone else "good"}">{escape_html(said)}</p>'
    if stale:
        names = ", ".join(outcome.id for outcome in stale)
        text += (
            f"<details><summary>{len(stale)} stale question{'s' * (len(stale) > 1)}, not counted: "
            f"the docs no longer contain their gold</summary><p>{escape_html(names)}</p></details>"
        )
    return text


def _tiles(measured: Mapping[str, Interval], changes: Mapping[str, MetricChange]) -> str:
    tiles = []
    names = [*_HEADLINES, *(name for name in ("facts", "refusal_precision") if measured[name].value is not None)]
    for name in names:
        one = measured[name]
        change = f"<div>{_format_difference(changes[name])} against the baseline</div>" if name in changes else ""
        tiles.append(
            f'<div class="tile"><span>{escape_html(_WORDS[name])}</span><b>{figure(one.value)}</b>'
            f'<small class="soft">{figure(one.low)} to {figure(one.high)}</small>{change}</div>'
        )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _format_difference(change: MetricChange) -> str:
    style = "bad" if change.loss else "good" if change.low > 0 else "soft"
    return f'<span class="{style}">{change.difference:+.3f}</span>'


def _measures(measured: Mapping[str, Interval], changes: Mapping[str, MetricChange]) -> str:
    named = ["value", "95 % interval", ""] + (["baseline", "change", "better", "worse", "p"] if changes else [])
    head = "<th>measure</th>" + "".join(f"<th class=n>{name}</th>" if name else "<th></th>" for name in named)
    lines = []
    for name, one in measured.items():
        if one.value is None:
            continue
        change = changes.get(name)
        cells = [figure(one.value), f"{figure(one.low)} – {figure(one.high)}"]
        line = f"<td>{escape_html(name)}<br><small class=soft>{escape_html(_WORDS[name])}</small></td>"
        line += "".join(f"<td class=n>{cell}</td>" for cell in cells)
        line += f"<td>{scale(one, change.baseline if change else None)}</td>"
        if changes:
            line += _change_cells(change)
        lines.append(f"<tr>{line}</tr>")
    return _table(head, "".join(lines))


def _table(head: str, lines: str) -> str:
    """A table that becomes a list on a phone."""
    return f"<div class=wide><table class=stack><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"


def _change_cells(change: MetricChange | None) -> str:
    if change is None:
        return "<td></td>" * 5
    moved = bool(change.won or change.lost)
    ends = f" <small class=soft>{change.low:+.3f} to {change.high:+.3f}</small>"
    chance = "< 0.001" if change.p < 0.001 else f"{change.p:.3f}"
    cells = (
        ("baseline", figure(change.baseline)),
        ("change", _format_difference(change) + ends if moved else "none"),
        ("better", str(change.won) if moved else ""),
        ("worse", str(change.lost) if moved else ""),
        ("p", escape_html(chance) if change.lost else ""),
    )
    return "".join(f'<td class=n data-name="{name}">{cell}</td>' for name, cell in cells)


def _kind_intervals(outcomes: Sequence[Outcome]) -> dict[str, tuple[int, Interval]]:
    named = {_BY_KIND: RETRIEVAL[_BY_KIND]}
    parts = {kind: [one for one in part if one.judged] for kind, part in by_kind(outcomes).items()}
    return {kind: (len(part), intervals(tabulate(part, named))[_BY_KIND]) for kind, part in parts.items() if part}


def _kinds(run: EvalRun, old: EvalRun | None) -> str:
    found = _kind_intervals(run.outcomes)
    ordered = sorted(found.items(), key=lambda item: (item[1][1].value or 0.0, item[0]))
    was = {kind: one.value for kind, (_, one) in _kind_intervals(old.outcomes).items()} if old else {}
    return kind_bars([(kind, count, one) for kind, (count, one) in ordered], was)


def _failures(run: EvalRun) -> str:
    failed = [(outcome, why) for outcome in run.outcomes if (why := why_failed(outcome))]
    failed.sort(key=lambda pair: (not pair[0].answerable, pair[0].words is not None))
    text = f"<h2>{len(failed)} failures</h2>"
    if len(failed) > _FAILURES:
        text += f"<p class=soft>The first {_FAILURES}; the JSON document has them all.</p>"
    shown = enumerate(failed[:_FAILURES])
    return text + "\n".join(_failure(outcome, why, first=at == 0) for at, (outcome, why) in shown)


def _failure(outcome: Outcome, why: str, *, first: bool) -> str:
    gold = "; ".join(outcome.gold) or "nothing: the docs do not answer"
    answer = f"<dt>answer</dt><dd>{escape_html(outcome.answer.text)}</dd>" if outcome.answer else ""
    command = f"askdocs inspect {shlex.quote(outcome.question)} --explain"
    head = "".join(f"<th>{name}</th>" for name in ("", "passage", "score", "cosine", "BM25", "terms"))
    about = f"{escape_html(outcome.kind)} · {escape_html(outcome.id)}"
    return (
        f'<details id="{escape_html(outcome.id)}"{" open" if first else ""}>'
        f"<summary>{escape_html(outcome.question)}<br>"
        f"<small><span class=bad>{escape_html(why)}</span> · {about}</small></summary>"
        f"<div><dl><dt>gold</dt><dd>{escape_html(gold)}</dd>{answer}"
        f"<dt>confidence</dt><dd>{outcome.confidence:.3f}</dd></dl>"
        f"{_table(head, ''.join(_passage_row(seen) for seen in outcome.seen))}"
        f"<pre>{escape_html(command)}</pre></div></details>"
    )


def _passage_row(seen: PassageSummary) -> str:
    where = " › ".join((seen.page, *seen.headings))
    mark = " <span class=good>contains evidence</span>" if seen.right else ""
    start = f"<small class=soft>{escape_html(seen.start)}</small>"
    cells = (("score", f"{seen.score:.3f}"), ("cosine", f"{seen.cosine:.3f}"), ("BM25", f"{seen.bm25:.1f}"))
    return (
        f"<tr><td>{seen.rank}</td><td>{link(seen.url, where)}{mark}<br>{start}</td>"
        + "".join(f'<td class=n data-name="{name}">{cell}</td>' for name, cell in cells)
        + f'<td data-name="terms"><small>{escape_html(", ".join(seen.terms))}</small></td></tr>'
    )


def _settings(run: EvalRun, old: EvalRun | None) -> str:
    names = {"questions": run.measured.questions_sha256[:16], "mode": run.measured.mode, "k": run.measured.k}
    mine = {**names, "under": run.measured.under or "all pages", **_system(run), "seconds": f"{run.seconds:.1f}"}
    theirs = {**_system(old), "measured": old.created_at} if old else {}
    table = [
        (
            escape_html(name),
            escape_html(mine.get(name, run.created_at)),
            escape_html(theirs.get(name, "")) if old else "",
        )
        for name in dict.fromkeys((*mine, *theirs))
    ]
    head = "<th></th><th>this run</th>" + ("<th>baseline</th>" if old else "<th></th>")
    return f"<h2>Settings</h2><div class=wide><table><thead><tr>{head}</tr></thead>{rows(table)}</table></div>"


def _system(run: EvalRun) -> dict[str, object]:
    system = run.system
    return {
        "generation": system.generation,
        "embedder": system.embedder,
        "docs of": system.docs_date,
        "passages": f"{system.chunks:,}",
        "model": system.model or "none",
        "askdocs": f"{system.askdocs}, code {system.code}",
    }
