"""Components of MDX pages (`<Note>`, `<Tabs>`, `<Steps>` ...) -> the markdown that their HTML gives."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from textwrap import dedent

from ingest.clean.mdx.normalize import unlinked
from ingest.clean.mdx.source import Protected
from ingest.clean.render.blocks import bold, indent

_CALLOUTS = {
    "Note": "Note", "Tip": "Tip", "Warning": "Warning", "Info": "Info", "Check": "Check", "Danger": "Danger",
    "Error": "Danger", "Success": "Success", "Callout": "Note", "Aside": "Note", "Admonition": "Note",
}  # fmt: skip
_DROPPED = frozenset("LlmsOnly Icon RequestExampleSkeleton CopyPromptButton style script svg iframe".split())
_HTML = (
    "div|span|p|section|center|picture|source|video|img|br|hr|details|summary|a|sup|sub|kbd|small|u|style|"
    "script|svg|iframe"
)
_TAG = re.compile(
    rf"<(?P<close>/?)(?P<name>[A-Z][\w.]*|(?:{_HTML})(?=[\s/>]))"
    r"(?P<attrs>(?:\s+[\w:-]+(?:=(?:\"[^\"]*\"|'[^']*'|\{(?:[^{}]|\{[^{}]*\})*\}))?|\s*\{\.\.\.[^}]*\})*)\s*(?P<self>/?)>"
)
_ATTR = re.compile(r"([\w:-]+)(?:=(?:\"([^\"]*)\"|'([^']*)'|\{\s*[\"'`]?((?:[^{}\"'`]|\{[^{}]*\})*)[\"'`]?\s*\}))?")
_VOID = frozenset(("img", "br", "hr", "source"))
_INLINE = frozenset("span a sup sub kbd small u br img Tooltip Badge Icon".split())
_ONE_FENCE = re.compile("\\s*\x00F(\\d+)\x00\\s*")
_MAX_DEPTH = 30


@dataclass(slots=True)
class _Node:
    name: str
    attrs: dict[str, str] = field(default_factory=dict)
    kids: "list[_Node | str]" = field(default_factory=list)


@dataclass(slots=True)
class _Writer:
    """Renders the tree of components; `level` is that of the last heading."""

    kept: Protected
    level: int = 1

    def kids(self, node: _Node, depth: int) -> str:
        out: list[str] = []
        for kid in node.kids:
            if isinstance(kid, str):
                levels = re.findall(r"^(#{1,6})[ \t]", kid, re.MULTILINE)
                self.level = len(levels[-1]) if levels else self.level
                out.append(kid)
            else:
                out.append(self.node(kid, depth + 1))
        return "".join(out)

    def node(self, node: _Node, depth: int) -> str:
        name = node.name
        if name in _DROPPED or (name == "Visibility" and node.attrs.get("for") == "agents"):
            return ""
        if name in _VOID:
            return {"img": unlinked(node.attrs.get("alt", "")), "hr": "\n"}.get(name, " ")
        before = self.level
        if name in ("Accordion", "details"):
            self.level = min(6, max(2, before + 1))
        inner = self.kids(node, depth) if depth < _MAX_DEPTH else _flat(node)
        if name in _INLINE:
            return _inline(node, inner)
        text = self.block(node, dedent(inner).strip("\n"))
        if name in ("Accordion", "details"):
            self.level = before
        return f"\n\n{text}\n\n" if text.strip() else "\n"

    def block(self, node: _Node, text: str) -> str:
        """Render a component that stands on its own lines; an unknown one leaves its content."""
        if node.name in _CALLOUTS:
            return _callout(node, text)
        if node.name in ("Accordion", "details"):
            return _accordion(node, text, self.level)
        if node.name in ("Tab", "CodeBlock"):
            return self.tab(node, text)
        render = _RENDER.get(node.name)
        return render(node, text) if render else text

    def tab(self, node: _Node, text: str) -> str:
        """A tab with one code block titles it; else its title stands in bold before it."""
        title = node.attrs.get("title") or node.attrs.get("label") or node.attrs.get("value", "")
        match = _ONE_FENCE.fullmatch(text)
        if match:
            block = self.kept.fences[int(match[1])]
            block.title = block.title or title
            return text
        return f"{bold(title)}\n\n{text}" if text.strip() and title else text


def render_components(text: str, kept: Protected) -> str:
    """Render the components of a page whose code is protected; unknown ones leave their content."""
    if not _TAG.search(text):
        return text
    return _Writer(kept).kids(_parse(text), 0)


def _parse(text: str) -> _Node:
    """Build the tree of tags. A closing tag without an opening one is text; what is never closed ends here."""
    root = _Node("")
    stack = [root]
    at = 0
    for match in _TAG.finditer(text):
        stack[-1].kids.append(text[at : match.start()])
        at = match.end()
        name = match["name"]
        if match["close"]:
            depth = next((i for i in range(len(stack) - 1, 0, -1) if stack[i].name == name), 0)
            del stack[depth or len(stack) :]
            continue
        node = _Node(name, _attributes(match["attrs"]))
        stack[-1].kids.append(node)
        if not match["self"] and name not in _VOID:
            stack.append(node)
    stack[-1].kids.append(text[at:])
    return root


def _attributes(text: str) -> dict[str, str]:
    return {m[1]: next((g for g in m.groups()[1:] if g is not None), "true") for m in _ATTR.finditer(text)}


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
        return bold(inner.strip())
    href = node.attrs.get("href", "")
    return f"[{inner.strip()}]({href})" if node.name == "a" and href and inner.strip() else inner


def _callout(node: _Node, text: str) -> str:
    kind = _CALLOUTS.get((node.attrs.get("type") or node.attrs.get("intent") or "").capitalize(), _CALLOUTS[node.name])
    title = node.attrs.get("title", "")
    lines = [f"**{kind}: {title}**" if title else f"**{kind}**", "", *text.strip("\n").split("\n")]
    return "\n".join(f"> {line}".rstrip() for line in lines) if text.strip() else ""


def _accordion(node: _Node, text: str, level: int) -> str:
    title = node.attrs.get("title", "")
    if node.name == "details" and not title:
        lines = text.strip().split("\n", 1)
        title, text = lines[0].strip(), lines[1] if len(lines) > 1 else ""
    return f"{'#' * level} {title}\n\n{text.strip(chr(10))}" if title else text


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
    title, href = node.attrs.get("title", ""), node.attrs.get("href", "")
    if not title:
        return text
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
    "Steps": _steps, "Step": _step, "Card": _card, "CardGroup": _cards, "Cards": _cards, "Columns": _cards,
    "ParamField": _field, "ResponseField": _field, "Update": _update, "Frame": _frame, "Expandable": _param_group,
}  # fmt: skip
