"""The text of `eval`, from the document of `eval --json`. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cli.terminal import format_count

_BY_KIND: Final = ("recall@5", "mrr", "recall@1000_words")
_SHOWN: Final = 15
"""Failures in the text; the report has them all."""


def eval_text(document: Mapping[str, Any], name: str) -> str:
    """Measures with their intervals, the weakest kinds first, then what failed."""
    return "\n".join(
        [
            f"{name}: {format_count(document['questions'], 'question')}, {document['answerable']} answerable"
            + (f", {len(document['stale'])} stale" if document["stale"] else ""),
            *_measures(document),
            *_kinds(document["by_kind"]),
            *_comparison(document.get("baseline")),
            *_calibration(document.get("calibration")),
            *_failures(document["failures"]),
            *(f"stale: {name}: the docs no longer hold its gold" for name in document["stale"]),
            _cost(document),
        ]
    )


def _measures(document: Mapping[str, Any]) -> Iterator[str]:
    for group in ("retrieval", "answers", "refusals"):
        shown = {name: one for name, one in document[group].items() if one["value"] is not None}
        if shown:
            yield f"\n{group}"
        for name, one in shown.items():
            yield f"  {name:<20} {one['value']:.3f}  ({one['low']:.3f} to {one['high']:.3f})"


def _kinds(kinds: Mapping[str, Any]) -> Iterator[str]:
    judged = {kind: part for kind, part in kinds.items() if part["retrieval"]["mrr"]["value"] is not None}
    if not judged:
        return
    yield f"\n{'by kind':<22} {'n':>4}  " + "  ".join(f"{name:>17}" for name in _BY_KIND)
    for kind, part in sorted(judged.items(), key=lambda item: float(item[1]["retrieval"]["mrr"]["value"])):
        values = "  ".join(f"{part['retrieval'][name]['value']:>17.3f}" for name in _BY_KIND)
        yield f"  {kind[:20]:<20} {part['questions']:>4}  {values}"


def _comparison(baseline: Mapping[str, Any] | None) -> Iterator[str]:
    if baseline is None:
        return
    yield f"\nagainst the run of {baseline['created_at']}"
    for name, one in baseline["changes"].items():
        moved = f"{one['won']} better, {one['lost']} worse" if one["won"] or one["lost"] else "no change"
        yield (
            f"  {name:<20} {one['difference']:+.3f}  ({one['low']:+.3f} to {one['high']:+.3f})  {moved}"
            + (f"  LOSS (p = {one['p']:.3f})" if one["loss"] else "")
        )


def _calibration(calibration: Mapping[str, Any] | None) -> Iterator[str]:
    if calibration is None:
        return
    yield f"\ncalibrated: refuse below {calibration['answer']:.3f}, ask no model below {calibration['call']:.3f}"
    for name, one in calibration["cross_validated"].items():
        if one["value"] is not None:
            yield f"  {name:<20} {one['value']:.3f}  ({one['low']:.3f} to {one['high']:.3f})"
    signals = ", ".join(f"{name} {value:.2f}" for name, value in calibration["signals"].items())
    yield f"  AUROC of each signal alone: {signals}"


def _failures(failures: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if failures:
        yield f"\n{format_count(len(failures), 'failure')}"
    for failure in failures[:_SHOWN]:
        yield f"  {failure['id']}: {failure['question']}"
        yield f"      {failure['why']}"
    if len(failures) > _SHOWN:
        yield f"  and {len(failures) - _SHOWN} more: --report FILE.html shows all"


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
