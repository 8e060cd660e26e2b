"""Chrome by name, role or phrase: navigation, buttons, anchors, feedback, text for machines only."""

import re

from bs4.element import NavigableString, Tag

from ingest.clean.boilerplate.density import Measure
from ingest.clean.boilerplate.vocabulary import (
    ASKS,
    BUTTON_WORDS,
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
from ingest.clean.dom.tree import attr, children, first_named, part, text_of, tokens
from ingest.clean.render.components import ENDPOINT
from ingest.clean.render.formulas import is_math_script

_LINKED = 0.6  # share of an aside's text that is in links
_FEWEST = 3  # links that make a list of the page's headings
_MANY = 8  # links of a list that may have labels without a link
_UNLINKED = 0.25  # the share of such labels
_LABEL = 15  # characters of the name of a version or language
_LONGEST = 250  # characters of a phrase
_ACTS = frozenset(("onclick", "aria-expanded", "aria-controls", "data-target"))  # of buttons that change the page
_ARROWS = "↩↑↵⏎⤴^\ufe0e\ufe0f "  # from a footnote back to its mark
_MARKUP = frozenset("em strong b i span".split())
_WORD = re.compile(r"\w{2}")
_NO_LABEL = frozenset("code td th li strong em b".split())


def _hidden(tag: Tag) -> bool:
    """Return whether an element is never shown. Closed tab panels are shown after a click."""
    attrs = tag.attrs
    if attr(tag, "role") in ("tabpanel", "region"):
        return False
    style = attr(tag, "style").replace(" ", "")
    marked = ("hidden" in attrs and attrs["hidden"] != "until-found") or "display:none" in style
    if not marked and attr(tag, "aria-hidden") != "true":
        return False
    return first_named(tag, ("pre", "math")) is None or "data-agent-docs-index" in attrs


def _button(tag: Tag, _size: Measure) -> bool:
    """Return whether a button is chrome: not part of a sentence, a heading or a summary."""
    parent = tag.parent
    if parent is None or attr(tag, "role") == "tab":
        return True
    if ENDPOINT.match(text_of(tag)) or first_named(tag, "p") is not None:
        return False  # an operation or an answer of an API, which opens when it is pressed
    if parent.name in HEADINGS:
        return text_of(parent) != text_of(tag)
    in_text = parent.name in PROSE_PARENTS or attr(parent, "data-as") == "p"
    text = text_of(tag).lower()
    acts = text in BUTTON_WORDS and not {"onclick", "aria-expanded", "aria-controls", "data-target"}.isdisjoint(
        tag.attrs
    )
    return not in_text or not text or text in PHRASES or acts


def _anchor(tag: Tag, _size: Measure) -> bool:
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
    if not text.strip(_ARROWS) and attr(tag, "href").startswith("#"):
        return True
    return not text or text in ("#", "¶", "§", "🔗", "Link", "Anchor") or label == "navigate to header"


def _turns_page(tag: Tag, text: str) -> bool:
    """Return whether a link leads to the next page, or only says "Edit this page" outside of any prose."""
    if not {"prev", "next", "sponsored"}.isdisjoint(attr(tag, "rel").split()):
        return True
    words = [str(t).strip().lower() for t in tag.descendants if type(t) is NavigableString and t.strip()]
    turns = bool(words) and not TURNING.isdisjoint((words[0], words[-1])) and len(text) < 300
    return (turns or text.lower() in PHRASES) and not _in_sentence(tag, text)


def _in_sentence(tag: Tag, text: str) -> bool:
    """Return whether an element is a word of a sentence: more text follows or precedes it in a paragraph."""
    parent = tag.parent
    while parent is not None and parent.name in _MARKUP and attr(parent, "data-as") != "p":
        parent = parent.parent
    if parent is None or (parent.name not in PROSE_PARENTS and attr(parent, "data-as") != "p"):
        return False
    return bool(_WORD.search(text_of(parent).replace(text, "", 1)))


def _form(tag: Tag, _size: Measure) -> bool:
    """Return whether a form is chrome. Some servers wrap the whole page, headings and all, in one."""
    return first_named(tag, ("h1", "h2", "pre", "article", "main")) is None


def _aside(tag: Tag, size: Measure) -> bool:
    """Return whether an aside only links elsewhere."""
    return (not size.text or size.share() > _LINKED) and first_named(tag, "pre") is None


def _links_of_this_page(tag: Tag, size: Measure) -> bool:
    """Return whether a box only lists the page's headings, or other versions and languages of the page.

    Labels of groups may be without a link where the list is long, as in the sidebar of an API page.
    """
    if size.links < _FEWEST or size.paragraphs or size.headings or not (_repeats_headings(size) or _has_twins(size)):
        return _phrase(tag, size)
    return tag.find_parent(["ul", "ol"]) is None


def _repeats_headings(size: Measure) -> bool:
    unlinked = size.text - size.linked
    sparse = unlinked <= 2 * size.links + 4 or (size.links >= _MANY and unlinked <= _UNLINKED * size.text)
    return sparse and size.fragments == size.links


def _has_twins(size: Measure) -> bool:
    """Return whether nearly all links have short labels and lead to pages with the name of this one."""
    return size.twins >= max(_FEWEST, size.links - 1) and size.linked <= _LABEL * size.links and size.text < _LONGEST


def _badge(tag: Tag, size: Measure) -> bool:
    """Return whether a span is the name of the language that some themes print next to code."""
    parent = tag.parent
    named = parent is not None and any(name.startswith("language-") for name in tokens(parent))
    return (named and "lang" in tokens(tag)) or _phrase(tag, size)


def _textarea(tag: Tag, _size: Measure) -> bool:
    """Return whether a text area is for writing; some sites show an example in one."""
    return "code" not in tokens(tag) or "\n" not in tag.get_text().strip()


_BY_TAG = {
    "textarea": _textarea,
    "form": _form,
    "span": _badge,
    "button": _button,
    "a": _anchor,
    "aside": _aside,
    **dict.fromkeys(("ul", "ol", "p", "div", "table"), _links_of_this_page),
}


def is_chrome(tag: Tag, size: Measure, extra: frozenset[str] = frozenset()) -> bool:
    """Return whether an element is chrome. `size`: its measures; `extra`: class tokens of the generator."""
    if tag.name in DROPPED_TAGS:
        return not is_math_script(tag)
    attrs = tag.attrs
    if (attrs or "-" in tag.name) and (_marked(tag, size, extra) or _hidden(tag) or named_chrome(tag, size)):
        return True
    return _BY_TAG.get(tag.name, _phrase)(tag, size)


def _marked(tag: Tag, size: Measure, extra: frozenset[str]) -> bool:
    names = tokens(tag)
    if names and not (CHROME_CLASSES.isdisjoint(names) and extra.isdisjoint(names)):
        return _really_chrome(tag, size, names)
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


def _really_chrome(tag: Tag, size: Measure, names: list[str]) -> bool:
    """Look at the element itself where a class name of chrome is also used on content."""
    if tag.name in HEADINGS or tag.name in ("pre", "code"):
        return False
    parent = tag.parent
    if parent is not None and parent.name in HEADINGS and text_of(parent) == text_of(tag):
        return False  # the heading's own words are the link to it
    if "contents" in names:
        return "topic" in names or tag.name == "nav" or "local" in names
    if "toc" in names and tag.name != "nav" and _lists_children(size):
        return False
    if "toc" in names or "related" in names or "feedback" in names or "toolbar" in names:
        return first_named(tag, "pre") is None
    return True


def _lists_children(size: Measure) -> bool:
    """Return whether a table of contents lists the pages below this one: a menu has this page too."""
    return bool(size.links) and not size.fragments and not size.here


def _phrase(tag: Tag, size: Measure) -> bool:
    """Return whether a small element only says "On this page", "Copy", or when the page was changed."""
    if size.text > _LONGEST or len(tag.contents) > 8 or tag.name in _NO_LABEL:
        return False
    text = "".join(t for t in tag.contents if type(t) is NavigableString).strip(" \n\t·•|–—-").lower()
    if CHANGED.match(text) or RIGHTS.match(text) or ASKS.match(text):
        return first_named(tag, ("p", "ul", "pre", "table")) is None
    if tag.name in HEADINGS and " " not in text:
        return False  # `Copy` and `Next` are also names of commands
    return text in PHRASES and not any(text_of(child) for child in children(tag) if child.name != "button")


def find_chrome(root: Tag, sizes: dict[int, Measure], extra: frozenset[str] = frozenset()) -> set[int]:
    """Return the `id()` of every outermost element of chrome below `root`."""
    out: set[int] = set()
    stack = list(children(root))
    while stack:
        tag = stack.pop()
        if is_chrome(tag, sizes[id(tag)], extra):
            out.add(id(tag))
        elif tag.name not in ("pre", "code"):
            stack.extend(children(tag))
    return out
