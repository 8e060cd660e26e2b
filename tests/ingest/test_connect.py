import socket
from collections.abc import Callable
from urllib.parse import quote

import pytest

from ingest.crawl.fetch import Fetcher, FetchOptions
from tests.ingest.crawl.site import Answer, Site, reason

PRIVATE = """127.0.0.1 127.1 0 0x7f000001 2130706433 0177.0.0.1 [::1] [::ffff:127.0.0.1] [::ffff:a9fe:a9fe]
169.254.169.254 2852039166 0xA9FEA9FE 10.0.0.1 172.16.0.1 192.168.1.1 100.64.0.1 198.18.0.1 192.0.0.1 224.0.0.1
255.255.255.255 240.0.0.1 [fe80::1] [fc00::1] [fd00::1] [ff02::1] [::] [::7f00:1] [64:ff9b::7f00:1] [2002:7f00:1::]
[2001:0:7f00:1::1] 127.0.0.1. 127。0。0。1 localhost LOCALHOST localhost. a.localhost""".split()


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The addresses that were connected to; no connection comes about."""
    made: list[object] = []

    def connect(address: object, *_: object, **__: object) -> socket.socket:
        made.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    return made


def answers(monkeypatch: pytest.MonkeyPatch, names: Callable[[str], list[str]]) -> None:
    def lookup(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in names(host)]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)


@pytest.mark.parametrize("host", PRIVATE)
def test_private_addresses_are_never_connected_to(host: str, connections: list[object]) -> None:
    with Fetcher(FetchOptions(("https://h.org/docs",), tries=1)) as fetcher:
        assert reason(fetcher, f"http://{host}/") in {"private-address", "dns", "bad-url"}
    assert connections == []


@pytest.mark.parametrize("host", PRIVATE)
def test_no_redirect_leads_to_private_addresses(host: str, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    real = socket.create_connection

    def connect(address: tuple[str, int], *rest: float, **more: object) -> socket.socket:
        made.append(address)
        return real(address, *rest, **more)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(socket, "create_connection", connect)
    source = site.url("/out")
    site.pages["/out"] = Answer(status=302, headers={"Location": f"http://{quote(host, safe='[]:')}:22/"})
    with Fetcher(FetchOptions((source,), tries=1)) as fetcher:
        assert reason(fetcher, source) in {"private-address", "dns", "bad-redirect"}
    assert made == [("127.0.0.1", site.server_port)]


@pytest.mark.parametrize("url", ["http://ok@127.0.0.1/", "http://127.0.0.1#@ok.org/", "http://ok.org\\@127.0.0.1:1/x"])
def test_urls_that_deceive(url: str, monkeypatch: pytest.MonkeyPatch, connections: list[object]) -> None:
    answers(monkeypatch, lambda host: ["127.0.0.1"] if host == "127.0.0.1" else ["93.184.216.34"])
    with Fetcher(FetchOptions(tries=1)) as fetcher:
        reason(fetcher, url)
    assert connections in ([], [("93.184.216.34", 80)])


def test_one_private_answer_among_public_ones_is_enough(
    monkeypatch: pytest.MonkeyPatch, connections: list[object]
) -> None:
    answers(monkeypatch, lambda _: ["93.184.216.34", "10.0.0.7"])
    with Fetcher(FetchOptions(tries=1)) as fetcher:
        assert reason(fetcher, "https://h.org/") == "private-address"
    assert connections == []


def test_the_address_that_was_checked_is_connected_to(
    monkeypatch: pytest.MonkeyPatch, connections: list[object]
) -> None:
    turns = iter([["93.184.216.34"], ["127.0.0.1"]])
    answers(monkeypatch, lambda _: next(turns))
    with Fetcher(FetchOptions(tries=2, backoff=0.01, delay=0.01)) as fetcher:
        assert reason(fetcher, "https://h.org/") == "private-address"
    assert connections == [("93.184.216.34", 443)]


@pytest.mark.parametrize(
    ("source", "private", "address", "expected"),
    [
        ("http://localhost:1/docs", False, "127.0.0.1", "refused"),
        ("http://localhost:1/docs", False, "10.0.0.1", "private-address"),
        ("http://intra.h.org/docs", False, "10.0.0.1", "private-address"),
        ("http://intra.h.org/docs", True, "10.0.0.1", "refused"),
        ("http://rebound.h.org/docs", False, "127.0.0.1", "private-address"),
        ("http://rebound.h.org/docs", True, "127.0.0.1", "refused"),
    ],
)
def test_private_addresses_that_the_user_named(
    source: str,
    private: bool,  # noqa: FBT001 - a column of the table
    address: str,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    connections: list[object],
) -> None:
    answers(monkeypatch, lambda _: [address])
    with Fetcher(FetchOptions((source,), allow_private=private, tries=1)) as fetcher:
        assert reason(fetcher, source) == expected
        assert reason(fetcher, "http://elsewhere.h.org/") == "private-address"
