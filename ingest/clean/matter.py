"""Front matter of a markdown page as it is served: whatever can be read of it."""

import re

from ingest import front_matter

_LINE = re.compile(r"^(\w[\w-]*):[ \t]*(.*?)[ \t]*$", re.MULTILINE)


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """Split a file into its front matter (simple values as text) and the rest.

    A block that is no valid YAML is read line by line, as far as it has `key: value` lines.
    """
    block, rest = front_matter.split(
        text.lstrip("\ufeff \t\r\n") if text.lstrip("\ufeff \t\r\n")[:3] == "---" else text
    )
    if block is None or not _LINE.search(block):
        return {}, text.lstrip("\ufeff")
    return _values(block), rest


def _values(block: str) -> dict[str, str]:
    try:
        loaded = front_matter.parse(block)
    except ValueError:
        return {name: value.strip("'\"") for name, value in _LINE.findall(block)}
    return {str(k): " ".join(str(v).split()) for k, v in loaded.items() if isinstance(v, (str, int, float))}
