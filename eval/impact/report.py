"""The impact of a docs change as markdown for a pull request, and as one HTML page. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from eval.html import escape_html, page, rows
from eval.impact.effects import EFFECTS, Effect, Impact, Snapshot, count_effects, group_by_cause, refusal_change
from eval.word_diff import word_diff

_SHOWN: Final = 300
"""Questions of the HTML page: more than anyone reads; the JSON document has them all."""
_IN_MARKDOWN: Final = 40


def impact_json(impacts: Sequence[Impact], before: str, after: str) -> dict[str, Any]:
    """The document of `askdocs impact --json`."""
    return {
        "before": before,
        "after": after,
        "questions": len(impacts),
        "changed": sum(impact.effects != ("same answer",) for impact in impacts),
        "losses": sum(impact.loss for impact in impacts),
        "effects": count_effects(impacts),
        "refusals": refusal_change(impacts),
        "causes": [
            {"page": place, "section": section, "questions": [impact.question.id for impact in group]}
            for (place, section), group in group_by_cause(impacts).items()
        ],
        "impacts": [impact.json() for impact in impacts],
    }


def verdict(impacts: Sequence[Impact]) -> str:
    """One sentence on all questions."""
    losses, changed = sum(impact.loss for impact in impacts), sum(bool(_changed(impact)) for impact in impacts)
    if losses:
        return f"{_count(losses, 'question')} of {len(impacts)} lost something; {changed} changed in all."
    if changed:
        return f"No question lost its answer or a fact; {changed} of {len(impacts)} changed{_weaker(impacts)}."
    return f"All {len(impacts)} answers are the same."


def _weaker(impacts: Sequence[Impact]) -> str:
    """What else the docs no longer say, of which an answer or a fact was not lost."""
    counts = count_effects(impacts)
    cited, gold = counts.get("lost citation", 0), counts.get("stale gold", 0)
    return (f", {cited:,} of them lost a citation" if cited else "") + (f", {gold:,} lost their gold" if gold else "")


def cause_name(place: str, section: str) -> str:
    """The changed page and section, or that no cited page changed."""
    if not place:
        return "only the ranking changed"
    return f"{place} › {section}" if section else place


def impact_text(impacts: Sequence[Impact]) -> Iterator[str]:
    """Lines for a terminal: counts, then each cause with its questions."""
    yield verdict(impacts)
    for effect, count in count_effects(impacts).items():
        yield f"  {count:>5}  {effect:<15} {EFFECTS[effect]}"
    for (place, section), group in group_by_cause(impacts).items():
        yield f"\n{cause_name(place, section)}"
        for impact in group:
            yield f"  {'LOSS' if impact.loss else '    '}  {impact.question.question}"
            yield f"        {', '.join(impact.effects)}"


def impact_markdown(impacts: Sequence[Impact]) -> str:
    """A summary for a pull request."""
    lines = ["## What this change does to the answers", "", f"**{verdict(impacts)}**", ""]
    counts = count_effects(impacts)
    lines += ["| effect | questions | meaning |", "|---|---:|---|"]
    lines += [f"| {effect} | {count} | {EFFECTS[effect]} |" for effect, count in counts.items()]
    shown = 0
    for (place, section), group in group_by_cause(impacts).items():
        lines += ["", f"### {_code(cause_name(place, section))}", ""]
        for impact in group[: max(0, _IN_MARKDOWN - shown)]:
            mark = "**loss** · " if impact.loss else ""
            lines.append(f"- {mark}{', '.join(impact.effects)}: {_code(impact.question.question)}")
        shown += len(group)
        if shown > _IN_MARKDOWN:
            lines += ["", f"… and {shown - _IN_MARKDOWN} more; the report has them all."]
            break
    return "\n".join(lines) + "\n"


def impact_page(impacts: Sequence[Impact], before: str, after: str) -> str:
    """The page, self-contained: every changed question with both answers and their difference."""
    losses = sum(impact.loss for impact in impacts)
    kind = "bad" if losses else "old" if _weaker(impacts) else "good"
    parts = [
        "<h1>Impact of the docs change</h1>",
        f"<p class=soft>{len(impacts)} questions, {escape_html(before)} against {escape_html(after)}</p>",
        f'<p class="verdict {kind}">{escape_html(verdict(impacts))}</p>',
        _effects_table(count_effects(impacts)),
    ]
    shown = 0
    for (place, section), group in group_by_cause(impacts).items():
        parts.append(f"<h2>{escape_html(cause_name(place, section))}</h2>")
        for impact in group[: max(0, _SHOWN - shown)]:
            parts.append(_question(impact, opened=impact.loss and shown < 3))
            shown += 1
    return page("Impact of the docs change", "\n".join(parts))


def _effects_table(counts: Mapping[Effect, int]) -> str:
    head = rows([["effect", "questions", "meaning"]], "th")
    lines = "".join(
        f"<tr><td>{effect}</td><td class=n>{count}</td><td>{EFFECTS[effect]}</td></tr>"
        for effect, count in counts.items()
    )
    return f"<div class=wide><table><thead>{head}</thead><tbody>{lines}</tbody></table></div>"


def _question(impact: Impact, *, opened: bool) -> str:
    kind = "bad" if impact.loss else "soft"
    return (
        f"<details{' open' if opened else ''}><summary>{escape_html(impact.question.question)}<br>"
        f"<small><span class={kind}>{escape_html(', '.join(impact.effects))}</span> · "
        f"{escape_html(impact.question.id)}</small></summary><div><dl>"
        f"<dt>difference</dt><dd>{word_difference(impact.before.text, impact.after.text)}</dd>"
        f"<dt>before</dt><dd class=lines>{_snapshot(impact.before)}</dd>"
        f"<dt>after</dt><dd class=lines>{_snapshot(impact.after)}</dd></dl></div></details>"
    )


def _snapshot(snapshot: Snapshot) -> str:
    sources = "".join(
        f"<br><small class=soft>{escape_html(f'{cited.page} › {cited.section}: “{cited.quote[:200]}”')}</small>"
        for cited in snapshot.cited
    )
    return f"{escape_html(snapshot.text)}{sources}"


def word_difference(before: str, after: str) -> str:
    """Both texts in one, words that went struck out and words that came underlined: HTML."""
    marks = {"same": "{}", "gone": "<del>{}</del>", "new": "<ins>{}</ins>"}
    return " ".join(marks[part.kind].format(escape_html(part.text)) for part in word_diff(before, after))


def _changed(impact: Impact) -> bool:
    return impact.effects != ("same answer",)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _code(text: str) -> str:
    """A code span that the text can't close: questions and headings are untrusted."""
    line = " ".join(text.replace("`", "'").split())
    return f"`{line}`"
