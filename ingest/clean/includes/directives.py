"""Replace what a reStructuredText source includes, before docutils sees it: docutils never reads a file."""

import re

from ingest.clean.includes.expand import Expanded, Expander, Read
from ingest.clean.includes.forms import directive_include

_INCLUDE = re.compile(r"(?P<lead>[ ]*)\.\.[ ](?P<name>include|literalinclude)::[ \t]*(?P<target>\S.*?)[ \t]*$")
_OPTION = re.compile(r"[ ]+:(?P<name>[\w-]+):(?:[ \t]+(?P<value>.*))?$")


def expand_directives(text: str, name: str, read: Read) -> Expanded:
    """Replace every include of the page `name`, also in the included files, as `expand.expand_includes` does."""
    if "include::" not in text:
        return Expanded(text)
    expander = Expander(read)
    return expander.result(_expand(expander, text, (name,)))


def _expand(expander: Expander, text: str, names: tuple[str, ...]) -> str:
    out: list[str] = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        found = _INCLUDE.match(lines[at])
        at += 1
        if found is None:
            out.append(lines[at - 1])
            continue
        options: dict[str, str] = {}
        while at < len(lines) and (option := _OPTION.match(lines[at])) and lines[at].startswith(found["lead"] + " "):
            options[option["name"]] = (option["value"] or "").strip()
            at += 1
        include = directive_include(found["name"], found["target"], options)
        file = expander.fetch(include, names)
        if file is None:
            continue
        if include.language is None:
            inner = _expand(expander, file.text, (*names, file.name)).split("\n")
        else:
            caption = [f"   :caption: {include.title}"] if include.title else []
            code = [f"   {line}" for line in file.text.split("\n")]
            inner = [f".. code-block:: {include.language or 'text'}", *caption, "", *code]
        out += ["", *(found["lead"] + line if line.strip() else "" for line in inner), ""]
    return "\n".join(out)
