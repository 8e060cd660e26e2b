"""Write to the terminal: no control characters, colour only where it is wanted, progress bars."""

import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TextIO

from ingest.text.unsafe import UNSAFE, visible

if TYPE_CHECKING:
    from rich.console import Console


_WIDEST = 100
"""Columns of text: longer lines are hard to read."""


def safe(text: str) -> str:
    """Remove what a terminal would act on: escape sequences lose their first byte."""
    return visible(text)


def json_line(document: object) -> str:
    """`document` as one line of JSON that a terminal may show: control characters are escaped, none is lost."""
    text = json.dumps(document, ensure_ascii=False)
    return UNSAFE.sub(lambda found: json.dumps(found.group())[1:-1], text)


def format_count(number: int, what: str) -> str:
    """A number with its noun, as in "1 page" and "1,024 pages"."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def text_width(stream: TextIO) -> int | None:
    """The columns of the terminal behind a stream; None for a pipe or a file, where lines are left whole."""
    return shutil.get_terminal_size().columns if stream.isatty() else None


def wrap(text: str, width: int | None, *, first: str = "", rest: str = "") -> str:
    """`text` in lines of `width` columns, broken at spaces only: after `first`, and after `rest` from the second on."""
    if width is None:
        return first + text
    return textwrap.fill(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def fit(text: str, width: int | None) -> str:
    """Wrap the lines that are wider than `width`; further lines begin below the text after the line's label.

    A label is what is before the first gap of two spaces, as in "index   122 chunks". None leaves all lines whole.
    """
    if width is None:
        return text
    lines = []
    for line in text.split("\n"):
        label = re.match(r"\s*(?:\S{1,10}\s{2,}|[-+~] )?", line)
        indent = " " * min(label.end() if label else 0, width // 2)
        lines.append(line if len(line) <= width else wrap(line, width, rest=indent or "  "))
    return "\n".join(lines)


def say(text: str, stream: TextIO | None = None) -> None:
    """Print one line, by default on stderr; on a terminal it is wrapped."""
    stream = stream or sys.stderr
    print(fit(safe(text), text_width(stream)), file=stream)


def print_text(text: str) -> None:
    """Print lines on stdout; on a terminal they are wrapped, each below its label."""
    print(fit(safe(text), text_width(sys.stdout)))


def console(stream: TextIO) -> "Console":
    """A rich console that takes text literally. With NO_COLOR it sends no styles at all, bold type included."""
    from rich.console import Console

    colours: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    return Console(file=stream, color_system=colours, markup=False, highlight=False, emoji=False, soft_wrap=True)


def page_console(stream: TextIO) -> "Console":
    """A rich console that wraps at words to the width of the terminal. NO_COLOR and TERM=dumb drop all styles."""
    import shutil

    from rich.console import Console

    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    colours: Literal["auto"] | None = None if plain else "auto"
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    return Console(file=stream, color_system=colours, width=width, markup=False, highlight=False, emoji=False)


def is_read_by_a_person(stream: TextIO) -> bool:
    """Whether a stream is a terminal, a dumb one included."""
    return stream.isatty()


def is_terminal(stream: TextIO) -> bool:
    """Whether a person reads this stream."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


@contextmanager
def progress_bars(*, quiet: bool) -> Iterator["Bars"]:
    """Progress on stderr: bars on a terminal, nothing elsewhere."""
    if quiet or not is_terminal(sys.stderr):
        yield Bars(None)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        *(TextColumn("{task.description:6}"), BarColumn(), MofNCompleteColumn()),
        *(TextColumn("{task.fields[rate]:>8}"), TimeRemainingColumn()),
    )
    with Progress(*columns, console=console(sys.stderr), transient=True) as progress:
        yield Bars(progress)


class Bars:
    """One bar per stage; called with (stage, done, total)."""

    def __init__(self, progress: object) -> None:
        self._progress = progress
        self._tasks: dict[str, int] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Move the bar of `stage`."""
        if self._progress is None:
            return
        from rich.progress import Progress, TaskID

        assert isinstance(self._progress, Progress)  # noqa: S101 - narrows a type that is imported late
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=total, rate="")
        task = TaskID(self._tasks[stage])
        self._progress.update(task, completed=done, total=total)
        speed = self._progress.tasks[task].speed or 0.0
        self._progress.update(task, rate=f"{speed:.1f}/s" if total > 1 and speed else "")
