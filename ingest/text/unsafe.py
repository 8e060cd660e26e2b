"""Characters that steer a terminal, turn text around, or hide text from a reader. One home for their sets.

Each set is the inside of a regular expression's character class. Pure; imports nothing heavy.


Characters that steer a terminal or turn text around: pages are untrusted, and their text is printed.
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


# ECMA-48 control sequences (CSI), operating system commands (OSC), and other two-character escapes.
_SEQUENCES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\\]|\x9d)[^\x07\x1b\x9c\n<]{0,200}(?:\x07|\x1b\\\\|\x9c)?|\x1b[^<\n]?"
)
_CONTROLS = re.compile(f"[{CONTROLS}{BIDI}]")
_REFERENCE = re.compile(r"&#(?:0*(\d{1,4})|[xX]0*([0-9a-fA-F]{1,4}));?")


def without_controls(text: str) -> str:
    """Take control sequences and characters out of a text; every line ends with a newline character."""
    if any(char in text for char in "\r\u2028\u2029"):
        text = re.sub("\r\n?|\u2028|\u2029", "\n", text)
    return _CONTROLS.sub("", _SEQUENCES.sub("", text)) if _CONTROLS.search(text) else text


def without_references(html: str) -> str:
    """Take character references to control characters (`&#27;`) out of HTML, with what they would begin."""

    def control(match: re.Match[str]) -> str:
        char = chr(int(match[1]) if match[1] else int(match[2], 16))
        return char if _CONTROLS.match(char) else match[0]

    return without_controls(_REFERENCE.sub(control, html))


def safe_url(url: str) -> str:
    """Percent-encode white space and control characters of an address."""
    return re.sub(r"[\x00-\x20\x7f-\xa0]", lambda match: f"%{ord(match[0]):02X}", url)
