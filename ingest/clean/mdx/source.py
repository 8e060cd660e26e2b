"""The passes over a source file: code out of the way, programs and comments out, dialects to components."""

import re
from dataclasses import dataclass, field

from ingest.clean.mdx.containers import Containers
from ingest.clean.mdx.fences import ESCAPED_SHORTCODE
from ingest.clean.mdx.formulas import replace_formulas
from ingest.clean.mdx.indented import find_indented_code
from ingest.clean.render.blocks import Block, fence
from ingest.clean.render.languages import language_of_label
from ingest.text.front_matter import split_front_matter
from ingest.text.markdown import fenced_code

# As `ingest.text.markdown.CODE_SPAN`, but a backslash before it keeps it from being one, and it ends with the block.
_SPAN = re.compile(r"(?<![`\\])(`+)(?!`)((?:[^\n]|\n(?![ \t]*(?:\n|[-*+>#|<:\x00]|\d+[.)]))){0,2000}?[^`\n])\1(?!`)")
_PROGRAM = re.compile(
    r"export\s+(?:default\s+(?:(?:async|class|function|const|let|var)\b|[({\[<]|\w+\s*(?:[;(]|$))"
    r"|(?:const|let|var|function|async|class|type|interface|enum)\s|\*|\{)|"
    r"import\s+(?:type\s+)?(?:['\"]|\*\s+as\s|\{[^}]*$|\{[^}]*\}\s*from\b"
    r"|\w+\s*(?:,\s*(?:\{[^}]*\}?|\*\s+as\s+\w+))?\s*from\b)"
)
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_HEADING_COMMENT = re.compile(r"^([ \t]*#{1,6}[ \t].*?)[ \t]*\{/\*[ \t]*#([\w:.-]+)[ \t]*\*/\}[ \t]*$", re.MULTILINE)
_AUTHORED = re.compile(
    r"<!--|^(?:import|export)\s.*['\"{]|^[ \t]*:::|^!!![ ]|^===[ ]\"|\{\{[<%#]|\{%[ -]|^[ \t]*>[ ]\[![A-Z]+\]"
    r"|\]\((?![a-z]+:)[^()\s]*\.mdx?(?:#[^()\s]*)?\)",
    re.MULTILINE,
)
_LONGEST_PROGRAM = 300  # lines; brackets that stay open longer belong to no import or export
_CODE_SHORTCODE = re.compile(
    r"\{\{[<%][ \t]*(?P<name>highlight|tabpane|tab)\b(?P<rest>[^{}\n]*)[%>]\}\}"
    r"|\{%-?[ \t]*highlight[ \t]+(?P<lang>[\w+#.-]+)[^{}\n]*%\}"
)
_CODE_COMPONENT = re.compile(
    r"<(?:CodeBlock|Code)\b(?P<before>[^<>`]*?)(?:>\s*\{`(?P<inner>[^`]*)`\}\s*</(?:CodeBlock|Code)>"
    r"|\scode=\{`(?P<code>[^`]*)`\}(?P<after>[^<>`]*)/>)"
)
_TITLES = re.compile(r"\b(title)=[\"']([^\"'`\n]*)[\"']")
_LANGUAGE = re.compile(r"\blang=\"?([\w+#.-]+)")
_HEADER = re.compile(r"\"([^\"]*)\"")


@dataclass(slots=True)
class Protected:
    """Text whose code and formulas were replaced by marks, and the original of each mark.

    `notes` describes the parts that could not be read as the author meant them.
    """

    text: str = ""
    fences: list[Block] = field(default_factory=list)
    spans: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def restore(self, text: str) -> str:
        """Put code back; a block takes the indent or quote sign of its mark on every line."""
        text = re.sub("^(.*?)\x00F(\\d+)\x00[ \t]*$", self._fence, text, flags=re.MULTILINE)
        text = re.sub("\x00F(\\d+)\x00", lambda m: fence(self.fences[int(m[1])]), text)
        return "\n".join(self._spans(line) if "\x00S" in line else line for line in text.split("\n"))

    def bare(self, text: str) -> str:
        """The text with its code spans and formulas as they were written."""
        return re.sub("\x00S(\\d+)\x00", lambda m: self.spans[int(m[1])], text)

    def span(self, code: str) -> str:
        """Keep a code span or formula; gives its mark."""
        self.spans.append(self.bare(code))
        return f"\x00S{len(self.spans) - 1}\x00"

    def block(self, block: Block) -> str:
        """Keep a code block; gives its mark."""
        self.fences.append(block)
        return f"\x00F{len(self.fences) - 1}\x00"

    def protect_spans(self, text: str) -> str:
        """Replace code spans and formulas by marks."""
        return replace_formulas(_SPAN.sub(self._span, text), self.span)

    def _span(self, match: re.Match[str]) -> str:
        code = re.sub(r"[ \t]*\n[ \t]*", " ", match[0])
        return self.span(ESCAPED_SHORTCODE.sub(r"\1\2\3", code) if "/*" in code else code)

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
    """Replace code and formulas by marks and containers by tags, so that nothing in code is taken for markup."""
    kept = Protected()
    reader = Containers(_fence_code(text.replace("\x00", "")).split("\n"), kept.fences)
    kept.text = kept.protect_spans(reader.read())
    kept.notes = reader.notes
    return kept


def _fence_code(text: str) -> str:
    """Write code that shortcodes or components enclose as fenced code; what is fenced already stays."""
    text = _fence_shortcodes(text)
    if "={`" not in text and ">{`" not in text and "{`\n" not in text:
        return text
    fenced = [(code.start, code.end) for code in fenced_code(text)]

    def write(match: re.Match[str]) -> str:
        if any(start <= match.start() < end for start, end in fenced):
            return match[0]
        info = " ".join(
            f'{name}="{value}"' for name, value in _TITLES.findall(match["before"] + (match["after"] or ""))
        )
        language = re.search(r"\blang(?:uage)?=[\"']([\w+#.-]+)", match[0])
        code = (match["inner"] or match["code"]).strip("\n")
        return f"\n\n~~~~~{language[1] if language else 'text'} {info}\n{code}\n~~~~~\n\n"

    return _CODE_COMPONENT.sub(write, text)


def _fence_shortcodes(text: str) -> str:
    """Write code that Hugo and Jekyll enclose in shortcodes as fenced code."""
    out: list[str] = []
    at = 0
    pane = ""
    while found := _CODE_SHORTCODE.search(text, at):
        name, rest = found["name"], found["rest"] or ""
        pane = rest if name == "tabpane" else pane
        language = found["lang"] or ("" if name == "tabpane" else _language(name, rest, pane))
        end = text.find(f"/{name}" if name else "endhighlight", found.end()) if language else -1
        if end < 0:
            out.append(text[at : found.end()])
            at = found.end()
            if language:
                break
            continue
        begin = max(text.rfind("{{" if name else "{%", found.end(), end), found.end())
        stop = max(text.find("}}" if name else "%}", end), end) + 2
        lead, tail = (found[0], text[begin:stop]) if name == "tab" else ("", "")
        code = text[found.end() : begin].strip("\n")
        out += [text[at : found.start()], lead, f"\n\n~~~~~{language}\n{code}\n~~~~~\n\n", tail]
        at = stop
    return "".join(out) + text[at:]


def _language(name: str, rest: str, pane: str) -> str:
    """The language of code in a shortcode; "" for a tab whose content is text. Docsy names it on the tabs or around."""
    named = _LANGUAGE.search(rest) or (_LANGUAGE.search(pane) if name == "tab" else None)
    if name != "tab":
        return named[1] if named else (rest.split() or ["text"])[0].strip('",')
    if "text=true" in rest or ("text=true" in pane and not _LANGUAGE.search(rest)):
        return ""
    header = _HEADER.search(rest)
    return (
        named[1] if named else (language_of_label(header[1]) or "text") if header and "langEqualsHeader" in pane else ""
    )


def fence_indented_code(text: str, kept: Protected) -> str:
    """Replace indented code by marks. MDX has none: there, an indent is only how its author writes."""
    lines = text.split("\n")
    for code in reversed(find_indented_code(text)):
        body = [kept.restore(line) for line in code.lines]
        lines[code.start : code.end] = [code.lead + kept.block(Block("\n".join(body), "code")), ""]
    return "\n".join(lines)


def is_authored(text: str) -> bool:
    """Whether a file is the source of a page, not the page that a converter made of HTML.

    Its front matter names no address, or it has what no converter writes: comments, imports, containers, shortcodes,
    links to files of markdown.
    """
    matter, body = split_front_matter(text)
    if any("://" in value for value in matter.values()):
        return False
    return bool(matter) or bool(_AUTHORED.search(body))


def has_program(text: str) -> bool:
    """Whether a page imports or exports, which only MDX does."""
    return ("import" in text or "export" in text) and any(map(_PROGRAM.match, text.split("\n")))


def has_components(text: str) -> bool:
    """Whether a page closes components, as MDX does and the markdown of some converters."""
    return bool(re.search(r"</[A-Z]\w*>", text))


def strip_code_of_page(text: str) -> str:
    """Drop comments, imports and exports of an MDX page; code blocks must be marks by now."""
    text = _HEADING_COMMENT.sub(r"\1 {#\2}", text)
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
        bare = _STRING.sub("", line)
        open_brackets += sum(bare.count(c) for c in "{[(") - sum(bare.count(c) for c in "}])")
        goes_on = open_brackets > 0 or line.rstrip().endswith(("=", "=>"))
        left = left - 1 if goes_on else 0
    return "\n".join(out)
