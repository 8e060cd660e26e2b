"""Front matter: the YAML block at the top of a markdown file."""

import re

import yaml

_MATTER = re.compile(r"\A\ufeff?\s*---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_LINE = re.compile(r"^(\w[\w-]*):[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_MAX = 20_000  # characters; what is longer is no front matter but a page that begins with a rule


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """Split a file into its front matter (simple values as text) and the rest.

    A block that is no valid YAML is read line by line, as far as it has `key: value` lines.
    """
    match = _MATTER.match(text[: _MAX * 2])
    if match is None or len(match[1]) > _MAX or not _LINE.search(match[1]):
        return {}, text.lstrip("\ufeff")
    return _values(match[1]), text[match.end() :]


def _values(block: str) -> dict[str, str]:
    try:
        loaded = yaml.safe_load(block)
    except (yaml.YAMLError, ValueError, RecursionError):
        loaded = None
    if not isinstance(loaded, dict):
        return {name: value.strip("'\"") for name, value in _LINE.findall(block)}
    simple = (str, int, float)
    return {str(k): " ".join(str(v).split()) for k, v in loaded.items() if isinstance(v, simple)}
