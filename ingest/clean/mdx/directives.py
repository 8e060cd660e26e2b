"""Kinds of containers: map `note`, `{tab-item}` or `.callout-tip` to a component and its title."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ingest.clean.render.blocks import bold
from ingest.clean.render.components import CALLOUT_KINDS
from ingest.clean.render.languages import KNOWN

_NAME = re.compile(r"(?:\{(?P<braced>[\w:.+-]+)\}|(?P<plain>[A-Za-z][\w-]*))(?=[\s\[{]|$)")
_BRACKETED = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]")
_ATTRIBUTES = re.compile(r"\{[^{}]*\}\s*$")
_TITLE = re.compile(r"\b(?:title|header|label|summary|name)=(?:\"([^\"]*)\"|'([^']*)'|([^\s{}\"']+))")
_CLASS = re.compile(r"\.([\w-]+)")

_CODE: Final = frozenset(
    "code code-block code-cell sourcecode parsed-literal prompt console doctest testcode ipython".split()
)
_DROPPED: Final = frozenset(
    "toctree contents include literalinclude tableofcontents bibliography raw video youtube iframe embed meta "
    "only-dark index highlight image mermaid-file autosummary automodule autoclass autofunction currentmodule module "
    "header-only docs_demo".split()
)
_FOLDED: Final = frozenset("details dropdown collapse collapsible spoiler toggle expand accordion".split())
_TABS: Final = frozenset("tab tab-item tabitem".split())
_CARDS: Final = frozenset("card grid-item-card card-link".split())
_VERSIONS: Final = {
    "versionadded": "Added in version", "versionchanged": "Changed in version",
    "deprecated": "Deprecated since version", "versionremoved": "Removed in version",
}  # fmt: skip
_TITLED: Final = frozenset("admonition sidebar topic exercise solution theorem definition proof lemma example".split())


@dataclass(frozen=True, slots=True)
class Directive:
    """A container by its name and the words behind it; `options` are the lines that MyST allows below."""

    name: str
    title: str = ""
    classes: tuple[str, ...] = ()
    braced: bool = False
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_code(self) -> bool:
        """Whether the content is code, not markdown."""
        return self.name in _CODE or self.name in ("math", "mermaid", "r", "julia") or self.name in KNOWN

    @property
    def is_dropped(self) -> bool:
        """Whether the directive names something else and says nothing itself."""
        return self.braced and self.name in _DROPPED

    @property
    def has_options(self) -> bool:
        """Whether lines `:name: value` may follow."""
        return self.braced

    @property
    def kind(self) -> str:
        """Return the kind of callout; "" for a container that is not a callout."""
        names = (self.name, *self.classes)
        return next((low for name in names if (low := name.lower().removeprefix("callout-")) in CALLOUT_KINDS), "")

    @property
    def label(self) -> str:
        """The label of a callout as a reader sees it."""
        kind = CALLOUT_KINDS.get(self.name.lower(), self.name.capitalize())
        return f"{kind}: {self.title.strip()}" if self.title.strip() else kind

    @property
    def heading(self) -> str:
        """What is left of a container that is not closed: its label or title."""
        return bold(self.label if self.kind else self.title.strip())

    def shown(self, mark: str) -> str:
        """The directive as an author would look for it."""
        return f"{mark}{{{self.name}}}" if self.braced else f"{mark}{self.name}"

    def with_options(self, options: Mapping[str, str]) -> "Directive":
        """The same with what its options say: a title, classes."""
        classes = (*self.classes, *options.get("class", "").split())
        title = self.title or options.get("caption", "") or options.get("title", "")
        return replace(self, title=title, classes=classes, options=options)

    def code(self, lines: Sequence[str]) -> tuple[str, list[str]]:
        """The words after the fence and the lines of code, without the options between them."""
        if self.name == "math":
            return "math", [line for line in lines if not re.match(r"[ \t]*:[\w-]+:", line)]
        begin, caption = 0, ""
        while begin < len(lines) and (found := re.match(r"[ \t]*:([\w-]+):[ \t]*(.*)$", lines[begin])):
            caption = found[2] if found[1] in ("caption", "name") and not caption else caption
            begin += 1
        if not begin and lines and lines[0].strip() == "---":
            begin = next((n + 1 for n in range(1, len(lines)) if lines[n].strip() == "---"), 0)
        while 0 < begin < len(lines) and not lines[begin].strip():
            begin += 1
        language = self.title.split(" ")[0] if self.name in _CODE else self.name
        return f'{language} title="{caption}"' if caption else language, list(lines[begin:])


def parse_directive(text: str) -> Directive | None:
    """Read what follows the colons or the fence; None if that does not name a container.

    Behind a fence only `{name}` does: anything else there is a language.
    """
    found = _NAME.match(text)
    if found is None:
        classes = _CLASS.findall(text) if text.startswith("{") else []
        title = _TITLE.search(text)
        words = next((g for g in title.groups() if g), "") if title else ""
        return Directive(classes[0], words, tuple(classes[1:])) if classes else None
    name, rest = found["braced"] or found["plain"], text[found.end() :].strip()
    return Directive(name.lower(), _title(rest), tuple(_CLASS.findall(_last(rest))), bool(found["braced"]))


def _last(rest: str) -> str:
    found = _ATTRIBUTES.search(rest)
    return found[0] if found else ""


def _title(rest: str) -> str:
    attributes = _last(rest)
    named = _TITLE.search(attributes)
    bracketed = _BRACKETED.match(rest)
    if bracketed:
        return bracketed[1].strip()
    bare = rest[: len(rest) - len(attributes)].strip().removeprefix("|").strip()
    return bare.strip('"') or (next((g for g in named.groups() if g), "") if named else "")


def opening_tag(directive: Directive) -> str:
    """The tag of the component that a container is rendered as, or the words that its name is short for."""
    name = _component(directive)
    if name == "Callout":
        return f'<Callout type="{directive.kind or "note"}"{_attribute("title", directive.title)}>'
    if directive.name in _VERSIONS:
        return f"{_VERSIONS[directive.name]} {directive.title}".strip()
    if name == "Card":
        return f"<Card{_attribute('title', directive.title)}{_attribute('href', _link(directive))}>"
    if name:
        return f"<{name}{_attribute('title', directive.title)}>"
    return f"**{directive.title}**" if directive.title and _shows_title(directive) else ""


def _link(directive: Directive) -> str:
    """Where a card leads; the name of a target elsewhere is not an address."""
    return "" if directive.options.get("link-type", "url") in ("ref", "any") else directive.options.get("link", "")


def closing_tag(directive: Directive) -> str:
    """The tag that ends it; "" for a container without a component."""
    name = _component(directive)
    return f"</{name}>" if name else ""


def _component(directive: Directive) -> str:
    if directive.name in _VERSIONS:
        return ""
    if directive.name in _FOLDED:
        return "Accordion"
    if directive.name in _TABS:
        return "Tab"
    if directive.name in _CARDS:
        return "Card"
    if directive.name in ("admonition", "box") or directive.kind:
        return "Callout"
    return ""


def _shows_title(directive: Directive) -> bool:
    """Whether the words behind an unknown name are a title, not a number of columns or a file."""
    if directive.is_dropped:
        return False
    if directive.braced:
        return directive.name in _TITLED or directive.name.startswith(("prf:", "py:", "js:", "c:", "cpp:"))
    return bool(re.search(r"[^\W\d_]{2}", directive.title))


def _attribute(name: str, value: str) -> str:
    value = value.strip().replace('"', "&quot;")
    return f' {name}="{value}"' if value else ""
