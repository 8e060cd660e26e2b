import socket
import threading
import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from ingest.crawl.fetch import Fetcher, FetchOptions
from ingest.crawl.politeness import retry_after
from tests.ingest.crawl.site import PAGE, Answer, Handler, Hook, Site, reason, stall


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("7", "", 7.0),
        ("Sat, 21 Nov 2026 08:00:09 GMT", "Sat, 21 Nov 2026 08:00:02 GMT", 7.0),
        ("Sat, 21 Nov 2026 08:00:00 GMT", "Sat, 21 Nov 2026 08:00:02 GMT", 0.0),
        ("soon", "", None),
        ("-5", "", None),
        ("", "", None),
    ],
)
def test_retry_after(value: str, date: str, seconds: float | None) -> None:
    assert retry_after(value, date) == seconds


def answers(monkeypatch: pytest.MonkeyPatch, names: Callable[[str], list[str]]) -> None:
    def lookup(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in names(host)]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)


def test_politeness_to_public_hosts(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five threads ask a host that is not loopback by name: at most two at once, 0.2 seconds apart."""
    busy, most, lock = [0], [0], threading.Lock()

    def slow(_handler: Handler) -> Answer:
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        time.sleep(0.5)
        with lock:
            busy[0] -= 1
        return Answer(PAGE)

    site.pages["/a"] = slow
    answers(monkeypatch, lambda _: ["127.0.0.1"])
    url = site.url("/a").replace("127.0.0.1", "docs.h.org")
    with Fetcher(FetchOptions((url,), allow_private=True, delay=0.2)) as fetcher:
        threads = [threading.Thread(target=fetcher.fetch, args=(url,)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    times = sorted(asked.at for asked in site.log)
    assert len(times) == 5
    assert min(later - sooner for sooner, later in pairwise(times)) >= 0.19
    assert most == [2]


def test_loopback_is_not_slowed_down_but_by_its_own_wish(site: Site, fetcher: Fetcher) -> None:
    site.pages["/a"] = PAGE
    for _ in range(5):
        fetcher.fetch(site.url("/a"))
    assert site.log[-1].at - site.log[0].at < 0.5
    fetcher.slow_down(site.url("/"), 0.3)
    fetcher.fetch(site.url("/a"))
    fetcher.fetch(site.url("/a"))
    assert site.log[-1].at - site.log[-2].at >= 0.29


@pytest.mark.parametrize("hook", [stall, Answer(status=503, headers={"Retry-After": "100"})])
def test_closing_ends_what_other_threads_wait_for(site: Site, hook: Hook | Answer) -> None:
    site.pages["/a"] = hook
    reasons: list[str] = []
    with Fetcher(FetchOptions((site.origin,), backoff=0.01)) as fetcher:
        thread = threading.Thread(target=lambda: reasons.append(reason(fetcher, site.url("/a"))))
        thread.start()
        time.sleep(0.3)
        start = time.monotonic()
    thread.join(2)
    assert not thread.is_alive()
    assert time.monotonic() - start < 1
    assert reasons[0] in {"stopped", "reset"}
