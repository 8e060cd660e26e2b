"""Signs of markdown that more than one step reads. Pure."""

import re
from typing import Final

FENCE: Final = re.compile(r"[ \t>]*(?:[-*+][ \t]+|\d{1,3}[.)][ \t]+)?(`{3,}(?!.*`)|~{3,})")
"""A line that opens a block of code, in a list or a quotation too; its first group is the fence (CommonMark 4.5)."""

CODE: Final = re.compile(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)")
"""Code within one line: it ends with as many backticks as it begins with (CommonMark 6.1)."""


def closes(line: str, fence: str) -> bool:
    """Whether a line ends the block of code that `fence` opened: at least as many of its signs, and nothing else."""
    mark = line.strip(" \t>")
    return mark.startswith(fence) and not mark.strip(fence[0])


_BULLET = re.compile(r"^[ \t>]*(?:[-*+]|\d{1,3}[.)])[ \t]+")


def without_bullet(text: str) -> str:
    """A list item's words: its bullet or number off."""
    return _BULLET.sub("", text)
