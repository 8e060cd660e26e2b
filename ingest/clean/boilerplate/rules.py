"""Chrome by name, role or phrase: navigation, buttons, anchors, feedback, text for machines only."""

from bs4.element import NavigableString, Tag

from ingest.clean.boilerplate.vocabulary import (
    ASKS,
    CHANGED,
    CHROME_CLASSES,
    CHROME_IDS,
    CHROME_PARTS,
    CHROME_ROLES,
    DROPPED_TAGS,
    HEADINGS,
    PHRASES,
    PROSE_PARENTS,
    REMARKS,
    RIGHTS,
    SECTIONS,
    TURNING,
    named_chrome,
)
from ingest.clean.dom.tree import attr, children, part, text_of, tokens
from ingest.clean.render.components import ENDPOINT


def _hidden(tag: Tag) -> bool:
    """Return whether an element is never shown. Closed tab panels are shown after a click."""
    attrs = tag.attrs
    if attr(tag, "role") in ("tabpanel", "region"):
        return False
    style = attr(tag, "style").replace(" ", "")
    marked = ("hidden" in attrs and attrs["hidden"] != "until-found") or "display:none" in style
    if not marked and attr(tag, "aria-hidden") != "true":
        return False
    return tag.find(["pre", "math"]) is None or "data-agent-docs-index" in attrs


def _button(tag: Tag) -> bool:
    """Return whether a button is chrome: not part of a sentence, a heading or a summary."""
    parent = tag.parent
    if parent is None or attr(tag, "role") == "tab":
        return True
    if ENDPOINT.match(text_of(tag)) or tag.find("p") is not None:
        return False  # an operation or an answer of an API, which opens when it is pressed
    if parent.name in HEADINGS:
        return text_of(parent) != text_of(tag)
    in_text = parent.name in PROSE_PARENTS or attr(parent, "data-as") == "p"
    return not in_text or not text_of(tag) or text_of(tag).lower() in PHRASES


def _anchor(tag: Tag) -> bool:
    """Return whether a link has no words, turns pages, or is the sign next to a heading."""
    text = text_of(tag)
    if tag.find("img", alt=True) is not None:
        return False
    if _turns_page(tag, text):
        return True
    label = attr(tag, "aria-label").lower()
    in_heading = tag.parent is not None and tag.parent.name in {*HEADINGS, "dt"}
    if in_heading and "anchor" in tokens(tag):
        return text_of(tag.parent or tag) != text
    return not text or text in ("#", "¶", "§", "🔗", "Link", "Anchor") or label == "navigate to header"


def _turns_page(tag: Tag, text: str) -> bool:
    """Return whether a link leads to the next page, or only says "Edit this page" outside of any prose."""
    words = [str(t).strip().lower() for t in tag.descendants if type(t) is NavigableString and t.strip()]
    if words and not TURNING.isdisjoint((words[0], words[-1])) and len(text) < 300:
        return True
    if not {"prev", "next", "sponsored"}.isdisjoint(attr(tag, "rel").split()):
        return True
    parent = tag.parent
    return (
        text.lower() in PHRASES and parent is not None and (parent.name not in PROSE_PARENTS or text_of(parent) == text)
    )


def _form(tag: Tag) -> bool:
    """Return whether a form is chrome. Some servers wrap the whole page, headings and all, in one."""
    return tag.find(["h1", "h2", "pre", "article", "main"]) is None


def _aside(tag: Tag) -> bool:
    """Return whether an aside only links elsewhere."""
    text = text_of(tag)
    linked = sum(len(text_of(a)) for a in tag.find_all("a"))
    return tag.find("pre") is None and (not text or linked > 0.6 * len(text))


def _contents_list(tag: Tag) -> bool:
    """Return whether a list only repeats the page's headings as links to them."""
    links = tag.find_all("a")
    if len(links) < 3 or tag.find_parent(["ul", "ol"]) is not None:
        return False
    if not all(attr(a, "href").startswith("#") for a in links if isinstance(a, Tag)):
        return False
    return len(text_of(tag)) <= sum(len(text_of(a)) + 2 for a in links) + 4


def _badge(tag: Tag) -> bool:
    """Return whether a span is the name of the language that some themes print next to code."""
    parent = tag.parent
    named = parent is not None and any(name.startswith("language-") for name in tokens(parent))
    return (named and "lang" in tokens(tag)) or _phrase(tag)


def _textarea(tag: Tag) -> bool:
    """Return whether a text area is for writing; some sites show an example in one."""
    return "code" not in tokens(tag) or "\n" not in tag.get_text().strip()


_BY_TAG = {
    "textarea": _textarea,
    "form": _form,
    "span": _badge,
    "button": _button,
    "a": _anchor,
    "aside": _aside,
    "ul": _contents_list,
    "ol": _contents_list,
}


def is_chrome(tag: Tag, extra: frozenset[str] = frozenset()) -> bool:
    """Return whether an element is chrome. `extra`: class tokens of the generator."""
    if tag.name in DROPPED_TAGS:
        return True
    attrs = tag.attrs
    if (attrs or "-" in tag.name) and (_marked(tag, extra) or _hidden(tag) or named_chrome(tag)):
        return True
    rule = _BY_TAG.get(tag.name)
    return rule(tag) if rule else _phrase(tag)


def _marked(tag: Tag, extra: frozenset[str]) -> bool:
    names = tokens(tag)
    if names and not (CHROME_CLASSES.isdisjoint(names) and extra.isdisjoint(names)):
        return _really_chrome(tag, names)
    if (
        (attr(tag, "id") in CHROME_IDS and not _section(tag, names))
        or part(tag) in CHROME_PARTS
        or "data-floating-buttons" in tag.attrs
    ):
        return True
    return attr(tag, "role") in CHROME_ROLES or attr(tag, "id") in REMARKS


def _section(tag: Tag, names: list[str]) -> bool:
    """Return whether an element got its id from its title, such as `Pagination` or `Feedback`."""
    return tag.name in ("section", "a", "span", *HEADINGS) or not SECTIONS.isdisjoint(names)


def _really_chrome(tag: Tag, names: list[str]) -> bool:
    """Look at the element itself where a class name of chrome is also used on content."""
    if tag.name in HEADINGS or tag.name in ("pre", "code"):
        return False
    parent = tag.parent
    if parent is not None and parent.name in HEADINGS and text_of(parent) == text_of(tag):
        return False  # the heading's own words are the link to it
    if "contents" in names:
        return "topic" in names or tag.name == "nav" or "local" in names
    if "toc" in names or "related" in names or "feedback" in names or "toolbar" in names:
        return tag.find("pre") is None
    return True


def _phrase(tag: Tag) -> bool:
    """Return whether a small element only says "On this page", "Copy", or when the page was changed."""
    if len(tag.contents) > 8 or tag.name in ("code", "td", "th", "li", "strong", "em", "b"):
        return False
    text = "".join(t for t in tag.contents if type(t) is NavigableString).strip().lower()
    if CHANGED.match(text) or RIGHTS.match(text) or ASKS.match(text):
        return len(text_of(tag)) < 250 and tag.find(["p", "ul", "pre", "table"]) is None
    return text in PHRASES and not any(text_of(child) for child in children(tag) if child.name != "button")


def find_chrome(root: Tag, extra: frozenset[str] = frozenset()) -> set[int]:
    """Return the `id()` of every outermost element of chrome below `root`."""
    out: set[int] = set()
    stack = list(children(root))
    while stack:
        tag = stack.pop()
        if is_chrome(tag, extra):
            out.add(id(tag))
        elif tag.name not in ("pre", "code"):
            stack.extend(children(tag))
    return out
