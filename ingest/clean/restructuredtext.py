"""reStructuredText source -> HTML as Sphinx would lay it out, which the cleaner of HTML reads. Knows docutils.

Nothing of the text is executed: no file is inserted, no raw HTML passes, no program runs. Directives and roles that
only Sphinx or an extension of it knows give their inner text; those that only name other things give nothing.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from html import escape
from textwrap import wrap
from typing import Any, ClassVar, Final

from docutils import nodes
from docutils.core import publish_doctree, publish_from_doctree
from docutils.parsers.rst import Directive, Parser, directives
from docutils.parsers.rst.states import Inliner
from docutils.statemachine import StringList
from docutils.utils import SystemMessage
from docutils.writers.html5_polyglot import HTMLTranslator, Writer

from ingest.clean.mdx.roles import read_role

LARGEST: Final = 1_000_000
"""Characters of a source. docutils takes about ten seconds for as many."""
_LONGEST_LINE: Final = 10_000
_MOST_MARKS: Final = 2_000  # of inline markup in a paragraph: each that does not end is looked for up to its end
_MOST_TARGETS: Final = 5_000
_MARK = re.compile(r"[*`|]|_(?![\w])")
_TARGET = re.compile(r"^[ ]*\.\.[ ](?:_|\[)", re.MULTILINE)
_MOST_NOTES: Final = 5
_MOST_NESTED: Final = 8  # substitutions that use others: each may double what the one before it gives
_SUBSTITUTION = re.compile(r"^[ ]*\.\.[ ]\|[^|\n]+\|[ ]\w+::[^\n]*\|[^|\n]+\|[^\n]*$", re.MULTILINE)
_NAMED = re.compile(r"^[ \t]*(?:[-*+]?[ \t]*)\.\.[ ](?:\|[^|\n]*\|[ ])?([A-Za-z][\w:.+-]{0,60})::", re.MULTILINE)
_REFERENCE = re.compile(r"`?(?P<words>[^`|]+?)(?:[ ]*<[^<>]*>)?`?__?$|\|(?P<name>[^|]+)\|_{0,2}$", re.DOTALL)
_RAW = re.compile(r"^[ ]*\.\.[ ]\|(?P<name>[^|\n]+)\|[ ]raw::[^\n]*(?:\n[ ]*\n?[ ]+[^\n]*)*", re.MULTILINE)
"""A substitution by HTML: a line break, an icon."""
_SUBSTITUTED = re.compile(r"\|([^|\n]{1,60})\|")

_METADATA = re.compile(r"(?:orphan|tocdepth|nocomments|nosearch|no-search|html_theme|og:|description|keywords)")
_PARAMETER = re.compile(r"(?:param|parameter|arg|argument|key|keyword|raises?|except|exception)(?:[ ]+.*)?[ ]+(\S+)")

_CODE: Final = frozenset(
    "code code-block code-tab sourcecode prompt console ipython doctest testcode code-cell jupyter-execute "
    "parsed-literal".split()
)
_DROPPED: Final = frozenset(
    """toctree contents include literalinclude index highlight currentmodule module tabularcolumns graphviz digraph
    graph mermaid plot bibliography rst-class cssclass meta raw autosummary testsetup testcleanup testoutput sectnum
    title
    sphinx-design youtube video uml inheritance-diagram ifconfig default-domain program""".split()
)
_VERSIONS: Final = {
    "versionadded": "Added in version", "versionchanged": "Changed in version",
    "deprecated": "Deprecated since version", "versionremoved": "Removed in version",
}  # fmt: skip
_ADMONITIONS: Final = {
    "seealso": "See also", "todo": "Todo", "note": "Note", "tip": "Tip", "warning": "Warning", "hint": "Hint",
    "important": "Important", "attention": "Attention", "caution": "Caution", "danger": "Danger", "error": "Error",
}  # fmt: skip
_LABELLED: Final = frozenset(
    """tab group-tab tab-item dropdown collapse details card grid-item-card button-link centered rubric sidebar
    topic md-tab-item""".split()
)
_OBJECT = re.compile(
    r"(?:(?:py|c|cpp|js|rst|std|http|mat|rb|go|php):)?(?:function|method|class|exception|data|attribute|property|"
    r"staticmethod|classmethod|decorator|option|cmdoption|confval|envvar|describe|object|setting|macro|type|struct|"
    r"member|enum|enumerator|var|directive|role|get|post|put|delete|patch|term|automethod|autofunction|autoclass|"
    r"autoattribute|autodata|autoexception|automodule|autoproperty)"
)


class _AnyOption(defaultdict[str, Any]):
    """Options of every name and value are allowed."""

    def __init__(self) -> None:
        super().__init__(lambda: directives.unchanged)

    def __bool__(self) -> bool:
        return True


class _Inner(Directive):
    """A directive whose content is shown: one that is not known, or that is for the layout only."""

    required_arguments = 0
    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[Any] = _AnyOption()

    @property
    def title(self) -> str:
        """The words behind the name of the directive."""
        return self.arguments[0].strip() if self.arguments else ""

    def run(self) -> list[nodes.Node]:
        """Return the content; words that go on to a second line belong to it."""
        return [*self.parsed(StringList(self.title.split("\n"))), *self.inner()] if "\n" in self.title else self.inner()

    def inner(self) -> list[nodes.Node]:
        """Return the content as nodes."""
        return self.parsed(self.content)

    def parsed(self, lines: StringList) -> list[nodes.Node]:
        """Return lines as nodes."""
        box = nodes.Element()
        self.state.nested_parse(lines, self.content_offset, box, match_titles=True)
        return list(box.children)

    def inline(self, text: str) -> list[nodes.Node]:
        """Return text with its inline markup."""
        found, _ = self.state.inline_text(text, self.lineno)
        return list(found)


class _Nothing(_Inner):
    """A directive that speaks to the generator."""

    def run(self) -> list[nodes.Node]:
        """Return nothing."""
        return []


class _Code(_Inner):
    """Code with a language; `code-tab` has a label behind it."""

    def run(self) -> list[nodes.Node]:
        """Return the code with its caption."""
        language, *label = self.title.split(None, 1) or [""]
        code = "\n".join(self.content)
        caption = label[0] if label and self.name == "code-tab" else self.options.get("caption") or ""
        return [nodes.literal_block(code, code, language=language, caption=caption)]


class _Math(_Inner):
    """A formula; blank lines part several."""

    def run(self) -> list[nodes.Node]:
        """Return the formulas."""
        tex = "\n".join([self.title, *self.content]).strip()
        return [nodes.math_block(part, part) for part in re.split(r"\n[ \t]*\n", tex) if part.strip()]


class _Version(_Inner):
    """A remark on the version in which something changed."""

    def run(self) -> list[nodes.Node]:
        """Return the remark as a paragraph."""
        version, *rest = self.title.split(None, 1) or [""]
        words = f"{_VERSIONS[self.name.lower()]} {version}".rstrip()
        lead = nodes.emphasis(text=words + (":" if rest or self.content else ""))
        return [nodes.paragraph("", "", lead, nodes.Text(" "), *self.inline("".join(rest))), *self.inner()]


class _Labelled(_Inner):
    """A tab, card or fold with a label."""

    def run(self) -> list[nodes.Node]:
        """Return the label in bold, then the content."""
        label = nodes.paragraph("", "", nodes.strong("", "", *self.inline(self.title)))
        return [label, *self.inner()] if self.title else self.inner()


class _Object(_Inner):
    """The description of a function, class, option or the like."""

    def run(self) -> list[nodes.Node]:
        """Return its signatures as the terms of a definition list."""
        names = [line.strip() for line in self.title.split("\n") if line.strip()]
        terms = [nodes.term("", "", nodes.literal(text=name)) for name in names]
        definition = nodes.definition("", *self.inner())
        described = nodes.definition_list("", nodes.definition_list_item("", *terms, definition))
        return [described] if names else self.inner()


class _Box(_Inner):
    """A box such as a note; of Sphinx's options and those of themes, all are allowed."""

    optional_arguments = 0

    def run(self) -> list[nodes.Node]:
        """Return the box with its label."""
        name = self.name.lower()
        label = nodes.paragraph("", _ADMONITIONS[name], classes=["admonition-title"])
        return [nodes.container("", label, *self.inner(), classes=["admonition", name])]


class _Inliner(Inliner):
    """Reads roles as words; docutils's own need no exception."""

    def interpreted(self, rawsource: str, text: str, role: str, _lineno: int) -> tuple[list[nodes.Node], list[Any]]:
        """Return the nodes of one role. The role without a name is the project's choice, mostly for names."""
        if role in ("math", "sub", "subscript", "sup", "superscript", "strong", "emphasis"):
            return super().interpreted(rawsource, text, role, _lineno)
        shown = read_role(role or "any", nodes.unescape(text))
        if shown.is_code:
            return [nodes.literal(rawsource, shown.words)], []
        words = nodes.inline(rawsource, shown.words)
        if shown.target:
            words["label"] = shown.target
        return [words], []


for _name, _value in vars(Inliner).items():  # docutils takes its patterns from the class itself, not from its bases
    if isinstance(_value, str) and not _name.startswith("__"):
        setattr(_Inliner, _name, _value)


class _Translator(HTMLTranslator):
    """Writes code as Sphinx does: with its language in the class of the box around it."""

    def visit_literal_block(self, node: nodes.literal_block) -> None:
        """Write code; it has no markup within."""
        names = [name for name in node["classes"] if name != "code"]
        language = node.get("language") or (names[0] if names else "")
        caption = node.get("caption", "")
        if caption:
            self.body.append(f'<div class="code-block-caption">{escape(caption)}</div>')
        name = re.sub(r"[^\w+#.-]", "", language)
        self.body.append(f'<div class="highlight-{name or "default"}"><pre>{escape(node.astext())}</pre></div>\n')
        raise nodes.SkipNode

    def visit_literal(self, node: nodes.literal) -> None:
        """Write inline code."""
        self.body.append(f"<code>{escape(node.astext())}</code>")
        raise nodes.SkipNode

    def visit_math(self, node: nodes.math) -> None:
        """Write a formula within a sentence as Sphinx does."""
        self.body.append(f'<span class="math">\\({escape(node.astext())}\\)</span>')
        raise nodes.SkipNode

    def visit_math_block(self, node: nodes.math_block) -> None:
        """Write a formula on its own."""
        self.body.append(f'<div class="math">\\[{escape(node.astext())}\\]</div>\n')
        raise nodes.SkipNode

    def visit_doctest_block(self, node: nodes.doctest_block) -> None:
        """Write a session of the interpreter."""
        self.body.append(f'<div class="highlight-pycon"><pre>{escape(node.astext())}</pre></div>\n')
        raise nodes.SkipNode

    def visit_system_message(self, _node: nodes.system_message) -> None:
        """Leave messages out; they are notes of the run."""
        raise nodes.SkipNode


class _Writer(Writer):
    """The writer of HTML with our translator."""

    def __init__(self) -> None:
        super().__init__()
        self.translator_class = _Translator


_SETTINGS: Final[dict[str, Any]] = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "_disable_config": True,
    "report_level": 5,
    "halt_level": 5,
    "warning_stream": False,
    "input_encoding": "unicode",
    "output_encoding": "unicode",
    "syntax_highlight": "none",
    "embed_stylesheet": False,
    "stylesheet_path": None,
    "doctitle_xform": True,
    "docinfo_xform": False,
    "sectsubtitle_xform": False,
    "initial_header_level": "2",
    "smart_quotes": False,
    "toc_backlinks": False,
    "footnote_backlinks": False,
    "pep_references": False,
    "rfc_references": False,
    "line_length_limit": 2 * _LONGEST_LINE,
}


def restructuredtext_html(text: str) -> tuple[str, tuple[str, ...]]:
    """Return (HTML, notes). Raises ValueError for a source that is too large or too deep."""
    _check_size(text)
    text = "\n".join(_folded(line) if len(line) > _LONGEST_LINE else line for line in text.split("\n"))
    raw = {found["name"] for found in _RAW.finditer(text)}
    text = _SUBSTITUTED.sub(lambda m: " " if m[1] in raw else m[0], _RAW.sub("", text)) if raw else text
    notes: list[str] = []
    if len(_SUBSTITUTION.findall(text)) > _MOST_NESTED:
        text = _SUBSTITUTION.sub("", text)
        notes.append("substitutions that use others are left out: too many")
    for name in {*_NAMED.findall(text)} - _KNOWN:
        directives.register_directive(name, _class_of(name.lower()))
    try:
        tree = publish_doctree(text, parser=Parser(inliner=_Inliner()), settings_overrides=_SETTINGS)
        notes += _read_messages(tree)
        _resolve(tree)
        body = str(publish_from_doctree(tree, writer=_Writer(), settings_overrides=_SETTINGS))
    except (SystemMessage, RecursionError) as error:
        raise ValueError(f"not readable as reStructuredText: {error}"[:200]) from error
    return _page(body), tuple(notes)


_KNOWN: Final = frozenset(
    """admonition epigraph highlights pull-quote compound
    container table list-table csv-table figure image line-block block-quote replace unicode date role default-role
    header footer class target-notes section-numbering""".split()
)
"""Directives that docutils reads as we want them."""


def _check_size(text: str) -> None:
    """Raise ValueError for what docutils would take a time for that grows with the square of its length."""
    if len(text) > LARGEST:
        raise ValueError(f"more than {LARGEST:,} characters")
    if any(len(_MARK.findall(part)) > _MOST_MARKS for part in re.split(r"\n[ \t]*\n", text)):
        raise ValueError(f"a paragraph with more than {_MOST_MARKS:,} marks")
    if len(_TARGET.findall(text)) > _MOST_TARGETS:
        raise ValueError(f"more than {_MOST_TARGETS:,} targets")


def _folded(line: str) -> str:
    """Break a line that docutils would refuse; it stays in its paragraph."""
    indent = line[: min(200, len(line) - len(line.lstrip(" ")))]
    return "\n".join(wrap(line, _LONGEST_LINE // 2, subsequent_indent=indent, break_on_hyphens=False))


def _class_of(name: str) -> type[_Inner]:
    """Return the class that reads a directive."""
    for names, found in (
        (_DROPPED, _Nothing),
        (_CODE, _Code),
        (_VERSIONS, _Version),
        (_ADMONITIONS, _Box),
        (_LABELLED, _Labelled),
    ):
        if name in names:
            return found
    return _Math if name == "math" else _Object if _OBJECT.fullmatch(name) else _Inner


def _read_messages(tree: nodes.document) -> Iterator[str]:
    """Yield notes on what could not be read: the first errors of the parser, with their lines."""
    messages = [m for m in (*tree.parse_messages, *tree.transform_messages) if m["level"] >= 3]
    for message in messages[:_MOST_NOTES]:
        words = " ".join(message.children[0].astext().split()) if message.children else ""
        if not words.startswith(("Unknown target name", "Undefined substitution")):
            yield f"line {message.get('line', '?')}: {words}"[:160]


def _resolve(tree: nodes.document) -> None:
    """Put words where the text names something, and drop what only speaks to Sphinx.

    Titles of sections take the place of their names; a reference without a target on this page is its words.
    """
    fields = next((node for node in tree.children if not isinstance(node, (nodes.title, nodes.target))), None)
    if isinstance(fields, nodes.field_list) and all(_METADATA.match(node.astext()) for node in fields.children):
        tree.remove(fields)
    for field in list(tree.findall(nodes.field_name)):
        found = _PARAMETER.fullmatch(field.astext())
        if found:
            field.clear()
            field.append(nodes.literal(text=found[1]))
    for image in list(tree.findall(nodes.image)):
        image.setdefault("alt", "")
    for node in list(tree.findall(nodes.inline)):
        section = tree.ids.get(tree.nameids.get(node.get("label", "").lower()) or "")
        if isinstance(section, nodes.section) and isinstance(section[0], nodes.title):
            node.children = [nodes.Text(section[0].astext())]
    for problem in list(tree.findall(nodes.problematic)):
        found = _REFERENCE.match(problem.astext())
        words = (found["words"] or found["name"]) if found else problem.astext()
        problem.replace_self(nodes.inline("", words))


def _page(html: str) -> str:
    """Mark the content as that of a generator, so that nothing in it is taken for chrome of an unknown theme."""
    return html.replace("<main", '<div class="body" role="main"', 1).replace("</main>", "</div>", 1)
