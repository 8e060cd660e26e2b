"""Characters that steer a terminal, turn text around, or hide text from a reader. One home for their sets.

Each set is the inside of a regular expression's character class. Pure; imports nothing heavy.
"""

import re
from typing import Final

CONTROLS: Final = "\x00-\x08\x0b-\x1f\x7f-\x9f"
"""C0 without tab and line feed, DEL, C1 (ECMA-48)."""
BIDI: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Marks, embeddings, overrides and isolates of writing direction (Unicode UAX #9)."""
ZERO_WIDTH: Final = "\u200b-\u200d\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"
"""What takes no room: zero-width spaces and joiners, invisible operators, annotation marks."""
SEPARATORS: Final = "\u2028\u2029"
"""Line and paragraph separators: a second kind of line end."""
SURROGATES: Final = "\ud800-\udfff"
"""Halves of a character, which no encoding takes."""
TAGS: Final = "\U000e0000-\U000e007f"
"""Tag characters: a whole invisible ASCII."""

UNSAFE: Final = re.compile(f"[{CONTROLS}{BIDI}{ZERO_WIDTH}{SEPARATORS}{SURROGATES}{TAGS}]")
"""All of them: what neither a terminal nor a model is shown."""


def visible(text: str) -> str:
    """`text` without them."""
    return UNSAFE.sub("", text)
