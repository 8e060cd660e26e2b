"""`--changes`: render the changes of the docs as a markdown file for their maintainers. Rendering is pure.

Titles, headings, addresses and text come from pages. Each is in a code span or a fence that it
can't close, so that no viewer reads it as markup, a mention, a link or HTML.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final

from cli.terminal import format_count, safe
from ingest.core.errors import UsageError
from ingest.docs.changes import PageChange
from ingest.docs.folder import write_file

HEADING: Final = "# Changes of the docs"
"""How the file begins: no other file is ever overwritten."""

_LINES: Final = 12
_WIDTH: Final = 160
_SECTIONS: Final = 20
_COMPARED: Final = 2_000
"""Lines of a section that are compared: beyond that it takes long, and nobody reads it here."""


def change_log(changes: Sequence[PageChange], *, day: str, sources: Sequence[str], dry_run: bool) -> str:
    """The change log as markdown."""
    parts = [f"{HEADING}, {day}\n"]
    parts += [f"Source: {code(source)}\n" for source in sources]
    if dry_run:
        parts.append("A dry run: nothing was written.\n")
    counts = {what: sum(change.what == what for change in changes) for what in ("added", "changed", "removed")}
    if not changes:
        return "\n".join([*parts, "Nothing changed.\n"])
    parts.append(
        f"{format_count(len(changes), 'page')}: "
        + ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    )
    moved = {change.other for change in changes if change.what == "added" and change.other}
    for change in changes:
        if not (change.what == "removed" and change.url in moved):  # reported where the page is now
            parts += ["", *_page(change)]
    return "\n".join(parts) + "\n"


def _page(change: PageChange) -> Iterator[str]:
    kind = "Moved" if change.what == "added" and change.other else change.what.capitalize()
    yield f"## {kind}: {code(change.title or change.url)}\n"
    yield f"{code(change.url)}"
    if change.other:
        yield f"\nBefore: {code(change.other)}" if change.what == "added" else f"\nNow: {code(change.other)}"
    if change.facts:
        yield f"\nAlso changed: {', '.join(change.facts)}"
    if change.what == "changed" or change.other:
        for section in change.sections:
            yield f"\n### {section.what.capitalize()}: {code(section.heading)}\n"
            yield from _fence(list(_difference(section.before, section.after)), _LINES)
    else:
        yield from _whole_page(change)


def _whole_page(change: PageChange) -> Iterator[str]:
    """Yield the beginning of an added or removed page and the headings of its sections."""
    for section in change.sections[:1]:
        yield ""
        yield from _fence(list(_difference(section.before, section.after)), _LINES // 3)
    yield ""
    yield from (f"- {code(section.heading)}" for section in change.sections[:_SECTIONS])
    if len(change.sections) > _SECTIONS:
        yield f"- … and {format_count(len(change.sections) - _SECTIONS, 'more section')}"


def _fence(lines: list[str], most: int) -> Iterator[str]:
    shown = lines[:most]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    mark = "`" * max(3, longest + 1)
    yield from (f"{mark}diff", *shown, mark)
    if len(lines) > len(shown):
        yield f"\n… and {format_count(len(lines) - len(shown), 'more line')}"


def _difference(before: str, after: str) -> Iterator[str]:
    """Yield removed and added lines, each shortened; unchanged and empty lines are left out."""
    old, new = _lines(before), _lines(after)
    matcher = SequenceMatcher(a=old, b=new, autojunk=True)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            yield from (f"- {line}" for line in old[a:b])
            yield from (f"+ {line}" for line in new[c:d])


def _lines(text: str) -> list[str]:
    lines = (" ".join(safe(line).split()) for line in text.splitlines())
    return [line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…" for line in lines if line][:_COMPARED]


def code(text: str) -> str:
    """`text` as a code span in one line (CommonMark 6.1): its own backticks can't end it."""
    line = " ".join(safe(text).split()) or "(none)"
    line = line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"
    mark = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    return f"{mark} {line} {mark}" if "`" in line else f"{mark}{line}{mark}"


def refuse_target(path: Path, *forbidden: Path) -> None:
    """Raise UsageError for a path where no change log may be written: before the work is done, not after."""
    name = "name a file for the change log, such as changes.md"
    if path.is_dir():
        raise UsageError(f"--changes {path} is a folder", name)
    if not path.parent.is_dir():
        raise UsageError(f"--changes {path}: there is no folder {path.parent}", "create it, or name another one")
    for folder in forbidden:
        if folder.resolve() in path.resolve().parents:
            raise UsageError(f"--changes {path} is inside {folder}", "keep it apart from pages and index")
    if not path.exists():
        return
    if not path.is_file():
        raise UsageError(f"--changes {path} is not a regular file", f"{name}; - prints it")
    with path.open("rb") as file:
        start = file.read(len(HEADING))
    if start and start != HEADING.encode():
        raise UsageError(f"--changes {path} exists already, and is not a change log", name)


def write_change_log(path: Path, text: str) -> None:
    """Write the file whole or not at all. Raises CorpusError."""
    write_file(path, text)
