"""Shortcodes of site generators -> component tags or their words; an unknown one leaves what it encloses.

Read are Hugo's `{{< note >}}` and `{{% note %}}`, GitBook's and Jekyll's `{% hint %}`, mdBook's `{{#include x}}`.
Code must be marks by now.
"""

import re
from typing import Final

from ingest.clean.mdx.directives import Directive, closing_tag, opening_tag

_HUGO = re.compile(
    r"\{\{[<%]-?[ \t\n]*(?P<close>/?)[ \t]*(?P<name>[\w./-]+)(?P<rest>[^{}]*?)(?P<self>/?)[ \t\n]*-?[%>]\}\}"
)
_LIQUID = re.compile(r"\{%-?[ \t\n]*(?P<end>end)?(?P<name>[a-z][\w-]*)(?P<rest>[^{}%]*(?:%(?!\})[^{}%]*)*)-?%\}")
_LEFT = re.compile(
    r"\{\{[<%][^{}\n]*[%>]\}\}|\{\{\s*#[a-z_]+\s[^{}\n]*\}\}"
    r"|(?m:^[ \t]*;?-+8<-+.*$)"
)
_LISTED_TAB = re.compile(r"\{\{[<%][ ]*(?:tabs[ ][^{}\n]*\bitems=\"(?P<items>[^\"\n]*)\"[^{}\n]*|tab)[ ]*[>%]\}\}")
_COMMENT = re.compile(r"\{\{[<%]\s*comment\s*[%>]\}\}|\{%-?\s*comment\b[^{}%]*%\}|\{\{/\*")
_COMMENT_END = re.compile(r"\{\{[<%]\s*/comment\s*[%>]\}\}|\{%-?\s*endcomment\s*-?%\}|\*/\}\}")
_ESCAPED = re.compile(r"\{\{([<%])/\*[ ]?(.*?)[ ]?\*/([>%])\}\}")
_ARGUMENT = re.compile(
    r"([\w-]+)[ ]?=[ ]?(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|`([^`]*)`|([^\s\"']+))"
    r"|\"((?:[^\"\\]|\\.)*)\"|`([^`]*)`|([^\s\"'`=]+)"
)
_REFERENCE = re.compile(r"^(?:rel)?ref$|^(?:abs|rel)url$|^link(?:-path)?$")
_CALLOUTS: Final = frozenset("alert callout notice admonition hint pageinfo blocknote message aside box".split())
_COLORS: Final = {
    "primary": "note", "info": "info", "warning": "warning", "danger": "danger", "success": "success",
    "secondary": "note",
}  # fmt: skip
_TABS: Final = frozenset("tab tabs-item tabitem".split())
_FOLDED: Final = frozenset("details expand collapse accordion accordion-item spoiler toggle".split())
_SHOWN: Final = ("text", "title", "label", "caption", "alt")
_TEXTUAL: Final = frozenset("glossary_tooltip tooltip figure image img term badge kbd button cta".split())
_CARDS: Final = frozenset(("card",))


def render_shortcodes(text: str) -> str:
    """Replace all shortcodes of a text whose code is protected."""
    if "{{" not in text and "{%" not in text and "8<" not in text:
        return text
    text = _HUGO.sub(_hugo, _label_tabs(_without_comments(text)))
    text = _LIQUID.sub(_liquid, text)
    return _LEFT.sub("", _ESCAPED.sub(r"{{\1 \2 \3}}", text))


def _label_tabs(text: str) -> str:
    """Write the labels that Hextra lists on the box of the tabs on each tab."""
    labels: list[str] = []

    def label(match: re.Match[str]) -> str:
        nonlocal labels
        if match["items"]:
            labels = [item.strip() for item in match["items"].split(",")]
        elif labels:
            return f'{match[0][:3]} tab "{labels.pop(0)}" {match[0][-3:]}'
        return match[0]

    return _LISTED_TAB.sub(label, text)


def _without_comments(text: str) -> str:
    """Drop the content of `comment` shortcodes; one that is not closed has none."""
    out: list[str] = []
    at = 0
    while (begin := _COMMENT.search(text, at)) and (end := _COMMENT_END.search(text, begin.end())):
        out.append(text[at : begin.start()])
        at = end.end()
    return "".join(out) + text[at:]


def _hugo(match: re.Match[str]) -> str:
    named, bare = _arguments(match["rest"])
    return _replacement(match["name"].lower(), named, bare, closing=bool(match["close"]))


def _liquid(match: re.Match[str]) -> str:
    named, bare = _arguments(match["rest"])
    name = match["name"]
    if name in ("content-ref", "file", "embed"):
        url = named.get("url") or named.get("src", "")
        return f"<{url}>" if name == "embed" and url.startswith(("http://", "https://")) else ""
    return _replacement(name, named, bare, closing=bool(match["end"]))


def _arguments(text: str) -> tuple[dict[str, str], list[str]]:
    """Named and positional arguments of a shortcode."""
    named: dict[str, str] = {}
    bare: list[str] = []
    for found in _ARGUMENT.finditer(text):
        if found[1]:
            named[found[1].lower()] = next((g for g in found.groups()[1:5] if g is not None), "").replace('\\"', '"')
        else:
            bare.append(next((g for g in found.groups()[5:] if g is not None), "").replace('\\"', '"'))
    return named, bare


def _replacement(name: str, named: dict[str, str], bare: list[str], *, closing: bool) -> str:
    short = name.rsplit("/", 1)[-1].removesuffix(".html").removesuffix(".md")
    if _REFERENCE.match(short):
        return _path(bare[0] if bare else named.get("path", ""))
    directive = _directive(short, named, bare)
    if directive:
        return f"\n\n{closing_tag(directive) if closing else opening_tag(directive)}\n\n"
    if closing:
        return ""
    if short == "include" and named.get("content"):  # Jekyll hands the text of a box to a template
        box = Directive(re.split(r"[/.]", bare[0])[-2] if bare and "." in bare[0] else "note", named.get("title", ""))
        return f"\n\n{opening_tag(box)}\n\n{named['content']}\n\n{closing_tag(box)}\n\n"
    if short in _TEXTUAL:
        return next((named[key] for key in _SHOWN if key in named), bare[0] if bare else "")
    return ""


def _directive(name: str, named: dict[str, str], bare: list[str]) -> Directive | None:
    title = (
        named.get("title") or named.get("header") or named.get("name") or named.get("summary") or named.get("label", "")
    )
    if name in _TABS:
        return Directive("tab", title or (bare[0] if bare else ""))
    if name in _FOLDED:
        return Directive("details", title or (bare[0] if bare else ""))
    if name in _CARDS:
        return Directive("card", title, options={"link": named.get("link") or named.get("href", "")})
    if name in _CALLOUTS:
        kind = (
            named.get("type")
            or named.get("style")
            or named.get("color")
            or named.get("context")
            or (bare[0] if bare else "")
        )
        rest = " ".join(bare[1:])
        return Directive(_COLORS.get(kind.lower(), kind.lower()) or "note", title or rest, ("note",))
    directive = Directive(name, title or " ".join(bare if any(" " in word for word in bare) else []))
    return directive if directive.kind and name != "quote" else None


def _path(target: str) -> str:
    """A page's path as an address: Hugo leaves the ending of the file out."""
    path, sign, anchor = target.partition("#")
    return re.sub(r"(?:/?_?index)?\.md$|/_?index$", "/", path) + sign + anchor if path else sign + anchor
