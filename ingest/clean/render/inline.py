"""Inline markdown: text, links, emphasis, code spans, formulas, footnote marks."""

import re
from collections.abc import Callable, Iterable

from bs4.element import NavigableString, PageElement, Tag

from ingest.clean.dom.lookups import element_before
from ingest.clean.dom.tree import (
    INVISIBLE,
    SPACES,
    attr,
    first_named,
    join_url,
    normalize_spaces,
    squash,
    text_of,
    tokens,
)
from ingest.clean.render.blocks import Context
from ingest.clean.render.formulas import formula, is_formula
from ingest.clean.render.raw_formulas import write_raw_formulas
from ingest.text.unsafe import safe_url

_CODE = frozenset(("code", "kbd", "samp", "tt"))
_SIGNS = {
    **dict.fromkeys(("strong", "b"), "**"),
    **dict.fromkeys(("em", "i", "cite", "dfn", "var"), "*"),
    **dict.fromkeys(("del", "s", "strike"), "~~"),
}
_BREAKING = frozenset("div p li ul ol dl dt dd tr td th table section article h1 h2 h3 h4 h5 h6 pre blockquote".split())
_MAX_DEPTH = 60
_ORDINAL = re.compile(r"st|nd|rd|th|er|ème|º|ª|™|®|©|TM|SM|\*+|†+|‡+", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t]+")
_AROUND_BREAK = re.compile(r"[ \t]*\n[ \t]*")
_BREAKS = re.compile(r"\n{2,}")
_DECORATION = re.compile(r"\b(?:logo|icon|avatar)\s*$", re.IGNORECASE)
_BADGE = frozenset(("fern-docs-badge", "mint-badge", "sl-badge", "badge", "stab"))


def render_inline(nodes: Iterable[PageElement], ctx: Context, *, links: bool = True, marks: bool = True) -> str:
    """Render inline nodes on one line; `<br>` makes a new line. Without `marks`: words and code spans only."""
    writer = _Writer(ctx, links=links, marks=marks)
    text = writer.nodes(nodes, 0)
    text = _AROUND_BREAK.sub("\n", _BLANKS.sub(" ", text))
    return _BREAKS.sub("\n", text).strip()


class _Writer:
    """Renders nodes by recursion to a fixed depth; deeper nodes become bare text."""

    def __init__(self, ctx: Context, *, links: bool, marks: bool) -> None:
        self.ctx = ctx
        self.links = links
        self.marks = marks

    def nodes(self, nodes: Iterable[PageElement], depth: int) -> str:
        """Render siblings in order; blanks are not yet collapsed."""
        out: list[str] = []
        for node in nodes:
            if type(node) is NavigableString:
                text = SPACES.sub(" ", INVISIBLE.sub("", node))
                out.append(write_raw_formulas(text, node) if self.ctx.raw_formulas else text)
            elif isinstance(node, Tag) and id(node) not in self.ctx.skip:
                text = self.tag(node, depth + 1) if depth < _MAX_DEPTH else text_of(node)
                if text.startswith("`") and out and out[-1].endswith("`"):
                    out.append(" ")  # two adjacent code spans would become one
                out.append(self.lowered(text, out) if node.name == "sub" else text)
        return "".join(out)

    def lowered(self, text: str, before: list[str]) -> str:
        """Render `<sub>`: the index of a variable after `_`; that of a chemical element as it is."""
        last = before[-1][-1:] if before else ""
        chemical = last.isupper() and text.isdigit()
        index = self.marks and re.fullmatch(r"[\w+-]{1,4}", text) and last.isalnum() and not chemical
        return f"_{text}" if index else text

    def tag(self, tag: Tag, depth: int) -> str:
        """Render one element with all in it."""
        special = self.special(tag)
        if special is not None:
            return special
        inner = self.nodes(tag.contents, depth)
        name = tag.name
        if name in _SIGNS:
            return self.mark(_SIGNS[name], inner)
        if name == "a":
            return self.link(tag, inner)
        if name == "sup":
            return self.raised(tag, inner)
        if name == "span" and tag.attrs:
            return self.span(tag, inner)
        return f" {inner} " if name in _BREAKING or attr(tag, "data-as") == "p" else inner

    def span(self, tag: Tag, inner: str) -> str:
        """Render a badge in bold, and the type of a term that Sphinx shows after a colon."""
        names = tokens(tag)
        before = element_before(tag)
        if "classifier" in names and not (before is not None and "classifier-delimiter" in tokens(before)):
            return f" : {inner.strip()}"
        return inner if _BADGE.isdisjoint(names) else " " + self.mark("**", inner)

    def special(self, tag: Tag) -> str | None:
        """Render an element that is not rendered from its children; None for any other."""
        name = tag.name
        if name in _CODE:
            return code_span(_code_text(tag)) or " "
        if is_formula(tag):
            return formula(tag)
        if name == "video":
            return _video(tag, self.ctx.base)
        make = _EMPTY.get(name)
        return make(tag) if make else None

    def mark(self, sign: str, inner: str) -> str:
        """Put `sign` around the words, inside their blanks: `** bold**` is not emphasis (CommonMark 6.2)."""
        core = inner.strip()
        if not self.marks or not core or core.startswith(sign) or "\n" in core:
            return inner
        return f"{_lead(inner)}{sign}{core}{sign}{_trail(inner)}"

    def link(self, tag: Tag, inner: str) -> str:
        """Render a link or the mark of a footnote; the words alone when the link has no target."""
        label = inner.strip()
        href = attr(tag, "href")
        if is_note_mark(tag) and label:
            return label if label.startswith("[^") else f"[^{label.strip('[]^')}]"
        url = link_target(href, self.ctx.base)
        parent = tag.parent
        if parent is not None and href.startswith("#") and attr(parent, "id") == href[1:]:
            return inner  # a term that links to itself
        if not self.links or not label or not url:
            return inner
        label, rest = _label(" ".join(label.split()))
        return f"{_lead(inner)}[{label}]({url}){rest}{_trail(inner)}"

    def raised(self, tag: Tag, inner: str) -> str:
        """Render `<sup>`: a link to a numbered note as its mark, an exponent or ordinal behind `^`."""
        text = inner.strip()
        if not text or text.startswith("[^") or not self.marks:
            return inner
        link = first_named(tag, "a")
        if isinstance(link, Tag) and attr(link, "href").startswith("#") and squash(text_of(tag)).isdigit():
            return f"[^{squash(text_of(tag))}]"
        if _ORDINAL.fullmatch(text):
            return text
        return f"^{text}" if re.fullmatch(r"[\w+-]{1,4}", text) else f" {text}"


def is_note_mark(tag: Tag) -> bool:
    """Return whether a link is the mark of a footnote in the text, as MkDocs, pandoc, Sphinx and GitHub write it."""
    names = tokens(tag)
    return (
        not {"footnote-ref", "footnote-reference", "footnoteRef"}.isdisjoint(names)
        or "data-footnote-ref" in tag.attrs
        or attr(tag, "role") == "doc-noteref"
        or attr(tag, "href").startswith("#_footnotedef_")
    )


def _lead(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


def _trail(text: str) -> str:
    return text[len(text.rstrip()) :]


def _label(label: str) -> tuple[str, str]:
    """Split a label such as `git-config[1]`: brackets at its end go after the link, where they are plain text."""
    match = re.fullmatch(r"([^\[\]]+)(\[[^\[\]]*\])", label)
    return (match[1], match[2]) if match else (label, "")


def link_target(href: str, base: str) -> str:
    """Return a link's absolute address, safe inside `](...)`; "" for scripts and empty links."""
    if not href or href.strip().lower().startswith(("javascript:", "data:", "vbscript:")):
        return ""
    url = join_url(base, href)
    return re.sub(r"[()<>]", lambda m: f"%{ord(m[0]):02X}", safe_url(url))


def code_span(code: str) -> str:
    """Return an inline code span whose backticks are longer than any run inside."""
    code = code.strip()
    if not code:
        return ""
    ticks = "`" * (max((len(run) for run in re.findall(r"`+", code)), default=0) + 1)
    pad = " " if code.startswith("`") or code.endswith("`") else ""
    return f"{ticks}{pad}{code}{pad}{ticks}"


def _code_text(tag: Tag) -> str:
    text = "".join(t for t in tag.descendants if type(t) is NavigableString)
    return SPACES.sub(" ", INVISIBLE.sub("", text))


def _checkbox(tag: Tag) -> str:
    parent = tag.parent
    if attr(tag, "type").lower() != "checkbox" or parent is None or parent.name not in ("li", "p", "td", "label"):
        return ""
    return "[x] " if "checked" in tag.attrs else "[ ] "


_EMPTY: dict[str, Callable[[Tag], str]] = {
    "br": lambda _: "\n",
    "img": lambda tag: "" if _DECORATION.search(attr(tag, "alt")) else normalize_spaces(attr(tag, "alt")),
    "input": _checkbox,
}


def _video(tag: Tag, base: str) -> str:
    source = tag if attr(tag, "src") else first_named(tag, "source")
    url = link_target(attr(source, "src"), base) if isinstance(source, Tag) else ""
    return f"[Video]({url})" if url else ""
