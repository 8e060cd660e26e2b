"""A bake-off as text, as JSON and as one HTML page. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from eval.bakeoff.run import Bakeoff, SystemResult
from eval.bakeoff.verdict import MEASURES, Difference, Row, Verdict
from eval.html import escape_html, page, scale
from eval.intervals import Interval
from eval.metrics import RETRIEVAL

_WORDS: Final[Mapping[str, str]] = {
    "recall@5": "evidence in the first 5 passages",
    "mrr": "mean reciprocal rank",
    "facts": "facts in the answer",
    "citation_precision": "citations that support the claim",
    "citation_recall": "claims that a citation supports",
    "unsupported": "claims that nothing supports",
    "refused_rightly": "unanswerable questions refused",
    "refused_wrongly": "answerable questions refused",
    "words": "words per answer",
    "seconds": "seconds per question",
    "dollars": "dollars per question",
}
_LEGEND: Final = (
    "<p class=soft>The dot is the value, the band its 95 % interval. Differences are to the first system; "
    "none is shown where chance explains it.</p>"
)
_FORMS: Final[Mapping[str, str]] = {"words": "{:.0f}", "seconds": "{:.2f}", "dollars": "{:.6f}"}


def bakeoff_json(bakeoff: Bakeoff, verdict: Verdict | None) -> dict[str, Any]:
    """The document of `askdocs eval --models … --json`."""
    rows = {row.result.system.name: row for row in verdict.rows} if verdict else {}
    return {
        "questions": len(bakeoff.questions),
        "common": verdict.common if verdict else 0,
        "complete": bakeoff.complete,
        "resumed": bakeoff.resumed,
        "cost_usd": round(bakeoff.spent, 6),
        "deciding": verdict.deciding if verdict else None,
        "rule": verdict.rule if verdict else None,
        "best": verdict.best.result.system.name if verdict else None,
        "verdict": verdict.sentence if verdict else None,
        "systems": [_system_json(result, rows.get(result.system.name)) for result in bakeoff.results],
    }


def _system_json(result: SystemResult, row: Row | None) -> dict[str, Any]:
    choice = result.system.choice
    return {
        "name": result.system.name,
        "model": choice.model or None,
        "embedder": choice.embedder,
        "reranker": choice.reranker or None,
        "answered": len(result.outcomes),
        "failed": dict(result.failed),
        "stopped": result.stopped or None,
        "measures": {name: _interval_json(one) for name, one in row.measures.items()} if row else {},
        "against_leader": {
            name: {
                "difference": round(one.value, 6),
                "low": round(one.low, 6),
                "high": round(one.high, 6),
                "p": round(one.p, 4),
                "shown": one.shown,
            }
            for name, one in (row.differences.items() if row else ())
        },
    }


def _interval_json(one: Interval) -> dict[str, float | None]:
    """A measure with its interval, to a millionth: answers cost less than a cent."""
    ends = {"value": one.value, "low": one.low, "high": one.high}
    return {name: None if value is None else round(value, 6) for name, value in ends.items()}


def bakeoff_text(bakeoff: Bakeoff, verdict: Verdict | None, name: str) -> Iterator[str]:
    """Lines for a terminal: the verdict, then each measure with all systems."""
    yield f"{name}: {len(bakeoff.results)} systems, {len(bakeoff.questions)} questions" + (
        f", compared on the {verdict.common} that all answered" if verdict else ""
    )
    yield from _unfinished(bakeoff)
    if verdict is None:
        yield "no question was answered by all of them"
        return
    yield verdict.sentence
    yield f"Best: {verdict.best.result.system.name} ({verdict.rule})."
    widest = max(len(row.result.system.name) for row in verdict.rows)
    for measure in _shown(verdict):
        yield f"\n{measure}: {_WORDS[measure]}" + (" (decides)" if measure == verdict.deciding else "")
        for row in verdict.rows:
            yield f"  {row.result.system.name:<{widest}}  {_value(measure, row)}".rstrip()
    yield f"\n${bakeoff.spent:.4f} spent now"


def _unfinished(bakeoff: Bakeoff) -> Iterator[str]:
    if not bakeoff.complete:
        missing = sum(len(bakeoff.questions) - len(one.outcomes) - len(one.failed) for one in bakeoff.results)
        yield f"stopped at the budget, {missing:,} answers are missing: the same command goes on with them"
    for result in bakeoff.results:
        if result.stopped:
            yield f"{result.system.name} was left out after three failures in a row: {result.stopped}"
        elif result.failed:
            yield f"{result.system.name}: {len(result.failed)} failed and count in no measure: {_first(result.failed)}"


def _first(failed: Mapping[str, str]) -> str:
    return next(iter(failed.values()))


def _shown(verdict: Verdict) -> list[str]:
    """The measures that any system has; those of ranking only where they differ, as they do not between models."""
    values = {name: {row.measures[name].value for row in verdict.rows} for name in MEASURES}
    return [name for name, found in values.items() if found != {None} and (name not in RETRIEVAL or len(found) > 1)]


def _value(measure: str, row: Row) -> str:
    one, form = row.measures[measure], _FORMS.get(measure, "{:.3f}")
    if one.value is None:
        return "–"
    text = f"{form.format(one.value)}  {form.format(one.low or 0)} to {form.format(one.high or 0)}"
    difference = row.differences.get(measure)
    return f"{text}  {_said(difference, form)}" if difference else text


def _said(difference: Difference, form: str) -> str:
    if not difference.shown:
        return "no difference shown"
    return f"{'+' if difference.value > 0 else ''}{form.format(difference.value)}, p = {max(difference.p, 0.0001):.4f}"


def bakeoff_page(bakeoff: Bakeoff, verdict: Verdict | None, name: str) -> str:
    """The page, self-contained: one table, with intervals and what chance explains."""
    parts = [f"<h1>{escape_html(name)}: bake-off</h1>"]
    parts += [f'<p class="bad">{escape_html(line)}</p>' for line in _unfinished(bakeoff)]
    if verdict is None:
        parts.append("<p>No question was answered by all systems.</p>")
        return page(f"Bake-off: {name}", "\n".join(parts))
    best = escape_html(verdict.best.result.system.name)
    asked = f"{len(bakeoff.results)} systems on the {verdict.common} of {len(bakeoff.questions)} questions"
    parts += [
        f"<p class=soft>{asked} that all answered; ${bakeoff.spent:.4f} spent</p>",
        f'<p class="verdict">{escape_html(verdict.sentence)}</p>',
        f"<p>Best: <b>{best}</b><br><small class=soft>The rule: {escape_html(verdict.rule)}.</small></p>",
        _LEGEND,
        *(_measure_table(measure, verdict) for measure in _shown(verdict)),
    ]
    return page(f"Bake-off: {name}", "\n".join(parts))


def _measure_table(measure: str, verdict: Verdict) -> str:
    decides = " <small class=soft>decides</small>" if measure == verdict.deciding else ""
    head = f"<h2>{escape_html(_WORDS[measure].capitalize())}{decides}</h2>"
    lines = "".join(_row(measure, row) for row in verdict.rows)
    return f"{head}<div class=wide><table class=stack><tbody>{lines}</tbody></table></div>"


def _row(measure: str, row: Row) -> str:
    one, form = row.measures[measure], _FORMS.get(measure, "{:.3f}")
    if one.value is None:
        return f"<tr><td>{escape_html(row.result.system.name)}</td><td class=n>–</td></tr>"
    ends = f"{form.format(one.low or 0)} – {form.format(one.high or 0)}"
    drawn = "" if measure in _FORMS else scale(one)
    difference = row.differences.get(measure)
    said = _said(difference, form) if difference else ""
    style = "soft" if not difference or not difference.shown else "old"
    return (
        f"<tr><td>{escape_html(row.result.system.name)}</td><td class=n><b>{form.format(one.value)}</b></td>"
        f'<td class="n soft">{ends}</td><td>{drawn}</td><td><span class="{style}">{escape_html(said)}</span></td></tr>'
    )
