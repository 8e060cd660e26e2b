"""Gaps as text and as one HTML page. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from eval.gaps.clusters import Gap, Reason
from eval.gaps.reasons import SEARCHED
from eval.html import escape_html, link, page, rows

_SHOWN: Final = SEARCHED
"""Gaps of the HTML page: more than anyone reads; the JSON document has them all."""
_PASSAGE: Final = 600
"""Characters of a passage."""
_LISTED: Final = 10
"""Questions of a gap."""

TO_DO: Final[Mapping[Reason, str]] = {
    "not in the docs": "write it, on one of the nearest pages or on a new one",
    "in the docs, but not found": "say it in the readers' words, under a heading of its own",
    "found, but the answer is not supported": "say it in full sentences, next to what it is about",
}
"""What a maintainer can do about each reason."""


def gaps_text(gaps: Sequence[Gap], asked: int, shown: int) -> Iterator[str]:
    """Lines for a terminal: the counts, then the `shown` largest gaps."""
    yield summary_line(gaps, asked)
    for gap in gaps[:shown]:
        yield f"\n{gap.size:>5}  {gap.name}"
        when = f"; {gap.trend:.0%} of them in the later half of the log" if gap.size > 1 else ""
        yield f"       {gap.reason}{_votes(gap)}{when}"
        yield f"       {'answer at ' + gap.passage.url if gap.passage else 'nearest: ' + ', '.join(gap.pages)}"


def _votes(gap: Gap) -> str:
    return f", voted down {gap.voted_down:,} time{'s' * (gap.voted_down != 1)}" if gap.voted_down else ""


def summary_line(gaps: Sequence[Gap], asked: int) -> str:
    """How many questions, how many of them without a good answer, in how many gaps."""
    weak = sum(gap.size for gap in gaps)
    return f"{asked:,} question{'s' * (asked != 1)}, {weak:,} without a good answer, {len(gaps):,} gaps"


def gaps_page(gaps: Sequence[Gap], asked: int, days: tuple[str, str]) -> str:
    """The page, self-contained. `days` are the first and the last day of the log."""
    parts = [
        "<h1>What readers ask and the docs do not answer</h1>",
        f"<p class=soft>{escape_html(summary_line(gaps, asked))}; {days[0]} to {days[1]}</p>",
        _tiles(gaps),
        "<h2>Gaps, the largest first</h2>",
        "<p class=soft>The bars show when it was asked, from the first day of the log to the last.</p>",
        *(_gap(gap, opened=at < 3) for at, gap in enumerate(gaps[:_SHOWN])),
    ]
    if len(gaps) > _SHOWN:
        parts.append(f"<p class=soft>and {len(gaps) - _SHOWN:,} smaller ones: askdocs gaps --json lists all</p>")
    return page("Gaps in the docs", "\n".join(parts))


def _tiles(gaps: Sequence[Gap]) -> str:
    tiles = []
    for reason, to_do in TO_DO.items():
        found = [gap for gap in gaps if gap.reason == reason]
        tiles.append(
            f'<div class="tile"><span>{escape_html(reason)}</span><b>{len(found):,}</b>'
            f'<small class="soft">{sum(gap.size for gap in found):,} questions; {escape_html(to_do)}</small></div>'
        )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _gap(gap: Gap, *, opened: bool) -> str:
    questions = [(escape_html(one.text), _times(one.count)) for one in gap.questions[:_LISTED]]
    more = len(gap.questions) - len(questions)
    nearest = "<br>".join(escape_html(place) for place in gap.pages) or "none"
    return (
        f"<details{' open' if opened else ''}><summary>{escape_html(gap.name)}<br>"
        f"<small><b>{gap.size:,}</b> asked · {escape_html(gap.reason)}{_votes(gap)} · {_trend(gap)}</small></summary>"
        "<div>"
        f"{_history(gap)}<dl>{_passage(gap)}<dt>nearest pages</dt><dd>{nearest}</dd>"
        f"<dt>what to do</dt><dd>{escape_html(TO_DO[gap.reason])}</dd></dl>"
        f"<div class=wide><table>{rows(questions)}</table></div>"
        + (f"<p class=soft>and {more:,} more</p>" if more else "")
        + "</div></details>"
    )


def _times(count: int) -> str:
    return f"<span class=whole>{count:,} times</span>" if count > 1 else ""


def _passage(gap: Gap) -> str:
    if gap.passage is None:
        return ""
    name = "says it" if gap.reason == "in the docs, but not found" else "best passage"
    text = " ".join(gap.passage.text.split())[:_PASSAGE]
    where = link(gap.passage.url, f"{gap.passage.page} › {gap.passage.section}")
    return f"<dt>{name}</dt><dd>{where}<br><small class=soft>{escape_html(text)}</small></dd>"


def _trend(gap: Gap) -> str:
    if gap.size == 1:
        return "once"
    if gap.trend > 2 / 3:
        return f'<span class="bad">growing</span>: {gap.trend:.0%} in the later half'
    return f"{gap.trend:.0%} in the later half"


def _history(gap: Gap) -> str:
    """The counts over time as bars."""
    most = max(gap.history, default=0) or 1
    bars = "".join(f'<i style="height:{count / most:.0%}" title="{count}"></i>' for count in gap.history)
    said = ", ".join(map(str, gap.history))
    return f'<div class="history" role="img" aria-label="Asked over time: {said}">{bars}</div>'
