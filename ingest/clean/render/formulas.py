r"""Formulas: the TeX source between dollar signs, from whatever the page's renderer left of it.

Sphinx, MkDocs (arithmatex), pandoc, GitHub and GitLab put TeX with or without its delimiters into an
element. MathJax keeps it in a script, KaTeX and MediaWiki in an annotation. Where only MathML or the
picture of a formula is left, TeX is written from its elements or taken from the alternative text.
"""

import re
from collections.abc import Iterator

from bs4.element import NavigableString, Tag

from ingest.clean.dom.tree import attr, elements, first_named, normalize_spaces, tokens

_CLASSES = frozenset(
    "katex katex-display MathJax MathJax_Display MathJax_SVG MathJax_CHTML MathJax_Preview MJXc-display math "
    "arithmatex mwe-math-element js-render-math js-inline-math js-display-math".split()
)
_PROSE = ["h1", "h2", "h3", "pre", "table", "ul", "ol"]
_NAMES = frozenset(("math", "mjx-container", "math-renderer"))
_DISPLAY = frozenset("katex-display MathJax_Display MJXc-display MathJax_SVG_Display js-display-math display".split())
_RENDERED = frozenset(("MathJax", "MathJax_Display", "MathJax_SVG", "MathJax_CHTML", "MathJax_Preview", "MJXc-display"))
_NUMBER = frozenset(("eqno", "equation-number", "tag-number"))
_BLOCKS = frozenset(("div", "p", "section", "figure"))
_DELIMITERS = ((r"\(", r"\)"), (r"\[", r"\]"), ("$$", "$$"), (r"\$", r"\$"), ("$", "$"))
_DISPLAY_STYLE = re.compile(r"\{\\(?:displaystyle|textstyle)\s+(.*)\}", re.DOTALL)
_NEAR = 3  # elements between what MathJax rendered and its script
_MAX_DEPTH = 40


def is_formula(tag: Tag) -> bool:
    """Return whether an element is a formula. `math` is also a class of code blocks and of pages about it."""
    if tag.name in _NAMES or is_math_script(tag):
        return True
    names = tokens(tag) if tag.attrs else []
    if _CLASSES.isdisjoint(names) or tag.name in ("pre", "body", "main", "article", "a"):
        return False
    if tag.name == "img":
        return bool(attr(tag, "alt"))
    return first_named(tag, _PROSE) is None or not {"katex", "MathJax"}.isdisjoint(names)


def is_math_script(tag: Tag) -> bool:
    """Return whether a script has TeX or MathML in it, which MathJax sets."""
    return tag.name == "script" and attr(tag, "type").lower().startswith(("math/tex", "math/mml"))


def is_display(tag: Tag) -> bool:
    """Return whether a formula is a paragraph of its own rather than a part of a sentence."""
    names = tokens(tag)
    if tag.name in _BLOCKS or not _DISPLAY.isdisjoint(names) or attr(tag, "display") in ("block", "true"):
        return True
    if "display" in attr(tag, "data-math-style") or "mode=display" in attr(tag, "type").replace(" ", ""):
        return True
    if tag.find(class_="katex-display") is not None or tag.find("math", display="block") is not None:
        return True
    return _text(tag).startswith((r"\[", "$$", r"\begin{"))


def formula(tag: Tag) -> str:
    """Return a formula as `$TeX$`, or `$$TeX$$` with its number after it; "" for what a script next to it repeats."""
    if not _RENDERED.isdisjoint(tokens(tag)) and tag.find(is_math_script) is None and _script_follows(tag):
        return ""
    tex = _bare(normalize_spaces(_tex(tag)))
    if not tex:
        return ""
    number = "".join(_strings(node) for node in elements(tag) if not _NUMBER.isdisjoint(tokens(node)))
    sign = "$$" if is_display(tag) else "$"
    return f"{sign}{tex}{sign}" + (f" {normalize_spaces(number)}" if number.strip() else "")


def _script_follows(tag: Tag) -> bool:
    node = tag
    for _ in range(_NEAR):
        after = node.find_next_sibling()
        if after is None:
            return False
        if is_math_script(after):
            return True
        node = after
    return False


def _tex(tag: Tag) -> str:
    note = next((n for n in tag.find_all("annotation") if "tex" in attr(n, "encoding").lower() or not n.attrs), None)
    if isinstance(note, Tag):
        return _strings(note)
    script = tag if is_math_script(tag) else tag.find(is_math_script)
    if isinstance(script, Tag) and attr(script, "type").startswith("math/tex"):
        return script.get_text()
    maths = tag if tag.name == "math" else first_named(tag, "math")
    if isinstance(maths, Tag):
        return attr(maths, "alttext") or attr(tag, "alttext") or _from_mathml(maths, 0)
    image = tag if tag.name == "img" else tag.find("img", alt=True)
    text = _text(tag)
    return attr(image, "alt") if isinstance(image, Tag) and not text else text


def _text(tag: Tag) -> str:
    """Return the text of a formula without its number, links to itself and what MathJax shows meanwhile."""
    parts: list[str] = []
    stack = list(reversed(tag.contents))
    while stack:
        node = stack.pop()
        if isinstance(node, Tag):
            names = tokens(node)
            if node.name not in ("a", "button", "script", "style") and _NUMBER.isdisjoint(names):
                stack.extend(reversed(node.contents))
        elif type(node) is NavigableString:
            parts.append(node)
    return "".join(parts).strip()


def _strings(tag: Tag) -> str:
    return "".join(text for text in tag.descendants if type(text) is NavigableString and _is_outside_link(text, tag))


def _is_outside_link(text: NavigableString, tag: Tag) -> bool:
    return not any(parent.name == "a" for parent in _up_to(text, tag))


def _up_to(text: NavigableString, tag: Tag) -> Iterator[Tag]:
    for parent in text.parents:
        if parent is tag:
            return
        yield parent


def _bare(tex: str) -> str:
    """Take delimiters off a formula."""
    tex = tex.strip()
    for left, right in _DELIMITERS:
        if tex.startswith(left) and tex.endswith(right) and len(tex) >= len(left) + len(right):
            tex = tex[len(left) : len(tex) - len(right)].strip()
            break
    styled = _DISPLAY_STYLE.fullmatch(tex)
    return styled[1].strip() if styled else tex


# With as many elements as a form has places, in the order of the places.
_FORMS = {
    ("mfrac", 2): r"\frac{{{0}}}{{{1}}}",
    ("mroot", 2): r"\sqrt[{1}]{{{0}}}",
    **dict.fromkeys((("msup", 2), ("mover", 2)), "{0}^{{{1}}}"),
    **dict.fromkeys((("msub", 2), ("munder", 2)), "{0}_{{{1}}}"),
    **dict.fromkeys((("msubsup", 3), ("munderover", 3)), "{0}_{{{1}}}^{{{2}}}"),
}
_BETWEEN = {"mtable": r" \\ ", "mtr": " & "}


def _from_mathml(tag: Tag, depth: int) -> str:
    """Write TeX for presentation MathML: fractions, roots, scripts and tables; else its characters."""
    parts = [node for node in tag.contents if isinstance(node, Tag) and not node.name.startswith("annotation")]
    if not parts or depth > _MAX_DEPTH:
        return normalize_spaces(tag.get_text())
    inner = [_from_mathml(part, depth + 1) for part in parts]
    form = _FORMS.get((tag.name, len(inner)))
    if form:
        return form.format(*inner)
    text = _BETWEEN.get(tag.name, " ").join(part for part in inner if part)
    return rf"\sqrt{{{text}}}" if tag.name == "msqrt" else text
