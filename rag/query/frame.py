"""Find the words of a question that only say what it asks for, such as "mean" in "what does E12 mean". Pure.

The passage that defines a term seldom contains them, so they count neither for nor against it.
"""

import re
from typing import Final

from ingest.text.terms import terms

_DEFINITION: Final = re.compile(
    r"\W*(?:(?:what|how)\s+do(?:es)?\s.+?\s(?P<last>mean|stand\s+for|refer\s+to)\b.{0,40}"
    r"|(?:please\s+|can\s+you\s+)?(?P<first>define|definition\s+of|(?:the\s+)?meaning\s+of|explain)\s.+)",
    re.IGNORECASE | re.DOTALL,
)


def frame_terms(question: str) -> frozenset[str]:
    """The search terms of the frame of a question for a definition; none for other questions."""
    found = _DEFINITION.fullmatch(question)
    return frozenset(terms(found["last"] or found["first"])) if found else frozenset()
