"""Replace what an AsciiDoc source includes: `include::x[]`, in code as well; Antora's names of folders are read."""

import re

from ingest.clean.includes.expand import Expanded, Expander, IncludedFile, Read
from ingest.clean.includes.forms import parse_asciidoc_include

_ATTRIBUTE = re.compile(r"^:([\w-]+):[ \t]+(\S.*?)[ \t]*$", re.MULTILINE)
_USED = re.compile(r"\{([\w-]+)\}")
_FAMILY = re.compile(r"^(?:[\w.@-]*:)*(partial|example|page|attachment)\$/?")


def expand_asciidoc_includes(text: str, name: str, read: Read) -> Expanded:
    """Replace every include of the page `name`, also in the included files, as `expand.expand_includes` does."""
    if "include::" not in text:
        return Expanded(text)
    attributes = dict(_ATTRIBUTE.findall(text))

    def read_named(target: str, home: str) -> IncludedFile:
        filled = _USED.sub(lambda match: attributes.get(match[1], match[0]), target)
        return read(_FAMILY.sub(lambda match: f"{match[1]}s/", filled), home)

    expander = Expander(read_named)
    return expander.result(_expand(expander, text, (name,)))


def _expand(expander: Expander, text: str, names: tuple[str, ...]) -> str:
    out: list[str] = []
    for line in text.split("\n"):
        include = parse_asciidoc_include(line)
        if include is None:
            out.append(line)
            continue
        file = expander.fetch(include, names)
        out += _expand(expander, file.text, (*names, file.name)).split("\n") if file else [""]
    return "\n".join(out)
