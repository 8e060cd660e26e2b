"""Fenced code of a source file -> the code that a reader should use: its language, its title, no marks for renderers.

Generators let authors mark lines: as removed or added (VitePress `[!code --]`, Expressive Code `del={2}`), as
highlighted (Docusaurus `// highlight-next-line`), as explained below (Material's `# (1)!`), as hidden (mdBook's `# `).
A line marked as removed is dropped; of the others the mark alone goes.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from bs4.element import Tag

from ingest.clean.html import parse_html
from ingest.clean.render.blocks import Block, Context
from ingest.clean.render.code import code_blocks
from ingest.clean.render.languages import language_name
from ingest.clean.render.walk import walk

_TITLE = re.compile(r"\b(?:title|filename|file|name|label|caption|tab)=(?:\"([^\"]*)\"|'([^']*)'|\{\"([^\"]*)\"\})")
_BRACKETED = re.compile(r"(?<!\S)\[([^\[\]]+)\]")
_OPTION = re.compile(
    r"\b[\w-]+=(?:\"[^\"]*\"|'[^']*'|\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\S+)|\{[^{}]*\}|^\{.*?\}$|\"[^\"]*\"|/\S+/"
)
_CLASS = re.compile(r"(?:^|[\s{])\.([\w+#-]+)")
_FLAGS: Final = frozenset(
    "lines wrap expandable twoslash showlinenumbers nocopy copy linenos numberlines focus annotate live editable "
    "ignore no_run should_panic compile_fail noplayground runnable eval noeval line-numbers no-line-numbers static "
    "select norun nowrap numbered".split()
)
_FLAG = re.compile(r"[.#]|no(?:-|[A-Z])")
"""Words behind the language that are options, whatever the generator: classes, and what switches something off."""
_DELETED = re.compile(r"\bdel=\{([^{}]*)\}")
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
_LONGEST_RANGE: Final = 10_000
_DIFF_OF = re.compile(r"^diff\b.*?\blang=[\"']?([\w+#.-]+)")

_COMMENT = r"[ \t]*(?://|#|--|;|%|<!--|/\*|\{/\*|\"|rem\b)[ \t]*"
_COMMENT_END = r"[ \t]*(?:-->|\*/\}?)?[ \t]*$"
_NOTATION = re.compile(rf"{_COMMENT}\[!code[ ]+([^\[\]]*)\]{_COMMENT_END}|[ \t]*\[!code[ ]+([^\[\]]*)\][ \t]*$")
_MAGIC = re.compile(rf"^{_COMMENT}(?P<what>[a-z]+)-(?P<where>next-line|line|start|end){_COMMENT_END}", re.IGNORECASE)
_MAGIC_WORDS: Final = frozenset(
    "highlight error success warning focus added add insert inserted ins removed remove delete deleted del "
    "collapse".split()
)
_MAGIC_REMOVED: Final = frozenset("removed remove delete deleted del".split())
_ANNOTATION = re.compile(rf"(?:^|[ \t]+)(?://|#|--|;;|%|<!--|/\*)[ \t]*(?:\(\d{{1,2}}\)!?[ \t]*)+{_COMMENT_END}")
_ESCAPED_SNIPPET = re.compile(r"^([ \t]*);(?=-+8<-+)")
"""A line that shows how a file is included."""
_PARAMETER = re.compile(r"\{\{[<%][ \t]*(?:site-?|get-?)?param[ \t]+\"?([\w.-]+)\"?[ \t]*[%>]\}\}")
_HIDES = re.compile(r"\bhidelines=(\S+)")
_TWOSLASH = re.compile(r"^[ \t]*//[ \t]*(?:\^[?|].*|@\w+(?::.*)?|---cut(?:-\w+)?---)[ \t]*$")
_HIDDEN_RUST = re.compile(r"^[ \t]*#(?:[ ].*)?$")
ESCAPED_SHORTCODE = re.compile(r"(\{\{[<%])/\*((?:[^*]|\*(?!/)){0,2000})\*/([>%]\}\})")
"""Hugo shows a shortcode as code by a comment within its braces."""


def code_of_pre(html: str) -> Block | None:
    """The code of an HTML `<pre>`; None where it has none."""
    soup, _ = parse_html(f"<html><body>{html}</body></html>")
    pre = soup.find("pre")
    return next(iter(code_blocks(pre, Context("", walk))), None) if isinstance(pre, Tag) else None


def fence_info(info: str) -> tuple[str, str]:
    """Split the words after a fence into language and title: `bash npm install theme={null}`."""
    match = _TITLE.search(info)
    title = next((group for group in match.groups() if group), "") if match else ""
    bracketed = _BRACKETED.search(info)
    title = title or (bracketed[1] if bracketed else "")
    diff = _DIFF_OF.match(info.strip())
    bare = _OPTION.sub(" ", _BRACKETED.sub(" ", info)).split()
    if not bare:
        bare = [name for name in _CLASS.findall(info) if name.lower() not in _FLAGS][:1]
    words = [word for word in bare if word.lower() not in _FLAGS]
    name = re.split(r"[,:]", words[0])[0] if words else ""
    language = language_name(diff[1] if diff else name.lstrip("."))
    return language, title or " ".join(word for word in words[1:] if not _FLAG.match(word))


def code_block(info: str, lines: Sequence[str]) -> Block:
    """The code between two fences as a block; its text is empty where all of it was only named, not written."""
    language, title = fence_info(info)
    kept = list(_without_deleted(info, lines))
    if _DIFF_OF.match(info.strip()):
        kept = [line[1:] if line[:1] in ("+", " ") else line for line in kept if not line.startswith("-")]
    text = "\n".join(line.rstrip() for line in _readable(kept, language, info))
    text = _PARAMETER.sub(r"<\1>", text.replace("\\{{#", "{{#")) if "{{" in text else text
    text = ESCAPED_SHORTCODE.sub(r"\1\2\3", text) if "/*" in text else text
    return Block(text.strip("\n") if not text.strip() else text.rstrip("\n"), "code", language=language, title=title)


def _without_deleted(info: str, lines: Sequence[str]) -> Iterator[str]:
    """The lines but those that `del={1,3-4}` names, counted from 1."""
    deleted: set[int] = set()
    for named in _DELETED.findall(info):
        for first, last in _RANGE.findall(re.sub(r"\"[^\"]*\":?", "", named)):
            deleted.update(range(int(first[:6]), min(int((last or first)[:6]), _LONGEST_RANGE) + 1))
    return (line for number, line in enumerate(lines, 1) if number not in deleted)


def _readable(lines: Sequence[str], language: str, info: str) -> Iterator[str]:
    """The lines without marks for renderers, and without those that are marked as removed."""
    removed = 0  # lines that are still to be dropped; -1: up to the end of the marked range
    for raw in lines:
        magic = _MAGIC.match(raw)
        if magic and magic["what"].lower() in _MAGIC_WORDS:
            if magic["what"].lower() in _MAGIC_REMOVED:
                removed = {"start": -1, "end": 0}.get(magic["where"].lower(), 1)
            continue
        if removed:
            removed -= removed > 0
            continue
        line, removed = _without_notation(raw)
        if line is not None and not _is_hidden(line, language, info):
            line = _ANNOTATION.sub("", line) if ")" in line else line
            yield _ESCAPED_SNIPPET.sub(r"\1", line) if "8<" in line else line


def _without_notation(line: str) -> tuple[str | None, int]:
    """A line without VitePress's mark, None where nothing is left of it; and how many lines after it are removed."""
    found = _NOTATION.search(line) if "[!code" in line else None
    if found is None:
        return line, 0
    what = (found[1] or found[2]).strip()
    if what.startswith("--"):
        return None, max(0, int((re.findall(r":(\d{1,4})", what) or ["1"])[0]) - 1)
    return line[: found.start()] or None, 0


def _is_hidden(line: str, language: str, info: str) -> bool:
    """Whether a line is not shown: hidden lines of Rust examples, queries of twoslash."""
    hides = _HIDES.search(info)
    if hides and line.lstrip().startswith(hides[1]):
        return True
    if language == "rust" and _HIDDEN_RUST.match(line):
        return True
    return "twoslash" in info and bool(_TWOSLASH.match(line))
