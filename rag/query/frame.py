"""Recognize a question for a definition: the term it asks about, and the words that only ask, such as "mean". Pure.

The passage that defines a term seldom contains the words that only ask, so they count neither for nor against it.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from ingest.text.terms import terms

Form = Literal["is", "does", "define", "bare"]
"""`what is X`, `what does X mean`, `define X`, `X meaning`."""

_ASKS: Final = re.compile(
    r"\W*(?:please\s+|(?:can|could)\s+you\s+)?"
    r"(?:what(?:'s|’s|(?:\s+exactly)?\s+(?:is|are|was|were))(?:\s+exactly)?\s+(?P<meant>meant\s+by\s+)?(?P<is>.+)"
    r"|(?:what|how)\s+do(?:es)?\s+(?P<does>.+?)\s+(?P<verb>mean|stand\s+for|do|refer\s+to)\b(?P<rest>.{0,40}?)"
    r"|(?P<asking>define|definition\s+of|(?:the\s+)?meaning\s+of|explain)\s+(?P<define>.+)"
    r"|(?P<bare>.+?)\s+(?P<noun>meaning|definition))",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class DefinitionQuestion:
    """`phrase` is what is to be explained; `frame` are the other words that carry no subject, "" for `what is X`.

    `rest` is what follows them, such as " in Python" in "what does GIL mean in Python".
    """

    form: Form
    phrase: str
    frame: str = ""
    rest: str = ""


def find_definition_question(question: str) -> DefinitionQuestion | None:
    """What a question wants to have explained; None if it has none of the forms in which one asks for a definition."""
    found = _ASKS.fullmatch(question.strip().rstrip("?.! "))
    if not found:
        return None
    if found["is"] is not None:
        return DefinitionQuestion("is", found["is"], found["meant"] or "")
    if found["does"] is not None:
        return DefinitionQuestion("does", found["does"], found["verb"], found["rest"])
    if found["define"] is not None:
        return DefinitionQuestion("define", found["define"], found["asking"])
    return DefinitionQuestion("bare", found["bare"], found["noun"])


def frame_terms(question: str) -> frozenset[str]:
    """The search terms of the frame of a question for a definition; none for other questions."""
    found = find_definition_question(question)
    return frozenset(terms(found.frame)) if found else frozenset()
