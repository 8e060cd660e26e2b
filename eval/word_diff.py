"""Compare two texts word by word. Pure."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["same", "gone", "new"]


@dataclass(frozen=True, slots=True)
class DiffPart:
    """Consecutive words that both texts have, or that only the old or only the new one has."""

    kind: Kind
    text: str


def word_diff(before: str, after: str) -> Iterator[DiffPart]:
    """Yield both texts in one; words that went come before those that replaced them. White space is not compared."""
    old, new = before.split(), after.split()
    for tag, a, b, c, d in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield DiffPart("same", " ".join(old[a:b]))
            continue
        if a < b:
            yield DiffPart("gone", " ".join(old[a:b]))
        if c < d:
            yield DiffPart("new", " ".join(new[c:d]))
