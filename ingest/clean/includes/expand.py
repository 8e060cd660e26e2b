"""Replace what a markdown source includes by the text of the included files.

Reading files is the caller's part: `read(target, name)` gives the file that the page `name` calls `target`, or raises
UnreadableInclude. What can't be read is left out with a note; nothing of the syntax is left in the text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ingest.clean.includes.forms import Include, directive_include, parse_include, snippet
from ingest.clean.includes.partials import expand_partials
from ingest.clean.includes.selection import SelectionError, select_lines
from ingest.clean.mdx.directives import parse_directive
from ingest.clean.render.blocks import Block, fence
from ingest.text.markdown import LIST_MARKER, closes_fence

_FENCE = re.compile(rf"(?P<lead>[ \t>]*+(?:{LIST_MARKER}[ \t]++)*+)(?P<mark>`{{3,}}(?![^\n]*`)|~{{3,}})(?P<info>.*)$")
_DIRECTIVE = re.compile(
    rf"(?P<lead>[ \t>]*+(?:{LIST_MARKER}[ \t]++)?)(?P<mark>`{{3,}}|~{{3,}}|:{{3,}})[ \t]*"
    r"\{(?P<name>include|literalinclude)\}[ \t]*(?P<target>\S.*?)[ \t]*$"
)
_OPTION = re.compile(r"[ \t]*:(?P<name>[\w-]+):(?:[ \t]+(?P<value>.*))?$")
_SNIPPETS = re.compile(r"(?P<lead>[ \t]*)-*8<-+[ \t]*$")
_OPEN_LIQUID = re.compile(r"[ \t>]*\{%-?[ \t]*(?:include[\w-]*\b[^%]*)?$")
_SIGNS: Final = (
    "8<",
    "#include",
    "#rustdoc_include",
    "#play",
    "<<<",
    "@include",
    "{!",
    "{*",
    "{%",
    "{{<",
    "{{%",
    "include}",
    "import ",
)
_LONGEST_BLOCK: Final = 50  # lines of options or names of one directive
_DEEPEST: Final = 10
_MOST_FILES: Final = 1_000
_LARGEST_PAGE: Final = 5_000_000  # characters, with all that it includes
_MOST_NOTES: Final = 20


class UnreadableInclude(Exception):
    """An included file that is not read; the message continues "the included file x …"."""


@dataclass(frozen=True, slots=True)
class IncludedFile:
    """A file as it was read: its name is unique, such as its path below the folder."""

    name: str
    text: str


Read = Callable[[str, str], IncludedFile]


def refuse(_target: str, _name: str) -> IncludedFile:
    """Read nothing: for a page that came alone, without its folder. Raises UnreadableInclude."""
    raise UnreadableInclude("is not part of the page")


@dataclass(frozen=True, slots=True)
class Expanded:
    """A page with its included files; `parts` are the names of those that are pages of their own otherwise."""

    text: str
    notes: tuple[str, ...] = ()
    parts: frozenset[str] = frozenset()


def expand_includes(text: str, name: str, read: Read) -> Expanded:
    """Replace every include of the markdown page `name`, also in the included files."""
    if not any(sign in text for sign in _SIGNS):
        return Expanded(text)
    expander = Expander(read)
    return expander.result(_expand(expander, text, (name,)))


@dataclass(slots=True)
class Expander:
    """Reads the files that a page includes, within bounds, and collects notes on what was not read."""

    read: Read
    notes: list[str] = field(default_factory=list)
    parts: set[str] = field(default_factory=set)
    size: int = 0
    files: int = 0

    def result(self, text: str) -> Expanded:
        """Return the page as it is now."""
        return Expanded(text, tuple(self.notes), frozenset(self.parts))

    def note(self, include: Include, reason: str) -> None:
        """Note that an included file is missing in the page."""
        note = f"the included file {include.target} {reason}"
        if len(self.notes) < _MOST_NOTES and note not in self.notes:
            self.notes.append(note)

    def fetch(self, include: Include, names: tuple[str, ...]) -> IncludedFile | None:
        """Return the selected text of a file; None, with a note, where it can't be had. `names`: the way to it."""
        try:
            file = self._bounded(include, names)
            text = select_lines(file.text.replace("\r\n", "\n"), include.selection)
        except (UnreadableInclude, SelectionError) as error:
            self.note(include, str(error))
            return None
        if include.is_page:
            self.parts.add(file.name)
        return IncludedFile(file.name, text)

    def _bounded(self, include: Include, names: tuple[str, ...]) -> IncludedFile:
        self.files += 1
        if len(names) > _DEEPEST or self.files > _MOST_FILES:
            raise UnreadableInclude(f"is one too many: a page includes {_MOST_FILES:,} at most, {_DEEPEST} deep")
        file = self.read(include.target, names[-1])
        if file.name in names:
            raise UnreadableInclude("includes itself")
        self.size += len(file.text)
        if self.size > _LARGEST_PAGE:
            raise UnreadableInclude("makes the page too large")
        return file


def _expand(expander: Expander, text: str, names: tuple[str, ...]) -> str:
    text = _Lines(expander, names, text.split("\n")).expanded()

    def fetch(include: Include) -> str | None:
        file = expander.fetch(include, names)
        if file is None or include.language is not None:
            return file.text if file else None
        return _expand(expander, file.text, (*names, file.name))

    return expand_partials(text, fetch)


@dataclass(slots=True)
class _Lines:
    """One pass over the lines of a page. `code` is the fence of the code that a line is in, `boxes` those around it."""

    expander: Expander
    names: tuple[str, ...]
    lines: list[str]
    out: list[str] = field(default_factory=list)
    at: int = 0
    code: str = ""
    boxes: list[str] = field(default_factory=list)

    def expanded(self) -> str:
        """Return the text with what its lines include."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            if not (self._in_code(line) or self._directive(line) or self._fence(line) or self._snippets(line)):
                self._line(line)
        return "\n".join(self.out)

    def _in_code(self, line: str) -> bool:
        if not self.code:
            return False
        include = parse_include(line, code=True)
        if include:
            self._write(include)
        elif not self._snippets(line):
            self.code = "" if closes_fence(line, self.code) else self.code
            self.out.append(line)
        return True

    def _fence(self, line: str) -> bool:
        found = _FENCE.match(line)
        if found is None:
            return False
        info = found["info"].strip()
        directive = parse_directive(info) if info.startswith("{") else None
        if directive and directive.braced and not directive.is_code:
            self.boxes.append(found["mark"])
        elif not info and self.boxes and found["mark"].startswith(self.boxes[-1]):
            self.boxes.pop()
        else:
            self.code = found["mark"]
        self.out.append(line)
        return True

    def _directive(self, line: str) -> bool:
        found = _DIRECTIVE.match(line)
        if found is None:
            return False
        options: dict[str, str] = {}
        last = min(len(self.lines), self.at + _LONGEST_BLOCK)
        while self.at < last and not closes_fence(self.lines[self.at], found["mark"]):
            option = _OPTION.match(self.lines[self.at])
            options |= {option["name"]: (option["value"] or "").strip()} if option else {}
            self.at += 1
        self.at += 1
        self._write(directive_include(found["name"], found["target"], options, found["lead"]))
        return True

    def _snippets(self, line: str) -> bool:
        """Read the names of files between two lines of scissors."""
        found = _SNIPPETS.match(line)
        if found is None:
            return False
        last = min(len(self.lines), self.at + _LONGEST_BLOCK)
        end = next((at for at in range(self.at, last) if _SNIPPETS.match(self.lines[at])), -1)
        for name in self.lines[self.at : end] if end >= 0 else ():
            if name.strip() and not name.strip().startswith(";"):
                self._write(snippet(name.strip().strip("\"'"), found["lead"]))
        self.at = end + 1 if end >= 0 else self.at
        return True

    def _line(self, line: str) -> None:
        if "{%" in line and _OPEN_LIQUID.match(line):
            last = min(len(self.lines), self.at + _LONGEST_BLOCK)
            end = next((at for at in range(self.at, last) if "%}" in self.lines[at]), -1)
            joined = "\n".join([line, *self.lines[self.at : end + 1]]) if end >= 0 else line
            if parse_include(joined, code=False):
                line, self.at = joined, end + 1
        include = parse_include(line, code=False)
        if include:
            self._write(include)
        else:
            self.out.append(line)

    def _write(self, include: Include) -> None:
        """Write the text of an include, or its code as fenced code."""
        file = self.expander.fetch(include, self.names)
        if file is None:
            self.out.append(include.lead.rstrip() if ">" in include.lead else "")
        elif self.code:
            self.out += _indented(file.text, include.lead)
        elif include.language is None:
            text = _expand(self.expander, file.text, (*self.names, file.name))
            self.out += _indented(text, include.lead)
        else:
            self.out += _indented(
                fence(Block(file.text, "code", language=include.language or "", title=include.title)), include.lead
            )


def _indented(text: str, lead: str) -> list[str]:
    """Return the lines of an included text behind what is before the include on its line."""
    rest = re.sub(r"[^>\s]", " ", lead)
    lines = text.split("\n")
    return [(lead if n == 0 else rest) + line if line.strip() else rest.rstrip() for n, line in enumerate(lines)]
