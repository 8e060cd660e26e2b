"""A model's streamed text -> the same with links to its sources only. Pure.

A link or picture that a page smuggled into an answer could carry words of the prompt to a stranger's
server, by a click or by being drawn. So no picture is left, a link only where it leads to the site
of a passage, and any other address loses what makes it one. Code is left as it is.
"""

import re
from collections.abc import Sequence
from itertools import chain
from typing import Final
from urllib.parse import urlsplit

from rag.records import Hit

_LONGEST: Final = 2000
_PICTURE_OR_LINK = re.compile(r"(!?)\[([^\[\]\n]*)\][ ]?\(\s*<?([^()\s<>]*(?:\([^()\s]*\)[^()\s<>]*)?)>?[^()\n]*\)")
_LOOSE = re.compile(r"\]\((?=([^()\s]*))|!(\[)")
"""What is left of broken links and pictures: renderers differ in what they mend."""

_REFERENCE = re.compile(r"(?m)^[ \t>]*\[[^\]\n]+\]:[ \t]*\S+.*$")
_HTML = re.compile(r"</?[a-zA-Z][^<>\n]*>")
_ADDRESS = re.compile(
    r"\b([a-z][a-z0-9+.-]{1,20}:)//([^\s<>()\[\]`\"']+)|\b(?:mailto|javascript|data|file|vbscript):(?=\S)",
    re.IGNORECASE,
)
_SCHEMES = "data file ftp ftps http https javascript mailto sftp sms ssh tel vbscript ws wss".split()
_BEGUN = "|".join(sorted({scheme[:end] for scheme in _SCHEMES for end in range(1, len(scheme) + 1)}))
_OPEN = re.compile(
    r"^[ \t>]*\[[^\]\n]*\]:.*\Z|!?\[[^\[\]\n]*(?:\](?:[ ]?\([^()\n]*(?:\([^()\n]*)?)?)?\Z|<[^<>\n]*\Z"
    rf"|(?<![^\W_])(?:{_BEGUN})\Z|\S{{0,300}}[:/\[\]!<(]\S{{0,300}}\Z"
)
"""What may still become a link, and a last word that may become an address."""

_CODE = re.compile(r"(`+)[^`\n]*\1")
_FENCE = re.compile(r"[ \t>]*(?:[-*+][ \t]+|\d{1,3}[.)][ \t]+)?(`{3,}|~{3,})")


class LinkFilter:
    """Passes text on line by line's worth, holding back only what may become a link."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        self._hosts = {urlsplit(hit.chunk.url).netloc.lower() for hit in hits}
        self._held = ""
        self._line = ""
        self._fence = ""
        self.removed = 0

    def feed(self, piece: str) -> str:
        """The part of all text so far that can be shown now."""
        text = self._held + piece
        *lines, last = text.split("\n")
        out = "".join(self._whole(line) + "\n" for line in lines)
        found = _OPEN.search(last, max(0, len(last) - _LONGEST))
        cut = found.start() if found else len(last)
        for whole in chain(_PICTURE_OR_LINK.finditer(last), _HTML.finditer(last)):
            cut = whole.start() if whole.start() < cut < whole.end() else cut
        if not self._fence and (self._line + last[:cut]).count("`") % 2:
            cut = min(cut, last.find("`") if "`" in last else 0)  # an open span: wait for its end
        if len(last) - cut > _LONGEST:
            cut = len(last)
        self._held = last[cut:]
        return out + self._part(last[:cut])

    def end(self) -> str:
        """What was held back when the text ended."""
        rest, self._held = self._held, ""
        return self._part(rest)

    def _whole(self, line: str) -> str:
        shown = self._part(line)
        found = _FENCE.match(self._line)
        if not self._fence:
            self._fence = found.group(1) if found else ""
        elif self._line.strip(" \t>").startswith(self._fence):
            self._fence = ""
        self._line = ""
        return shown

    def _part(self, part: str) -> str:
        before, self._line = self._line, self._line + part
        if self._fence or _FENCE.match(self._line):
            return part
        if part.startswith("://") and before[-1:].isalnum():  # of a rare scheme, whose name has been shown
            self.removed += 1
            part = f" {part.removeprefix('://')}"
        shown, at = [], 0
        for code in _CODE.finditer(part):
            shown += [self._plain(part[at : code.start()]), code.group()]
            at = code.end()
        return "".join([*shown, self._plain(part[at:])])

    def _plain(self, text: str) -> str:
        text = _REFERENCE.sub(self._drop, text)
        text = _PICTURE_OR_LINK.sub(self._link, text)
        text = _HTML.sub(self._tag, text)
        text = _LOOSE.sub(
            lambda found: found.group() if self._known(found.group(1) or "") else found.group(2) or "] (", text
        )
        return _ADDRESS.sub(self._address, text)

    def _drop(self, _: re.Match[str]) -> str:
        self.removed += 1
        return ""

    def _link(self, found: re.Match[str]) -> str:
        picture, words, target = found.groups()
        if not picture and self._known(target):
            return found.group()
        self.removed += 1
        return words

    def _tag(self, found: re.Match[str]) -> str:
        inside = found.group()[1:-1]
        if re.match(r"https?://", inside):
            return f"<{inside}>" if self._known(inside) else inside
        if not re.match(
            r"/?(?:a|img|iframe|script|svg|video|audio|object|embed|form|input|link|meta|style|base)\b",
            inside,
            re.IGNORECASE,
        ):
            return found.group()  # <key> is a placeholder of docs
        self.removed += 1
        return ""

    def _address(self, found: re.Match[str]) -> str:
        if self._known(found.group()):
            return found.group()
        self.removed += 1
        return found.group(2) or ""

    def _known(self, target: str) -> bool:
        if "[" in target or "]" in target:  # which urlsplit refuses
            return False
        parts = urlsplit(target)
        return parts.scheme in ("http", "https") and parts.netloc.lower() in self._hosts
