"""A model's streamed text -> the same with links to its sources only. Pure.

A link or picture that a page smuggled into an answer could carry words of the prompt to a stranger's
server, by a click or by being drawn. So no picture is left. A link, whose words hide where it leads, is left
where it leads to the very page of a passage that the answer cites; an address in plain sight where it
is on the site of such a page; any other address loses what makes it one. Cited is what has a
marker further up or in the same line. Code is left as it is.


Where links of an answer may lead: to the pages of passages that it cites. Pure.
"""

import re
from collections.abc import Collection, Sequence
from itertools import chain
from typing import Final
from urllib.parse import urlsplit

from ingest.text.markdown import CODE_SPAN, FENCE, closes_fence
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


class LinkFilter:
    """Passes text on, holding back what may become a link, and a link until its line cites where it leads.

    Markers are expected to be numbers of `hits`, as `MarkerFilter` leaves them.
    """

    def __init__(self, hits: Sequence[Hit]) -> None:
        self._targets = LinkTargets(hits)
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
        cut = min(found.start() if found else len(last), self._undecided(last))
        for whole in chain(_PICTURE_OR_LINK.finditer(last), _HTML.finditer(last)):
            cut = whole.start() if whole.start() < cut < whole.end() else cut
        if not self._fence and (self._line + last[:cut]).count("`") % 2:
            cut = min(cut, last.find("`") if "`" in last else 0)  # an open span: wait for its end
        if not self._fence and FENCE.match(self._line + last):
            cut = 0  # a backtick later in the line would make words of it
        if cut == len(last):
            cut = len(last.rstrip("`"))  # how long the run of backticks is decides what it ends
        if len(last) - cut > _LONGEST:
            cut = len(last)
        self._held = last[cut:]
        return out + self._part(last[:cut])

    def _undecided(self, last: str) -> int:
        """Where the first link or address begins that is left only if its line goes on to cite where it leads."""
        if self._fence:
            return len(last)
        self._targets.cite_so_far(last)
        prose = CODE_SPAN.sub(lambda code: " " * len(code.group()), last)
        links = (
            (found.start(), found.group(3), False) for found in _PICTURE_OR_LINK.finditer(prose) if not found.group(1)
        )
        addresses = ((found.start(), found.group(), True) for found in _ADDRESS.finditer(prose))
        for start, target, in_sight in chain(links, addresses):
            allowed = self._targets.allows(target, in_sight=in_sight)
            if not allowed and self._targets.may_allow(target, in_sight=in_sight):
                return start
        return len(last)

    def end(self) -> str:
        """What was held back when the text ended."""
        rest, self._held = self._held, ""
        return self._whole(rest)

    def _whole(self, line: str) -> str:
        opening = None if self._fence else FENCE.match(self._line + line)
        if not self._fence and not opening:
            self._targets.cite(line)
        shown = line if opening else self._part(line)
        if opening:
            self._fence = opening.group(1)
        elif self._fence and closes_fence(self._line, self._fence):
            self._fence = ""
        self._line = ""
        return shown

    def _part(self, part: str) -> str:
        before, self._line = self._line, self._line + part
        if self._fence:
            return part
        if part.startswith("://") and before[-1:].isalnum():  # of a rare scheme, whose name has been shown
            self.removed += 1
            part = f" {part.removeprefix('://')}"
        shown, at = [], 0
        for code in CODE_SPAN.finditer(part):
            shown += [self._plain(part[at : code.start()]), code.group()]
            at = code.end()
        return "".join([*shown, self._plain(part[at:])])

    def _plain(self, text: str) -> str:
        text = _REFERENCE.sub(self._drop, text)
        text = _PICTURE_OR_LINK.sub(self._link, text)
        text = _HTML.sub(self._tag, text)
        text = _LOOSE.sub(
            lambda found: found.group() if self._known_page(found.group(1) or "") else found.group(2) or "] (", text
        )
        return _ADDRESS.sub(self._address, text)

    def _drop(self, _: re.Match[str]) -> str:
        self.removed += 1
        return ""

    def _link(self, found: re.Match[str]) -> str:
        picture, words, target = found.groups()
        if not picture and self._known_page(target):
            return found.group()
        self.removed += 1
        return words

    def _tag(self, found: re.Match[str]) -> str:
        inside = found.group()[1:-1]
        if re.match(r"https?://", inside):
            return f"<{inside}>" if self._targets.allows(inside, in_sight=True) else inside
        if not re.match(
            r"/?(?:a|img|iframe|script|svg|video|audio|object|embed|form|input|link|meta|style|base)\b",
            inside,
            re.IGNORECASE,
        ):
            return found.group()  # <key> is a placeholder of docs
        self.removed += 1
        return ""

    def _address(self, found: re.Match[str]) -> str:
        if self._targets.allows(found.group(), in_sight=True):
            return found.group()
        self.removed += 1
        return found.group(2) or ""

    def _known_page(self, target: str) -> bool:
        return self._targets.allows(target, in_sight=False)


def quoted(text: str, hit: Hit) -> str:
    """Words of a passage as they are shown: pages smuggle too, so links lead to the passage's own page or site."""
    links = LinkFilter([hit])
    links.feed("[1]\n")
    return links.feed(text) + links.end()


_MARKER: Final = re.compile(r"\[(\d{1,3})\](?! ?\()")
_LAST_MARKER: Final = re.compile(r"\[\d{1,3}\] ?\Z")
"""It may still become a link's words."""

Page = tuple[str, str]
"""Host and path."""


class LinkTargets:
    """The pages of the passages, and which of them the answer cites so far."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        self._pages = [_page(hit.chunk.url) for hit in hits]
        self._cited: set[Page] = set()

    def cite(self, text: str) -> None:
        """Take in the markers of a text; what stands in code is none."""
        numbers = map(int, _MARKER.findall(CODE_SPAN.sub(" ", text)))
        self._cited.update(self._pages[number - 1] for number in numbers if 1 <= number <= len(self._pages))

    def cite_so_far(self, text: str) -> None:
        """The same for a text that may go on."""
        self.cite(_LAST_MARKER.sub("", text))

    def allows(self, target: str, *, in_sight: bool) -> bool:
        """Whether a link may lead there; `in_sight`: the reader sees the address, so that its site is enough."""
        return _leads(target, self._cited, in_sight=in_sight)

    def may_allow(self, target: str, *, in_sight: bool) -> bool:
        """Whether it may once the right passage is cited."""
        return _leads(target, self._pages, in_sight=in_sight)


def _leads(target: str, pages: Collection[Page], *, in_sight: bool) -> bool:
    if "[" in target or "]" in target:  # which urlsplit refuses
        return False
    parts = urlsplit(target)
    if parts.scheme not in ("http", "https"):
        return False
    if in_sight:
        return any(parts.netloc.lower() == host for host, _ in pages)
    return not parts.query and _page(target) in pages


def _page(url: str) -> Page:
    parts = urlsplit(url)
    return parts.netloc.lower(), parts.path.rstrip("/")
