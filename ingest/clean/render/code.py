"""Code blocks: `<pre>` in the many shapes of highlighters -> language, title and text.

The title of a code block is the file name, label or caption above the code.
"""

import html
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from itertools import islice

from bs4.element import NavigableString, PageElement, Tag

from ingest.clean.dom.lookups import element_before
from ingest.clean.dom.tree import (
    INVISIBLE,
    Index,
    attr,
    children,
    elements,
    first_named,
    normalize_spaces,
    text_of,
    tokens,
)
from ingest.clean.render.blocks import Block, Context
from ingest.clean.render.code_marks import CUT, removed_lines, without_marks
from ingest.clean.render.languages import KNOWN, guess_language, language_name

# Line numbers, prompts, copy buttons and language badges: never part of the code.
GUTTER = frozenset(
    "code-block-line-gutter linenos lineno linenodiv line-number line-numbers-rows line-numbers-wrapper ln lnt gutter "
    "hljs-ln-numbers rouge-gutter react-syntax-highlighter-line-number linenumber blob-num conum buttons copybtn "
    "copy-button btn-copy fern-copy-button lang copy clipboard clip-button source-toolbox "
    "code-btn-container btn-copy-code".split()
)
_LINES = frozenset("code-block-line line ec-line token-line view-line code-line hljs-ln-line CodeMirror-line".split())
_CODE_BOXES = frozenset(("highlight", "highlighttable"))
_ROWS = ("div", "p", "li")
_DROPPED = frozenset(("style", "script", "button", "svg", "template", "colgroup", "noscript", "input"))
_LANGUAGE_CLASS = re.compile(
    r"(?:language|lang|highlight-source|mw-highlight-lang|highlight|brush|code)[-:](?!line|block|wrapper)([\w+#.-]+)"
)
# Two brushes of SyntaxHighlighter: a class (`brush: js`) and Confluence's data attribute.
_BRUSH = re.compile(r"\bbrush:\s*([\w+#.-]+)")
# A column of line numbers in a table next to the code.
_NUMBERS = re.compile(r"\s*\d+(?:\s+\d+)*\s*")


_COPY = re.compile(r"(?:^|[-_])(?:copy|clipboard|zeroclipboard|copybutton|copybtn)(?:$|[-_])")


def _dropped(tag: Tag) -> bool:
    if tag.name in _DROPPED:
        return True
    names = tokens(tag) if tag.attrs else []
    return bool(names) and (not GUTTER.isdisjoint(names) or any(map(_COPY.search, names)))


def _callout_number(tag: Tag) -> bool:
    """Return whether this is the `(1)` that AsciiDoc puts after a line which is explained below."""
    before = tag.previous_sibling
    return tag.name == "b" and isinstance(before, Tag) and "conum" in tokens(before)


def _pieces(root: Tag, removed: AbstractSet[int]) -> list[str]:
    """Collect the text below `root`, `<br>` as a newline. Highlighters nest deep: no recursion."""
    out: list[str] = []
    stack: list[PageElement] = list(reversed(root.contents))
    while stack:
        node = stack.pop()
        if type(node) is NavigableString:
            out.append(node)
        elif isinstance(node, Tag) and not _dropped(node) and not _callout_number(node):
            if id(node) in removed:
                out.append(CUT)
                continue
            if node.name == "br":
                out.append("\n")
            stack.extend(reversed(node.contents))
    return out


def _text(tag: Tag, removed: AbstractSet[int] = frozenset()) -> str:
    return CUT if id(tag) in removed else "".join(_pieces(tag, removed))


def _line_elements(pre: Tag) -> list[Tag]:
    """Find the elements that are one line each: rows of a code table, or what highlighters call a line."""
    rows = [node for node in elements(pre) if node.name == "tr"]
    if rows:
        return rows
    lines = [node for node in elements(pre) if not _LINES.isdisjoint(tokens(node))]
    if lines:
        return lines
    inner = first_named(pre, "code") or pre
    codes = [node for node in children(pre) if node.name == "code"]
    if len(codes) > 1:
        return codes  # each line in an element of its own
    blocks = [node for node in children(inner) if node.name in _ROWS]
    others = any(node.name not in _ROWS if isinstance(node, Tag) else str(node).strip() for node in inner.contents)
    return [] if others else blocks


def _newline_follows(line: Tag) -> bool:
    after = line.next_sibling
    return (type(after) is NavigableString and "\n" in after) or _text(line).endswith("\n")


def code_text(pre: Tag, removed: AbstractSet[int] = frozenset()) -> str:
    """Return the code of a `<pre>`: lines joined, gutters left out, white space inside lines kept.

    `removed`: `id()` of elements to leave out, each with the newline after it.
    """
    lines = _line_elements(pre)
    if len(lines) > 1 and not all(_newline_follows(line) for line in lines[:-1]):
        text = "\n".join(_text(line, removed).strip("\n") for line in lines)
    else:
        text = _text(pre, removed)
    text = without_marks(text, annotated=_is_annotated(pre))
    text = INVISIBLE.sub("", text).replace("\u00a0", " ").replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


def _is_annotated(pre: Tag) -> bool:
    """Return whether MkDocs Material shows the notes for this code, which are the list after it."""
    box = next((parent for parent in islice(pre.parents, 3) if not _CODE_BOXES.isdisjoint(tokens(parent))), pre)
    if not any("annotate" in tokens(parent) for parent in (pre, *islice(pre.parents, 4))):
        return False
    after = box.find_next_sibling()
    return after is not None and after.name == "ol"


def _declared(tag: Tag) -> str:
    for name in ("language", "data-lang", "data-language", "syntax", "lang"):
        value = language_name(attr(tag, name))
        if value and (name != "lang" or tag.name in ("pre", "code")):
            return value
    brush = _BRUSH.search(attr(tag, "class") or attr(tag, "data-syntaxhighlighter-params"))
    if brush and language_name(brush[1]):
        return language_name(brush[1])
    found = tokens(tag)
    for token in found:
        match = _LANGUAGE_CLASS.fullmatch(token)
        name = language_name(match[1]) if match else ""
        if name and (name in KNOWN or not token.startswith("code")):
            return name
    return _bare_name(tag, found)


def _bare_name(tag: Tag, found: list[str]) -> str:
    """Find a language next to the class of a highlighter: `hljs python`, `highlight ruby`."""
    if {"rust", "sourceCode", "hljs", "prettyprint"} & set(found):
        names = (language_name(token) for token in found if token not in ("hljs", "sourceCode", "prettyprint"))
        return next((name for name in names if name.isalpha() and len(name) < 12), "")
    if tag.name not in ("pre", "code") and "mermaid" not in found:
        return ""
    return next((language_name(token) for token in found if language_name(token) in KNOWN), "")


def _blocks_in(tag: Tag) -> Iterator[Tag]:
    return (node for node in elements(tag) if node.name == "pre")


def declared_language(pre: Tag) -> str:
    """Find the language that the page states: on the code, the `<pre>` or up to five wrappers around it."""
    inner = list(islice((node for node in elements(pre) if node.name == "code"), 1))
    around = [parent for parent in pre.parents if isinstance(parent, Tag)][:5]
    for tag in (*inner, pre, *around):
        if tag.name in ("body", "main", "article", "html"):
            break
        language = _declared(tag)
        if language:
            return language
        if any(tag is parent for parent in around) and len(list(islice(_blocks_in(tag), 2))) > 1:
            break
    return ""


def _shell(pre: Tag) -> str:
    """Recognise a shell by a prompt where other blocks have their line numbers (Fern)."""
    gutter = next((node for node in elements(pre) if not GUTTER.isdisjoint(tokens(node))), None)
    return "bash" if gutter is not None and text_of(gutter) == "$" else ""


def _terminal(pre: Tag, text: str) -> str:
    """Remove colour markup from a recorded terminal, which the page's script would show as colours."""
    if not any("termy" in tokens(parent) for parent in pre.parents):
        return text
    return html.unescape(re.sub(r"</?(?:font|span|b|i|u|a)\b[^<>]*>", "", text))


def code_blocks(pre: Tag, ctx: Context) -> list[Block]:
    """Render a `<pre>`; nothing when it has no code or only a column of line numbers."""
    declared = declared_language(pre)
    removed = removed_lines(pre) if declared != "diff" else set()
    text = _terminal(pre, code_text(pre, removed))
    if not text.strip() and removed:
        text = "\n".join(f"- {line}" if line else "-" for line in code_text(pre).split("\n"))
        declared = "diff"
    if not text.strip() or (pre.parent is not None and pre.parent.name == "td" and _NUMBERS.fullmatch(text)):
        return []
    title = ctx.titles.get(id(pre), "") or ctx.labels.get(id(pre), "")
    language = declared or _shell(pre) or guess_language(text, title)
    return [Block(text, "code", language=language, title=title)]


# Elements with the title or file name of the code block that follows them.
_TITLE_CLASSES = frozenset(
    "fern-code-block-title-label filename code-block-title codeblock-title code-title code-block-filename "
    "code-block-caption sd-card-header-code highlight-title gatsby-code-title remark-code-title codeHeader".split()
)
_TITLE_PARTS = frozenset(("code-block-header-filename",))
_FILE_NAME = re.compile(r"[\w@./\[\]-]{0,80}\.[a-z]\w{0,9}")
_SHARED = 6  # a title and its code have a common ancestor within this many levels
_LONGEST = 40  # characters of a bar above code
_PROSE = ["p", "pre", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "code"]


def _title_elements(index: Index) -> list[Tag]:
    found = [tag for name in _TITLE_CLASSES for tag in index.classes.get(name, ())]
    found += [tag for name in _TITLE_PARTS for tag in index.parts.get(name, ())]
    found += [tag for token, tags in index.classes.items() if token.startswith("codeBlockTitle") for tag in tags]
    for figure in index.classes.get("expressive-code", ()):
        found += [tag for tag in elements(figure) if "title" in tokens(tag)]
    for box in index.classes.get("listingblock", ()):
        found += [tag for tag in children(box) if "title" in tokens(tag)]
    for caption in index.names.get("figcaption", ()):
        parent = caption.find_parent("figure") or caption.parent
        if parent is not None and caption not in found and first_named(parent, "pre") is not None:
            found.append(caption)
    return found


def _heads(index: Index) -> Iterator[tuple[Tag, str]]:
    """Yield bars right above a code block with the title in them: a file name, a language, a copy button."""
    for pre in index.names.get("pre", ()):
        before = element_before(pre)
        parent = pre.parent
        if before is None and parent is not None and parent.name == "div":
            before = element_before(parent)
        if before is None or before.name not in ("div", "span", "header", "figcaption") or first_named(before, _PROSE):
            continue
        pressed = first_named(before, ("button", "select")) is not None
        text = re.sub(r"\s*\b(?:Copy|Copied!?)$", "", _bare(before))
        named = _FILE_NAME.fullmatch(text) or language_name(text) in KNOWN
        if text and (named or (pressed and len(text) <= _LONGEST and not text.endswith((".", ":")))):
            yield before, "" if language_name(text) == (declared_language(pre) or "text") else text


def _bare(tag: Tag) -> str:
    """Return the text of a bar without that of its buttons."""
    buttons = {id(node) for node in tag.find_all(["button", "select"])}
    texts = (t for t in tag.descendants if type(t) is NavigableString)
    return normalize_spaces("".join(t for t in texts if not any(id(parent) in buttons for parent in t.parents)))


def _next_code(tag: Tag) -> Tag | None:
    """Return the first `<pre>` after a title that is not a column of line numbers."""
    pre = tag.find_next("pre")
    if isinstance(pre, Tag) and any(not {"linenos", "linenodiv"}.isdisjoint(tokens(p)) for p in pre.parents):
        pre = pre.find_next("pre")
    return pre if isinstance(pre, Tag) else None


def find_titles(index: Index) -> tuple[dict[int, str], set[int]]:
    """Return {`id()` of a `<pre>`: title}, and the `id()` of the title elements, which are not text."""
    titles: dict[int, str] = {}
    used: set[int] = set()
    for tag, text in (*((tag, text_of(tag)) for tag in _title_elements(index)), *_heads(index)):
        pre = _next_code(tag)
        if pre is None or not text_of(tag) or tag.find_parent("pre") is not None:
            continue
        near = {id(parent) for _, parent in zip(range(_SHARED), tag.parents, strict=False)}
        if near.isdisjoint(id(parent) for _, parent in zip(range(_SHARED), pre.parents, strict=False)):
            continue
        if text:
            titles.setdefault(id(pre), text)
        used.add(id(tag))
    return titles, used
