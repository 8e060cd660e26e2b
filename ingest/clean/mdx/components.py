"""Components of MDX pages (`<Note>`, `<Tabs>`, `<Steps>` ...) -> the markdown that their HTML gives."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from textwrap import dedent

from ingest.clean.mdx.normalize import unlinked
from ingest.clean.mdx.source import Protected
from ingest.clean.render.blocks import bold, indent
from ingest.clean.render.components import CALLOUT_KINDS
from ingest.text.markdown import LIST_ITEM

_CALLOUTS = {
    "Note": "Note", "Tip": "Tip", "Warning": "Warning", "Info": "Info", "Check": "Check", "Danger": "Danger",
    "Error": "Danger", "Success": "Success", "Callout": "Note", "Aside": "Note", "Admonition": "Note", "Alert": "Note",
    "Caution": "Caution", "Important": "Important", "Hint": "Hint",
}  # fmt: skip
_DROPPED = frozenset(
    "LlmsOnly Icon RequestExampleSkeleton CopyPromptButton style script svg path iframe button template".split()
)
_HTML = (
    "div|span|p|section|article|main|aside|header|footer|nav|figure|figcaption|center|font|picture|source|video|img|br|hr|"
    "details|summary|a|sup|sub|kbd|small|u|b|strong|i|em|code|tt|del|ins|mark|abbr|nobr|wbr|pre|li|tr|td|th|style|script|svg|"
    "path|iframe|select|option|textarea|button|input|label|form|template|slot|noscript"
)
_BRACES = "[^{}]"
for _ in range(4):  # expressions of JSX, to the depth that objects in arrays in objects have
    _BRACES = rf"(?:[^{{}}]|\{{{_BRACES}*\}})"
_TAG = re.compile(
    rf"<(?P<close>/?)(?P<name>[A-Z][\w.]*|(?:{_HTML})(?=[\s/>]))"
    rf"(?P<attrs>(?:\s+[\w:@#.-]+(?:=(?:\"[^\"]*\"|'[^']*'|\{{{_BRACES}*\}}|[^\s\"'<>{{}}=]+))?|\s*\{{\.\.\.[^}}]*\}})*)\s*(?P<self>/?)>"
)
_ATTR = re.compile(r"([\w:-]+)(?:=(?:\"([^\"]*)\"|'([^']*)'|\{\s*[\"'`]?((?:[^{}\"'`]|\{[^{}]*\})*)[\"'`]?\s*\}))?")
_VOID = frozenset(("img", "br", "hr", "source", "wbr", "input", "path"))
_INLINE = frozenset(
    "span a sup sub kbd small u b strong i em code tt del ins mark abbr nobr pre font label br img picture Tooltip "
    "Badge Icon Link LinkButton Term Kbd".split()
)
_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "del": "~~", "code": "`", "tt": "`", "kbd": "`"}
_FOLDED = frozenset(("Accordion", "Details", "details", "Collapsible", "Expand"))
_TABS = frozenset(("Tab", "TabItem", "TabPanel", "TabsItem", "TabsContent", "CodeBlock", "CodeGroupItem"))
_ONE_FENCE = re.compile("\\s*\x00F(\\d+)\x00\\s*")
_MAX_DEPTH = 30
_MOST_OPEN = 100
_ENDED_BY_NEXT = frozenset(("p", "li", "tr", "td", "th"))  # HTML lets these be closed by the next of their name
_MOST_NOTES = 5


@dataclass(slots=True)
class _Node:
    name: str
    attrs: dict[str, str] = field(default_factory=dict)
    kids: "list[_Node | str]" = field(default_factory=list)

    @property
    def title(self) -> str:
        """What a reader sees as its title."""
        return self.attrs.get("title") or self.attrs.get("label") or self.attrs.get("header", "")


@dataclass(slots=True)
class _Writer:
    """Renders the tree of components; `level` is that of the last heading."""

    kept: Protected
    level: int = 1

    def kids(self, node: _Node, depth: int, *, ends: bool) -> str:
        """Render what is in a node. `ends`: nothing of its section follows the node."""
        out: list[str] = []
        last = _ends_of_sections(node.kids, ends=ends)
        for kid, is_last in zip(node.kids, last, strict=True):
            if isinstance(kid, str):
                levels = re.findall(r"^(#{1,6})[ \t]", kid, re.MULTILINE)
                self.level = len(levels[-1]) if levels else self.level
                out.append(kid)
                continue
            lead = _lead(out, nested=depth > 0)
            text = self.node(kid, depth + 1, ends=is_last, lead=lead)
            if lead and text.startswith("\n\n"):
                out[-1] = out[-1][: len(out[-1]) - len(lead)]
                text = "\n".join((lead + line).rstrip() for line in text.split("\n"))
            out.append(text)
        return "".join(out)

    def node(self, node: _Node, depth: int, *, ends: bool, lead: str) -> str:
        name = node.name
        if name in _DROPPED or (name == "Visibility" and node.attrs.get("for") == "agents"):
            return ""
        if name in _VOID:
            return {"img": unlinked(node.attrs.get("alt", "")), "hr": "\n", "wbr": ""}.get(name, " ")
        before = self.level
        if "values" in node.attrs:
            _label_tabs(node)
        headed = name in _FOLDED and ends and not lead
        if headed:
            self.level = min(6, max(2, before + 1))
        inner = self.kids(node, depth, ends=ends) if depth < _MAX_DEPTH else _flat(node)
        if name in _INLINE:
            return _inline(node, inner)
        if ">" in lead:
            inner = re.sub(rf"^[ \t]*(?:>[ ]?){{0,{lead.count('>')}}}", "", inner, flags=re.MULTILINE)
        text = self.block(node, dedent(inner).strip("\n"), level=self.level if headed else 0)
        if name in _FOLDED:
            self.level = before
        return f"\n\n{text}\n\n" if text.strip() else "\n"

    def block(self, node: _Node, text: str, level: int) -> str:
        """Render a component on lines of its own; an unknown one leaves its content. `level`: of its heading."""
        if node.name in _CALLOUTS:
            return _callout(node, text)
        if node.name in _FOLDED:
            return _accordion(node, text, level)
        if node.name in _TABS:
            return self.tab(node, text)
        render = _RENDER.get(node.name)
        return render(node, text) if render else text

    def tab(self, node: _Node, text: str) -> str:
        """A tab with one code block titles it; else its title is in bold above it."""
        title = node.title or node.attrs.get("value", "")
        match = _ONE_FENCE.fullmatch(text)
        if match:
            block = self.kept.fences[int(match[1])]
            block.title = block.title or self.kept.bare(title).replace("`", "")
            return text
        return f"{bold(title)}\n\n{text}" if text.strip() and title else text


def render_components(text: str, kept: Protected) -> str:
    """Render the components of a page whose code is protected; unknown ones leave their content."""
    if not _TAG.search(text):
        return text
    # A step outside of `<Steps>` still has the mark for its number; lists count themselves later.
    return _Writer(kept).kids(_parse(text, kept), 0, ends=True).replace("\x01", "1. ")


def _parse(text: str, kept: Protected) -> _Node:
    """Build the tree of tags. A closing tag alone is dropped; what is never closed encloses nothing.

    Deeper than `_MOST_OPEN` a tag encloses nothing either; it is only counted, so that its end closes no other.
    """
    root = _Node("")
    stack = [root]
    beyond: Counter[str] = Counter()
    at = 0
    for match in _TAG.finditer(text):
        stack[-1].kids.append(text[at : match.start()])
        at = match.end()
        name = match["name"]
        if match["close"] and beyond[name]:
            beyond[name] -= 1
        elif match["close"]:
            depth = next((i for i in range(len(stack) - 1, 0, -1) if stack[i].name == name), 0)
            _unwrap(stack, depth + 1 if depth else len(stack), kept)
            del stack[depth or len(stack) :]
        else:
            if name in _ENDED_BY_NEXT and stack[-1].name == name:
                stack.pop()
            node = _Node(name, _attributes(match["attrs"]))
            stack[-1].kids.append(node)
            if match["self"] or name in _VOID:
                continue
            if len(stack) < _MOST_OPEN:
                stack.append(node)
            else:
                beyond[name] += 1
    stack[-1].kids.append(text[at:])
    _unwrap(stack, 1, kept)
    return root


def _unwrap(stack: list[_Node], first: int, kept: Protected) -> None:
    """Take the content of the components from `first` on, which were not closed, out of them."""
    for depth in range(len(stack) - 1, first - 1, -1):
        node = stack[depth]
        if node.name[0].isupper() and len(kept.notes) < _MOST_NOTES and node.kids:
            kept.notes.append(f"<{node.name}> is not closed")
        if node.name not in _ENDED_BY_NEXT:
            stack[depth - 1].kids += node.kids
            node.kids = []


def _ends_of_sections(kids: "list[_Node | str]", *, ends: bool) -> list[bool]:
    """For each kid, whether nothing but boxes that fold out comes between it and the end of its section."""
    found: list[bool] = []
    for kid in reversed(kids):
        found.append(ends)
        if isinstance(kid, str):
            ends = ends if not kid.strip() else bool(re.match(r"\s*#{1,6}[ \t]", kid))
        elif kid.name not in _FOLDED:
            ends = False
    return found[::-1]


def _lead(out: list[str], *, nested: bool) -> str:
    """The indent or quote signs before a component on its line: those of the list item or quote that it is in."""
    lead = out[-1].rpartition("\n")[2] if out else ""
    if not lead or lead.strip(" \t>") or (len(out) > 1 and "\n" not in out[-1]):
        return ""
    if nested or ">" in lead:
        return lead
    for line in reversed("".join(out[-40:]).split("\n")[:-1]):
        if line.strip() and len(line) - len(line.lstrip(" \t")) < len(lead):
            return lead if LIST_ITEM.match(line) else ""
    return ""


def _attributes(text: str) -> dict[str, str]:
    found = {m[1]: next((g for g in m.groups()[1:] if g is not None), "true") for m in _ATTR.finditer(text)}
    return found | ({"values": text} if "values=" in text else {})


def _label_tabs(tabs: _Node) -> None:
    """Give tabs the labels that Docusaurus lists by value: `values={[{label: 'macOS', value: 'mac'}]}`."""
    labels: dict[str, str] = {}
    for entry in re.findall(r"\{([^{}]*)\}", tabs.attrs["values"]):
        facts = dict(re.findall(r"\b(label|value)['\"]?\s*:\s*['\"]([^'\"]*)['\"]", entry))
        labels[facts.get("value", "")] = facts.get("label", "")
    for kid in tabs.kids:
        if isinstance(kid, _Node) and labels.get(kid.attrs.get("value", "")):
            kid.attrs.setdefault("label", labels[kid.attrs["value"]])


def _flat(node: _Node) -> str:
    """Text below a node that is nested deeper than any real page, by an explicit stack."""
    out: list[str] = []
    stack: list[_Node | str] = [node]
    while stack:
        here = stack.pop()
        if isinstance(here, str):
            out.append(here)
        else:
            stack.extend(reversed(here.kids))
    return "".join(out)


def _inline(node: _Node, inner: str) -> str:
    if node.name == "Badge":
        return bold(inner.strip() or node.attrs.get("text", ""))
    if node.name == "sup" and re.fullmatch(r"[\w+-]{1,4}", inner.strip()):
        return f"^{inner.strip()}"
    if (
        node.name in _MARKS
        and inner.strip()
        and "\x00" not in inner
        and not inner.strip().startswith(_MARKS[node.name])
    ):
        words, sign = inner.strip(), _MARKS[node.name]
        return inner.replace(words, f"{sign}{words}{sign}", 1)
    href = node.attrs.get("href") or (node.attrs.get("to", "") if node.name == "Link" else "")
    is_link = node.name in ("a", "Link", "LinkButton") and href and inner.strip()
    return f"[{' '.join(inner.split())}]({href})" if is_link and "{" not in href else inner


def _callout(node: _Node, text: str) -> str:
    named = (node.attrs.get("type") or node.attrs.get("intent") or node.attrs.get("severity") or "").lower()
    kind = CALLOUT_KINDS.get(named) or _CALLOUTS.get(named.capitalize()) or _CALLOUTS[node.name]
    title = node.title.strip()
    if title.lower() in CALLOUT_KINDS:
        kind, title = CALLOUT_KINDS[title.lower()], ""
    title = title.replace("**", "")
    lines = [f"**{kind}: {title}**" if title else f"**{kind}**", "", *text.strip("\n").split("\n")]
    return "\n".join(f"> {line}".rstrip() for line in lines) if text.strip() else ""


def _accordion(node: _Node, text: str, level: int) -> str:
    title = node.title or node.attrs.get("summary", "")
    if not title and node.name in ("details", "Details"):
        summary = next((kid for kid in node.kids if isinstance(kid, _Node) and kid.name == "summary"), None)
        lines = text.strip().split("\n", 1)
        if summary is not None or node.name == "details":
            title, text = lines[0].strip(), lines[1] if len(lines) > 1 else ""
    title = re.sub(r"^(?:#{1,6}[ \t]+|\*\*(?=.*\*\*$))|(?<=\S)\*\*$", "", title) if level else title
    head = f"{'#' * level} {title}" if level else bold(title)
    return f"{head}\n\n{text.strip(chr(10))}" if title else text


def _steps(node: _Node, _text: str) -> str:
    steps = [kid for kid in node.kids if isinstance(kid, _Node) and kid.name == "Step"]
    return _text if not steps else _number(_text)


def _number(text: str) -> str:
    numbers = iter(range(1, 1000))
    return re.sub("^\x01", lambda _: f"{next(numbers)}. ", text, flags=re.MULTILINE)


def _step(node: _Node, text: str) -> str:
    head = bold(node.attrs.get("title", ""))
    body = indent(text.strip("\n"), "   ")
    return f"\x01{head}\n\n{body}" if head else f"\x01{body.lstrip(' ')}"


def _card(node: _Node, text: str) -> str:
    title, href = node.title, node.attrs.get("href") or node.attrs.get("to") or node.attrs.get("link", "")
    text = text or node.attrs.get("description", "")
    if not title:
        return text
    if "\n\n" in text or "\x00F" in text:
        return f"{f'[{title}]({href})' if href else bold(title)}\n\n{text}"
    head = f"[{title}]({href})" if href else bold(title)
    return f"- {head}" + (f": {' '.join(text.split())}" if text.strip() else "")


def _cards(_node: _Node, text: str) -> str:
    return re.sub(r"\n{2,}(?=- )", "\n", text)


def _field(node: _Node, text: str) -> str:
    where = next((key for key in ("path", "query", "body", "header") if key in node.attrs), "")
    name = node.attrs.get(where) or node.attrs.get("name", "")
    facts = [node.attrs.get("type", ""), where, "required" if node.attrs.get("required") == "true" else ""]
    facts += [f"default: {node.attrs['default']}"] if "default" in node.attrs else []
    known = ", ".join(fact for fact in facts if fact)
    first, _, rest = text.strip("\n").partition("\n\n")
    head = f"- `{name}`" + (f" ({known})" if known else "") + (f": {' '.join(first.split())}" if first else "")
    return head + (f"\n\n{indent(rest, '  ')}" if rest else "")


def _update(node: _Node, text: str) -> str:
    tags = ", ".join(re.findall(r"[^\[\],\"']+", node.attrs.get("tags", "")))
    lower = re.sub(r"^(#{2,5}) ", r"#\1 ", text, flags=re.MULTILINE)
    return f"## {node.attrs.get('label', '')}\n\n" + (f"*{tags}*\n\n" if tags else "") + lower


def _frame(node: _Node, text: str) -> str:
    caption = node.attrs.get("caption", "")
    return text + (f"\n\n*{caption}*" if caption else "")


def _param_group(node: _Node, text: str) -> str:
    title = node.attrs.get("title", "")
    return f"{bold(title)}\n\n{text}" if title else text


_RENDER: dict[str, Callable[[_Node, str], str]] = {
    "Steps": _steps, "Step": _step, "Card": _card, "LinkCard": _card, "Tile": _card, "CardGrid": _cards,
    "CardGroup": _cards, "Cards": _cards, "Columns": _cards,
    "ParamField": _field, "ResponseField": _field, "Update": _update, "Frame": _frame, "Expandable": _param_group,
}  # fmt: skip
