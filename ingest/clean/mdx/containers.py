"""Containers of markdown dialects -> component tags, which are rendered in one place; fenced code -> marks.

Read are `:::note` (Docusaurus, VitePress, Starlight, MyST, Quarto), `!!! note`, `??? note`, `=== "Tab"` and `/// note`
(Python-Markdown, MkDocs), ```` ```{note} ```` (MyST), `> [!NOTE]` (GitHub), definition lists and footnotes. One pass
over the lines with a stack; a container that is never closed ends with the text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ingest.clean.mdx.directive_tables import LISTS, directive_table, plain_lines
from ingest.clean.mdx.directive_tables import NAMES as TABLES
from ingest.clean.mdx.directives import Directive, closing_tag, opening_tag, parse_directive
from ingest.clean.mdx.fences import code_block, code_of_pre
from ingest.clean.render.blocks import Block, bold
from ingest.text.markdown import LIST_MARKER, closes_fence

_FENCE = re.compile(rf"(?P<lead>[ \t>]*+(?:{LIST_MARKER}[ \t]++)*+)(?P<mark>`{{3,}}(?![^\n]*`)|~{{3,}})(?P<info>.*)$")
_COLONS = re.compile(
    rf"(?P<lead>[ \t>]*+(?:{LIST_MARKER}[ \t]++)?)(?P<mark>:{{3,}}|/{{3,}}(?=[ \t]*(?:[a-z][\w-]*\b|$)))(?P<rest>.*)$"
)
_INDENTED = re.compile(r"(?P<lead>[ ]*+)(?P<mark>!!!|\?\?\?\+?|===[!+]?)[ \t]+(?P<rest>\S.*)$")
_QUOTED = re.compile(r"[\"'](?P<title>.*)[\"']\s*$")
_ALERT = re.compile(r"(?P<lead>[ \t]*(?:>[ ]?)+)\[!(?P<kind>[A-Za-z][\w ]*)(?:\|[^\[\]]*)?\][+-]?[ \t]*(?P<title>.*)$")
_DEFINITION = re.compile(r"(?P<lead>[ ]{0,3}):(?P<gap>[ \t]{1,3})(?=\S)(?P<text>.*)$")
_FOOTNOTE = re.compile(r"(?P<lead>[ ]{0,3})(?P<mark>\[\^[^\[\]\s]+\]:)[ \t]*(?P<text>.*)$")
_PRE = re.compile(r"(?P<lead>[ \t]*)(?:<(?:div|figure|section)\b[^<>]*>[ \t]*)*<pre\b[^<>]*>")
_LONGEST_PRE: Final = 2_000
_BRACED = re.compile(r"\{[A-Za-z][\w:+.-]*\}")
_TERM = re.compile(r"(?![ \t]|[-*+>#|<:]|\d+[.)]|\x00|\[\^)\S")
_OPTION = re.compile(r"[ \t]*:(?P<name>[\w-]+):(?:[ \t]+(?P<value>.*))?$")
_OBJECT = re.compile(r":::[ ](?:[A-Za-z_]\w*\.)+[A-Za-z_]\w*[ \t]*$")
"""What mkdocstrings documents here, from the program; options are below it, indented."""
_NAMED_TAB = re.compile(r"(?:==|@tab)[ \t]+(?P<title>\S.*)$")

MOST_OPEN: Final = 40
"""Containers within each other; of deeper ones only the content is kept. Real pages nest three or four."""
_LONGEST_SEARCH: Final = 100


@dataclass(slots=True)
class _Open:
    """A container that is open. `mark` is what closes it; "" for one that ends where its indent does.

    Lines of an indented one need `indent` columns; `width` of them are taken off, and `pad` put in their place.
    """

    close: str
    mark: str = ""
    indent: int = 0
    width: int = 0
    pad: str = ""
    name: str = ""
    heading: str = ""
    tag_at: int = 0


@dataclass(slots=True)
class Containers:
    """Reads a text line by line; `fences` receives the code, `notes` the containers that were not closed."""

    lines: list[str]
    fences: list[Block]
    notes: list[str] = field(default_factory=list)
    out: list[str] = field(default_factory=list)
    open: list[_Open] = field(default_factory=list)
    at: int = 0
    term_at: int = -1
    pre_end: int = -1
    indents: list[_Open] = field(default_factory=list)

    def read(self) -> str:
        """Return the text with tags for containers and marks for code."""
        readers: tuple[Callable[[str], bool], ...] = (
            self._code, self._pre, self._object, self._colons, self._indented, self._alert, self._named_tab,
            self._definition, self._footnote,
        )  # fmt: skip
        while self.at < len(self.lines):
            line = self._inside(self.lines[self.at])
            self.at += 1
            if not line.strip() or not any(read(line) for read in readers):
                self.out.append(line)
        for one in self.open:
            if one.mark and one.close:  # a container that was never closed encloses nothing
                self.notes.append(f"{one.name} is not closed")
                self.out[one.tag_at], one.close = one.heading, ""
        self._close(0)
        return "\n".join(self.out)

    def _inside(self, line: str) -> str:
        """The line as the innermost container has it; indented containers that it leaves are closed."""
        if not self.indents or not line.strip():
            return line if line.strip() else ""
        words = line.lstrip(" \t")
        columns = len(line[: len(line) - len(words)].expandtabs(4))
        while self.indents and columns < self.indents[-1].indent:
            self._close(next(n for n in range(len(self.open) - 1, -1, -1) if self.open[n] is self.indents[-1]))
        left = max(0, columns - sum(one.width for one in self.indents))
        return "".join(one.pad for one in self.indents) + " " * left + words

    def _close(self, depth: int) -> None:
        while len(self.open) > depth:
            one = self.open.pop()
            if not one.mark:
                self.indents.pop()
            if one.close:
                self.out += ["", one.close, ""]

    def _push(self, one: _Open, tag: str, lead: str) -> None:
        """Open a container; beyond the limit it is only counted, so that its end is recognised."""
        if len(self.open) >= MOST_OPEN:
            tag = one.close = ""
        self.open.append(one)
        if not one.mark:
            self.indents.append(one)
        one.close = lead + one.close if one.close else ""
        one.tag_at = len(self.out) + 1
        if tag:
            self.out += ["", lead + tag, ""]

    def _code(self, line: str) -> bool:
        found = _FENCE.match(line)
        if found is None:
            return False
        lead, mark, info = found["lead"], found["mark"], found["info"].strip()
        depth = self._closed_by(mark) if not info else None
        if depth is not None:
            self._close(depth)
            return True
        directive = parse_directive(info) if _BRACED.match(info) else None
        if directive and not directive.is_code:
            self._directive(directive, mark, lead)
            return True
        code = self._code_lines(lead, mark)
        if directive:
            info, code = directive.code(code)
        self._written(info, code, lead)
        return True

    def _written(self, info: str, code: list[str], lead: str) -> None:
        """Put a mark for code, or a formula, where it was; nothing where all of the code is only named."""
        block = code_block(info, code)
        if block.language == "math":
            self.out += ["", f"{lead}$${' '.join(block.text.split())}$$", ""]
        elif block.text.strip() or not code:
            self.fences.append(block)
            self.out.append(f"{lead}\x00F{len(self.fences) - 1}\x00")

    def _pre(self, line: str) -> bool:
        """HTML's `<pre>`, up to its end."""
        found = _PRE.match(line)
        end = self._end_of_pre() if found else -1
        if found is None or end < 0:
            return False
        inner = (self._inside(self.lines[at]) for at in range(self.at, end + 1))
        html, _, rest = "\n".join([line, *inner]).partition("</pre>")
        block = code_of_pre(html.replace("\x00", ""))
        self.at = end + 1
        if block:
            self.fences.append(block)
            self.out += ["", f"{found['lead']}\x00F{len(self.fences) - 1}\x00", ""]
        self.out += [found["lead"] + rest] if rest.strip() else []
        return True

    def _end_of_pre(self) -> int:
        """The line with the next `</pre>`, -1 where it is too far; looked for once for all `<pre>` before it."""
        if self.pre_end < self.at - 1:
            ends = (at for at in range(self.at - 1, len(self.lines)) if "</pre>" in self.lines[at])
            self.pre_end = next(ends, len(self.lines) + _LONGEST_PRE)
        return self.pre_end if self.pre_end - self.at < _LONGEST_PRE else -1

    def _closed_by(self, mark: str) -> int | None:
        """The place of the container that a bare fence closes; None where it opens code."""
        for depth in range(len(self.open) - 1, max(-1, len(self.open) - _LONGEST_SEARCH), -1):
            own = self.open[depth].mark
            if own[:1] == mark[0]:
                return depth if len(mark) >= len(own) else None
        return None

    def _code_lines(self, lead: str, mark: str) -> list[str]:
        """The lines up to the fence that closes, or to the end of the quote or container that they are in."""
        quotes = lead.count(">")
        width = len(lead.expandtabs(4))
        code: list[str] = []
        for at in range(self.at, len(self.lines)):
            line = self.lines[at]
            columns = len(line) - len(line.lstrip(" ")) if line[:1] != "\t" else 4
            if line.strip() and self.indents and columns < self.indents[-1].indent:
                self.at = at
                return code
            line = self._inside(line)
            if quotes and line.count(">") < quotes and line.lstrip()[:1] != ">":
                self.at = at
                return code
            if closes_fence(line, mark):
                self.at = at + 1
                return code
            code.append(_bare(line, quotes, width))
        self.at = len(self.lines)
        return code

    def _object(self, line: str) -> bool:
        if not _OBJECT.match(line):
            return False
        while self.at < len(self.lines) and re.match(r"[ ]{2,}\S", self.lines[self.at]):
            self.at += 1
        return True

    def _colons(self, line: str) -> bool:
        found = _COLONS.match(line)
        if found is None:
            return False
        mark, rest, lead = found["mark"], found["rest"].strip(), found["lead"]
        if not rest:
            depth = self._ended_by(mark)
            if depth is not None:
                self._close(depth)
            return depth is not None or mark[0] == ":"
        if mark[0] == "/" and not re.match(r"[a-z][\w-]*[ ]*(?:\||$)", rest):
            return False  # a line of slashes with words is a comment in somebody's prose
        if rest.endswith(mark[0]) and not rest.strip(mark[0]).strip():
            return False
        directive = parse_directive(rest)
        if directive is None:
            return False
        self._directive(directive, mark, lead)
        return True

    def _ended_by(self, mark: str) -> int | None:
        """The container that a line of colons closes: the innermost with as many, else the innermost with fewer."""
        fewer = None
        for depth in range(len(self.open) - 1, max(-1, len(self.open) - _LONGEST_SEARCH), -1):
            own = self.open[depth].mark
            if own == mark:
                return depth
            if fewer is None and own[:1] == mark[0] and len(own) < len(mark):
                fewer = depth
        return fewer

    def _directive(self, directive: Directive, mark: str, lead: str) -> None:
        if directive.is_code and directive.braced:  # code between colons
            self._written(*directive.code(self._code_lines(lead, mark)), lead)
            return
        options = self._options() if directive.has_options else {}
        if directive.name in TABLES:
            title = [lead + bold(directive.title), ""] if directive.title else []
            lines = self._code_lines(lead, mark)
            table = directive_table(directive.name, lines, options) or "\n".join(lines)
            self.out += ["", *title, *(lead + row for row in table.split("\n")), ""]
            return
        if directive.name in LISTS:
            self.lines[self.at : self.at] = plain_lines(directive.name, self._code_lines(lead, mark))
            return
        directive = directive.with_options(options)
        if re.search(r"\S", lead) and ">" not in lead:  # a list marker: it stays, and the lines after it are below it
            self.out.append(lead.rstrip())
            lead = " " * len(lead)
        self._push(
            _Open(closing_tag(directive), mark, name=directive.shown(mark), heading=directive.heading),
            opening_tag(directive),
            lead,
        )
        if directive.is_dropped:
            self._drop(mark)

    def _drop(self, mark: str) -> None:
        """Skip the content of a directive that says nothing: a table of contents, another file's name."""
        for at in range(self.at, len(self.lines)):
            if self.lines[at].strip(" \t>") == mark:
                self.at = at
                return

    def _options(self) -> dict[str, str]:
        """Read the options of a MyST directive: lines `:name: value`, or a block between `---`."""
        options: dict[str, str] = {}
        while self.at < len(self.lines) and (found := _OPTION.match(self._inside(self.lines[self.at]))):
            options[found["name"]] = (found["value"] or "").strip()
            self.at += 1
        if not options and self.at < len(self.lines) and self.lines[self.at].strip() == "---":
            end = next(
                (n for n in range(self.at + 1, min(self.at + 30, len(self.lines))) if self.lines[n].strip() == "---"), 0
            )
            for line in self.lines[self.at + 1 : end]:
                name, _, value = line.partition(":")
                options[name.strip()] = value.strip().strip("'\"")
            self.at = end + 1 if end else self.at
        return options

    def _indented(self, line: str) -> bool:
        found = _INDENTED.match(line)
        if found is None:
            return False
        rest = found["rest"].strip()
        quoted = _QUOTED.search(rest)
        kind = rest[: quoted.start()] if quoted else rest
        if found["mark"].startswith("==="):
            if not quoted:
                return False
            directive = Directive("tab", quoted["title"])
        elif not re.fullmatch(r"[a-z][\w-]*(?:[ ]+[a-z][\w-]*)*[ ]*", kind):
            return False
        else:
            directive = Directive(kind.split()[0], quoted["title"] if quoted else "", classes=tuple(kind.split()[1:]))
        if quoted and not quoted["title"].strip() and directive.name != "tab":
            directive = Directive("box")
        own = len(found["lead"]) - sum(len(one.pad) for one in self.indents)
        indent = own + sum(one.width for one in self.indents) + 4
        one = _Open(closing_tag(directive), indent=indent, width=4)
        self._push(one, opening_tag(directive), found["lead"])
        return True

    def _alert(self, line: str) -> bool:
        found = _ALERT.match(line)
        if found is None:
            return False
        kind, lead = found["kind"].strip().lower(), found["lead"]
        if kind.startswith(("div ", "video", "include")) or kind == "div":
            return True
        label = Directive(kind, found["title"]).label
        self.out += [f"{lead.rstrip()} **{label}**", lead.rstrip()]
        return True

    def _named_tab(self, line: str) -> bool:
        """A tab of VitePress's `:::tabs` or VuePress's `::: code-tabs`, which the next one ends."""
        found = _NAMED_TAB.match(line.strip())
        depth = next(
            (n for n in range(len(self.open) - 1, -1, -1)[:_LONGEST_SEARCH] if self.open[n].mark[:1] == ":"), None
        )
        if found is None or depth is None:
            return False
        if self.open[depth].mark == "::tab":
            self._close(depth)
        directive = Directive("tab", re.sub(r"[#@{].*$", "", found["title"]).strip())
        self._push(_Open(closing_tag(directive), "::tab", name="tab"), opening_tag(directive), "")
        return True

    def _definition(self, line: str) -> bool:
        found = _DEFINITION.match(line)
        if found is None:
            return False
        at = next((n for n in range(len(self.out) - 1, max(-1, len(self.out) - 3), -1) if self.out[n].strip()), -1)
        term = self.out[at] if at >= 0 else ""
        again = self.term_at >= 0 and term.startswith(("- ", "  "))  # a further definition of the same term
        if not again and not _TERM.match(term):
            return False
        del self.out[at + 1 :]
        self.term_at = self.term_at if again else at
        self.out[at] = term if again else f"- {term.strip()}"
        self.out.append("")
        width = len(found["lead"]) + 1 + len(found["gap"].expandtabs(4))
        base = sum(one.width for one in self.indents)
        self._push(_Open("", indent=base + 2, width=width, pad="  "), "", "")
        self.out.append(f"  {found['text']}")
        return True

    def _footnote(self, line: str) -> bool:
        found = _FOOTNOTE.match(line)
        if found is None:
            return False
        text = found["text"]
        base = sum(one.width for one in self.indents)
        if not text and self.at < len(self.lines) and self.lines[self.at].startswith((" ", "\t")):
            text = self.lines[self.at].strip()
            self.at += 1
        self._push(_Open("", indent=base + 4, width=4, pad="  "), "", "")
        self.out.append(f"{found['mark']} {text}")
        return True


def _bare(line: str, quotes: int, width: int) -> str:
    """A line of code without the quote signs and the indent of the list item or container that it is in."""
    if quotes:
        return re.sub(rf"^[ \t]*(?:>[ ]?){{0,{quotes}}}", "", line)
    lead = line[: len(line) - len(line.lstrip(" \t"))]
    if width and "\t" in lead:
        line = lead.expandtabs(4) + line[len(lead) :]
    return line[min(width, len(line) - len(line.lstrip(" "))) :]
