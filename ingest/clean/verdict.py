"""Pages that came with status 200 and hold no documentation: empty, not found, log in, robot check."""

import re

from bs4.element import Tag

from ingest.clean.tree import Index, attr

# Words of a page below which a telling title is believed: such pages hold a sentence and a link.
FEW_WORDS = 80

_NOT_FOUND = re.compile(
    r"\b(?:page|document|article|url|resource)\b.{0,20}\b(?:not found|does(?:n.t| not) exist|"
    r"could(?:n.t| not) be found|is missing|no longer exists)|^(?:nothing (?:found|here)|oops)\b",
    re.IGNORECASE,
)
# A page of an API reference may be called "404 Not Found"; one that says this as well is missing itself.
_ERROR_TITLE = re.compile(r"\b404\b|^not found$", re.IGNORECASE)
_SORRY = re.compile(
    r"(?:can.?t|cannot|could not|couldn.t|unable to) find|looking for|no longer (?:exists|available)|"
    r"has (?:been )?moved|does(?:n.t| not) exist|(?:return|back|go) (?:to )?(?:the )?home|page (?:was )?not found",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"^(?:please )?(?:sign|log) ?in\b|^login\b|authentication required|^(?:restricted|members) ", re.IGNORECASE
)
_CHALLENGE = re.compile(
    r"^just a moment|attention required|checking your browser|are you (?:a )?(?:human|robot)|verify you are human|"
    r"^access denied|enable javascript and cookies|security check",
    re.IGNORECASE,
)
_NEEDS_SCRIPT = re.compile(r"(?:enable|requires?|need) (?:to enable )?javascript", re.IGNORECASE)


def judge(title: str, text: str, index: Index | None = None) -> tuple[str, str] | None:
    """Tell why a page can't be used: (reason, detail), or None when it can. `text`: its content, no title."""
    words = len(text.split())
    if words < FEW_WORDS:
        if _NOT_FOUND.search(title) or (_ERROR_TITLE.search(title) and _SORRY.search(text)):
            return "soft-404", f"the page says {title!r}"
        if _CHALLENGE.search(title) or _CHALLENGE.search(text[:300]):
            return "challenge", "a check for robots came instead of the page"
        if _LOGIN.search(title) or _password(index):
            return "login", "the page asks to log in"
        target = _refresh(index)
        if target:
            return "redirect", f"the page only leads to {target}"
    if not text.strip() or (words < 40 and _NEEDS_SCRIPT.search(text)):
        return "empty", "no content in the HTML; it may need a browser to appear"
    return None


def _password(index: Index | None) -> bool:
    inputs = index.names.get("input", []) if index else []
    return any(attr(tag, "type").lower() == "password" for tag in inputs)


def _refresh(index: Index | None) -> str:
    for tag in index.names.get("meta", []) if index else []:
        if isinstance(tag, Tag) and attr(tag, "http-equiv").lower() == "refresh":
            match = re.search(r"url\s*=\s*['\"]?([^'\"\s]+)", attr(tag, "content"), re.IGNORECASE)
            if match:
                return match[1]
    return ""
