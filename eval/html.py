"""Build HTML that is safe to open (everything escaped, no scripts, nothing fetched), and charts in it. Pure.

Charts scale to any width: labels are text, only lines are drawn.
"""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from string import Template

from eval.intervals import Interval
from eval.metrics import BUDGETS
from eval.records import Outcome
from ingest.text.unsafe import visible


def escape_html(text: object) -> str:
    """Text for element content and quoted attributes."""
    return html.escape(visible(str(text)), quote=True)


def link(url: str, text: str) -> str:
    """A link to a web address; anything else, such as `javascript:`, stays text."""
    if not re.match(r"https?://[^\s]+\Z", url):
        return escape_html(text)
    return f'<a href="{escape_html(url)}" rel="noreferrer">{escape_html(text)}</a>'


def rows(table: Iterable[Sequence[str]], cell: str = "td") -> str:
    """Table rows of cells that are HTML already; columns of figures carry their class in the stylesheet."""
    return "\n".join("<tr>" + "".join(f"<{cell}>{one}</{cell}>" for one in row) + "</tr>" for row in table)


def page(title: str, body: str) -> str:
    """A whole page around `body`, which is HTML already."""
    template = Template(files("eval").joinpath("page.html").read_text(encoding="utf-8"))
    return template.substitute(title=escape_html(title), body=body)


def figure(value: float | None) -> str:
    """A figure as it is read: three digits."""
    return "–" if value is None else f"{value:.3f}"


def scale(interval: Interval, was: float | None = None) -> str:
    """A value on the line from 0 to 1, with its interval, and the baseline's as a mark."""
    if interval.value is None:
        return ""
    low, high = interval.low or 0.0, interval.high or 0.0
    old = "" if was is None else f'<i class="was" style="left:{was:.2%}"></i>'
    said = f"{figure(interval.value)}, interval {figure(low)} to {figure(high)}"
    return (
        f'<div class="scale" role="img" aria-label="{said}">'
        f'<i class="range" style="left:{low:.2%};width:{max(0.005, high - low):.2%}"></i>'
        f'{old}<i class="dot" style="left:{interval.value:.2%}"></i></div>'
    )


def kind_bars(kinds: Sequence[tuple[str, int, Interval]], was: Mapping[str, float | None]) -> str:
    """One bar per kind of question, with its interval as a line through its end."""
    lines = []
    for name, count, interval in kinds:
        value, low, high = interval.value or 0.0, interval.low or 0.0, interval.high or 0.0
        before = was.get(name)
        old = "" if before is None else f'<i class="was" style="left:{before:.2%}"></i>'
        lines.append(
            f'<div class="kind"><span>{escape_html(name)} <small class="soft">{count}</small></span>'
            f'<div class="bar"><i class="fill" style="width:{value:.2%}"></i>'
            f'<i class="range" style="left:{low:.2%};width:{high - low:.2%}"></i>{old}</div>'
            f"<span>{figure(interval.value)}</span></div>"
        )
    return "\n".join(lines)


def reading_curve(outcomes: Sequence[Outcome], before: Sequence[Outcome]) -> str:
    """The share of questions whose evidence was read, against the words read down the ranking."""
    grid = "".join(f"M0 {y} H100 " for y in (0, 25, 50, 75))
    labels = "".join(f'<span class="y" style="top:{100 - y}%">{y / 100:.2f}</span>' for y in (0, 25, 50, 75, 100))
    ticks = (*BUDGETS, 1500)
    words = "".join(f'<span class="x" style="left:{at / BUDGETS[-1]:.1%}">{at:,}</span>' for at in ticks)
    old = f'<path class="was" d="{_steps(before)}"/>' if before else ""
    return (
        '<div class="curve" role="img" aria-label="Recall against words read">'
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="grid" d="{grid}"/>{old}<path class="now" d="{_steps(outcomes)}"/></svg>'
        f"{labels}{words}</div>"
    )


def _steps(outcomes: Sequence[Outcome]) -> str:
    """The curve as a path in a square of 100: it rises at each question's words."""
    judged = [outcome for outcome in outcomes if outcome.judged]
    read = sorted(outcome.words for outcome in judged if outcome.words and outcome.words <= BUDGETS[-1])
    path = "M0 100"
    for count, words in enumerate(read, 1):
        path += f" H{words / BUDGETS[-1] * 100:.2f} V{100 - count / len(judged) * 100:.2f}"
    return path + " H100"
