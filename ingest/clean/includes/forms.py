"""Lines of dialects that include another file.

Read are the snippets of Python-Markdown (`--8<-- "x"`), MkDocs's include plugins (`{% include-markdown "x" %}`,
`{!x!}`, `{* x *}`), mdBook (`{{#include x}}`), VitePress (`<<< @/x`, `<!--@include: x-->`), Hugo and Quarto
(`{{< include x >}}`, `{{% readfile %}}`), GitBook and Jekyll (`{% include "x" %}`), AsciiDoc (`include::x[]`); and the
options of the directives `include` and `literalinclude` of MyST and Sphinx.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from ingest.clean.includes.selection import Selection, parse_ranges

_LEAD = r"(?P<lead>[ \t>]*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)*)"
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_SNIPPET = re.compile(_LEAD + r"-*8<-+[ \t]+(?P<quote>[\"'])(?P<target>[^\"'\n]+)(?P=quote)[ \t]*$")
_MDBOOK = re.compile(
    _LEAD + r"\{\{\s*#(?:(?P<kind>include|rustdoc_include)|playground|playpen)\s+(?P<target>[^{}\n]+?)\s*\}\}[ \t]*$"
)
_VITEPRESS = re.compile(
    _LEAD + r"<<<[ \t]*(?P<target>[@.~/\w][^\s{}\[\]]*?)(?P<region>#[\w-]+)?(?:[ \t]*\{(?P<braces>[^{}\n]*)\})?"
    r"(?:[ \t]*\[(?P<title>[^\[\]\n]*)\])?[ \t]*$"
)
_COMMENT = re.compile(
    _LEAD + r"<!--[ \t]*@include:[ \t]*(?P<target>[^\s{}<>#]+)(?P<region>#[\w-]+)?(?:\{(?P<lines>[^{}\n]*)\})?"
    r"[ \t]*-->[ \t]*$"
)
_BANG = re.compile(_LEAD + r"\{!>?[ \t]*(?P<target>[^\s!{}]+)[ \t]*!\}[ \t]*$")
_STAR = re.compile(_LEAD + r"\{\*[ \t]*(?P<target>[^\s{}*]+)(?P<rest>[^{}*\n]*)\*\}[ \t]*$")
_HUGO = re.compile(
    _LEAD
    + r"\{\{[<%][ \t]*(?P<name>include|readfile|code_sample|codenew|include-file|snippet)[ \t]+(?P<rest>[^{}\n]+?)"
    r"/?[ \t]*[>%]\}\}[ \t]*$"
)
_LIQUID = re.compile(
    _LEAD + r"\{%-?\s*(?P<name>include-markdown|include_relative|include)\s+(?P<rest>[^{}%]+?)\s*-?%\}[ \t]*$"
)
_ASCIIDOC = re.compile(r"(?P<lead>)include::(?P<target>[^\[\]\n]+)\[(?P<rest>[^\n]*)\][ \t]*$")
_ARGUMENT = re.compile(r"([\w-]+)[ \t]*=[ \t]*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"',]+))")
_OFFERED: Final = ("file", "path", "src")
_TEXT: Final = (".md", ".mdx", ".markdown", ".qmd", ".txt", ".rst", ".adoc", ".asciidoc", ".inc", "")
"""Endings of files that are included as text; of others, where a form has both, the code."""


@dataclass(frozen=True, slots=True)
class Include:
    """What a line includes: the file as it is named, and which lines of it.

    `lead` is what comes before it on its line: indent, quote signs, the sign of a list item. `language` is set for what
    is shown as code.
    """

    target: str
    selection: Selection = field(default_factory=Selection)
    lead: str = ""
    language: str | None = None
    title: str = ""

    @property
    def is_page(self) -> bool:
        """Whether the whole file is included as text of the page."""
        return self.language is None and self.selection.is_whole and self.ending in _TEXT

    @property
    def ending(self) -> str:
        """The ending of the file's name."""
        return PurePosixPath(self.target).suffix.lower()


def parse_include(line: str, *, code: bool) -> Include | None:
    """Read what a line of markdown includes; None for any other line.

    Within fenced code (`code`) only those forms are read that their generators read there.
    """
    if not any(sign in line for sign in ("8<", "{{", "<<<", "@include", "{!", "{*", "{%")):
        return None
    for read in _IN_CODE if code else _ANYWHERE:
        found = read(line)
        if found is not None and found.target:
            return found
    return None


def snippet(target: str, lead: str) -> Include:
    """Read the words between the quotes of a snippet: `x.md`, `x.md:section`, `x.md:4:6,8:9`."""
    path, sign, rest = target.strip().partition(":")
    if target.startswith(("http://", "https://")) or not sign:
        return Include(target.strip(), lead=lead)
    if re.fullmatch(r"[\d:,; -]+", rest):
        numbers = ",".join(
            part if ":" in part else f"{part}:" for part in rest.split(",")
        )  # a lone number: up to the end
        return Include(path, Selection(lines=parse_ranges(numbers)), lead)
    return Include(path, Selection(section=rest), lead)


def directive_include(name: str, target: str, options: Mapping[str, str], lead: str = "") -> Include:
    """Read the directive `include` or `literalinclude` with its options."""
    lines = parse_ranges(options.get("lines", ""))
    if not lines and ("start-line" in options or "end-line" in options):
        first, last = (re.sub(r"\D", "", options.get(key, "")) or "0" for key in ("start-line", "end-line"))
        lines = ((int(first[:7]) + 1, int(last[:7])),)
    selection = Selection(
        lines=lines,
        start_after=options.get("start-after", ""),
        start_at=options.get("start-at", ""),
        end_before=options.get("end-before", ""),
        end_at=options.get("end-at", ""),
        definition=options.get("pyobject", ""),
    )
    is_code = name == "literalinclude" or not options.keys().isdisjoint(("literal", "code", "lang"))
    language = options.get("language") or options.get("code") or options.get("lang") or ""
    found = Include(target.strip(), selection, lead, "" if is_code else None, options.get("caption", ""))
    if not is_code:
        return found
    return Include(
        found.target, selection, lead, language or found.ending.lstrip("."), found.title or options.get("filename", "")
    )


def _snippet(line: str) -> Include | None:
    found = _SNIPPET.match(line)
    return snippet(found["target"], found["lead"]) if found else None


def _mdbook(line: str) -> Include | None:
    found = _MDBOOK.match(line)
    if found is None:
        return None
    words = found["target"].split(" ")[0]
    path, sign, rest = words.partition(":")
    if re.fullmatch(r"\d*(?::\d*)?", rest):
        return Include(path, Selection(lines=parse_ranges(rest)), found["lead"])
    return Include(path, Selection(section=rest) if sign else Selection(), found["lead"])


def _vitepress(line: str) -> Include | None:
    found = _VITEPRESS.match(line)
    if found is None:
        return None
    words = (found["braces"] or "").split()
    named = next((word.partition(":")[0] for word in words if re.match(r"[a-zA-Z]", word)), "")
    target = found["target"]
    language = named or PurePosixPath(target).suffix.lstrip(".")
    section = (found["region"] or "").lstrip("#")
    return Include(
        target, Selection(section=section), found["lead"], language, found["title"] or PurePosixPath(target).name
    )


def _comment(line: str) -> Include | None:
    found = _COMMENT.match(line)
    if found is None:
        return None
    section, lines = (found["region"] or "").lstrip("#"), (found["lines"] or "").replace(",", ":")
    return Include(found["target"], Selection(section=section, lines=parse_ranges(lines)), found["lead"])


def _bang(line: str) -> Include | None:
    found = _BANG.match(line)
    if found is None:
        return None
    path, _, lines = found["target"].partition("[ln:")
    return Include(path, Selection(lines=parse_ranges(lines.rstrip("]"))), found["lead"])


def _star(line: str) -> Include | None:
    found = _STAR.match(line)
    if found is None:
        return None
    lines = re.search(r"\bln\[([\d:,-]+)\]", found["rest"])
    path = found["target"]
    ranges = parse_ranges(lines[1]) if lines else ()
    return Include(path, Selection(lines=ranges), found["lead"], PurePosixPath(path).suffix.lstrip("."))


def _hugo(line: str) -> Include | None:
    found = _HUGO.match(line)
    if found is None:
        return None
    named = _arguments(found["rest"])
    path = next((named[key] for key in _OFFERED if key in named), "") or _first(found["rest"])
    is_code = named.get("code") == "true" or found["name"] in ("code_sample", "codenew")
    include = Include(path, lead=found["lead"])
    if not is_code:
        return include if include.ending in _TEXT and include.ending else None
    return Include(path, lead=found["lead"], language=named.get("lang") or named.get("language") or include.ending[1:])


def _liquid(line: str) -> Include | None:
    found = _LIQUID.match(line)
    if found is None:
        return None
    path, named = _first(found["rest"]), _arguments(found["rest"])
    include = Include(path, lead=found["lead"])
    if found["name"] == "include" and (include.ending not in _TEXT or not include.ending or "content" in named):
        return None  # a template of Jekyll
    begin, end = named.get("start", ""), named.get("end", "")
    return Include(path, Selection(start_after=begin, end_before=end), found["lead"])


def parse_asciidoc_include(line: str) -> Include | None:
    """Read what a line of AsciiDoc includes; None for any other line."""
    found = _ASCIIDOC.match(line)
    if found is None:
        return None
    named = _arguments(found["rest"])
    tags = re.split(r"[;,]", named.get("tags", "") or named.get("tag", ""))
    section = next((tag for tag in tags if tag and tag[0] not in "!*"), "")
    lines = parse_ranges(named.get("lines", ""))
    return Include(found["target"], Selection(section=section, lines=lines))


def _arguments(text: str) -> dict[str, str]:
    return {m[1].lower(): next((g for g in m.groups()[1:] if g is not None), "") for m in _ARGUMENT.finditer(text)}


def _first(text: str) -> str:
    """Return the first argument that has no name."""
    words = text.strip()
    quoted = _QUOTED.match(words)
    word = (quoted[1] or quoted[2] or "") if quoted else words.split()[0] if words.split() else ""
    return "" if "=" in word else word


_IN_CODE: Final[tuple[Callable[[str], Include | None], ...]] = (_snippet, _mdbook, _bang, _star)
_ANYWHERE: Final = (*_IN_CODE, _hugo, _liquid, _vitepress, _comment)
