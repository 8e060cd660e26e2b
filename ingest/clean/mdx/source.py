"""MDX: keep code out of the way while the rest is changed, and drop what is program, not text."""

import re
from dataclasses import dataclass, field

from ingest.clean.render.blocks import Block, fence
from ingest.clean.render.languages import language_name

_FENCE = re.compile(
    r"^(?P<pad>[ \t]*(?:>[ ]?)*[ \t]*)(?P<ticks>`{3,}|~{3,})(?P<info>[^\n`]*)\n(?P<code>.*?)"
    r"(?:^[ \t]*(?:>[ ]?)*[ \t]*(?P=ticks)[`~]*[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
_SPAN = re.compile(r"(?<![`\\])(`+)(?!`)([^\n]*?[^`\n])\1(?!`)")
_TITLE = re.compile(r"\b(?:title|filename|name|label)=(?:\"([^\"]*)\"|'([^']*)'|\{\"([^\"]*)\"\})")
_OPTION = re.compile(r"\b[\w-]+=(?:\"[^\"]*\"|'[^']*'|\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\S+)|\{[^{}]*\}|^\{.*?\}$")
_PROGRAM = re.compile(
    r"export\s+(?:default\s+)?(?:const|let|var|function|async)\b|"
    r"import\s+(?:['\"]|\*\s+as\s|\{[^}]*$|\{[^}]*\}\s*from\b|\w+\s*(?:,\s*\{[^}]*\}?)?\s*from\b)"
)
_LONGEST_PROGRAM = 300  # lines; brackets that stay open longer belong to no import or export
_FLAGS = frozenset("lines wrap expandable twoslash showlinenumbers nocopy copy linenos numberlines focus".split())


@dataclass(slots=True)
class Protected:
    """Text whose code blocks and spans were replaced by marks, and what the marks stand for."""

    text: str = ""
    fences: list[Block] = field(default_factory=list)
    spans: list[str] = field(default_factory=list)

    def restore(self, text: str) -> str:
        """Put code back; a block takes the indent or quote sign of its mark on every line."""
        text = re.sub("^(.*?)\x00F(\\d+)\x00[ \t]*$", self._fence, text, flags=re.MULTILINE)
        text = re.sub("\x00F(\\d+)\x00", lambda m: fence(self.fences[int(m[1])]), text)
        return "\n".join(self._spans(line) if "\x00S" in line else line for line in text.split("\n"))

    def _spans(self, line: str) -> str:
        row = line.lstrip(" >").startswith("|")

        def span(match: re.Match[str]) -> str:
            code = self.spans[int(match[1])]
            return re.sub(r"(?<!\\)\|", r"\\|", code) if row else code

        return re.sub("\x00S(\\d+)\x00", span, line)

    def _fence(self, match: re.Match[str]) -> str:
        lead = match[1]
        if lead.strip(" >\t"):  # a list marker: the code goes below it
            lead_rest = re.sub(r"[^>\s]", " ", lead)
            return f"{lead.rstrip()}\n" + _prefix(fence(self.fences[int(match[2])]), lead_rest)
        return _prefix(fence(self.fences[int(match[2])]), lead)


def _prefix(text: str, lead: str) -> str:
    return "\n".join((lead + line).rstrip() for line in text.split("\n"))


def protect(text: str) -> Protected:
    """Replace code blocks and code spans by marks, so that nothing in them is taken for markup."""
    kept = Protected()

    def block(match: re.Match[str]) -> str:
        kept.fences.append(_block(match))
        return f"{match['pad']}\x00F{len(kept.fences) - 1}\x00"

    def span(match: re.Match[str]) -> str:
        kept.spans.append(match[0])
        return f"\x00S{len(kept.spans) - 1}\x00"

    kept.text = _SPAN.sub(span, _FENCE.sub(block, text.replace("\x00", "")))
    return kept


def _block(match: re.Match[str]) -> Block:
    language, title = fence_info(match["info"])
    pad = match["pad"]
    lines = match["code"].split("\n")
    if ">" in pad:
        lines = [re.sub(rf"^[ \t]*(?:>[ ]?){{0,{pad.count('>')}}}", "", line) for line in lines]
    else:
        # A fence inside a list is indented, and its code with it: that much belongs to the list.
        lines = [
            re.sub(rf"^[ ]{{0,{len(pad.expandtabs(4))}}}", "", line.expandtabs(4) if "\t" in pad else line)
            for line in lines
        ]
    return Block("\n".join(line.rstrip() for line in lines).rstrip("\n"), "code", language=language, title=title)


def fence_info(info: str) -> tuple[str, str]:
    """Split the words after a fence into language and title: `bash npm install theme={null}`."""
    match = _TITLE.search(info)
    title = next((group for group in match.groups() if group), "") if match else ""
    words = [word for word in _OPTION.sub(" ", info).split() if word.lower() not in _FLAGS]
    language = language_name(words[0]) if words else ""
    return language, title or " ".join(words[1:])


def strip_code_of_page(text: str) -> str:
    """Drop comments, imports and exports of an MDX page; code blocks must be marks by now."""
    return _strip_program(_without(_without(text, "{/*", "*/}"), "<!--", "-->"))


def _without(text: str, start: str, end: str) -> str:
    """Cut from each `start` to the next `end`; a search by hand, as a pattern would be slow on unclosed ones."""
    out: list[str] = []
    at = 0
    while (begin := text.find(start, at)) >= 0 and (close := text.find(end, begin)) >= 0:
        out.append(text[at:begin])
        at = close + len(end)
    return "".join(out) + text[at:]


def _strip_program(text: str) -> str:
    """Drop `import ...` and `export const ...`, each up to the line where its brackets close."""
    out: list[str] = []
    open_brackets = 0
    left = 0
    for line in text.split("\n"):
        if not left and _PROGRAM.match(line):
            left, open_brackets = _LONGEST_PROGRAM, 0
        if not left:
            out.append(line)
            continue
        open_brackets += sum(line.count(c) for c in "{[(") - sum(line.count(c) for c in "}])")
        goes_on = open_brackets > 0 or line.rstrip().endswith(("=", "=>"))
        left = left - 1 if goes_on else 0
    return "\n".join(out)
