"""robots.txt: which URLs of a site may be fetched, and how fast (RFC 9309)."""

from dataclasses import dataclass
from urllib.parse import urljoin

from protego import Protego

from ingest.core.errors import FetchError
from ingest.crawl.fetch import PRODUCT, Fetcher
from ingest.crawl.response import Wanted

MAX_BYTES = 512 * 1024  # RFC 9309, 2.5: at least 500 KiB must be parsed
MAX_DELAY = 30.0  # seconds; a longer Crawl-delay would make a crawl endless

_ABSENT = frozenset({"empty", "redirect-loop", "bad-redirect"})  # RFC 9309, 2.3.1.2 and 2.3.1.3: no rules


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of one site.

    `delay` is its Crawl-delay in seconds (at most MAX_DELAY), `sitemaps` are its Sitemap lines.
    `problem` is set if the file could not be fetched, so that nothing may be read although nothing was
    forbidden; `detail` says more.
    """

    rules: Protego
    delay: float = 0.0
    sitemaps: tuple[str, ...] = ()
    problem: str = ""
    detail: str = ""

    def allows(self, url: str) -> bool:
        """Return whether `url` may be fetched."""
        return not self.problem and bool(self.rules.can_fetch(url, PRODUCT))


def read_robots(source: str, fetcher: Fetcher) -> Robots:
    """Fetch and parse the robots.txt of the site of `source`.

    A file that does not exist (4xx) allows everything; one that can't be fetched (5xx, 429, network)
    forbids everything, since its rules are unknown.
    """
    url = urljoin(source, "/robots.txt")
    try:
        page = fetcher.fetch(url, want=Wanted(accept="text/plain,*/*;q=0.5")).page
    except FetchError as exc:
        missing = exc.reason in _ABSENT or (exc.reason.startswith("http-4") and exc.reason != "http-429")
        return Robots(Protego.parse(""), problem="" if missing else exc.reason, detail=exc.detail)
    return parse_robots(page.body if page else b"", url)


def parse_robots(body: bytes, url: str) -> Robots:
    """Parse the content of a robots.txt that was found at `url`."""
    rules = Protego.parse(body[:MAX_BYTES].decode("utf-8-sig", "replace"))
    delay = rules.crawl_delay(PRODUCT) or 0.0
    return Robots(rules, min(float(delay), MAX_DELAY), tuple(urljoin(url, line) for line in rules.sitemaps))


def why_not(robots: Robots) -> tuple[str, str]:
    """Return why a site may not be crawled at all, as a reason and a detail.

    For an unreachable host the reason is the network failure: that robots.txt was requested first explains nothing.
    """
    if not robots.problem:
        return "robots", "robots.txt forbids it"
    if robots.problem.startswith("http-"):
        return "robots", f"robots.txt can't be read, so nothing may be: {robots.problem}"
    return robots.problem, robots.detail
