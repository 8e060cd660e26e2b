"""AsciiDoc source -> markdown in the dialect that the cleaner of markdown reads.

It reads the blocks and marks that documentation uses: sections, lists with attached blocks, code, tables, boxes, tabs,
attributes, conditions. Nothing is executed or inserted. There is no maintained parser of AsciiDoc for Python.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ingest.clean.asciidoc_inline import inline_markdown
from ingest.clean.render.blocks import Block, fence
from ingest.clean.render.tables import markdown_table

_ATTRIBUTE = re.compile(r":(?P<unset>!?)(?P<name>[\w-]+)!?:(?:[ \t]+(?P<value>.*))?$")
_CONDITION = re.compile(r"(?P<kind>ifn?def|ifeval)::(?P<names>[^\[\]]*)\[(?P<text>.*)\][ \t]*$")
_STYLE = re.compile(r"\[(?!\[)(?P<style>[^\]]*(?:\"[^\"]*\"[^\]]*)*)\][ \t]*$")
_ANCHOR = re.compile(r"\[\[(?P<id>[\w.:-]+)[^\]]*\]\][ \t]*$")
_TITLE = re.compile(r"\.(?P<title>[^\s.].*)$")
_SECTION = re.compile(r"(?P<marks>={1,6}|#{1,6})[ \t]+(?P<words>\S.*?)(?:[ \t]+=+)?[ \t]*$")
_DELIMITER = re.compile(
    r"(?P<mark>-{4,}|\.{4,}|={4,}|\*{4,}|_{4,}|\+{4,}|/{4,}|--|`{3,}|[|,:!]={3,})(?P<rest>\w*)[ \t]*$"
)
_ITEM = re.compile(r"[ \t]*(?P<mark>\*{1,5}|-|\.{1,5}|\d+\.|<(?:\d+|\.)>)[ \t]+(?P<words>\S.*)$")
_TERM = re.compile(r"[ \t]*(?P<term>\S.*?)(?P<mark>:{2,4}|;;)(?:[ \t]+(?P<words>\S.*))?$")
_ADMONITION = re.compile(r"(?P<kind>NOTE|TIP|WARNING|IMPORTANT|CAUTION):[ \t]+(?P<words>\S.*)$")
_MACRO = re.compile(r"(?P<name>image|video|audio|toc|include|icon)::(?P<target>[^\[\]]*)\[(?P<text>[^\]]*)\][ \t]*$")
_CALLOUT = re.compile(r"[ \t]*(?://|#|--|;;|<!--)?[ \t]*(?:<(?:!--)?(?:\d+|\.)(?:--)?>[ \t]*)+(?:-->)?[ \t]*$")
_CELL = re.compile(
    r"(?:(?<=\s)|(?<![^\n]))(?:(?P<times>\d{1,2})\*)?(?:\d*(?:\.\d+)?\+)?[<^>.]{0,3}[aehlmsd]?(?<!\\)\||(?<!\\)\|"
)
_KINDS: Final = frozenset("note tip warning important caution".split())
_DEEPEST: Final = 20
_MOST_LINES: Final = 100_000


def asciidoc_markdown(text: str) -> str:
    """Return a page as markdown. Raises ValueError for one that is too long."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    if len(lines) > _MOST_LINES:
        raise ValueError(f"more than {_MOST_LINES:,} lines")
    attributes: dict[str, str] = {}
    shown = _conditioned(lines, attributes)
    return "\n".join(_Reader(shown, attributes).blocks()) + "\n"


def _conditioned(lines: Sequence[str], attributes: dict[str, str]) -> list[str]:
    """Return the lines whose conditions hold, without attribute entries; sets the attributes."""
    out: list[str] = []
    hidden: list[bool] = []
    for line in lines:
        condition = _CONDITION.match(line)
        if condition:
            defined = any(name in attributes for name in re.split(r"[,+]", condition["names"]))
            off = condition["kind"] != "ifeval" and defined == (condition["kind"] == "ifndef")
            if condition["text"] and condition["kind"] != "ifeval":
                out += [] if off or any(hidden) else [condition["text"]]
            else:
                hidden.append(off)
        elif line.startswith("endif::"):
            del hidden[-1:]
        elif not any(hidden):
            entry = _ATTRIBUTE.match(line)
            if entry and not entry["unset"]:
                attributes[entry["name"]] = (entry["value"] or "").removesuffix(" \\")
            out += [] if entry else [line]
    return out


@dataclass(slots=True)
class _Reader:
    """Reads blocks one after the other. `style`, `title` and `anchor` are those of the next block."""

    lines: Sequence[str]
    attributes: dict[str, str]
    depth: int = 0
    at: int = 0
    style: str = ""
    title: str = ""
    anchor: str = ""
    out: list[str] = field(default_factory=list)

    def blocks(self) -> list[str]:
        """Return all blocks as lines of markdown."""
        while self.at < len(self.lines):
            self.out += ["", *self.block()]
        return self.out

    def block(self) -> list[str]:
        """Read the block that begins at the current line, its attribute lines included."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            if not self._is_lead(line):
                found = self._content(line)
                self.style = self.title = self.anchor = ""
                return found
        return []

    def _is_lead(self, line: str) -> bool:
        """Take what describes the next block; comments and empty lines say nothing."""
        style, anchor, title = _STYLE.match(line), _ANCHOR.match(line), _TITLE.match(line)
        if style:
            self.style = style["style"]
            named = re.search(r"#([\w.:-]+)", self.style)
            self.anchor = named[1] if named else self.anchor
        elif anchor:
            self.anchor = anchor["id"]
        elif title:
            self.title = title["title"]
        return (
            bool(style or anchor or title)
            or not line.strip()
            or line in ("'''", "<<<", "+")
            or (line.startswith("//") and not line.startswith("////"))
        )

    def _content(self, line: str) -> list[str]:
        for read in (self._section, self._delimited, self._list, self._terms, self._macro, self._admonition):
            found = read(line)
            if found is not None:
                return found
        return self._paragraph(line)

    def inline(self, text: str) -> str:
        """Return text with its marks as markdown."""
        return inline_markdown(text, self.attributes)

    def inner(self, lines: Sequence[str]) -> list[str]:
        """Return the blocks within a block."""
        if self.depth >= _DEEPEST:
            return [self.inline(line) for line in lines]
        return _Reader(lines, self.attributes, self.depth + 1).blocks()

    def _section(self, line: str) -> list[str] | None:
        found = _SECTION.match(line)
        if found is None:
            return None
        if len(found["marks"]) == 1:  # behind the title of the document come its authors and its version
            while self.at < len(self.lines) and self.lines[self.at].strip():
                self.at += 1
        anchor = f" {{#{self.anchor}}}" if self.anchor else ""
        return [f"{'#' * len(found['marks'])} {self.inline(found['words'])}{anchor}"]

    def _delimited(self, line: str) -> list[str] | None:
        found = _DELIMITER.match(line)
        if found is None or (found["rest"] and found["mark"][0] != "`"):
            return None
        end = next((n for n in range(self.at, len(self.lines)) if self.lines[n] == found["mark"]), len(self.lines))
        inner, self.at = self.lines[self.at : end], end + 1
        sign = found["mark"][0]
        style = self.style.partition(",")[0].strip().lower().partition("#")[0].partition("%")[0]
        if sign == "/" or (sign == "+" and style not in ("stem", "latexmath", "asciimath")):
            return []
        if sign == "+":
            return [f"$${' '.join(' '.join(inner).split())}$$"]
        if sign in "|,:!":
            return self._table(inner)
        if sign in "-.`" and found["mark"] != "--":
            return self._code(inner, found["rest"])
        return self._box(inner, style, quoted=sign == "_")

    def _code(self, inner: Sequence[str], language: str) -> list[str]:
        words = [word.strip().strip('"') for word in self.style.split(",")]
        named = language or (words[1] if len(words) > 1 and words[0].partition("%")[0] in ("source", "", ",") else "")
        named = named if re.fullmatch(r"[\w+#.-]*", named) else ""
        code = "\n".join(_CALLOUT.sub("", line) for line in inner).strip("\n")
        return fence(Block(code, "code", language=named, title=self.inline(self.title))).split("\n") if code else []

    def _box(self, inner: Sequence[str], style: str, *, quoted: bool) -> list[str]:
        if style == "tabs":
            return self._tabs(inner)
        title = self.inline(self.title)
        content = self.inner(inner)
        if style in _KINDS:
            label = f"{style.capitalize()}: {title}" if title else style.capitalize()
            return _quote([f"**{label}**", *content])
        head = [f"**{title}**", ""] if title else []
        return [*head, *(_quote(content[1:]) if quoted or style == "quote" else content)]

    def _tabs(self, inner: Sequence[str]) -> list[str]:
        """Read the tabs of Asciidoctor's extension: terms whose descriptions are the panels."""
        out: list[str] = []
        body: list[str] = []
        for line in [*inner, "::"]:
            label = re.match(r"(?P<label>\S.*?)::[ \t]*$", line)
            if label or line == "::":
                out += self.inner([row for row in body if row != "+"]) if body else []
                out += ["", f"**{self.inline(label['label'])}**", ""] if label else []
                body = []
            else:
                body.append(line)
        return out

    def _table(self, inner: Sequence[str]) -> list[str]:
        cells: list[str] = []
        widths: list[int] = []
        for line in inner:
            if line in ("----", "....", "+", "--", "====") or (_STYLE.match(line) and cells):
                continue  # blocks within a cell: their text is on the cell's line
            starts = list(_CELL.finditer(line))
            if cells and (not starts or starts[0].start() > 0):
                cells[-1] += " " + line[: starts[0].start() if starts else len(line)]
            for number, match in enumerate(starts):
                stop = starts[number + 1].start() if number + 1 < len(starts) else len(line)
                cells += [line[match.end() : stop]] * min(20, int(match["times"] or 1))
            widths += [len(starts)] if starts else []
        if not cells:
            return []
        columns = self._columns() or widths[0]
        texts = [self.inline(" ".join(cell.split())).replace("|", "\\|") for cell in cells]
        rows = [texts[n : n + columns] for n in range(0, len(texts), columns)]
        head = "header" in self.style or (len(inner) > 1 and widths[0] == columns and not inner[1].strip())
        title = [f"**{self.inline(self.title)}**", ""] if self.title else []
        return [*title, *markdown_table(rows, has_head=head).split("\n")]

    def _columns(self) -> int:
        found = re.search(r"cols=(?:\"([^\"]*)\"|'([^']*)'|([^,\]]+))", self.style)
        named = next((group for group in found.groups() if group), "") if found else ""
        parts = re.split(r"[,;]", named) if named else []
        return min(
            50, sum(int(part.strip().partition("*")[0][:2]) if re.match(r"\s*\d+\*", part) else 1 for part in parts)
        )

    def _list(self, line: str) -> list[str] | None:
        if not _ITEM.match(line):
            return None
        out: list[str] = []
        self.at -= 1
        marks: list[str] = []
        while self.at < len(self.lines) and (item := _ITEM.match(self.lines[self.at])):
            self.at += 1
            mark = re.sub(r"\d+|(?<=<)\.", "1", item["mark"])
            marks = marks[: marks.index(mark) + 1] if mark in marks else [*marks, mark]
            indent = "   " * (len(marks) - 1)
            sign = "-" if mark[0] in "*-" else "1."
            words = [item["words"], *self._continued()]
            out.append(f"{indent}{sign} {self.inline(' '.join(words))}")
            out += self._attached(indent + "   ")
            self._skip_blank_before(_ITEM)
        return out

    def _terms(self, line: str) -> list[str] | None:
        found = _TERM.match(line)
        if found is None or "://" in found["term"][-8:]:
            return None
        words = [found["words"]] if found["words"] else []
        if not words:
            self._skip_blank()
        if not (self.at < len(self.lines) and _ITEM.match(self.lines[self.at])):
            words += self._continued()
        text = [f"  {self.inline(' '.join(words))}"] if words else []
        head = f"- {self.inline(found['term'])}"
        return [head, *([""] if text else []), *text, *self._attached("  ")]

    def _continued(self) -> list[str]:
        """Take the further lines of a paragraph or item."""
        begin = self.at
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line.strip() or line == "+" or _ITEM.match(line) or _TERM.match(line) or self._ends(line):
                break
            self.at += 1
        return [line.strip() for line in self.lines[begin : self.at] if not line.startswith("//")]

    def _ends(self, line: str) -> bool:
        return bool(_DELIMITER.match(line) or _STYLE.match(line) or _MACRO.match(line))

    def _attached(self, indent: str) -> list[str]:
        """Read the blocks that a line with `+` joins to an item."""
        out: list[str] = []
        while self.at < len(self.lines) and self.lines[self.at] == "+":
            self.at += 1
            reader = _Reader(self.lines, self.attributes, self.depth + 1, self.at)
            inner = reader.block()
            self.at = reader.at
            out += ["", *(indent + row if row.strip() else "" for row in inner), ""]
        return out

    def _skip_blank(self) -> None:
        while self.at < len(self.lines) and not self.lines[self.at].strip():
            self.at += 1

    def _skip_blank_before(self, pattern: re.Pattern[str]) -> None:
        after = next((n for n in range(self.at, len(self.lines)) if self.lines[n].strip()), len(self.lines))
        if after < len(self.lines) and pattern.match(self.lines[after]):
            self.at = after

    def _macro(self, line: str) -> list[str] | None:
        found = _MACRO.match(line)
        if found is None:
            return None
        alt = found["text"].split(",")[0].strip('"') if found["name"] == "image" and "=" not in found["text"] else ""
        caption = [f"*{self.inline(self.title)}*"] if self.title else []
        return [*([alt] if alt else []), *([""] if alt and caption else []), *caption]

    def _admonition(self, line: str) -> list[str] | None:
        found = _ADMONITION.match(line)
        if found is None:
            return None
        text = self.inline(" ".join([found["words"], *self._continued()]))
        return _quote([f"**{found['kind'].capitalize()}**", "", text])

    def _paragraph(self, line: str) -> list[str]:
        style = self.style.partition(",")[0].strip().lower()
        begin = self.at - 1
        if line.startswith(" ") or style.partition("%")[0] in ("source", "listing", "literal"):
            while self.at < len(self.lines) and self.lines[self.at].strip() and self.lines[self.at] != "+":
                self.at += 1
            return self._code([row.removeprefix(" ") for row in self.lines[begin : self.at]], "")
        text = self.inline("\n".join([line.strip(), *self._continued()]))
        if style in _KINDS:
            return _quote([f"**{style.capitalize()}**", "", text])
        title = [f"**{self.inline(self.title)}**", ""] if self.title else []
        return [*title, *(_quote([text]) if style == "quote" else [text])]


def _quote(lines: Sequence[str]) -> list[str]:
    return [f"> {line}".rstrip() for text in lines for line in text.split("\n")]
