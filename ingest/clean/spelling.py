"""What markdown can spell in several ways -> the one that HTML gives. Code must be marks by now (see `mdx.protect`)."""

import html
import re
from typing import Final

from ingest.clean.safe import without_controls

_RULE = re.compile(r"^([ \t]*(?:>[ ]?)*)[ \t]*(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$", re.MULTILINE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ESCAPED = re.compile(r"\\([_*{}<>\[\]()~$.!+'\"&,:;=?@/^%-])")
_LABEL = r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\([^()\s]*\)"
# GFM, "Autolinks (extension)": up to white space or `<`, without the punctuation at its end.
_BARE = re.compile(
    rf"{_LABEL}|<https?://[^\s<>]+>|(?<![\w\"'=/@\[])(?<!\]: )https?://[^\s<>|\[\]\"'`\x00-\x1f]+", re.IGNORECASE
)
_TRAILING: Final = "?!.,:;*_~"
_UNLINKED: Final = "\x03"  # the text itself holds no controls
_MARKED = re.compile(r"(?<![\w*\\])(\*{1,3})(?=\S)([^*\n]*[^*\s])\1(?![\w*])")
_ITEM = re.compile(r"([ \t]*(?:>[ ]?)*[ \t]*)(\d{1,9})([.)][ \t]+)(.*)")


def without_rules(text: str) -> str:
    """Drop thematic breaks, which say nothing; underlined headings must be rewritten by now."""
    return _RULE.sub(r"\1", text)


def decode_entities(text: str) -> str:
    """Write `&mdash;` and its like as what they stand for; in a table's row `&#124;` stays no end of a cell."""
    return _ENTITY.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    said = without_controls(html.unescape(match[0]))
    return " " if said.isspace() else "\\|" if said == "|" else said


def without_escapes(text: str) -> str:
    """Drop the backslashes before signs that are not markup where they stand."""
    return _ESCAPED.sub(r"\1", text)


def unlinked(text: str) -> str:
    """Mark the addresses in an image's alternative text: `link_bare` leaves them as they are."""
    return text.replace("://", f":{_UNLINKED}//")


def link_bare(text: str) -> str:
    """Make links of addresses that stand in the text; the targets of links must hold no brackets by now."""
    return (_BARE.sub(_link, text) if "://" in text else text).replace(_UNLINKED, "")


def _link(match: re.Match[str]) -> str:
    found = match[0]
    if found.startswith("["):
        return found
    if found.startswith("<"):
        return f"[{found[1:-1]}]({found[1:-1]})"
    url = found.rstrip(_TRAILING)
    while url.endswith(")") and url.count(")") > url.count("("):
        url = url[:-1].rstrip(_TRAILING)
    target = url.replace("(", "%28").replace(")", "%29")
    return f"[{url}]({target}){found[len(url) :]}" if url.rpartition("//")[2] else found


def heading_words(text: str) -> str:
    """Give the words of a heading, as HTML's are given: no links, no emphasis."""
    return _MARKED.sub(r"\2", re.sub(_LABEL, r"\1", text))


def number_lists(text: str) -> str:
    """Count the items of lists that are all numbered `1.`, as a browser does."""
    out: list[str] = []
    lists: list[tuple[str, str, int]] = []  # what stands before the number, the first number, the last one shown
    for line in text.split("\n"):
        item = _ITEM.fullmatch(line)
        lead = item[1] if item else line[: len(line) - len(line.lstrip(" \t>"))]
        while (
            lists and line.strip() and (len(lists[-1][0]) > len(lead) or (not item and len(lists[-1][0]) >= len(lead)))
        ):
            lists.pop()
        if item and lists and lists[-1][0] == lead and lists[-1][1] == item[2]:
            shown = lists[-1][2] + 1
            lists[-1] = (lead, item[2], shown)
            line = f"{lead}{shown}{item[3]}{item[4]}"  # noqa: PLW2901 - the line as it is written
        elif item:
            lists = [*(one for one in lists if one[0] != lead), (lead, item[2], int(item[2]))]
        out.append(line)
    return "\n".join(out)
