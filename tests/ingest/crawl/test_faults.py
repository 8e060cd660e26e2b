"""What servers do wrong, through a whole crawl: named, in time, and no page that is at hand gets lost."""

import gzip
import shutil
import socket
import ssl
import struct
import subprocess
import time
from email.utils import formatdate
from pathlib import Path

import httpcore2
import pytest

from ingest.core.errors import FetchError
from ingest.core.records import Document
from ingest.core.urls import site_path
from ingest.crawl.crawler import CrawlOptions
from ingest.crawl.fetch import Fetcher, FetchOptions
from ingest.reindex.crawl_source import SourcePages, crawl_sources
from tests.ingest.crawl.site import OK, Answer, Handler, Hook, Site, in_turn, raw, stall
from tests.ingest.made import quiet

DEADLINE = 0.6


def text(title: str, *links: str, head: str = "", said: str = "One sentence says it all, and it is a long one.") -> str:
    shown = "".join(f'<p>See <a href="{link}">that</a>.</p>' for link in links)
    return f"<html><head>{head}</head><body><main><h1>{title}</h1><p>{said}</p>{shown}</main></body></html>"


def gather(
    site: Site, at_hand: list[Document] | None = None, source: str = "/docs", *, full: bool = False
) -> SourcePages:
    fetching = FetchOptions((site.origin,), deadline=DEADLINE, backoff=0.01, tries=3)
    return crawl_sources((site.url(source),), at_hand or [], fetching, CrawlOptions(processes=0), quiet, full=full)


def came(gathered: SourcePages) -> list[str]:
    return sorted(site_path(document.url) for document in gathered.documents)


@pytest.fixture
def at_hand(site: Site) -> list[Document]:
    """Three pages, crawled while all was well."""
    site.pages |= {"/docs": text("Start", "/docs/a", "/docs/b"), "/docs/a": text("A"), "/docs/b": text("B")}
    return gather(site).documents


def reset(handler: Handler) -> None:
    handler.wfile.write(OK + b"Content-Length: 1000\r\n\r\n<html>")
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def drip(start: bytes) -> Hook:
    def hook(handler: Handler) -> None:
        handler.raw(start)
        for _ in range(30):
            handler.raw(b"x")
            time.sleep(0.1)

    return hook


def to(target: str, status: int = 302) -> Answer:
    return Answer(status=status, headers={"Location": target})


def status(code: int, wait: str = "") -> Answer:
    return Answer("trouble", code, {"Retry-After": wait} if wait else {})


BOMB = gzip.compress(bytes(30_000_000))
FAULTS: dict[str, tuple[Hook | Answer, str]] = {
    "header stall": (stall, "timeout"),
    "drip of headers": (drip(b"HTTP/1.1 200 OK\r\nX: "), "timeout"),
    "drip of the body": (drip(OK + b"Content-Length: 1000\r\n\r\n"), "timeout"),
    "reset in the body": (reset, "reset"),
    "closed at once": (raw(b""), "reset"),
    "short": (raw(OK + b"Content-Length: 900\r\n\r\n<html>"), "truncated"),
    "ended by closing": (raw(OK + b"\r\n<html><body>half"), "truncated"),
    "bad chunks": (raw(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n<html>"), "truncated"),
    "no HTTP": (raw(b"220 mail.h.org ESMTP\r\n\r\n"), "bad-http"),
    "empty body": (Answer(""), "empty"),
    "only a shell": (Answer("<html><title>App</title><div id=root></div></html>"), "empty"),
    "soft 404": (Answer(text("Page not found", said="Go home.")), "soft-404"),
    "login page": (Answer(text("Log in to go on", said="<input type=password>")), "login"),
    "check for robots": (Answer(text("Just a moment...", said="Checking your browser.")), "challenge"),
    "204": (status(204), "http-204"),
    "redirect loop": (to("/docs/a"), "redirect-loop"),
    "off the host": (to("https://h.org/docs/a"), "off-site-redirect"),
    "to loopback": (to("http://127.0.0.1:9/docs/a"), "off-site-redirect"),
    "to link-local": (to("http://169.254.169.254/latest/meta-data"), "off-site-redirect"),
    "to a file": (to("file:///etc/passwd"), "bad-redirect"),
    "to data": (to("data:text/html,<h1>A</h1>"), "bad-redirect"),
    "to ftp": (to("ftp://h.org/a"), "bad-redirect"),
    "401": (status(401), "http-401"),
    "403": (status(403), "http-403"),
    "429 for long": (status(429, "100000"), "http-429"),
    "429 until a day": (status(429, formatdate(time.time() + 90_000, usegmt=True)), "http-429"),
    "503 for ever": (status(503, "1000000000"), "http-503"),
    "500": (status(500), "http-500"),
    "gzip bomb": (Answer(BOMB, headers={"Content-Encoding": "gzip"}), "too-large"),
    "encoded twice": (Answer(BOMB, headers={"Content-Encoding": "gzip, gzip"}), "bad-encoding"),
    "gzip that is none": (Answer(text("A"), headers={"Content-Encoding": "gzip"}), "bad-encoding"),
    "100 MB": (raw(OK + b"Content-Length: 100000000\r\n\r\n<html>"), "too-large"),
    "binary": (Answer(b"\x7fELF\0\0\0\1"), "not-text"),
    "PDF": (Answer("%PDF-1.7", headers={"Content-Type": "application/pdf"}), "not-text"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_page_that_fails_is_named_and_its_old_version_kept(site: Site, at_hand: list[Document], fault: str) -> None:
    site.pages["/docs/a"], word = FAULTS[fault]
    start = time.monotonic()
    gathered = gather(site, at_hand, full=True)
    assert time.monotonic() - start < DEADLINE + 20
    assert came(gathered) == ["/docs", "/docs/b"]
    found = [(site_path(problem.url), problem.reason, problem.kept_old) for problem in gathered.report.problems]
    assert found == [("/docs/a", word, True)]
    assert gathered.gone == set()


@pytest.mark.parametrize("code", [404, 410])
def test_pages_that_are_gone_are_told_from_those_that_fail(site: Site, at_hand: list[Document], code: int) -> None:
    site.pages["/docs/a"] = status(code)
    gathered = gather(site, at_hand)
    assert (came(gathered), gathered.gone) == (["/docs", "/docs/b"], {site.url("/docs/a")})


@pytest.mark.parametrize(
    "answer",
    [
        in_turn(status(500), status(500), Answer(text("A", said="New."))),
        in_turn(status(429, "0"), Answer(text("A", said="New."))),
        in_turn(status(503, formatdate(0, usegmt=True)), Answer(text("A", said="New."))),
    ],
)
def test_faults_that_pass_cost_nothing(site: Site, at_hand: list[Document], answer: Hook) -> None:
    site.pages["/docs/a"] = answer
    gathered = gather(site, at_hand)
    assert came(gathered) == ["/docs", "/docs/a", "/docs/b"]
    assert gathered.report.problems == []


def test_a_chain_of_21_redirects(site: Site, at_hand: list[Document]) -> None:
    site.pages |= {f"/docs/hop{n}": to(f"/docs/hop{n + 1}") for n in range(21)} | {"/docs/a": to("/docs/hop0")}
    gathered = gather(site, at_hand)
    assert [problem.reason for problem in gathered.report.problems] == ["redirect-loop"]
    assert len([path for path in site.paths() if "hop" in path]) == 10


def test_links_too_long_for_any_server_are_not_followed(site: Site) -> None:
    site.pages |= {"/docs": text("Start", "/docs/" + "a" * 2_100, "/docs/b"), "/docs/b": text("B")}
    assert came(gather(site)) == ["/docs", "/docs/b"]
    assert max(map(len, site.paths())) < 100


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (status(503, "1000000000"), "robots"),
        (stall, "timeout"),
        (reset, "reset"),
        (status(429, "999999"), "robots"),
    ],
)
def test_a_robots_file_that_fails_ends_the_crawl(
    site: Site, at_hand: list[Document], answer: Hook | Answer, why: str
) -> None:
    site.pages["/robots.txt"] = answer
    gathered = gather(site, at_hand)
    assert (gathered.documents, gathered.gone) == ([], set())
    problem = gathered.report.problems[0]
    assert (problem.reason, problem.kept_old) == (why, True)


def test_a_host_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(_address: object, timeout: float, *_: object, **__: object) -> socket.socket:
        time.sleep(timeout)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", connect)
    source = "http://127.0.0.1:9/docs"
    start = time.monotonic()
    options = FetchOptions((source,), deadline=DEADLINE, backoff=0.01)
    gathered = crawl_sources((source,), [], options, CrawlOptions(processes=0), quiet)
    assert time.monotonic() - start < 20
    assert [problem.reason for problem in gathered.report.problems] == ["timeout"]


AUTHORITY = """[ca]
default_ca = own
[own]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = {names}
"""


def certificate(folder: Path, names: str, end: str) -> None:
    """Make key.pem and its certificate.pem, signed by itself."""
    (folder / "conf").write_text(AUTHORITY.format(names=names))
    (folder / "index.txt").touch()
    (folder / "serial").write_text("01")
    dates = ("-startdate", "20200101000000Z", "-enddate", end)
    ask = "req -new -newkey rsa:2048 -nodes -subj /CN=h.org -keyout key.pem -out ask.pem".split()
    sign = "ca -config conf -batch -selfsign -keyfile key.pem -in ask.pem -notext -out certificate.pem".split()
    for line in (ask, [*sign, *dates]):
        subprocess.run(["openssl", *line], cwd=folder, check=True, capture_output=True)


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs the openssl command to make a certificate")
@pytest.mark.parametrize(
    ("names", "end", "said"),
    [("IP:127.0.0.1", "20200102000000Z", "expired"), ("DNS:h.org", "20900102000000Z", "mismatch")],
)
def test_certificates_of_another_time_or_host(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: str, end: str, said: str
) -> None:
    certificate(tmp_path, names, end)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    site.socket = context.wrap_socket(site.socket, server_side=True)
    trusting = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
    monkeypatch.setattr(httpcore2, "default_ssl_context", lambda: trusting)
    source = site.url("/docs").replace("http:", "https:")
    with Fetcher(FetchOptions((source,), deadline=5.0)) as fetcher, pytest.raises(FetchError, match=said) as caught:
        fetcher.fetch(source)
    assert caught.value.reason == "tls"
    assert site.log == []
