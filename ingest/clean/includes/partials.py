"""MDX: pages that another page imports and shows as a component, and files that it imports as code."""

import re
from collections.abc import Callable

from ingest.clean.includes.forms import Include
from ingest.clean.render.blocks import Block, fence
from ingest.text.markdown import fenced_code

_PAGE = re.compile(
    r"^import\s+(?P<name>[A-Z]\w*)\s+from\s+(?P<quote>[\"'])(?P<target>[^\"'\n]+\.mdx?)(?P=quote);?[ \t]*$",
    re.MULTILINE,
)
_CODE = re.compile(
    r"^import\s+(?P<name>\w+)\s+from\s+(?P<quote>[\"'])(?:!!raw-loader!)?(?P<target>[^\"'\n!?]+)(?P<raw>\?raw)?"
    r"(?P=quote);?[ \t]*$",
    re.MULTILINE,
)
_PROP = re.compile(r"([\w-]+)=(?:\"([^\"]*)\"|'([^']*)'|\{[\"'`]([^\"'`{}]*)[\"'`]\})")
_USED_PROP = re.compile(r"\{\s*(?:props\.)?([\w-]+)\s*\}")
_MOST_IMPORTS = 200
Fetch = Callable[[Include], str | None]


def expand_partials(text: str, fetch: Fetch) -> str:
    """Replace the components that are imported pages by their text, and shown code that is imported by the code."""
    if "import " not in text:
        return text
    for found in list(_PAGE.finditer(text))[:_MOST_IMPORTS]:
        if _outside_code(text, found.start()):
            text = _with_page(text, found["name"], Include(found["target"]), fetch)
    for found in list(_CODE.finditer(text))[:_MOST_IMPORTS]:
        if (found["raw"] or "raw-loader!" in found[0]) and _outside_code(text, found.start()):
            text = _with_code(text, found["name"], Include(found["target"], language=""), fetch)
    return text


def _outside_code(text: str, at: int) -> bool:
    return not any(code.start <= at < code.end for code in fenced_code(text))


def _with_page(text: str, name: str, include: Include, fetch: Fetch) -> str:
    """Put the text of an imported page for each of its components; props with plain values are filled in."""
    used = re.compile(rf"^(?P<lead>[ \t]*)<{name}\b(?P<props>[^<>]*?)(?:/>|>\s*</{name}>)", re.MULTILINE)
    spots = [found for found in used.finditer(text) if _outside_code(text, found.start())]
    page = fetch(include) if spots else None
    if not spots:
        return text
    out, at = [], 0
    for found in spots:
        lead = found["lead"]
        filled = _with_props(page or "", found["props"])
        lines = [lead + line if line.strip() else "" for line in filled.split("\n")]
        out += [text[at : found.start()], "\n".join(["", *lines, ""])]
        at = found.end()
    return "".join(out) + text[at:]


def _with_props(page: str, props: str) -> str:
    """Fill in the props that have a plain value."""
    values = {m[1]: next((group for group in m.groups()[1:] if group is not None), "") for m in _PROP.finditer(props)}
    return _USED_PROP.sub(lambda match: values.get(match[1], match[0]), page) if values else page


def _with_code(text: str, name: str, include: Include, fetch: Fetch) -> str:
    """Write a component that shows imported code with that code in it."""
    shown = re.compile(
        rf"<(?P<tag>CodeBlock|Code)\b(?P<before>[^<>{{}}]*)(?:>\s*\{{\s*{name}\s*\}}\s*</(?P=tag)>"
        rf"|\scode=\{{\s*{name}\s*\}}(?P<after>[^<>{{}}]*)/>)"
    )
    if not shown.search(text):
        return text
    code = fetch(include)

    def write(match: re.Match[str]) -> str:
        words = match["before"] + (match["after"] or "")
        language = re.search(r"\blang(?:uage)?=[\"']([\w+#.-]+)", words)
        title = re.search(r"\btitle=[\"']([^\"'\n]*)", words)
        named = language[1] if language else include.ending.lstrip(".")
        block = Block(code or "", "code", language=named, title=title[1] if title else "")
        return f"\n\n{fence(block)}\n\n" if code else ""

    return shown.sub(write, text)
