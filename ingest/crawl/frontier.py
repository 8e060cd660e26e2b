"""Queue of the pages still to be fetched: each once, in a fixed order, and only if it is allowed. No I/O."""

import re
from collections import Counter, OrderedDict
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from ingest.core.urls import absolute, host_of, identity, is_listing, normalise, spellings, without_markdown_suffix
from ingest.crawl.robots import Robots
from ingest.crawl.scope import Scope

MAX_ALIKE = 200  # pages found by links only whose paths differ in nothing but digits: calendars have no end

MAX_SEEN = 200_000  # addresses remembered: pages may contain any number of links

# .json, .yaml and similar are not listed: their content type shows whether they are pages (`/files/package.json`).
_ASSETS = frozenset(
    "7z avi avif bin bmp bz2 css dll dmg doc docx eot epub exe gif gz ico iso jar jpeg jpg js map mjs mov mp3 mp4 mpeg "
    "msi ogg ogv otf pdf png ppt pptx rar rss svg tar tgz tif tiff ttf wasm wav webm webmanifest webp whl woff woff2 "
    "xls xlsx xml xz zip".split()
)
_SOURCES = "/_sources/"  # Sphinx: the sources of its pages; every page links to its own


@dataclass(frozen=True, slots=True)
class Target:
    """A page to fetch: its normalised URL, the addresses to try, and where it was first found ("": the source)."""

    url: str
    key: str
    addresses: tuple[str, ...]
    found_on: str = ""


class Frontier:
    """A queue of pages within the scope that robots.txt allows.

    `admitted` counts the pages queued so far, `skipped` the pages of the source that were rejected:
    excluded, forbidden, assets, endless series; `left_out` those above `max_pages`.
    """

    def __init__(self, scope: Scope, robots: Robots, max_pages: int) -> None:
        self.admitted = self.skipped = self.left_out = 0
        self._scope, self._robots, self._max_pages = scope, robots, max_pages
        self._queue: OrderedDict[str, Target] = OrderedDict()  # by identity
        self._seen: dict[str, bool] = {}  # identity: whether it was taken in
        self._shapes: Counter[str] = Counter()

    def start(self, source: str) -> bool:
        """Queue the source itself, to which patterns do not apply; return whether robots.txt allows it."""
        normal = normalise(source)
        if normal is None or not self._robots.allows(normal):
            return False
        self._take(Target(normal, identity(normal), spellings(source)), first=True)
        return True

    def add(self, url: str, found_on: str, *, listed: bool = False, first: bool = False) -> bool:
        """Queue a page unless it was seen before or may not be fetched; return whether it is or was queued.

        `listed` pages come from the site's own lists, which are finite. `first` puts a page before
        all others, also one that is queued already.
        """
        normal = normalise(url)
        if normal is None or not self._scope.contains(normal):
            return False
        key = identity(normal)
        if key in self._seen:
            self._found_again(key, url, first=first)
            return self._seen[key]
        if len(self._seen) >= MAX_SEEN:
            return False
        self._seen[key] = False
        if not self._may(normal, listed=listed):
            self.skipped += 1
        elif self.admitted >= self._max_pages:
            self.left_out += 1
        else:
            self._take(Target(normal, key, spellings(url), found_on), first=first)
        return self._seen[key]

    def move(self, scope: Scope) -> None:
        """Accept pages of another scope from now on."""
        self._scope = scope

    def next(self) -> Target | None:
        """Take the next page off the queue."""
        return self._queue.popitem(last=False)[1] if self._queue else None

    def may_start(self, url: str) -> str:
        """Return why the source itself must not redirect to `url`, or "". Any path on its host is allowed."""
        if host_of(url) != self._scope.host:
            return "off-site-redirect"
        return "" if self._robots.allows(url) else "robots"

    def may_follow(self, url: str) -> str:
        """Return why a redirect to `url` must not be followed, or ""."""
        if not self._scope.contains(url):
            return "off-site-redirect"
        if not self._scope.admits(url):
            return "excluded"
        return "" if self._robots.allows(url) else "robots"

    def _take(self, target: Target, *, first: bool) -> None:
        self._seen[target.key] = True
        self.admitted += 1
        self._queue[target.key] = target
        if first:
            self._queue.move_to_end(target.key, last=False)

    def _found_again(self, key: str, url: str, *, first: bool) -> None:
        """Move a queued page to the front if `first`; prefer the address of its HTML over that of its `.md`."""
        waiting = self._queue.get(key)
        if waiting is None:
            return
        if first:
            self._queue.move_to_end(key, last=False)
        listed = waiting.addresses[-1]
        found = absolute(url)
        if found and without_markdown_suffix(listed) != listed and without_markdown_suffix(found) == found:
            addresses = tuple(dict.fromkeys((*spellings(url), *waiting.addresses)))
            self._queue[key] = replace(waiting, addresses=addresses)

    def _may(self, url: str, *, listed: bool) -> bool:
        path = urlsplit(url).path
        _, dot, extension = path.rpartition("/")[2].rpartition(".")
        if is_listing(url) or (dot and extension.lower() in _ASSETS) or _SOURCES in path:
            return False
        if not (self._scope.admits(url) and self._robots.allows(url)):
            return False
        shape = re.sub(r"\d+", "0", path)
        if listed or shape == path:
            return True
        self._shapes[shape] += 1
        return self._shapes[shape] <= MAX_ALIKE
