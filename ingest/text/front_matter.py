"""The YAML or TOML block at the top of a markdown file. Pure; the only file that knows YAML."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final

import yaml

_TOML_BLOCK = re.compile(r"\A\ufeff?\+\+\+[ \t]*\r?\n(.*?)^\+\+\+[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_BLOCK = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_BREAKS = re.compile("[\x85\u2028\u2029]")
_MAX: Final = 200_000
"""Characters. A longer block is not front matter: the page begins with a thematic break."""


class _PlainLoader(yaml.SafeLoader):
    """YAML without aliases (a few lines of them can unfold to gigabytes) and without dates."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML declares it so
        first: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:timestamp"]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 - the signature is PyYAML's
        if self.check_event(yaml.AliasEvent):
            message = "aliases are not allowed in front matter"
            raise yaml.YAMLError(message)
        return super().compose_node(parent, index)


def split(text: str) -> tuple[str | None, str]:
    """The block between the two rules (None where there is none), and what follows."""
    found = _BLOCK.match(text[: _MAX + 100])
    return (found.group(1), text[found.end() :]) if found else (None, text.removeprefix("\ufeff"))


def parse(block: str) -> dict[str, Any]:
    """The values of a block. Raises ValueError if it is not a YAML mapping or has aliases."""
    try:
        meta = yaml.load(block, Loader=_PlainLoader)  # noqa: S506 - a SafeLoader with less
    except (yaml.YAMLError, RecursionError, ValueError, LookupError, AttributeError) as error:
        # PyYAML lets through what int() and its like say to `!!int x`.
        message = "is not valid YAML"
        raise ValueError(message) from error
    if not isinstance(meta, dict):
        message = "is not a mapping"
        raise ValueError(message)  # noqa: TRY004 - of the text, not of an argument
    return meta


def render(meta: Mapping[str, Any]) -> str:
    """Values as YAML, one line each; what PyYAML would read back as a space is escaped."""
    text = yaml.safe_dump(dict(meta), sort_keys=False, allow_unicode=True, width=1_000_000)
    if _BREAKS.search(text):
        text = yaml.safe_dump(dict(meta), sort_keys=False, width=1_000_000)
    return str(text)


_TOML_LINE = re.compile(r"^(\w[\w-]*)[ \t]*=[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_LINE = re.compile(r"^(\w[\w-]*):[ \t]*(.*?)[ \t]*$", re.MULTILINE)


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """Split a file into its front matter (simple values as text) and the rest.

    A block that is not valid YAML (between `---`) or TOML (between `+++`) is read line by line.
    """
    bare = text.lstrip("\ufeff \t\r\n")
    toml = _TOML_BLOCK.match(bare[: _MAX + 100]) if bare.startswith("+++") else None
    if toml:
        return _toml_values(toml[1]), bare[toml.end() :]
    block, rest = split(bare if bare[:3] == "---" else text)
    if block is None or not _LINE.search(block):
        return {}, text.lstrip("\ufeff")
    return _values(block), rest


def _toml_values(block: str) -> dict[str, str]:
    try:
        loaded = tomllib.loads(block.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError):
        return {name: value.strip("'\"") for name, value in _TOML_LINE.findall(block)}
    return {k: " ".join(str(v).split()) for k, v in loaded.items() if isinstance(v, (str, int, float))}


def _values(block: str) -> dict[str, str]:
    try:
        loaded = parse(block)
    except ValueError:
        return {name: value.strip("'\"") for name, value in _LINE.findall(block)}
    return {str(k): " ".join(str(v).split()) for k, v in loaded.items() if isinstance(v, (str, int, float))}
