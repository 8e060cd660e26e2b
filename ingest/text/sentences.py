"""Text -> sentences, each with its place. Pure."""

import re
from collections.abc import Iterator

# A full stop, a closing quote or bracket if any, white space, then something that can open a
# sentence. A stop after "e.g", "i.e", "vs", "etc", "approx" or a lone capital ends none.
_END = re.compile(
    r"""(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\betc)(?<!\bapprox)(?<!\b[A-Z])[.!?]["'”’)\]*_`]*\s+(?=["'“‘(\[*_`]*[A-Z0-9`\[])"""
)


_MARKER = re.compile(r"[ \t>]*\d{1,3}$")


def sentences(text: str, offset: int = 0) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each sentence of `text`, in characters, plus `offset`.

    White space between sentences belongs to none. Line breaks end a sentence only in lists.
    """
    for run_start, run_end in runs(text):
        start = run_start
        for found in _END.finditer(text, run_start, run_end):
            if not _MARKER.match(text, run_start, found.start()):  # the number of a list item
                yield from _trimmed(text, start, found.end(), offset)
                start = found.end()
        yield from _trimmed(text, start, run_end, offset)


def runs(text: str, offset: int = 0) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of what no sentence crosses: paragraphs and single list items, plus `offset`."""
    start = 0
    for found in re.finditer(r"\n(?=[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t])|\n[ \t]*\n|\Z", text):
        if found.start() > start:
            yield offset + start, offset + found.start()
        start = found.end()


def _trimmed(text: str, start: int, end: int, offset: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    lead = len(piece) - len(piece.lstrip())
    tail = len(piece.rstrip())
    if tail > lead:
        yield offset + start + lead, offset + start + tail
