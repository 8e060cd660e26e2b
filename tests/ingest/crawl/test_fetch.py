import time
from email.utils import formatdate

import pytest

from ingest.core.errors import FetchError
from ingest.crawl.fetch import Fetcher, FetchOptions
from ingest.crawl.response import Wanted
from tests.ingest.crawl.site import PAGE, Answer, Handler, Site, in_turn, reason


def test_a_page(site: Site, fetcher: Fetcher) -> None:
    site.pages["/a"] = Answer(PAGE, headers={"Last-Modified": "Sat, 08 Aug 2026 19:04:24 GMT"})
    answer = fetcher.fetch(site.url("/a"))
    assert answer.page is not None
    assert (answer.status, answer.url, answer.page.url, answer.redirected_from) == (
        200,
        site.url("/a"),
        site.url("/a"),
        (),
    )
    assert answer.page.body == PAGE.encode()
    assert answer.page.content_type == "text/html; charset=utf-8"
    assert answer.page.last_modified == "Sat, 08 Aug 2026 19:04:24 GMT"
    assert answer.page.fetched_at.endswith("+00:00")
    assert (fetcher.requests, fetcher.bytes) == (1, len(PAGE))


def test_what_is_sent(site: Site) -> None:
    site.pages["/a?b=1&utm_source=x"] = PAGE
    with Fetcher(FetchOptions((site.origin,), contact="https://h.org/bot")) as fetcher:
        fetcher.fetch(site.url("/a?b=1&utm_source=x#part"))
    asked = site.log[0]
    assert asked.path == "/a?b=1&utm_source=x"
    assert asked.headers["User-Agent"] == "askdocs/0.1 (+https://h.org/bot)"
    assert asked.headers["Accept-Encoding"] == "gzip"
    assert asked.headers["Accept"].startswith("text/html")
    assert asked.headers["Host"] == site.origin.removeprefix("http://")
    assert not {"Cookie", "Authorization", "Referer", "If-None-Match"} & set(asked.headers)


def test_proxies_of_the_environment_are_not_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    site.pages["/a"] = PAGE
    with Fetcher(FetchOptions((site.origin,))) as fetcher:
        assert fetcher.fetch(site.url("/a")).status == 200


def test_not_modified(site: Site, fetcher: Fetcher) -> None:
    site.pages["/a"] = PAGE
    page = fetcher.fetch(site.url("/a")).page
    assert page is not None
    again = fetcher.fetch(site.url("/a"), etag=page.etag, last_modified="Sat, 08 Aug 2026 19:04:24 GMT")
    assert (again.page, again.not_modified, again.status) == (None, True, 304)
    assert site.log[1].headers["If-Modified-Since"] == "Sat, 08 Aug 2026 19:04:24 GMT"
    assert fetcher.fetch(site.url("/a"), etag='"older"').status == 200


def test_304_that_nobody_asked_for(site: Site, fetcher: Fetcher) -> None:
    site.pages["/a"] = Answer(status=304)
    assert reason(fetcher, site.url("/a")) == "http-304"


def test_conditions_are_not_sent_to_where_a_redirect_leads(site: Site, fetcher: Fetcher) -> None:
    site.pages |= {"/old": Answer(status=301, headers={"Location": "/a"}), "/a": PAGE}
    fetcher.fetch(site.url("/old"), etag='"x"')
    assert ["If-None-Match" in asked.headers for asked in site.log] == [True, False]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects(site: Site, fetcher: Fetcher, status: int) -> None:
    site.pages |= {"/old": Answer(status=status, headers={"Location": "dir/../a/?x=1#y"}), "/a/?x=1": PAGE}
    answer = fetcher.fetch(site.url("/old"))
    assert answer.page is not None
    assert (answer.page.url, answer.page.redirected_from) == (site.url("/a/?x=1"), (site.url("/old"),))


def test_ten_redirects_but_not_eleven(site: Site, fetcher: Fetcher) -> None:
    site.pages |= {f"/{n}": Answer(status=302, headers={"Location": f"/{n - 1}"}) for n in range(1, 12)} | {"/0": PAGE}
    assert len(fetcher.fetch(site.url("/10")).redirected_from) == 10
    assert reason(fetcher, site.url("/11")) == "redirect-loop"


def test_redirect_loop_stops_at_once(site: Site, fetcher: Fetcher) -> None:
    site.pages |= {
        "/a": Answer(status=302, headers={"Location": "/b"}),
        "/b": Answer(status=302, headers={"Location": "/a"}),
    }
    assert reason(fetcher, site.url("/a")) == "redirect-loop"
    assert site.paths() == ["/a", "/b"]


@pytest.mark.parametrize(
    "target", ["", "file:///etc/passwd", "data:text/html,x", "ftp://h.org/", "http://a@h.org/", "http://["]
)
def test_bad_redirects(site: Site, fetcher: Fetcher, target: str) -> None:
    site.pages["/a"] = Answer(status=302, headers={"Location": target})
    assert reason(fetcher, site.url("/a")) == "bad-redirect"


def test_guard_of_redirects(site: Site, fetcher: Fetcher) -> None:
    site.pages["/a"] = Answer(status=302, headers={"Location": "http://h.org/b"})
    seen: list[str] = []

    def guard(url: str) -> str:
        seen.append(url)
        return "off-site-redirect"

    with pytest.raises(FetchError) as caught:
        fetcher.fetch(site.url("/a"), guard=guard)
    assert (caught.value.reason, caught.value.url, seen) == ("off-site-redirect", site.url("/a"), ["http://h.org/b"])


@pytest.mark.parametrize("status", [204, 206, 300, 400, 401, 403, 404, 410, 418])
def test_statuses_that_are_final(site: Site, fetcher: Fetcher, status: int) -> None:
    site.pages["/a"] = Answer(PAGE if status != 204 else "", status)
    assert reason(fetcher, site.url("/a")) == f"http-{status}"
    assert len(site.log) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_statuses_that_may_pass(site: Site, fetcher: Fetcher, status: int) -> None:
    site.pages["/twice"] = in_turn(Answer(status=status), Answer(status=status), Answer(PAGE))
    site.pages["/always"] = Answer(status=status)
    assert fetcher.fetch(site.url("/twice")).status == 200
    site.log.clear()
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(site.url("/always"))
    assert (caught.value.reason, caught.value.retryable, len(site.log)) == (f"http-{status}", True, 3)


@pytest.mark.parametrize("value", ["1", "+2"])
def test_retry_after_is_obeyed(site: Site, fetcher: Fetcher, value: str) -> None:
    def refuse(_handler: Handler) -> Answer:
        wait = formatdate(time.time() + 2, usegmt=True) if value == "+2" else value
        return Answer(status=503, headers={"Retry-After": wait})

    first = [refuse]
    site.pages["/a"] = lambda handler: first.pop()(handler) if first else Answer(PAGE)
    fetcher.fetch(site.url("/a"))
    assert site.log[1].at - site.log[0].at >= 0.95


def test_retry_after_forever_is_not_waited_for(site: Site, fetcher: Fetcher) -> None:
    site.pages["/a"] = Answer(status=503, headers={"Retry-After": "1000000000"})
    start = time.monotonic()
    assert reason(fetcher, site.url("/a")) == "http-503"
    assert time.monotonic() - start < 60
    assert len(site.log) == 1


def test_other_kinds_on_demand(site: Site, fetcher: Fetcher) -> None:
    site.pages["/sitemap.xml"] = Answer("<urlset/>", headers={"Content-Type": "application/xml"})
    assert reason(fetcher, site.url("/sitemap.xml")) == "not-text"
    assert fetcher.fetch(site.url("/sitemap.xml"), want=Wanted()).status == 200
    with pytest.raises(FetchError, match="too-large"):
        fetcher.fetch(site.url("/sitemap.xml"), want=Wanted(limit=5))


def test_connections_are_used_again(site: Site, fetcher: Fetcher) -> None:
    ports: set[int] = set()

    def note(handler: Handler) -> Answer:
        ports.add(handler.client_address[1])
        return Answer(PAGE, 404)

    site.pages["/a"] = note
    for _ in range(4):
        reason(fetcher, site.url("/a"))
    assert len(ports) == 1
