"""The text of `eval`, from the document of `eval --json`; it fits 80 columns. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cli.terminal import format_count, wrap

_BY_KIND: Final = ("recall@5", "mrr", "recall@1000_words")
_SHOWN: Final = 15
"""Failures in the text; the report has them all."""
_STALE: Final = 5
"""Stale questions that are named; `--json` has them all."""
_INTERVAL: Final = "95 % interval"


def eval_text(document: Mapping[str, Any], name: str, width: int | None = None) -> str:
    """Measures with their intervals, the weakest kinds first, then what failed.

    Questions and reasons are wrapped to `width`; None leaves them in one line.
    """
    return "\n".join(
        [
            f"{name}: {format_count(document['questions'], 'question')}, {document['answerable']} answerable"
            + (f", {len(document['stale'])} stale" if document["stale"] else ""),
            *_measures(document),
            *_kinds(document["by_kind"]),
            *_comparison(document.get("baseline"), width),
            *_calibration(document.get("calibration")),
            *_failures(document["failures"], width),
            *_stale(document["stale"], width),
            _cost(document),
        ]
    )


def _measures(document: Mapping[str, Any]) -> Iterator[str]:
    for group in ("retrieval", "answers", "refusals"):
        shown = {name: one for name, one in document[group].items() if one["value"] is not None}
        if shown:
            yield f"\n{group:<22} value   {_INTERVAL}"
        for name, one in shown.items():
            yield f"  {name:<20} {one['value']:.3f}   {one['low']:.3f} to {one['high']:.3f}"


def _kinds(kinds: Mapping[str, Any]) -> Iterator[str]:
    judged = {kind: part for kind, part in kinds.items() if part["retrieval"]["mrr"]["value"] is not None}
    if not judged:
        return
    yield f"\n{'by kind, weakest first':<22} questions   " + "   ".join(f"{name:>8}" for name in _BY_KIND)
    for kind, part in sorted(judged.items(), key=lambda item: float(item[1]["retrieval"]["mrr"]["value"])):
        values = "   ".join(f"{part['retrieval'][name]['value']:>{max(8, len(name))}.3f}" for name in _BY_KIND)
        yield f"  {kind[:20]:<20} {part['questions']:>9}   {values}"


def _comparison(baseline: Mapping[str, Any] | None, width: int | None) -> Iterator[str]:
    if baseline is None:
        return
    yield f"\nagainst the run of {baseline['created_at'][:16].replace('T', ' ')}"
    yield f"{'':<22} change  {_INTERVAL:<16}  better  worse"
    for name, one in baseline["changes"].items():
        ends = f"{one['low']:+.3f} to {one['high']:+.3f}"
        moved = f"{one['won']:>6}  {one['lost']:>5}" if one["won"] or one["lost"] else ""
        loss = f"  LOSS, p = {one['p']:.3f}" if one["loss"] else ""
        yield f"  {name:<20} {one['difference']:+.3f}  {ends}  {moved}{loss}".rstrip()
    if gone := baseline["stale"]:
        listed = ", ".join(gone[:_STALE]) + (f" and {len(gone) - _STALE:,} more" if len(gone) > _STALE else "")
        yield wrap(f"{format_count(len(gone), 'question')} without gold since then: {listed}", width, first="  ")
    lost = sum(one["loss"] for one in baseline["changes"].values())
    yield f"  {format_count(lost, 'significant regression') if lost else 'no significant regression'}"


def _calibration(calibration: Mapping[str, Any] | None) -> Iterator[str]:
    if calibration is None:
        return
    yield f"\ncalibrated: refuse below {calibration['answer']:.3f}, ask no model below {calibration['call']:.3f}"
    ends = calibration["answer_interval"]
    asked = format_count(calibration["answerable"], "answerable question")
    yield f"  {_INTERVAL} of the first: {ends['low']:.3f} to {ends['high']:.3f}, from {asked}"
    yield f"{'cross-validated':<22} value   {_INTERVAL}"
    for name, one in calibration["cross_validated"].items():
        if one["value"] is not None:
            yield f"  {name:<20} {one['value']:.3f}   {one['low']:.3f} to {one['high']:.3f}"
    signals = ", ".join(f"{name} {value:.2f}" for name, value in calibration["signals"].items())
    yield f"  AUROC of each signal alone: {signals}"


def _failures(failures: Sequence[Mapping[str, Any]], width: int | None) -> Iterator[str]:
    if failures:
        yield f"\n{format_count(len(failures), 'failure')}"
    for failure in failures[:_SHOWN]:
        yield wrap(f"{failure['id']}: {failure['question']}", width, first="  ", rest="      ")
        yield wrap(failure["why"], width, first="      ", rest="      ")
    if len(failures) > _SHOWN:
        yield f"  and {len(failures) - _SHOWN:,} more: --report FILE.html shows all"


def _stale(names: Sequence[str], width: int | None) -> Iterator[str]:
    """How many questions are stale, and the first of them."""
    if not names:
        return
    listed = ", ".join(names[:_STALE]) + (
        f" and {len(names) - _STALE:,} more (--json lists all)" * (len(names) > _STALE)
    )
    yield f"\n{format_count(len(names), 'stale question')}, not counted: the docs no longer contain their gold"
    yield wrap(listed, width, first="  ", rest="  ")


def _cost(document: Mapping[str, Any]) -> str:
    parts = [f"\n{document['seconds']:.1f} s"]
    middle = document["seconds_per_question"]["p50"]
    if middle is not None:
        parts.append(f"{middle * 1000:.0f} ms for the median question")
    if document["model"]:
        used = document["usage"]
        parts += [document["model"], f"{used['prompt_tokens']:,} + {used['completion_tokens']:,} tokens"]
        parts.append(f"${document['cost_usd']:.4f}")
    return " · ".join(parts)
