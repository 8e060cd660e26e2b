import socket
import threading
import time
from collections.abc import Callable

import pytest

from ingest.core.retry_after import seconds_to_wait
from ingest.crawl.fetch import Fetcher, FetchOptions
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
    assert seconds_to_wait(value, date) == seconds


def answers(monkeypatch: pytest.MonkeyPatch, names: Callable[[str], list[str]]) -> None:
    def lookup(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in names(host)]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)


@pytest.mark.parametrize(("delay", "busy_seconds", "at_least"), [(0.4, 0.0, 1.6), (0.0, 0.3, 0.9)])
def test_politeness_to_public_hosts(
    site: Site, monkeypatch: pytest.MonkeyPatch, delay: float, busy_seconds: float, at_least: float
) -> None:
    """Five threads ask a host that is not loopback by name: `delay` seconds apart, at most two at once."""
    busy, most, lock = [0], [0], threading.Lock()

    def slow(_handler: Handler) -> Answer:
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        time.sleep(busy_seconds)
        with lock:
            busy[0] -= 1
        return Answer(PAGE)

    site.pages["/a"] = slow
    answers(monkeypatch, lambda _: ["127.0.0.1"])
    url = site.url("/a").replace("127.0.0.1", "docs.h.org")
    start = time.monotonic()
    with Fetcher(FetchOptions((url,), allow_private=True, delay=delay)) as fetcher:
        threads = [threading.Thread(target=fetcher.fetch, args=(url,)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(site.log) == 5
    assert time.monotonic() - start >= at_least
    assert most[0] <= 2


def test_loopback_is_not_slowed_down_but_by_its_own_wish(site: Site, fetcher: Fetcher) -> None:
    site.pages["/a"] = PAGE
    for _ in range(5):
        fetcher.fetch(site.url("/a"))
    assert site.log[-1].at - site.log[0].at < 4 * FetchOptions().delay
    start = time.monotonic()
    fetcher.slow_down(site.url("/"), 0.3)
    fetcher.fetch(site.url("/a"))
    fetcher.fetch(site.url("/a"))
    assert time.monotonic() - start >= 0.6


@pytest.mark.parametrize("hook", [stall, Answer(status=503, headers={"Retry-After": "100"})])
def test_closing_ends_what_other_threads_wait_for(site: Site, hook: Hook | Answer) -> None:
    site.pages["/a"] = hook
    reasons: list[str] = []
    with Fetcher(FetchOptions((site.origin,), backoff=0.01)) as fetcher:
        thread = threading.Thread(target=lambda: reasons.append(reason(fetcher, site.url("/a"))))
        thread.start()
        time.sleep(0.3)
        start = time.monotonic()
    thread.join(20)
    assert not thread.is_alive()
    assert time.monotonic() - start < 20
    assert reasons[0] in {"stopped", "reset"}
