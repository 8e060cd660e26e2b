"""Reference links (`[text][id]`, with `[id]: address` elsewhere) -> inline links. Code must be marks by now."""

import re
import string

from ingest.clean.mdx.source import Protected

_DEFINITION = re.compile(
    r"^[ \t]{0,3}(?:>[ \t]*)*\[(?P<label>(?:[^\[\]\\\n]|\\.){1,300})\]:[ \t]*(?:\n[ \t]*(?:>[ \t]*)*)?"
    r"(?:<(?P<angle>[^<>\n]*)>|(?P<bare>[^\s<>]\S*))"
    r"(?:[ \t]*\n?[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*$",
    re.MULTILINE,
)
_FULL = re.compile(
    r"(?P<image>!?)\[(?P<text>(?:[^\[\]\\\n]|\\.|\[[^\[\]\n]*\]|\n(?![ \t]*\n)){1,600})\](?P<gap>[ ]?)"
    r"\[(?P<label>[^\[\]\n]{0,300})\](?![\[(:])"
)
_PICTURE = re.compile(
    r"(?P<image>!)\[(?P<text>(?:[^\[\]\\\n]|\\.){0,600})\](?P<gap>[ ]?)\[(?P<label>[^\[\]\n]{0,300})\]"
)
_ANGLED = re.compile(r"(?<=\]\()<([^<>\n]*)>(?=[)\s])")
_BEFORE_INDEX = string.ascii_letters + string.digits + "_]\x00"
_NAME = re.compile(r"(?=.*[^\W\d_])(?!\^)[\w.:/#() \x00`-]+")
_SHORT = re.compile(r"(?<!\])(?P<image>!?)\[(?P<label>(?:[^\[\]\\\n]|\\.|\n(?![ \t]*\n)){1,300})\](?![\[(:])")


def bare_targets(text: str) -> str:
    """Write link targets without the angle brackets that let them have spaces: those look like tags."""
    return _ANGLED.sub(lambda match: re.sub(r"[ ()]", lambda sign: f"%{ord(sign[0]):02X}", match[1]), text)


def inline_references(text: str, kept: Protected) -> str:
    """Write reference links as inline links and drop their definitions.

    Of a link whose label is defined nowhere on the page (MkDocs finds it on others) the words stay.
    """
    targets: dict[str, str] = {}
    for found in _DEFINITION.finditer(text):
        if not found["label"].startswith("^"):
            targets.setdefault(
                _key(found["label"], kept), found["angle"] if found["angle"] is not None else found["bare"]
            )

    def full(match: re.Match[str]) -> str:
        label = match["label"] or match["text"]
        target = targets.get(_key(label, kept))
        if target is not None:
            return f"{match['image']}[{match['text']}](<{target}>)"
        before = match.string[max(0, match.start() - 1) : match.start()]
        is_index = bool(before) and before in _BEFORE_INDEX  # `a[i][j]`
        return match[0] if match["gap"] or is_index or not _NAME.fullmatch(label) else match["text"]

    def short(match: re.Match[str]) -> str:
        target = targets.get(_key(match["label"], kept))
        return f"{match['image']}[{match['label']}](<{target}>)" if target is not None else match[0]

    if targets:
        text = _DEFINITION.sub(lambda match: match[0] if match["label"].startswith("^") else "", text)
        text = _PICTURE.sub(full, text)
    text = _FULL.sub(full, text)
    text = _SHORT.sub(short, text) if targets else text
    return bare_targets(text)


def _key(label: str, kept: Protected) -> str:
    return " ".join(kept.bare(label).split()).casefold()
