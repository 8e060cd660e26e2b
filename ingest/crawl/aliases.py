"""One page, many addresses: redirects, canonical links and equal content become aliases of one page. No I/O."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from ingest.core.records import Document
from ingest.core.urls import identity, site_path


@dataclass(frozen=True, slots=True)
class Validators:
    """Data on a page from the last crawl: HTTP validators, the hash of its content (`Document.sha256`), its title."""

    etag: str | None = None
    last_modified: str | None = None
    sha256: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class CrawledPage:
    """A page: its document, or None if it has not changed. `aliases` are those known so far."""

    url: str
    document: Document | None
    aliases: tuple[str, ...] = ()


@dataclass(slots=True)
class FetchedPage:
    """A fetched page; `names` are the addresses that led to it."""

    document: Document
    names: tuple[str, ...] = ()
    canonical: str | None = None

    @property
    def key(self) -> str:
        """Return the identity of its address."""
        return identity(self.document.url)


@dataclass(slots=True)
class _Owner:
    """A page that is not an alias of another."""

    url: str
    sha256: str
    title: str
    aliases: dict[str, None] = field(default_factory=dict)


class AliasResolver:
    """Decide which fetched pages are pages of their own and which are aliases.

    The result depends only on the order of arrival. Of two addresses with equal content the
    canonical one wins, else the one of the last crawl, else the first. A canonical link makes
    different content an alias only if both have the same title, or addresses that end in the same
    segment (another version, another query): on some sites every canonical link wrongly names the
    start page, and that must not make the site vanish. A page whose canonical page has not arrived
    yet is parked until it does.
    """

    def __init__(self, known: Mapping[str, Validators]) -> None:
        self._known = {identity(url): (url, validators) for url, validators in known.items()}
        self._known_content = {v.sha256: url for url, v in known.items() if v.sha256}
        self._owners: dict[str, _Owner] = {}
        self._owner_of: dict[str, str] = {}  # identity of any settled address: identity of its owner
        self._by_content: dict[str, str] = {}
        self._failed: set[str] = set()
        self._parked: dict[str, list[FetchedPage]] = {}

    def settled(self, url: str) -> bool:
        """Return whether `url` is already a page or an alias."""
        return identity(url) in self._owner_of

    def known(self, key: str) -> tuple[str, Validators] | None:
        """Return URL and validators of a page of the last crawl, by identity."""
        return self._known.get(key)

    def wants(self, arrival: FetchedPage) -> str | None:
        """Return the page that must be settled before `arrival`, if there is one."""
        key, content = arrival.key, arrival.document.sha256
        if key in self._owner_of or content in self._by_content or key in self._parked:
            return None
        wanted = arrival.canonical
        if wanted is None or identity(wanted) == key:
            wanted = None if key in self._known else self._known_content.get(content)
        if wanted is None or identity(wanted) in self._owner_of or identity(wanted) in self._failed:
            return None
        return wanted if identity(wanted) != key else None

    def park(self, arrival: FetchedPage, wanted: str) -> None:
        """Keep `arrival` until `wanted` is settled or has failed."""
        self._parked.setdefault(identity(wanted), []).append(arrival)

    def settle(self, arrival: FetchedPage) -> Iterator[CrawledPage]:
        """Settle an arrival that waits for no other page; yield the pages that are now certain."""
        key, document = arrival.key, arrival.document
        owner = self._owner_of.get(key) or self._by_content.get(document.sha256) or self._canonical_owner(arrival)
        if owner:
            self._alias(owner, document.url, *arrival.names)
        else:
            owner = self._own(_Owner(document.url, document.sha256, document.title), arrival.names)
            aliases = tuple(self._owners[owner].aliases)
            yield CrawledPage(document.url, replace(document, aliases=aliases), aliases)
        yield from self._release(key, owner)

    def unchanged(self, key: str, names: tuple[str, ...] = ()) -> Iterator[CrawledPage]:
        """Record that a page of the last crawl has not changed; yield the pages that are now certain."""
        url, validators = self._known[key]
        if key not in self._owner_of:
            owner = self._own(_Owner(url, validators.sha256, validators.title), names)
            yield CrawledPage(url, None, tuple(self._owners[owner].aliases))
        yield from self._release(key, self._owner_of[key])

    def failed(self, key: str) -> Iterator[CrawledPage]:
        """Record that a page could not be fetched; the pages that waited for it become pages of their own."""
        self._failed.add(key)
        for arrival in self._parked.pop(key, []):
            yield from self.settle(arrival)

    def rest(self) -> Iterator[CrawledPage]:
        """Settle the pages that are still parked at the end of a crawl."""
        while self._parked:
            yield from self.failed(next(iter(self._parked)))

    def aliases(self) -> dict[str, tuple[str, ...]]:
        """Return the aliases of each page that has any, by URL."""
        return {owner.url: tuple(owner.aliases) for owner in self._owners.values() if owner.aliases}

    def _own(self, owner: _Owner, names: tuple[str, ...]) -> str:
        key = identity(owner.url)
        self._owners[key] = owner
        self._owner_of[key] = key
        if owner.sha256:
            self._by_content.setdefault(owner.sha256, key)
        self._alias(key, *names)
        return key

    def _alias(self, owner: str, *names: str) -> None:
        for name in names:
            key = identity(name)
            if self._owner_of.setdefault(key, owner) == owner != key:
                self._owners[owner].aliases[name] = None

    def _canonical_owner(self, arrival: FetchedPage) -> str | None:
        owner = self._owner_of.get(identity(arrival.canonical)) if arrival.canonical else None
        if owner is None or arrival.canonical is None:
            return None
        same_title = arrival.document.title == self._owners[owner].title != ""
        return owner if same_title or _slug(arrival.canonical) == _slug(arrival.document.url) else None

    def _release(self, key: str, owner: str) -> Iterator[CrawledPage]:
        for arrival in self._parked.pop(key, []):
            if arrival.key not in self._owner_of and arrival.document.sha256 == self._owners[owner].sha256:
                self._alias(owner, arrival.document.url, *arrival.names)
            yield from self.settle(arrival)


def _slug(url: str) -> str:
    return site_path(url).partition("?")[0].rpartition("/")[2]
