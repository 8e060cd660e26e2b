"""Whatever a site says, nothing but public addresses and the user's own source is connected to."""

import socket

import pytest

from ingest.core.urls import normalise
from ingest.crawl.crawler import CrawlOptions
from ingest.crawl.fetch import FetchOptions
from ingest.reindex.crawl_source import crawl_sources
from tests.ingest.crawl.site import Answer, Site
from tests.ingest.made import quiet

DEADLINE = 0.6


SPELLINGS = """127.0.0.1 127.1 0 0x7f000001 2130706433 0177.0.0.1 [::1] [::ffff:127.0.0.1] [::ffff:a9fe:a9fe]
169.254.169.254 2852039166 0xA9FEA9FE 10.0.0.1 172.16.0.1 192.168.1.1 100.64.0.1 198.18.0.1 192.0.0.1 224.0.0.1
255.255.255.255 240.0.0.1 [fe80::1] [fc00::1] [fd00::1] [ff02::1] [::] [::7f00:1] [64:ff9b::7f00:1] [2002:7f00:1::]
[2001:0:7f00:1::1] 127.0.0.1. 127。0。0。1 localhost LOCALHOST localhost. a.localhost metadata.google.internal
10.0.0.1.nip.io ok@127.0.0.1 127.0.0.1:22 rebound.h.org""".split()


def text(title: str, *links: str, head: str = "") -> str:
    shown = "".join(f'<p>See <a href="{link}">that</a>.</p>' for link in links)
    return f"<html><head>{head}</head><body><main><h1>{title}</h1><p>A sentence.</p>{shown}</main></body></html>"


def page_of(vector: str, url: str) -> str | Answer:
    if vector == "redirect":
        return Answer(status=302, headers={"Location": url})
    head = {
        "canonical": f'<link rel="canonical" href="{url}">',
        "meta refresh": f'<meta http-equiv="refresh" content="0; url={url}">',
        "base": f'<base href="{url}">',
    }
    return text(f"Page about {url}", *([url] if vector == "link" else ["more"]), head=head.get(vector, ""))


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> set[object]:
    """The addresses that were connected to. Names resolve to private addresses."""
    made: set[object] = set()
    real, lookup = socket.create_connection, socket.getaddrinfo

    def connect(address: tuple[str, int], *rest: float, **more: object) -> socket.socket:
        made.add(address)
        return real(address, *rest, **more)  # type: ignore[arg-type]  # handed on as they came

    def resolve(host: str, port: int, *rest: int, **more: int) -> object:
        named = host.endswith((".internal", ".nip.io", ".h.org"))
        return lookup("10.0.0.1" if named else host, port, *rest, **more)

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return made


@pytest.mark.parametrize("vector", ["link", "redirect", "canonical", "meta refresh", "base", "sitemap", "robots"])
def test_nothing_on_a_site_leads_to_private_addresses(site: Site, connected: set[object], vector: str) -> None:
    targets = [f"http://{host}/docs/x{n}" for n, host in enumerate(SPELLINGS)]
    names = [f"/docs/p{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(len(targets))]
    site.pages["/docs"] = text("Start", *names)
    site.pages |= {name: page_of(vector, url) for name, url in zip(names, targets, strict=True)}
    if vector == "sitemap":
        urls = "".join(f"<url><loc>{url}</loc></url>" for url in targets)
        site.pages["/sitemap.xml"] = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
    if vector == "robots":
        lines = "\n".join(f"Sitemap: {url}" for url in targets)
        site.pages["/robots.txt"] = Answer(lines, headers={"Content-Type": "text/plain; charset=utf-8"})
    options = FetchOptions((site.origin,), deadline=DEADLINE, tries=1)
    crawl_sources((site.url("/docs"),), [], options, CrawlOptions(processes=0), quiet)
    assert connected == {("127.0.0.1", site.server_port)}
    assert {asked.headers["Host"] for asked in site.log} == {site.origin.removeprefix("http://")}


@pytest.mark.parametrize("host", [host for host in SPELLINGS if host not in ("127.0.0.1", "[::1]")])
def test_a_source_may_be_loopback_only_where_it_says_so(host: str, connected: set[object]) -> None:
    source = f"http://{host}/docs"
    if normalise(source) is None or "localhost" in host.lower() or host.startswith(("127.0.0.1", "127。")):
        return  # no URL at all, or one that says loopback, whose port is closed here
    options = FetchOptions((source,), deadline=DEADLINE, tries=1)
    gathered = crawl_sources((source,), [], options, CrawlOptions(processes=0), quiet)
    assert connected == set()
    assert gathered.documents == []
    assert gathered.report.problems[0].reason in {"private-address", "dns"}
